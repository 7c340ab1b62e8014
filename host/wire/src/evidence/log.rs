//! The log, being written.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use plimsoll_core::Digest;

use super::line::{Link, Next, next_line};
use super::{EvidenceError, LogEvent, LogHeader, Record};

/// An evidence log open for writing, by one process at a time.
#[derive(Debug)]
pub struct EvidenceLog {
    file: File,
    path: PathBuf,
    link: Link,
    len_bytes: u64,
    poisoned: bool,
}

/// The file at `at`, made if it is not there, and locked; messages name `path`.
fn locked(at: &Path, path: &Path) -> Result<File, EvidenceError> {
    let failed = |action| move |source| EvidenceError::Io { path: path.to_owned(), action, source };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = options.open(at).map_err(failed("open the log"))?;
    let regular = file.metadata().map_err(failed("look at the log"))?.is_file();
    if !regular {
        return Err(failed("open the log")(io::Error::other("it is no regular file")));
    }
    file.try_lock().map_err(|e| match e {
        TryLockError::WouldBlock => EvidenceError::Locked(path.to_owned()),
        TryLockError::Error(source) => failed("lock the log")(source),
    })?;
    Ok(file)
}

/// What a file holds already.
struct Found {
    header: Option<LogHeader>,
    link: Link,
    len_bytes: u64,
    torn_bytes: u64,
}

impl EvidenceLog {
    /// Opens the log at `path`, or begins one with `header`. The whole chain is checked (not the signatures:
    /// that is the [reader's](super::EvidenceReader)); a torn last line, or a hole among records that were not
    /// synced and what follows it, is cut off with a warning and a [`LogEvent::TornLineCut`].
    ///
    /// # Errors
    /// [`EvidenceError::Broken`], [`EvidenceError::Locked`], [`EvidenceError::Io`], and
    /// [`EvidenceError::OtherHeader`] where the log there was begun by another validator or under other rules.
    /// The memory in `header` is not compared: a log keeps the one that it began with.
    pub fn open(path: &Path, header: &LogHeader) -> Result<Self, EvidenceError> {
        let failed = |action| move |source| EvidenceError::Io { path: path.to_owned(), action, source };
        if let Some(log) = Self::begin(path, header)? {
            return Ok(log);
        }
        let file = locked(path, path)?;
        let found = scan(&file, path)?;
        if let Some(old) = &found.header {
            same_header(path, header, old)?;
        }
        if found.torn_bytes > 0 {
            tracing::warn!(
                path = %path.display(), line = found.link.line, bytes = found.torn_bytes,
                "the end of the evidence log never got to the disk whole and is cut off"
            );
            file.set_len(found.len_bytes).map_err(failed("cut off a torn line"))?;
        }
        let mut log = Self {
            file,
            path: path.to_owned(),
            link: found.link,
            len_bytes: found.len_bytes,
            poisoned: false,
        };
        log.file.seek(SeekFrom::Start(log.len_bytes)).map_err(failed("go to the end"))?;
        if found.header.is_none() {
            log.append(&Record::Header(header.clone()))?;
        }
        if found.torn_bytes > 0 {
            log.append(&Record::Event(LogEvent::TornLineCut { bytes: found.torn_bytes }))?;
        }
        log.sync()?;
        sync_folder(path).map_err(failed("sync the log's folder"))?;
        Ok(log)
    }

    /// Begins a log where there is none: under another name, until its header is on the disk, so that no crash
    /// leaves an empty one. `None` where there is one already.
    fn begin(path: &Path, header: &LogHeader) -> Result<Option<Self>, EvidenceError> {
        let failed = |action| move |source| EvidenceError::Io { path: path.to_owned(), action, source };
        if path.try_exists().map_err(failed("look for the log"))? {
            return Ok(None);
        }
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".new");
        let unfinished = PathBuf::from(unfinished);
        let file = locked(&unfinished, path)?;
        // Whoever held the lock before may have just finished.
        if path.try_exists().map_err(failed("look for the log"))? {
            return Ok(None);
        }
        file.set_len(0).map_err(failed("begin the log"))?;
        let mut log =
            Self { file, path: path.to_owned(), link: Link::default(), len_bytes: 0, poisoned: false };
        log.append(&Record::Header(header.clone()))?;
        log.sync()?;
        std::fs::rename(&unfinished, path).map_err(failed("give the log its name"))?;
        sync_folder(path).map_err(failed("sync the log's folder"))?;
        Ok(Some(log))
    }

    /// Writes one record. It survives the end of this process, and after [`sync`](Self::sync) that of the
    /// machine.
    ///
    /// # Errors
    /// [`EvidenceError::TooLong`] with the log as it was; [`EvidenceError::Io`], after which the log is
    /// poisoned: what got to the disk of the line is taken back where that is possible, and nothing is added.
    pub fn append(&mut self, record: &Record) -> Result<(), EvidenceError> {
        self.sound()?;
        let (line, next) = self.link.write(record)?;
        if let Err(source) = self.file.write_all(&line) {
            self.poisoned = true;
            if let Err(error) = self.file.set_len(self.len_bytes) {
                tracing::warn!(%error, "half a line could not be taken back; the next start cuts it off");
            }
            return Err(self.failed("write a record", source));
        }
        self.len_bytes += line.len() as u64;
        self.link = next;
        Ok(())
    }

    /// Has everything on the disk before it returns. A failed sync is never tried again: what the disk then
    /// holds is not known, and the log is poisoned.
    ///
    /// # Errors
    /// [`EvidenceError::Io`], [`EvidenceError::Poisoned`].
    pub fn sync(&mut self) -> Result<(), EvidenceError> {
        self.sound()?;
        self.file.sync_data().map_err(|source| {
            self.poisoned = true;
            self.failed("sync the log", source)
        })
    }

    /// The number of lines, and the digest that the next one will carry: whoever knows them can tell whether
    /// the log was rewritten.
    #[must_use]
    pub const fn head(&self) -> (u64, Digest) {
        (self.link.line, self.link.previous)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn sound(&self) -> Result<(), EvidenceError> {
        if self.poisoned { Err(EvidenceError::Poisoned(self.path.clone())) } else { Ok(()) }
    }

    fn failed(&self, action: &'static str, source: io::Error) -> EvidenceError {
        EvidenceError::Io { path: self.path.clone(), action, source }
    }
}

