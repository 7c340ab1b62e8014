//! `plimsoll datasets diff`.

use plimsoll_core::{BlockNumber, Uid};
use plimsoll_datasets::archive::{Change, DayDiff, Entry, Place};
use plimsoll_datasets::diff::{Diff, Line, Piece, diff, words};
use plimsoll_datasets::lines;
use serde_json::{Value, json};

use super::kept::{Chosen, Which, entry_json, outcome, source};
use crate::exit::{Exit, Failure};
use crate::global::Global;
use crate::screen::{self, Side, visible};

/// How much of a row is printed; `datasets show UID --rows` and `datasets export` have more of it.
const SHOWN_BYTES: usize = 400;

/// Show what changed between two snapshots, two miners, or two commits
///
/// A and B are blocks of snapshots (`7082055`), miners (`uid:7`, or `uid:7@7082055` in that snapshot), or repositories
/// at a commit (`owner/name@COMMIT`). Snapshots are compared miner by miner, with --rows also row by row; all else row
/// by row.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Before
    #[arg(value_name = "A")]
    before: String,
    /// After
    #[arg(value_name = "B")]
    after: String,
    /// Compare the rows of every miner that changed
    #[arg(long)]
    rows: bool,
    #[command(flatten)]
    which: Which,
}

/// One side.
enum Subject {
    Day(Place),
    File { name: String, bytes: Vec<u8> },
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let chosen = args.which.open(global)?;
    match (side(&chosen, &args.before)?, side(&chosen, &args.after)?) {
        (Subject::Day(before), Subject::Day(after)) => days(args, &chosen, before, after, global),
        (Subject::File { name: before, bytes: old }, Subject::File { name: after, bytes: new }) => {
            let found = Compared::of(&old, &new);
            let outcome = json!({ "before": before, "after": after, "rows": found.json() });
            global.emit(&outcome, || format!("{before} -> {after}\n{}", found.human()))
        }
        _ => {
            let message = format!("`{}` and `{}` are not of one sort", args.before, args.after);
            Err(Failure::new(Exit::Usage, message)
                .hint("compare two blocks, or two of uid:N and owner/name@COMMIT"))
        }
    }
}

fn side(chosen: &Chosen, text: &str) -> Result<Subject, Failure> {
    if let Ok(block) = text.parse() {
        return Ok(Subject::Day(Place { netuid: chosen.place.netuid, block: BlockNumber(block) }));
    }
    let file = |bytes| Subject::File { name: text.to_owned(), bytes };
    if let Some(miner) = text.strip_prefix("uid:") {
        let (uid, block) = miner.split_once('@').map_or((miner, None), |(uid, block)| (uid, Some(block)));
        let block = block.map_or(Ok(chosen.place.block.0), str::parse);
        let (Ok(uid), Ok(block)) = (uid.parse(), block) else { return Err(unreadable(text)) };
        let place = Place { block: BlockNumber(block), ..chosen.place };
        return Ok(file(chosen.archive.restore(place, Uid(uid))?));
    }
    let Some((namespace, commit)) = text.split_once('@') else { return Err(unreadable(text)) };
    let object = chosen.archive.find_source(namespace, commit)?.ok_or_else(|| {
        Failure::new(Exit::NotInitialised, format!("nothing is kept of {namespace} at commit {commit}"))
    })?;
    Ok(file(chosen.archive.object(&object)?))
}

fn unreadable(text: &str) -> Failure {
    let message = format!("`{text}` is none of a block, uid:N, uid:N@BLOCK and owner/name@COMMIT");
    Failure::new(Exit::Usage, message)
}

