//! `plimsoll datasets export`.

use std::io::Write;
use std::path::PathBuf;

use plimsoll_core::Uid;
use plimsoll_datasets::archive::{Entry, Outcome};
use plimsoll_datasets::export::{
    ExportError, ExportRow, Facts, sorted, write_csv, write_jsonl, write_parquet, write_sourced_jsonl,
};
use plimsoll_datasets::overlap::{Overlaps, Rows};
use plimsoll_datasets::{RowId, canonical, lines};
use serde_json::json;

use super::kept::{Chosen, Which};
use super::list::filter;
use crate::draft::Draft;
use crate::exit::{Exit, Failure};
use crate::global::Global;
use crate::screen;

/// Write the rows of a snapshot for other tools: the same rows and columns in every format
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Jsonl)]
    format: Format,
    /// With jsonl: each row inside an object that tells where it comes from
    #[arg(long)]
    sourced: bool,
    /// Only datasets that meet these conditions, such as "uid=1,5..9 account=flock rows=200.."
    #[arg(long, value_name = "CONDITIONS")]
    filter: Option<String>,
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

/// A dataset whose rows are in memory.
struct Text {
    uid: Uid,
    committed: u64,
    hotkey: String,
    repo: String,
    commit: String,
    rows: Vec<(RowId, String)>,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    if global.json && args.out.is_none() {
        let message = "with --json the rows need a file of their own";
        return Err(Failure::new(Exit::Usage, message).hint("add --out FILE"));
    }
    let chosen = args.which.open(global)?;
    let (manifest, _) = chosen.manifest()?;
    let mut entries: Vec<&Entry> = manifest.entries.iter().filter(|entry| entry.object().is_some()).collect();
    if let Some(filter) = filter(args.filter.as_deref())? {
        let overlaps = overlaps_of(&chosen)?;
        entries.retain(|entry| facts_of(entry, &overlaps, |facts| filter.takes(facts)).unwrap_or(false));
    }
    let mut texts = Vec::with_capacity(entries.len());
    for entry in entries {
        texts.extend(text(&chosen, entry)?);
    }
    if args.distinct {
        distinct(&mut texts);
    }
    let rows = sorted(texts.iter().flat_map(rows));
    let mut bytes = Vec::new();
    written(args, &rows, &mut bytes)?;
    match &args.out {
        None => screen::raw(&bytes).map_err(|error| Failure::of(Exit::Error, &error))?,
        Some(path) => {
            let mut draft = Draft::replacing(path)?;
            draft.write(&bytes)?;
            draft.keep()?;
        }
    }
    let Some(out) = &args.out else { return Ok(()) };
    let outcome = json!({ "rows": rows.len(), "datasets": texts.len(), "bytes": bytes.len(), "file": out });
    global.emit(&outcome, || {
        format!("wrote {} rows of {} datasets to {}", rows.len(), texts.len(), out.display())
    })
}

fn written(args: &Args, rows: &[ExportRow<'_>], out: &mut (impl Write + Send)) -> Result<(), ExportError> {
    match args.format {
        Format::Jsonl if args.sourced => write_sourced_jsonl(rows, out),
        Format::Jsonl => write_jsonl(rows, out),
        Format::Csv => write_csv(rows, out),
        Format::Parquet => write_parquet(rows, out),
    }
}

/// A kept dataset's rows in their canonical form; lines that are no JSON are no rows.
fn text(chosen: &Chosen, entry: &Entry) -> Result<Option<Text>, Failure> {
    let Outcome::Kept { object, commit, .. } = &entry.outcome else { return Ok(None) };
    let bytes = chosen.archive.object(object)?;
    let row = |line: &[u8]| {
        let text = canonical(line).ok()?;
        Some((RowId::of(&text), String::from_utf8(text).ok()?))
    };
    let source = entry.commitment.as_ref().and_then(|note| note.source.as_ref());
    Ok(Some(Text {
        uid: entry.uid,
        committed: entry.commitment.as_ref().map_or(u64::MAX, |note| note.block.0),
        hotkey: entry.hotkey.to_string(),
        repo: source.map_or_else(String::new, |source| source.namespace.clone()),
        commit: commit.iter().map(|byte| format!("{byte:02x}")).collect(),
        rows: lines(&bytes).filter_map(|line| row(line.bytes)).collect(),
    }))
}

fn rows(of: &Text) -> impl Iterator<Item = ExportRow<'_>> {
    (0..).zip(&of.rows).map(|(row, (row_id, text))| ExportRow {
        uid: of.uid.0,
        hotkey: &of.hotkey,
        repo: &of.repo,
        commit: &of.commit,
        row,
        row_id: *row_id,
        text,
    })
}

/// Leaves each row with whoever committed it first.
fn distinct(texts: &mut [Text]) {
    texts.sort_by_key(|text| (text.committed, text.uid));
    let mut seen = std::collections::HashSet::new();
    for text in texts {
        text.rows.retain(|(id, _)| seen.insert(*id));
    }
}

/// A snapshot's datasets compared, with the uid of each place.
pub(super) struct Compared {
    pub(super) uids: Vec<Uid>,
    pub(super) overlaps: Overlaps,
}

/// All pairs of a snapshot.
pub(super) fn overlaps_of(chosen: &Chosen) -> Result<Compared, Failure> {
    let miners = chosen.archive.rows(chosen.place)?;
    let uids = miners.iter().map(|miner| miner.uid).collect();
    let rows = miners.into_iter().map(|miner| Rows { block: miner.committed.0, ids: miner.rows });
    Ok(Compared { uids, overlaps: Overlaps::new(rows.collect())? })
}

/// What a filter asks about a dataset; nothing where none is kept.
pub(super) fn facts_of<T>(
    entry: &Entry,
    compared: &Compared,
    ask: impl FnOnce(&Facts<'_>) -> T,
) -> Option<T> {
    let Outcome::Kept { rows, .. } = &entry.outcome else { return None };
    let note = entry.commitment.as_ref()?;
    let source = note.source.as_ref()?;
    let hotkey = entry.hotkey.to_string();
    let at = compared.uids.iter().position(|uid| *uid == entry.uid);
    let others = |at: usize| (0..compared.uids.len()).filter(move |other| *other != at);
    let overlap = at.and_then(|at| others(at).map(|other| compared.overlaps.shared(at, other)).max());
    Some(ask(&Facts {
        uid: entry.uid.0,
        hotkey: &hotkey,
        account: source.namespace.split('/').next().unwrap_or_default(),
        competition: &source.competition,
        n_rows: u64::from(*rows),
        block: note.block.0,
        overlap: u64::from(overlap.unwrap_or(0)),
    }))
}
