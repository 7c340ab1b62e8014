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
use crate::RowId;

/// Rows a group: what a reader takes at once.
const GROUP_ROWS: usize = 65_536;

/// How many bytes of texts a group may have: what is held in memory while writing.
const GROUP_BYTES: usize = 64 << 20;

/// How large a group's dictionary of texts may be: copies of a row then cost two bytes.
const DICTIONARY_BYTES: usize = 16 << 20;

/// Writes the rows: `uid` and `incentive` as 32 bits, `row` and `stake_rao` as 64, all else as text; what is not known
/// is null. The bytes depend on nothing but the rows.
///
/// # Errors
/// [`ExportError::Parquet`], also when the output takes no more bytes.
pub fn write_parquet(rows: &[ExportRow<'_>], out: &mut (impl Write + Send)) -> Result<(), ExportError> {
    let mut file = ParquetRows::new(out)?;
    file.write(rows)?;
    file.finish()?;
    Ok(())
}

/// A file under way, which holds one group of rows.
pub(super) struct ParquetRows<W: Write + Send> {
    file: SerializedFileWriter<W>,
    group: Vec<Cells>,
    group_bytes: usize,
}

/// A row's cells, whose texts are shared.
struct Cells {
    uid: u16,
    hotkey: ByteArray,
    coldkey: Option<ByteArray>,
    incentive: Option<u16>,
    stake_rao: Option<u64>,
    repo: ByteArray,
    commit: ByteArray,
    row: u32,
    row_id: RowId,
    text: ByteArray,
}

impl<W: Write + Send> ParquetRows<W> {
    pub(super) fn new(out: W) -> Result<Self, ExportError> {
        let properties = WriterProperties::builder()
            .set_created_by("plimsoll".to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_dictionary_page_size_limit(DICTIONARY_BYTES)
            .build();
        let file = SerializedFileWriter::new(out, schema()?, Arc::new(properties))?;
        Ok(Self { file, group: Vec::new(), group_bytes: 0 })
    }

    pub(super) fn write(&mut self, rows: &[ExportRow<'_>]) -> Result<(), ExportError> {
        for row in rows {
            let cells = Cells::of(row, self.group.last());
            self.group_bytes += row.text.len();
            self.group.push(cells);
            if self.group.len() == GROUP_ROWS || self.group_bytes >= GROUP_BYTES {
                self.close_group()?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<W, ExportError> {
        self.close_group()?;
        Ok(self.file.into_inner()?)
    }

    fn close_group(&mut self) -> Result<(), ExportError> {
        let rows = std::mem::take(&mut self.group);
        self.group_bytes = 0;
        if rows.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        let mut fill = Filling { group: &mut group, rows: &rows };
        fill.all::<Int32Type>(|row| i32::from(row.uid))?;
        fill.all::<ByteArrayType>(|row| row.hotkey.clone())?;
        fill.known::<ByteArrayType>(|row| row.coldkey.clone())?;
        fill.known::<Int32Type>(|row| row.incentive.map(i32::from))?;
        fill.known::<Int64Type>(|row| row.stake_rao.and_then(|stake| i64::try_from(stake).ok()))?;
        fill.all::<ByteArrayType>(|row| row.repo.clone())?;
        fill.all::<ByteArrayType>(|row| row.commit.clone())?;
        fill.all::<Int64Type>(|row| i64::from(row.row))?;
        fill.all::<ByteArrayType>(|row| bytes(&row.row_id.to_string()))?;
        fill.all::<ByteArrayType>(|row| row.text.clone())?;
        group.close()?;
        Ok(())
    }
}

impl Cells {
    /// Texts that the row before has too are shared with it.
    fn of(row: &ExportRow<'_>, before: Option<&Self>) -> Self {
        let shared = |text: &str, of: fn(&Self) -> Option<&ByteArray>| match before.and_then(of) {
            Some(same) if same.data() == text.as_bytes() => same.clone(),
            _ => bytes(text),
        };
        Self {
            uid: row.uid,
            hotkey: shared(row.hotkey, |cells| Some(&cells.hotkey)),
            coldkey: row.coldkey.map(|coldkey| shared(coldkey, |cells| cells.coldkey.as_ref())),
            incentive: row.incentive,
            stake_rao: row.stake_rao,
            repo: shared(row.repo, |cells| Some(&cells.repo)),
            commit: shared(row.commit, |cells| Some(&cells.commit)),
            row: row.row,
            row_id: row.row_id,
            text: bytes(row.text),
        }
    }
}

fn bytes(text: &str) -> ByteArray {
    ByteArray::from(text.as_bytes().to_vec())
}

fn schema() -> Result<TypePtr, ParquetError> {
    let field = |name: &&str| {
        let (physical, logical) = match *name {
            "uid" | "incentive" => (Physical::INT32, None),
            "row" | "stake_rao" => (Physical::INT64, None),
            _ => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let repetition = match *name {
            "coldkey" | "incentive" | "stake_rao" => Repetition::OPTIONAL,
            _ => Repetition::REQUIRED,
        };
        let field = Type::primitive_type_builder(name, physical);
        field.with_repetition(repetition).with_logical_type(logical).build().map(Arc::new)
    };
    let fields = COLUMNS.iter().map(field).collect::<Result<_, _>>()?;
    Ok(Arc::new(Type::group_type_builder("rows").with_fields(fields).build()?))
}

/// A group whose columns are filled one after another.
struct Filling<'g, 'f, W: Write + Send> {
    group: &'g mut SerializedRowGroupWriter<'f, W>,
    rows: &'g [Cells],
}

impl<W: Write + Send> Filling<'_, '_, W> {
    fn all<T: DataType>(&mut self, cell: impl Fn(&Cells) -> T::T) -> Result<(), ParquetError> {
        let cells: Vec<T::T> = self.rows.iter().map(cell).collect();
        self.column::<T>(&cells, None)
    }

    /// A column of which not every cell is known: where one is, its level is 1.
    fn known<T: DataType>(&mut self, cell: impl Fn(&Cells) -> Option<T::T>) -> Result<(), ParquetError> {
        let cells: Vec<Option<T::T>> = self.rows.iter().map(cell).collect();
        let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
        let known: Vec<T::T> = cells.into_iter().flatten().collect();
        self.column::<T>(&known, Some(&levels))
    }

    fn column<T: DataType>(&mut self, cells: &[T::T], levels: Option<&[i16]>) -> Result<(), ParquetError> {
        let column = self.group.next_column()?;
        let mut column = column.ok_or_else(|| ParquetError::General("fewer columns than planned".into()))?;
        column.typed::<T>().write_batch(cells, levels, None)?;
        column.close()
    }
}
