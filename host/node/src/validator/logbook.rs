//! The folder of evidence: numbered logs. Each validator's newest is being written; another plugin, other
//! parameters or another budget begin its next one, which says where the one before ended. What is written is
//! never touched again. Several validators, or one on several subnets, may share a folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use plimsoll_core::{AuditBudget, Digest, Hotkey, NetUid};
use plimsoll_wire::evidence::{EvidenceLog, LogEvent, LogHeader, Pin, Pins, Predecessor, Record};
use plimsoll_wire::{EvidenceError, EvidenceReader};

use super::log_note;
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

/// A validator's log, and where it stands.
pub(crate) struct Opened {
    pub(crate) log: EvidenceLog,
    pub(crate) recalled: Recalled,
    /// Held as long as the validator runs: nobody else is this validator meanwhile.
    pub(crate) identity: File,
}

/// What goes on from one log into the next.
struct Inherited {
    book: Book,
    predecessor: Option<Predecessor>,
}

/// Opens this validator's newest log in the folder if it was begun under the same rules, else begins the next.
pub(crate) fn open(folder: &Path, heading: &Heading, judge: &Judge) -> Result<Opened, NodeError> {
    std::fs::create_dir_all(folder).map_err(|e| disk(folder, &e))?;
    let identity = heading.lock(folder)?;
    let opened = open_or_begin(folder, heading, judge, identity)?;
    log_note::write(&opened.identity, opened.log.path()).map_err(|e| disk(folder, &e))?;
    Ok(opened)
}

fn open_or_begin(
    folder: &Path,
    heading: &Heading,
    judge: &Judge,
    identity: File,
) -> Result<Opened, NodeError> {
    let pins = judge.pins();
    let inherited = match newest(folder, heading, &identity)? {
        None => Inherited { book: Book::default(), predecessor: None },
        Some((path, old)) => {
            let settings = LogSettings::of(&old)?;
            if same_rules(&old.pins, &pins) && settings.budget == heading.budget {
                // Opening for writing cuts a torn last line off, which reading would stumble over.
                let mut log = EvidenceLog::open(&path, &old)?;
                let recalled = recall(&path, judge)?;
                note_engine(&mut log, &recalled, judge)?;
                return Ok(Opened { log, recalled, identity });
            }
            tracing::info!(path = %path.display(), "the rules have changed: a new evidence log begins");
            succeed(&path, &old, judge, &pins)?
        }
    };
    let (log, recalled) = begin(folder, heading, judge, pins, inherited)?;
    Ok(Opened { log, recalled, identity })
}

/// The newest log that is this validator's. One without a header was begun and never used: a crash of older
/// versions left such files. Another validator's may be damaged: that is not this one's affair.
fn newest(
    folder: &Path,
    heading: &Heading,
    identity: &File,
) -> Result<Option<(PathBuf, LogHeader)>, NodeError> {
    for (_, path) in logs(folder)?.into_iter().rev() {
        match EvidenceReader::open(&path) {
            Ok(reader) if heading.same(reader.header()) => {
                let header = reader.header().clone();
                return Ok(Some((path, header)));
            }
            Ok(_) => {}
            Err(EvidenceError::Empty | EvidenceError::Torn { line: 0, .. }) => {
                tracing::warn!(path = %path.display(), "a log without a header is passed over");
            }
            Err(source) => {
                let own = log_note::may_be_own(folder, &path, identity, &heading.validator);
                if own.map_err(|e| disk(&path, &e))? {
                    return Err(NodeError::DamagedLog { path, source });
                }
                tracing::warn!(path = %path.display(), error = %source, "another validator's log is damaged");
            }
        }
    }
    Ok(None)
}

/// Says in the log that verdicts from here on may meet other limits.
fn note_engine(log: &mut EvidenceLog, recalled: &Recalled, judge: &Judge) -> Result<(), NodeError> {
    let engine = judge.engine();
    if recalled.engine.as_ref() != Some(&engine) {
        log.append(&Record::Event(LogEvent::EngineChanged { engine }))?;
        log.sync()?;
    }
    Ok(())
}

