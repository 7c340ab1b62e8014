//! `plimsoll datasets select`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use plimsoll_core::{ByteSize, CheckedRow};
use plimsoll_datasets::archive::{Entry, Manifest, Outcome, Standing};
use plimsoll_datasets::export::{ExportRow, write_jsonl, write_sourced_jsonl};
use plimsoll_datasets::select::{Choice, Split, Written};
use plimsoll_datasets::source::Source;
use plimsoll_datasets::{RowId, canonical};
use plimsoll_plugin::PluginError;
use serde_json::{Value, json};

use super::checked::bytes_of;
use super::filter::{FilterFlags, filtered};
use super::hub;
use super::kept::{Chosen, Which};
use crate::draft::Draft;
use crate::exit::{Exit, Failure};
use crate::flags::SourceFlags;
use crate::global::Global;

/// Choose different rows of a snapshot by a seed, to train with
///
/// The same snapshot, conditions, seed and number give the same bytes. A larger choice begins with the smaller one, and
/// a snapshot that has grown changes no more of it than has grown. Each row is there once, as whoever committed it
/// first has it, in canonical form and in the order of the draw; all rows of a file can be chosen, also those behind
/// the first that its competition uses. The part of a split that a row is in follows from the row alone: no row that
/// was trained with once is tested with later, whatever the seed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many rows
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rows: u32,
    /// What the draw follows from
    #[arg(long, value_name = "SEED")]
    seed: u64,
    #[command(flatten)]
    filter: FilterFlags,
    /// Also rows with a flaw, such as a turn without an answer
    #[arg(long)]
    flawed: bool,
    /// Each row inside an object that tells where it comes from
    #[arg(long)]
    sourced: bool,
    /// Write one file a part, with its name before the file's ending, such as train=0.9,test=0.1
    #[arg(long, value_name = "PARTS")]
    split: Option<Split>,
    /// The file to write; one that is there is replaced
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    source: SourceFlags,
}

/// A row that was chosen.
struct Picked {
    /// Whose it is, by its place in the list of entries.
    entry: usize,
    /// Its place among the dataset's rows.
    row: u32,
    text: String,
}

/// Where the rows come from, as they are written.
struct Origin {
    uid: u16,
    hotkey: String,
    coldkey: Option<String>,
    standing: Standing,
    repo: String,
    commit: String,
}

/// One file that is written.
struct Part {
    name: Option<String>,
    path: PathBuf,
    draft: Draft,
    written: Written,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let chosen = args.which.open_with(global, &[&args.source])?;
    let source = hub::source(&chosen.config)?;
    let (manifest, _) = chosen.manifest()?;
    let mut entries: Vec<&Entry> = match args.filter.read()? {
        None => manifest.entries.iter().filter(|entry| entry.object().is_some()).collect(),
        Some(filter) => filtered(&chosen, &manifest, &filter)?,
    };
    // Whoever committed first is asked first, so that a row is known as its.
    entries.sort_by_key(|entry| (entry.commitment.as_ref().map_or(u64::MAX, |note| note.block.0), entry.uid));
    let mut choice = Choice::new(args.seed, args.rows as usize);
    let mut n_flawed = 0;
    for (place, entry) in entries.iter().enumerate() {
        n_flawed += offer(&mut choice, &chosen, &source, (place, entry), args.flawed)?;
    }
    if choice.len() < args.rows as usize {
        return Err(too_few(choice.len(), args.rows, n_flawed));
    }
    let origins: Vec<Origin> = entries.iter().map(|entry| origin(&manifest, entry)).collect();
    let mut owners = BTreeSet::new();
    let mut parts = parts(args)?;
    for (id, picked) in choice.into_rows() {
        owners.insert(picked.entry);
        let part = args.split.as_ref().map_or(0, |split| split.part(id));
        parts[part].write(id, &picked, &origins[picked.entry], args.sourced)?;
    }
    let lines: Vec<String> = parts.iter().map(Part::told).collect();
    let files = parts.into_iter().map(Part::keep).collect::<Result<Vec<Value>, Failure>>()?;
    let outcome = json!({
        "netuid": chosen.place.netuid,
        "block": chosen.place.block,
        "rows": args.rows,
        "seed": args.seed,
        "datasets": owners.len(),
        "files": files,
    });
    global.emit(&outcome, || {
        let head = format!("chose {} rows of {} datasets by seed {}", args.rows, owners.len(), args.seed);
        lines.iter().fold(head, |text, line| format!("{text}\n{line}"))
    })
}

