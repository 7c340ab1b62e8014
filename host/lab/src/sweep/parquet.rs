//! A sweep as one Parquet file: the same columns as the comma-separated values, with their types.

use std::path::Path;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use super::columns::{COLUMNS, Column, Line, Read};
use super::drive::Swept;
use crate::LabError;

/// Every field of a column is there or not: a definition level of 1 or 0.
const THERE: i16 = 1;

impl Swept {
    /// Writes the file, in place of what was there.
    ///
    /// # Errors
    /// [`LabError::Disk`].
    pub fn write_parquet(&self, path: &Path) -> Result<(), LabError> {
        let disk = |reason: String| LabError::Disk { doing: "write", path: path.to_owned(), reason };
        let bytes = self.to_parquet().map_err(|error| disk(error.to_string()))?;
        std::fs::write(path, bytes).map_err(|error| disk(error.to_string()))
    }

    fn to_parquet(&self) -> Result<Vec<u8>, ParquetError> {
        let rows: Vec<Line<'_>> = self.lines().collect();
        let properties = Arc::new(WriterProperties::builder().build());
        let mut file = SerializedFileWriter::new(Vec::new(), schema()?, properties)?;
        let mut group = file.next_row_group()?;
        for column in COLUMNS {
            let writer = group.next_column()?;
            let mut writer =
                writer.ok_or_else(|| ParquetError::General("fewer columns than planned".into()))?;
            write(&mut writer, column, &rows)?;
            writer.close()?;
        }
        group.close()?;
        file.into_inner()
    }
}

fn schema() -> Result<TypePtr, ParquetError> {
    let field = |column: &Column| {
        let (physical, logical) = match column.read {
            Read::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Read::Truth(_) => (Physical::BOOLEAN, None),
            Read::Whole(_) => (Physical::INT64, None),
            Read::Number(_) => (Physical::DOUBLE, None),
        };
        let field = Type::primitive_type_builder(column.key, physical);
        field.with_repetition(Repetition::OPTIONAL).with_logical_type(logical).build().map(Arc::new)
    };
    let fields = COLUMNS.iter().map(field).collect::<Result<_, _>>()?;
    Ok(Arc::new(Type::group_type_builder("sweep").with_fields(fields).build()?))
}

fn write(
    writer: &mut SerializedColumnWriter<'_>,
    column: &Column,
    rows: &[Line<'_>],
) -> Result<(), ParquetError> {
    match column.read {
        Read::Text(read) => {
            let text = |line: &Line<'_>| Some(ByteArray::from(read(line)?.into_bytes()));
            fill(writer.typed::<ByteArrayType>(), rows.iter().map(text))
        }
        Read::Truth(read) => fill(writer.typed::<BoolType>(), rows.iter().map(read)),
        Read::Whole(read) => {
            let whole = |line: &Line<'_>| i64::try_from(read(line)?).ok();
            fill(writer.typed::<Int64Type>(), rows.iter().map(whole))
        }
        Read::Number(read) => fill(writer.typed::<DoubleType>(), rows.iter().map(read)),
    }
}

fn fill<T: DataType>(
    writer: &mut ColumnWriterImpl<'_, T>,
    cells: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let cells: Vec<Option<T::T>> = cells.collect();
    let levels: Vec<i16> = cells.iter().map(|cell| if cell.is_some() { THERE } else { 0 }).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    writer.write_batch(&values, Some(&levels), None).map(drop)
}

#[cfg(test)]
mod tests {
    use super::super::samples::swept;
    use super::*;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;
    use serde_json::Value;

    #[test]
    fn what_is_written_is_read_back_cell_by_cell() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        let swept = swept();
        swept.write_parquet(&path).unwrap();
        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 6);
        for (row, line) in rows.iter().zip(swept.lines()) {
            let fields: Vec<_> = row.get_column_iter().collect();
            assert_eq!(fields.len(), COLUMNS.len());
            for ((name, field), column) in fields.into_iter().zip(COLUMNS) {
                assert_eq!(name, column.key);
                let found = match field {
                    Field::Null => Value::Null,
                    Field::Str(text) => Value::from(text.as_str()),
                    Field::Bool(truth) => Value::from(*truth),
                    Field::Long(whole) => Value::from(*whole as u64),
                    Field::Double(number) => Value::from(*number),
                    other => panic!("{name} is {other:?}"),
                };
                assert_eq!(found, column.read.value(&line), "{name}");
            }
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let error = swept().write_parquet(Path::new("/nowhere/a.parquet")).unwrap_err().to_string();
        assert!(error.starts_with("cannot write /nowhere/a.parquet: "), "{error}");
    }
}
