//! `plimsoll datasets validate`.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use plimsoll_core::Uid;
use plimsoll_datasets::archive::{Entry, Outcome};
use plimsoll_datasets::overlap::{Judged, Overlaps, Rows, Terms};
use plimsoll_datasets::source::{CheckedFile, Source};
use plimsoll_datasets::{RowId, canonical, lines};
use serde_json::{Value, json};

use super::hub;
use super::kept::{Chosen, Which, source as committed};
use super::overlap::shared_rows;
use crate::exit::{Exit, Failure, OrFail as _};
use crate::flags::SourceFlags;
use crate::global::Global;
use crate::screen::{self, Side};

/// Check every dataset of a snapshot by its competition's rules
///
/// Reads every row again, counts what is wrong with it, and applies both rules: rows come from the evaluation set, where
/// one is given, and no more are shared with another dataset than the competition allows; of a group of copies, whoever
/// committed first is none.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The evaluation set, one row a line: rule 1 is judged only with it
    #[arg(long, value_name = "FILE")]
    evaluation: Option<PathBuf>,
    /// Rows that two datasets may share [default: the competition's limit]
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// End with code 1 if any dataset breaks a rule
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    source: SourceFlags,
}

/// One dataset under the rules.
struct Checked<'e> {
    entry: &'e Entry,
    file: CheckedFile,
    judged: Judged,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let chosen = args.which.open_with(global, &[&args.source])?;
    let source = hub::source(&chosen.config)?;
    let duplicate_limit = match args.limit {
        Some(limit) => limit,
        None => shared_rows(&chosen)?,
    };
    let terms = Terms { evaluation: args.evaluation.as_ref().map(evaluation).transpose()?, duplicate_limit };
    let (manifest, _) = chosen.manifest()?;
    let mut entries = Vec::new();
    for entry in manifest.entries.iter().filter(|entry| entry.object().is_some()) {
        entries.push((entry, checked(&chosen, &source, entry)?));
    }
    let rows = entries.iter().map(|(entry, file)| Rows {
        block: entry.commitment.as_ref().map_or(u64::MAX, |note| note.block.0),
        ids: counted(&source, entry, file),
    });
    let overlaps = Overlaps::new(rows.collect())?;
    let order: Vec<usize> = (0..entries.len()).collect();
    let uids: Vec<Uid> = entries.iter().map(|(entry, _)| entry.uid).collect();
    let judged = overlaps.judge(&terms, &order).into_iter();
    let all: Vec<Checked<'_>> = entries
        .into_iter()
        .zip(judged)
        .map(|((entry, file), judged)| Checked { entry, file, judged })
        .collect();
    let broken = all.iter().filter(|of| of.is_broken()).count();
    let outcome = json!({
        "netuid": chosen.place.netuid,
        "block": chosen.place.block,
        "limit": duplicate_limit,
        "datasets": all.len(),
        "broken": broken,
        "miners": all.iter().map(|of| of.json(&uids)).collect::<Vec<Value>>(),
    });
    global.emit(&outcome, || {
        let head = format!(
            "subnet {} at block {}: {} datasets, {broken} break a rule; two may share {duplicate_limit} rows",
            chosen.place.netuid,
            chosen.place.block,
            all.len()
        );
        format!("{head}\n{}", table(&all, &uids))
    })?;
    if args.strict && broken > 0 { Err(Failure::reported(Exit::Error)) } else { Ok(()) }
}

/// The rows of the evaluation set.
fn evaluation(path: &PathBuf) -> Result<HashSet<RowId>, Failure> {
    let bytes =
        std::fs::read(path).or_fail(Exit::DiskMissing, || format!("cannot read {}", path.display()))?;
    Ok(lines(&bytes).filter_map(|row| Some(RowId::of(&canonical(row.bytes).ok()?))).collect())
}

fn competition(entry: &Entry) -> &str {
    let source = entry.commitment.as_ref().and_then(|note| note.source.as_ref());
    source.map_or("", |source| &source.competition)
}

fn checked(chosen: &Chosen, source: &Source, entry: &Entry) -> Result<CheckedFile, Failure> {
    let Outcome::Kept { object, .. } = &entry.outcome else {
        return Ok(CheckedFile { rows: Vec::new(), fault: None });
    };
    Ok(source.check_file(&chosen.archive.object(object)?, competition(entry))?)
}

/// The rows that the competition uses: the first so many.
fn counted(source: &Source, entry: &Entry, file: &CheckedFile) -> Vec<RowId> {
    let limits = source.competition(competition(entry)).ok().flatten();
    let most = limits.map_or(usize::MAX, |limits| limits.rows as usize);
    let mut ids = file.ids();
    ids.truncate(most);
    ids
}

impl Checked<'_> {
    fn is_refused(&self) -> bool {
        self.file.fault.is_some() || self.file.n_invalid() > 0
    }

    fn is_broken(&self) -> bool {
        self.is_refused() || self.judged.copy_of.is_some() || self.judged.only_evaluation_rows == Some(false)
    }

    fn json(&self, uids: &[Uid]) -> Value {
        let uid = |place: usize| uids[place];
        json!({
            "uid": self.entry.uid,
            "rows": self.file.ids().len(),
            "valid": self.file.n_valid(),
            "invalid": self.file.n_invalid(),
            "refused": self.is_refused(),
            "fault": self.file.fault.as_ref().map(ToString::to_string),
            "findings": self.file.findings(),
            "in_evaluation": self.judged.n_in_evaluation,
            "only_evaluation_rows": self.judged.only_evaluation_rows,
            "copy_of": self.judged.copy_of.map(uid),
            "closest": self.judged.closest.map(|(place, shared)| json!({ "uid": uid(place), "shared": shared })),
        })
    }
}

fn table(all: &[Checked<'_>], uids: &[Uid]) -> String {
    let columns = [
        ("uid", Side::Right),
        ("dataset", Side::Left),
        ("rows", Side::Right),
        ("valid", Side::Right),
        ("evaluation", Side::Right),
        ("closest", Side::Left),
        ("verdict", Side::Left),
    ];
    let row = |of: &Checked<'_>| {
        let closest = of
            .judged
            .closest
            .map_or_else(String::new, |(place, shared)| format!("{shared} with {}", uids[place]));
        vec![
            of.entry.uid.to_string(),
            committed(of.entry),
            of.file.ids().len().to_string(),
            of.file.n_valid().to_string(),
            of.judged.n_in_evaluation.map_or_else(String::new, |count| count.to_string()),
            closest,
            verdict(of, uids),
        ]
    };
    screen::table(&columns, all.iter().map(row))
}

fn verdict(of: &Checked<'_>, uids: &[Uid]) -> String {
    let mut parts = Vec::new();
    if of.is_refused() {
        parts.push("refused".to_owned());
    }
    if let Some(place) = of.judged.copy_of {
        parts.push(format!("copy of {}", uids[place]));
    }
    if of.judged.only_evaluation_rows == Some(false) {
        parts.push("rows of its own or repeated".to_owned());
    }
    let findings: BTreeMap<&str, usize> = of.file.findings();
    parts.extend(findings.iter().map(|(name, count)| format!("{name} {count}")));
    if parts.is_empty() { "good".to_owned() } else { parts.join(", ") }
}
