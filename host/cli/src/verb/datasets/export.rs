//! `plimsoll datasets export`.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use plimsoll_core::Uid;
use plimsoll_datasets::archive::{Entry, Manifest, Outcome};
use plimsoll_datasets::export::{ExportError, ExportRow, Exporter, Form};
use plimsoll_datasets::{RowId, canonical, lines};
use serde_json::json;

use super::checked::bytes_of;
use super::filter::{FilterFlags, filtered};
use super::kept::{Chosen, Which};
use crate::draft::Draft;
use crate::exit::{Exit, Failure};
use crate::global::Global;
use crate::screen;

/// Write the rows of a snapshot for other tools: the same rows and columns in every format
///
/// Every row of every kept dataset is written, also beyond those that count in its competition, by uid and in the file's
/// order. One dataset at a time is in memory, with Parquet up to 64 MiB of rows.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Jsonl)]
    format: Format,
    /// With jsonl: each row inside an object that tells where it comes from
    #[arg(long)]
    sourced: bool,
    #[command(flatten)]
    filter: FilterFlags,
    /// Each row once, of whoever committed it first
    #[arg(long)]
    distinct: bool,
    /// The file to write; one that is there is replaced [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One JSON object a line, canonical
    Jsonl,
    /// RFC 4180
    Csv,
    /// Parquet, compressed with zstd
    Parquet,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default)]
struct Written {
    rows: u64,
    datasets: u64,
    taken_down: u64,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    if global.json && args.out.is_none() {
        let message = "with --json the rows need a file of their own";
        return Err(Failure::new(Exit::Usage, message).hint("add --out FILE"));
    }
    let filter = args.filter.read()?;
    let chosen = args.which.open(global)?;
    let (manifest, _) = chosen.manifest()?;
    let entries: Vec<&Entry> = match &filter {
        None => manifest.entries.iter().filter(|entry| entry.object().is_some()).collect(),
        Some(filter) => filtered(&chosen, &manifest, filter)?,
    };
    let source = Rows { chosen: &chosen, manifest: &manifest, entries: &entries };
    let Some(out) = &args.out else {
        source.write(args, BufWriter::new(screen::Output)).map_err(|error| error.failure(None))?;
        return Ok(());
    };
    let mut draft = Draft::replacing(out)?;
    let counted = Counted { out: BufWriter::new(draft.file()), bytes: 0 };
    let (written, counted) = source.write(args, counted).map_err(|error| error.failure(Some(out)))?;
    let bytes = counted.bytes;
    drop(counted);
    draft.keep()?;
    let Written { rows, datasets, taken_down } = written;
    let outcome =
        json!({ "rows": rows, "datasets": datasets, "taken_down": taken_down, "bytes": bytes, "file": out });
    global.emit(&outcome, || format!("wrote {rows} rows of {datasets} datasets to {}", out.display()))
}

/// Why an export ended early.
enum Ended {
    Early(Failure),
    Unwritten(ExportError),
}

impl Ended {
    fn failure(self, out: Option<&Path>) -> Failure {
        match (self, out) {
            (Self::Early(failure), _) => failure,
            (Self::Unwritten(error), None) => error.into(),
            (Self::Unwritten(error), Some(out)) => {
                let failure = Failure::from(error);
                Failure { message: format!("{}: {}", out.display(), failure.message), ..failure }
            }
        }
    }
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Early(failure)
    }
}

impl From<ExportError> for Ended {
    fn from(error: ExportError) -> Self {
        Self::Unwritten(error)
    }
}

/// A row's place in its file, what it is known by, its canonical text.
type RowOfFile = (u32, RowId, String);

/// What is exported.
struct Rows<'a> {
    chosen: &'a Chosen,
    manifest: &'a Manifest,
    /// By uid: the order in which rows are written.
    entries: &'a [&'a Entry],
}

impl Rows<'_> {
    /// Writes dataset by dataset.
    fn write<W: Write + Send>(&self, args: &Args, out: W) -> Result<(Written, W), Ended> {
        let form = match args.format {
            Format::Jsonl if args.sourced => Form::SourcedJsonl,
            Format::Jsonl => Form::Jsonl,
            Format::Csv => Form::Csv,
            Format::Parquet => Form::Parquet,
        };
        let mut firsts = if args.distinct { Some(self.firsts()?) } else { None };
        let mut exporter = Exporter::new(form, out)?;
        let mut written = Written::default();
        for entry in self.entries {
            let Some(mut rows) = self.rows(entry)? else {
                written.taken_down += 1;
                continue;
            };
            if let Some(firsts) = &mut firsts {
                // A row that is repeated in the file is its own first only once.
                rows.retain(|(_, id, _)| firsts.get(id) == Some(&entry.uid) && firsts.remove(id).is_some());
            }
            self.write_rows(&mut exporter, entry, &rows)?;
            written.rows += rows.len() as u64;
            written.datasets += 1;
        }
        Ok((written, exporter.finish()?))
    }

    fn write_rows<W: Write + Send>(
        &self,
        exporter: &mut Exporter<W>,
        entry: &Entry,
        rows: &[RowOfFile],
    ) -> Result<(), ExportError> {
        let source = entry.commitment.as_ref().and_then(|note| note.source.as_ref());
        let (hotkey, coldkey) = (entry.hotkey.to_string(), entry.coldkey.map(|coldkey| coldkey.to_string()));
        let commit = match &entry.outcome {
            Outcome::Kept { commit, .. } => commit.iter().map(|byte| format!("{byte:02x}")).collect(),
            _ => String::new(),
        };
        let standing = self.manifest.standing(entry.uid);
        let rows: Vec<ExportRow<'_>> = rows
            .iter()
            .map(|(row, row_id, text)| ExportRow {
                uid: entry.uid.0,
                hotkey: &hotkey,
                coldkey: coldkey.as_deref(),
                incentive: standing.incentive,
                stake_rao: standing.stake_rao,
                repo: source.map_or("", |source| &source.namespace),
                commit: &commit,
                row: *row,
                row_id: *row_id,
                text,
            })
            .collect();
        exporter.write(&rows)
    }

    /// Who committed each row first; of one block the lower uid.
    fn firsts(&self) -> Result<HashMap<RowId, Uid>, Failure> {
        let mut entries = self.entries.to_vec();
        entries.sort_by_key(|entry| {
            (entry.commitment.as_ref().map_or(u64::MAX, |note| note.block.0), entry.uid)
        });
        let mut firsts = HashMap::new();
        for entry in entries {
            for (_, id, _) in self.rows(entry)?.unwrap_or_default() {
                firsts.entry(id).or_insert(entry.uid);
            }
        }
        Ok(firsts)
    }

    /// A dataset's rows in their canonical form, each with its place among the file's lines that are not blank; lines that
    /// are no JSON are no rows, and keep theirs. Nothing where it was
    /// taken down.
    fn rows(&self, entry: &Entry) -> Result<Option<Vec<RowOfFile>>, Failure> {
        let Some(bytes) = bytes_of(self.chosen, entry)? else { return Ok(None) };
        let row = |(place, line): (u32, plimsoll_datasets::Row<'_>)| {
            let text = canonical(line.bytes).ok()?;
            Some((place, RowId::of(&text), String::from_utf8(text).ok()?))
        };
        Ok(Some((0..).zip(lines(&bytes)).filter_map(row).collect()))
    }
}

/// Counts what is written through it.
struct Counted<W> {
    out: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
