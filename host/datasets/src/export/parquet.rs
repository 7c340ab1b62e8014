//! Parquet by the low-level writer: texts as dictionaries, compressed with zstd.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use super::{COLUMNS, ExportError, ExportRow};

/// Rows a group: what a reader takes at once, and what is held in memory while writing.
const GROUP_ROWS: usize = 65_536;

/// How large a group's dictionary of texts may be: copies of a row then cost two bytes.
const DICTIONARY_BYTES: usize = 16 << 20;

/// Writes the rows: `uid` as 32 bits, `row` as 64, all else as text. The bytes depend on nothing but the rows.
///
/// # Errors
/// [`ExportError::Parquet`], also when the output takes no more bytes.
pub fn write_parquet(rows: &[ExportRow<'_>], out: &mut (impl Write + Send)) -> Result<(), ExportError> {
    let properties = WriterProperties::builder()
        .set_created_by("plimsoll".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .build();
    let mut file = SerializedFileWriter::new(out, schema()?, Arc::new(properties))?;
    for rows in rows.chunks(GROUP_ROWS) {
        let mut group = file.next_row_group()?;
        fill::<Int32Type>(&mut group, rows, |row| i32::from(row.uid))?;
        fill::<ByteArrayType>(&mut group, rows, |row| bytes(row.hotkey))?;
        fill::<ByteArrayType>(&mut group, rows, |row| bytes(row.repo))?;
        fill::<ByteArrayType>(&mut group, rows, |row| bytes(row.commit))?;
        fill::<Int64Type>(&mut group, rows, |row| i64::from(row.row))?;
        fill::<ByteArrayType>(&mut group, rows, |row| bytes(&row.row_id.to_string()))?;
        fill::<ByteArrayType>(&mut group, rows, |row| bytes(row.text))?;
        group.close()?;
    }
    file.close()?;
    Ok(())
}

fn bytes(text: &str) -> ByteArray {
    ByteArray::from(text.as_bytes().to_vec())
}

fn schema() -> Result<TypePtr, ParquetError> {
    let field = |name: &&str| {
        let (physical, logical) = match *name {
            "uid" => (Physical::INT32, None),
            "row" => (Physical::INT64, None),
            _ => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let field = Type::primitive_type_builder(name, physical);
        field.with_repetition(Repetition::REQUIRED).with_logical_type(logical).build().map(Arc::new)
    };
    let fields = COLUMNS.iter().map(field).collect::<Result<_, _>>()?;
    Ok(Arc::new(Type::group_type_builder("rows").with_fields(fields).build()?))
}

/// Writes the group's next column.
fn fill<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    rows: &[ExportRow<'_>],
    cell: impl Fn(&ExportRow<'_>) -> T::T,
) -> Result<(), ParquetError> {
    let column = group.next_column()?;
    let mut column = column.ok_or_else(|| ParquetError::General("fewer columns than planned".into()))?;
    let cells: Vec<T::T> = rows.iter().map(cell).collect();
    column.typed::<T>().write_batch(&cells, None, None)?;
    column.close()
}