/// Walks the chain to its end.
fn scan(file: &File, path: &Path) -> Result<Found, EvidenceError> {
    let mut from = BufReader::with_capacity(256 * 1024, file);
    let mut found = Found { header: None, link: Link::default(), len_bytes: 0, torn_bytes: 0 };
    let mut line = Vec::new();
    loop {
        let next = next_line(&mut from, &mut line).map_err(|source| EvidenceError::Io {
            path: path.to_owned(),
            action: "read the log",
            source,
        })?;
        match next {
            Next::End => return Ok(found),
            Next::Torn(bytes) => {
                found.torn_bytes = bytes;
                return Ok(found);
            }
            Next::Whole => {
                let (record, link) = match found.link.read(&line) {
                    Ok(read) => read,
                    Err(error) => {
                        found.torn_bytes = hole(&mut from, path, &mut line)?.ok_or(error)?;
                        return Ok(found);
                    }
                };
                if found.link.line == 0 {
                    found.header = Some(header_of(record)?);
                }
                found.link = link;
                found.len_bytes += line.len() as u64 + 1;
            }
        }
    }
}

/// How many bytes there are from `line` on, if they are what the end of the machine leaves of records that were
/// written and not yet synced: a block that never got to the disk reads as zeros, also where a later one did. No
/// JSON text holds a zero; and behind a round's beginning or end everything before it was synced.
fn hole(from: &mut impl BufRead, path: &Path, line: &mut Vec<u8>) -> Result<Option<u64>, EvidenceError> {
    if !line.contains(&0) {
        return Ok(None);
    }
    // As the last line it may be what was being synced; with others behind it, it was.
    let was_synced = is_synced(line);
    let mut bytes = line.len() as u64 + 1;
    loop {
        let next = next_line(from, line).map_err(|source| EvidenceError::Io {
            path: path.to_owned(),
            action: "read the log",
            source,
        })?;
        match next {
            Next::End => return Ok(Some(bytes)),
            Next::Torn(torn) => return Ok(Some(bytes + torn)),
            Next::Whole if was_synced || is_synced(line) => return Ok(None),
            Next::Whole => bytes += line.len() as u64 + 1,
        }
    }
}

/// Whether a line tells of something behind which the log was synced.
fn is_synced(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    ["\"record\":{\"kind\":\"round-opened\"", "\"record\":{\"kind\":\"round-closed\""]
        .iter()
        .any(|kind| text.contains(kind))
}

/// The header, if the first record is one that this version reads.
pub(super) fn header_of(record: Record) -> Result<LogHeader, EvidenceError> {
    let impossible = |what, expected, found| EvidenceError::Impossible { line: 0, what, expected, found };
    match record {
        Record::Header(header) if header.format == LogHeader::FORMAT => Ok(header),
        Record::Header(LogHeader { format, .. }) => {
            Err(impossible("the log's format", LogHeader::FORMAT.to_string(), format.to_string()))
        }
        _ => Err(impossible("the first record", "a header".to_owned(), "another kind".to_owned())),
    }
}

fn same_header(path: &Path, new: &LogHeader, old: &LogHeader) -> Result<(), EvidenceError> {
    // Read back from its own text, as the old one was: a float may change its last bit on the way.
    let text = serde_json::to_vec(new).unwrap_or_default();
    let new = &serde_json::from_slice(&text).unwrap_or_else(|_| new.clone());
    let (a, b) = (&new.pins, &old.pins);
    // The same component with the same parameters, whatever its file is called.
    let same = |a: &super::Pin, b: &super::Pin| a.plugin == b.plugin && a.params_digest == b.params_digest;
    let pin = |p: &super::Pin| format!("{} {} with parameters {}", p.name, p.plugin.short(), p.params);
    let fields = [
        ("subnet", new.netuid == old.netuid, new.netuid.to_string(), old.netuid.to_string()),
        ("validator", new.validator == old.validator, new.validator.to_string(), old.validator.to_string()),
        ("chain", new.genesis == old.genesis, new.genesis.to_string(), old.genesis.to_string()),
        ("proof scheme", same(&a.scheme, &b.scheme), pin(&a.scheme), pin(&b.scheme)),
        ("challenge strategy", same(&a.challenge, &b.challenge), pin(&a.challenge), pin(&b.challenge)),
        ("incentive rule", same(&a.incentive, &b.incentive), pin(&a.incentive), pin(&b.incentive)),
        ("settings", new.settings == old.settings, new.settings.to_string(), old.settings.to_string()),
    ];
    match fields.into_iter().find(|(_, same, ..)| !same) {
        None => Ok(()),
        Some((field, _, expected, found)) => {
            Err(EvidenceError::OtherHeader { path: path.to_owned(), field, expected, found })
        }
    }
}

/// A new file is only there after a crash if its folder was synced too.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
