//! The folder of a validator's evidence: numbered logs, of which the last is being written. Another plugin,
//! other parameters or another budget begin the next one; what is written is never touched again.

use std::path::{Path, PathBuf};

use plimsoll_core::{AuditBudget, Digest, Hotkey, NetUid};
use plimsoll_wire::evidence::{EvidenceLog, LogHeader, Pins};
use plimsoll_wire::{EvidenceError, EvidenceReader};

use super::recall::{LogSettings, Recalled, recall};
use super::{Book, Judge};
use crate::NodeError;

/// What a log must be headed with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heading {
    pub(crate) netuid: NetUid,
    pub(crate) validator: Hotkey,
    pub(crate) genesis: Digest,
    pub(crate) budget: AuditBudget,
}

/// Opens the folder's newest log if it was begun under the same rules, else begins the next; gives back where
/// the validator stands.
pub(crate) fn open(
    folder: &Path,
    heading: &Heading,
    judge: &Judge,
) -> Result<(EvidenceLog, Recalled), NodeError> {
    let failed = |e: std::io::Error| NodeError::Disk { path: folder.into(), reason: e.to_string() };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let pins = judge.pins();
    let newest = logs(folder)?.pop();
    let Some((number, path)) = newest else {
        return begin(&folder.join(name(1)), heading, pins, Book::default());
    };
    let old = match EvidenceReader::open(&path) {
        Ok(reader) => reader.header().clone(),
        // Nothing but a torn first line: it was begun and never used.
        Err(EvidenceError::Empty | EvidenceError::Torn { line: 0, .. }) => {
            return begin(&path, heading, pins, Book::default());
        }
        Err(error) => return Err(error.into()),
    };
    let settings = LogSettings::of(&old)?;
    let same_judge = old.pins == pins;
    if same_judge && settings.budget == heading.budget && heading.same(&old) {
        // Opening for writing cuts a torn last line off, which reading would stumble over.
        let log = EvidenceLog::open(&path, &old)?;
        return Ok((log, recall(&path, judge)?));
    }
    tracing::info!(path = %path.display(), "the rules have changed: a new evidence log begins");
    let book = if heading.same(&old) { succeed(&path, &old, judge, &pins)? } else { Book::default() };
    begin(&folder.join(name(number + 1)), heading, pins, book)
}

/// What goes on into the next log: epochs, and the rule's memory if the rule is still the same.
fn succeed(path: &Path, old: &LogHeader, judge: &Judge, pins: &Pins) -> Result<Book, NodeError> {
    drop(EvidenceLog::open(path, old)?);
    if old.pins.incentive == pins.incentive {
        let recalled = recall(path, judge)?;
        return Ok(Book::beginning(recalled.book.next_epoch(), recalled.book.memory().to_vec()));
    }
    let mut next = LogSettings::of(old)?.first_epoch;
    for entry in EvidenceReader::open(path)? {
        if let plimsoll_wire::evidence::Record::RoundOpened(opened) = entry?.record {
            next = next.max(opened.epoch.0.saturating_add(1));
        }
    }
    Ok(Book::beginning(next.into(), Vec::new()))
}

fn begin(
    path: &Path,
    heading: &Heading,
    pins: Pins,
    book: Book,
) -> Result<(EvidenceLog, Recalled), NodeError> {
    let settings = LogSettings { budget: heading.budget, first_epoch: book.next_epoch().0 };
    let header = LogHeader {
        format: LogHeader::FORMAT,
        netuid: heading.netuid,
        validator: heading.validator,
        genesis: heading.genesis,
        pins,
        // Numbers only: they always can be written.
        settings: serde_json::to_value(settings).unwrap_or_default(),
        memory: book.memory().to_vec(),
    };
    let log = EvidenceLog::open(path, &header)?;
    Ok((log, Recalled { book, last: None, void_rounds: 0 }))
}

impl Heading {
    fn same(&self, old: &LogHeader) -> bool {
        self.netuid == old.netuid && self.validator == old.validator && self.genesis == old.genesis
    }
}

fn name(number: u32) -> String {
    format!("evidence-{number:06}.ndjson")
}

/// The logs of a folder, oldest first.
///
/// # Errors
/// [`NodeError::Disk`].
pub fn logs(folder: &Path) -> Result<Vec<(u32, PathBuf)>, NodeError> {
    let failed = |e: std::io::Error| NodeError::Disk { path: folder.into(), reason: e.to_string() };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let number = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_prefix("evidence-")?.strip_suffix(".ndjson")?.parse().ok());
        found.extend(number.map(|number| (number, path)));
    }
    found.sort_unstable();
    Ok(found)
}