/// What goes on into the next log: epochs, and the rule's memory if the rule is still the same.
fn succeed(path: &Path, old: &LogHeader, judge: &Judge, pins: &Pins) -> Result<Inherited, NodeError> {
    let (lines, head) = EvidenceLog::open(path, old)?.head();
    if same_plugin(&old.pins.incentive, &pins.incentive) {
        let before = recall(path, judge)?.book;
        let book = Book::beginning(before.next_epoch(), before.memory().to_vec());
        let predecessor = Some(Predecessor { head, lines, memory: Digest::of(before.memory()) });
        return Ok(Inherited { book, predecessor });
    }
    let (mut next, mut memory) = (LogSettings::of(old)?.first_epoch, Digest::of(&old.memory));
    for entry in EvidenceReader::open(path)? {
        match entry?.record {
            Record::RoundOpened(opened) => next = next.max(opened.epoch.0.saturating_add(1)),
            Record::RoundClosed(closed) => memory = closed.memory_after,
            _ => {}
        }
    }
    let book = Book::beginning(next.into(), Vec::new());
    Ok(Inherited { book, predecessor: Some(Predecessor { head, lines, memory }) })
}

fn begin(
    folder: &Path,
    heading: &Heading,
    judge: &Judge,
    pins: Pins,
    Inherited { book, predecessor }: Inherited,
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
        engine: Some(judge.engine()),
        predecessor,
    };
    // Other validators number their logs in the same folder: one at a time.
    let numbering = lock_file(&folder.join("numbering.lock"))?;
    numbering.lock().map_err(|e| disk(folder, &e))?;
    let number = logs(folder)?.last().map_or(1, |(number, _)| number.saturating_add(1));
    let log = EvidenceLog::open(&folder.join(name(number)), &header)?;
    let engine = header.engine;
    Ok((log, Recalled { book, last: None, void_rounds: 0, engine }))
}

impl Heading {
    pub(crate) fn same(&self, old: &LogHeader) -> bool {
        self.netuid == old.netuid && self.validator == old.validator && self.genesis == old.genesis
    }

    /// One process an identity, however many logs it has.
    fn lock(&self, folder: &Path) -> Result<File, NodeError> {
        let Self { netuid, validator, genesis, .. } = self;
        let path = folder.join(format!("validator-{netuid}-{validator}-{}.lock", genesis.short()));
        let file = lock_file(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(EvidenceError::Locked(path).into()),
            Err(TryLockError::Error(error)) => Err(disk(&path, &error)),
        }
    }
}

fn lock_file(path: &Path) -> Result<File, NodeError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).map_err(|e| disk(path, &e))
}

/// Whether two logs are judged by the same rules: the same components with the same parameters, whatever their
/// files are called.
fn same_rules(a: &Pins, b: &Pins) -> bool {
    same_plugin(&a.scheme, &b.scheme)
        && same_plugin(&a.challenge, &b.challenge)
        && same_plugin(&a.incentive, &b.incentive)
}

/// Names and the spelling of parameters aside.
pub(crate) fn same_plugin(a: &Pin, b: &Pin) -> bool {
    a.plugin == b.plugin && a.params_digest == b.params_digest
}

fn disk(path: &Path, error: &std::io::Error) -> NodeError {
    NodeError::Disk { path: path.into(), reason: error.to_string() }
}

fn name(number: u32) -> String {
    format!("evidence-{number:06}.ndjson")
}

/// The logs of a folder, oldest first.
///
/// # Errors
/// [`NodeError::Disk`].
pub fn logs(folder: &Path) -> Result<Vec<(u32, PathBuf)>, NodeError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| disk(folder, &e))? {
        let path = entry.map_err(|e| disk(folder, &e))?.path();
        let number = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_prefix("evidence-")?.strip_suffix(".ndjson")?.parse().ok());
        found.extend(number.map(|number| (number, path)));
    }
    found.sort_unstable();
    Ok(found)
}