/// Offers all rows of a dataset. Gives how many were left out for a flaw.
fn offer(
    choice: &mut Choice<Picked>,
    chosen: &Chosen,
    source: &Source,
    (place, entry): (usize, &Entry),
    with_flawed: bool,
) -> Result<u64, Failure> {
    let Some(bytes) = bytes_of(chosen, entry)? else { return Ok(0) };
    let note = entry.commitment.as_ref().and_then(|note| note.source.as_ref());
    let file = match source.check_file(&bytes, note.map_or("", |source| &source.competition)) {
        Ok(file) => file,
        // No other miner's rows are the worse for it.
        Err(PluginError::Refused { .. } | PluginError::Fault { .. } | PluginError::Promise { .. }) => {
            return Ok(0);
        }
        Err(error) => return Err(error.into()),
    };
    let mut n_flawed = 0;
    for (number, row) in (0..).zip(&file.rows) {
        let Some(id) = row.checked.id().map(RowId) else { continue };
        if !with_flawed && !matches!(row.checked, CheckedRow::Valid(_)) {
            n_flawed += 1;
            continue;
        }
        let line = bytes.get(row.range.clone()).unwrap_or_default();
        choice.offer(id, || {
            let text = canonical(line).ok().and_then(|text| String::from_utf8(text).ok());
            let told =
                || Failure::new(Exit::Error, format!("uid {}, line {}: it is no JSON", entry.uid, row.line));
            text.map(|text| Picked { entry: place, row: number, text }).ok_or_else(told)
        })?;
    }
    Ok(n_flawed)
}

fn too_few(n_rows: usize, wanted: u32, n_flawed: u64) -> Failure {
    let message = format!("there are {n_rows} different rows to choose from, {wanted} were asked for");
    let hint = match n_flawed {
        0 => format!("--rows {n_rows} takes all of them"),
        _ => format!(
            "--rows {n_rows} takes all of them; --flawed takes those with a flaw, too: {n_flawed} lines"
        ),
    };
    Failure::new(Exit::Usage, message).hint(hint)
}

fn origin(manifest: &Manifest, entry: &Entry) -> Origin {
    let source = entry.commitment.as_ref().and_then(|note| note.source.as_ref());
    let commit = match &entry.outcome {
        Outcome::Kept { commit, .. } => commit.iter().map(|byte| format!("{byte:02x}")).collect(),
        _ => String::new(),
    };
    Origin {
        uid: entry.uid.0,
        hotkey: entry.hotkey.to_string(),
        coldkey: entry.coldkey.map(|coldkey| coldkey.to_string()),
        standing: manifest.standing(entry.uid),
        repo: source.map_or_else(String::new, |source| source.namespace.clone()),
        commit,
    }
}

fn parts(args: &Args) -> Result<Vec<Part>, Failure> {
    let Some(split) = &args.split else { return Ok(vec![Part::new(None, args.out.clone())?]) };
    split.names().map(|name| Part::new(Some(name.to_owned()), part_path(&args.out, name))).collect()
}

/// `rows.train.jsonl` for `rows.jsonl` and `train`.
fn part_path(out: &Path, name: &str) -> PathBuf {
    let mut file = out.file_stem().unwrap_or_default().to_owned();
    file.push(".");
    file.push(name);
    if let Some(ending) = out.extension() {
        file.push(".");
        file.push(ending);
    }
    out.with_file_name(file)
}

impl Part {
    fn new(name: Option<String>, path: PathBuf) -> Result<Self, Failure> {
        let draft = Draft::replacing(&path)?;
        Ok(Self { name, path, draft, written: Written::default() })
    }

    fn write(&mut self, row_id: RowId, picked: &Picked, from: &Origin, sourced: bool) -> Result<(), Failure> {
        let row = [ExportRow {
            uid: from.uid,
            hotkey: &from.hotkey,
            coldkey: from.coldkey.as_deref(),
            incentive: from.standing.incentive,
            stake_rao: from.standing.stake_rao,
            repo: &from.repo,
            commit: &from.commit,
            row: picked.row,
            row_id,
            text: &picked.text,
        }];
        let mut bytes = Vec::new();
        if sourced { write_sourced_jsonl(&row, &mut bytes) } else { write_jsonl(&row, &mut bytes) }?;
        self.draft.write(&bytes)?;
        self.written.add(&bytes);
        Ok(())
    }

    fn told(&self) -> String {
        let (rows, bytes) = (self.written.n_rows(), ByteSize(self.written.n_bytes()));
        let digest = self.written.digest().short();
        format!("{}  {rows} rows, {bytes}, BLAKE3 {digest}…", self.path.display())
    }

    fn keep(self) -> Result<Value, Failure> {
        self.draft.keep()?;
        Ok(json!({
            "file": self.path,
            "part": self.name,
            "rows": self.written.n_rows(),
            "bytes": self.written.n_bytes(),
            "blake3": self.written.digest(),
        }))
    }
}