fn days(args: &Args, chosen: &Chosen, before: Place, after: Place, global: &Global) -> Result<(), Failure> {
    let DayDiff { same, changes } = chosen.archive.diff_days(before, after)?;
    let mut compared = Vec::new();
    for change in changes.iter().filter(|change| args.rows && change.is_other_object()) {
        compared.push((
            change.uid,
            Compared::of(&bytes(chosen, &change.before)?, &bytes(chosen, &change.after)?),
        ));
    }
    let rows_of = |uid: Uid| compared.iter().find(|(of, _)| *of == uid).map(|(_, rows)| rows);
    let line = |change: &Change| {
        json!({
            "uid": change.uid,
            "before": change.before.as_ref().map(entry_json),
            "after": change.after.as_ref().map(entry_json),
            "other_miner": change.is_other_miner(),
            "rows": rows_of(change.uid).map(Compared::json),
        })
    };
    let outcome = json!({
        "netuid": before.netuid,
        "before": before.block,
        "after": after.block,
        "same": same,
        "changes": changes.iter().map(line).collect::<Vec<Value>>(),
    });
    global.emit(&outcome, || {
        let columns = [
            ("uid", Side::Right),
            ("before", Side::Left),
            ("after", Side::Left),
            ("what", Side::Left),
            ("rows", Side::Left),
        ];
        let row = |change: &Change| {
            let rows = rows_of(change.uid).map_or_else(String::new, Compared::short);
            vec![
                change.uid.to_string(),
                told(&change.before),
                told(&change.after),
                what(change).to_owned(),
                rows,
            ]
        };
        let head = format!(
            "subnet {}: {} of {} miners changed from block {} to {}",
            before.netuid,
            changes.len(),
            changes.len() + same as usize,
            before.block,
            after.block
        );
        match changes.is_empty() {
            true => head,
            false => format!("{head}\n{}", screen::table(&columns, changes.iter().map(row))),
        }
    })
}

fn bytes(chosen: &Chosen, entry: &Option<Entry>) -> Result<Vec<u8>, Failure> {
    match entry.as_ref().and_then(Entry::object) {
        Some(object) => Ok(chosen.archive.object(&object)?),
        None => Ok(Vec::new()),
    }
}

fn told(entry: &Option<Entry>) -> String {
    match entry {
        None => "nobody".to_owned(),
        Some(entry) if entry.object().is_some() => source(entry),
        Some(entry) => format!("{} ({})", source(entry), outcome(entry)),
    }
}

fn what(change: &Change) -> &'static str {
    match (&change.before, &change.after) {
        (None, _) => "came",
        (_, None) => "left",
        _ if change.is_other_miner() => "another hotkey",
        _ if change.is_other_object() => "another dataset",
        _ => "same dataset, otherwise committed",
    }
}

/// Two files' rows compared.
struct Compared {
    diff: Diff,
    before: Vec<String>,
    after: Vec<String>,
}

impl Compared {
    fn of(before: &[u8], after: &[u8]) -> Self {
        let read = |bytes: &[u8]| lines(bytes).map(|row| row.bytes.to_vec()).collect::<Vec<_>>();
        let (old, new) = (read(before), read(after));
        let left: Vec<Line<'_>> = old.iter().map(|bytes| Line::read(bytes)).collect();
        let right: Vec<Line<'_>> = new.iter().map(|bytes| Line::read(bytes)).collect();
        let diff = diff(&left, &right);
        let texts =
            |lines: &[Vec<u8>]| lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        Self { diff, before: texts(&old), after: texts(&new) }
    }

    fn short(&self) -> String {
        let Diff { n_unchanged, added, removed, moved, changed } = &self.diff;
        let counts = (added.len(), removed.len(), changed.len(), moved.len());
        format!("+{} -{} ~{} moved {}, {n_unchanged} same", counts.0, counts.1, counts.2, counts.3)
    }

    fn json(&self) -> Value {
        let Diff { n_unchanged, added, removed, moved, changed } = &self.diff;
        let changed: Vec<Value> = changed
            .iter()
            .map(|of| json!({ "before": of.before, "after": of.after, "likeness": of.likeness }))
            .collect();
        json!({ "unchanged": n_unchanged, "added": added, "removed": removed, "moved": moved, "changed": changed })
    }

    /// The counts, then every row that is not the same, by its place from 0.
    fn human(&self) -> String {
        let mut all = vec![self.short()];
        all.extend(
            self.diff.removed.iter().map(|at| format!("- {at}: {}", visible(&self.before[*at], SHOWN_BYTES))),
        );
        all.extend(
            self.diff.added.iter().map(|at| format!("+ {at}: {}", visible(&self.after[*at], SHOWN_BYTES))),
        );
        all.extend(self.diff.moved.iter().map(|(from, to)| format!("  {from} moved to {to}")));
        for of in &self.diff.changed {
            let marked: String =
                words(&self.before[of.before], &self.after[of.after]).iter().map(marked).collect();
            all.push(format!("~ {} -> {}: {}", of.before, of.after, visible(&marked, SHOWN_BYTES)));
        }
        all.join("\n")
    }
}

/// A piece as it is printed, with what went and what came marked.
pub(super) fn marked(piece: &Piece<'_>) -> String {
    match piece {
        Piece::Same(text) => (*text).to_owned(),
        Piece::Removed(text) => format!("[-{text}-]"),
        Piece::Added(text) => format!("{{+{text}+}}"),
    }
}
