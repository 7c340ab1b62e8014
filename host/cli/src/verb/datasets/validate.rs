//! `plimsoll datasets validate`.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use plimsoll_datasets::RowId;
use plimsoll_datasets::archive::Entry;
use plimsoll_datasets::contest::{Competition, Field, Part, Rulebook, competition_of};
use plimsoll_datasets::overlap::Judged;
use plimsoll_datasets::source::{CheckedFile, Source};
use serde_json::{Value, json};

use super::checked::{Looked, each_file, entered};
use super::evaluation_file::{bytes_of, whole};
use super::field::{rules_json, rules_text};
use super::hub;
use super::kept::{Which, source as committed};
use crate::exit::{Exit, Failure};
use crate::flags::SourceFlags;
use crate::global::Global;
use crate::screen::{self, Side};

/// Check every dataset of a snapshot by its competition's rules
///
/// Reads every row again, counts what is wrong with it, and applies both rules to the rows that the competition uses:
/// they come from the evaluation set, where one is given, and no more are shared with another dataset of the competition
/// than it allows; of a group of copies, whoever committed first is none. A file that the subnet's loader refuses is no
/// copy and has none. Nobody is judged by the second rule whose competition the plugin does not know, unless --limit is
/// given.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The evaluation set, one row a line: rule 1 is judged only with it
    #[arg(long, value_name = "FILE")]
    evaluation: Option<PathBuf>,
    /// Rows that two datasets may share [default: each competition's limit]
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
    broke_down: Option<String>,
    part: Part,
    judged: Judged,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let chosen = args.which.open_with(global, &[&args.source])?;
    let source = hub::source(&chosen.config)?;
    let (manifest, _) = chosen.manifest()?;
    let rulebook = Rulebook::of(Some(&source), args.limit, &manifest.entries)?;
    let mut files = Vec::new();
    each_file(&chosen, &manifest, &source, |entry, looked, _| files.push((entry, looked)))?;
    let field =
        Field::new(&rulebook, files.iter().map(|(entry, looked)| entered(entry, &looked.file)).collect())?;
    let evaluation = match &args.evaluation {
        None => BTreeMap::new(),
        Some(path) => evaluation(path, &source, field.competitions())?,
    };
    let judged = field.judge(&evaluation).into_iter().zip(field.entrants());
    let all: Vec<Checked<'_>> = files
        .into_iter()
        .zip(judged)
        .map(|((entry, Looked { file, broke_down }), (judged, entrant))| Checked {
            entry,
            file,
            broke_down,
            part: entrant.part,
            judged,
        })
        .collect();
    let broken = all.iter().filter(|of| of.is_broken()).count();
    let mut outcome = json!({
        "netuid": chosen.place.netuid,
        "block": chosen.place.block,
        "limit": args.limit,
        "datasets": all.len(),
        "broken": broken,
        "miners": all.iter().map(|of| of.json(&field)).collect::<Vec<Value>>(),
    });
    if let Some(fields) = outcome.as_object_mut() {
        fields.extend(rules_json(&field).map(|(name, value)| (name.to_owned(), value)));
    }
    global.emit(&outcome, || {
        let head = format!(
            "subnet {} at block {}: {} datasets, {broken} break a rule",
            chosen.place.netuid,
            chosen.place.block,
            all.len()
        );
        format!("{head}\n{}\n\n{}", rules_text(&field), table(&all, &field))
    })?;
    if args.strict && broken > 0 { Err(Failure::reported(Exit::Error)) } else { Ok(()) }
}

/// The rows of the evaluation set as each competition knows them.
fn evaluation(
    path: &Path,
    source: &Source,
    competitions: &[Competition],
) -> Result<BTreeMap<String, HashSet<RowId>>, Failure> {
    let bytes = bytes_of(path)?;
    let mut sets = BTreeMap::new();
    for Competition { id, .. } in competitions {
        let ids = whole(path, &bytes, source, id)?.ids();
        sets.insert(id.clone(), ids.into_iter().collect());
    }
    if competitions.is_empty() {
        whole(path, &bytes, source, "")?;
    }
    Ok(sets)
}

impl Checked<'_> {
    fn is_refused(&self) -> bool {
        self.part == Part::Refused
    }

    fn is_broken(&self) -> bool {
        self.is_refused()
            || self.broke_down.is_some()
            || self.judged.copy_of.is_some()
            || self.judged.only_evaluation_rows == Some(false)
    }

    fn json(&self, field: &Field) -> Value {
        let uid = |place: usize| field.uid(place);
        json!({
            "uid": self.entry.uid,
            "rows": self.file.ids().len(),
            "valid": self.file.n_valid(),
            "invalid": self.file.n_invalid(),
            "competition": competition_of(self.entry),
            "judged": self.part == Part::Judged && self.broke_down.is_none(),
            "refused": self.is_refused(),
            "broke_down": self.broke_down,
            "fault": self.file.fault.as_ref().map(ToString::to_string),
            "findings": self.file.findings(),
            "in_evaluation": self.judged.n_in_evaluation,
            "only_evaluation_rows": self.judged.only_evaluation_rows.filter(|_| self.broke_down.is_none()),
            "copy_of": self.judged.copy_of.map(uid),
            "closest": self.judged.closest.map(|(place, shared)| json!({ "uid": uid(place), "shared": shared })),
        })
    }
}

fn table(all: &[Checked<'_>], field: &Field) -> String {
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
            .map_or_else(String::new, |(place, shared)| format!("{shared} with {}", field.uid(place)));
        vec![
            of.entry.uid.to_string(),
            committed(of.entry),
            of.file.ids().len().to_string(),
            of.file.n_valid().to_string(),
            of.judged.n_in_evaluation.map_or_else(String::new, |count| count.to_string()),
            closest,
            verdict(of, field),
        ]
    };
    screen::table(&columns, all.iter().map(row))
}

fn verdict(of: &Checked<'_>, field: &Field) -> String {
    if of.broke_down.is_some() {
        return "not checked: the plugin broke down on it".to_owned();
    }
    let mut parts = Vec::new();
    if of.is_refused() {
        parts.push("refused".to_owned());
    }
    if let Some(place) = of.judged.copy_of {
        parts.push(format!("copy of {}", field.uid(place)));
    }
    if of.judged.only_evaluation_rows == Some(false) {
        parts.push("rows of its own or repeated".to_owned());
    }
    let findings: BTreeMap<&str, usize> = of.file.findings();
    parts.extend(findings.iter().map(|(name, count)| format!("{name} {count}")));
    if of.part == Part::Unlimited {
        parts.insert(0, "not judged".to_owned());
    }
    if parts.is_empty() { "good".to_owned() } else { parts.join(", ") }
}
