//! The log, being read and believed in nothing.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use plimsoll_core::Digest;

use super::line::{Link, Next, next_line};
use super::log::header_of;
use super::rounds::Rounds;
use super::{EvidenceError, LogHeader, Record};

/// One verified line.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number.
    pub line: u64,
    /// What it says.
    pub record: Record,
}

/// Reads a log from its beginning and verifies the chain, both signatures and what belongs together. The
/// header is read at once; the iterator gives everything behind it and ends after the first error. Memory
/// does not grow with the log, only with the registrations in it.
#[derive(Debug)]
pub struct EvidenceReader<R> {
    from: R,
    path: PathBuf,
    header: LogHeader,
    rounds: Rounds,
    link: Link,
    offset: u64,
    line: Vec<u8>,
    ended: bool,
}

impl EvidenceReader<BufReader<File>> {
    /// Opens the file at `path`, for reading only; it may still be written to.
    ///
    /// # Errors
    /// [`EvidenceError::Io`], [`EvidenceError::Empty`], and whatever is wrong with the header's line.
    pub fn open(path: &Path) -> Result<Self, EvidenceError> {
        let file = File::open(path).map_err(|source| EvidenceError::Io {
            path: path.to_owned(),
            action: "open the log",
            source,
        })?;
        Self::new(BufReader::with_capacity(256 * 1024, file), path)
    }
}

impl<R: BufRead> EvidenceReader<R> {
    /// Reads a log from `from`; `path` is for messages only.
    ///
    /// # Errors
    /// As [`EvidenceReader::open`].
    pub fn new(mut from: R, path: &Path) -> Result<Self, EvidenceError> {
        let (mut line, mut link, mut offset) = (Vec::new(), Link::default(), 0);
        let first = advance(&mut from, path, &mut line, &mut link, &mut offset)?;
        let header = header_of(first.ok_or(EvidenceError::Empty)?)?;
        let rounds = Rounds::new(&header);
        Ok(Self { from, path: path.to_owned(), header, rounds, link, offset, line, ended: false })
    }

    /// Whose log this is, and under which rules.
    #[must_use]
    pub const fn header(&self) -> &LogHeader {
        &self.header
    }

    /// How many lines were read, and the digest of the last one: what a log that goes on from this one must
    /// name, once this one is read to its end.
    #[must_use]
    pub const fn head(&self) -> (u64, Digest) {
        (self.link.line, self.link.previous)
    }

    fn entry(&mut self) -> Result<Option<Entry>, EvidenceError> {
        let line = self.link.line;
        let Self { from, path, line: bytes, link, offset, .. } = self;
        let Some(record) = advance(from, path, bytes, link, offset)? else { return Ok(None) };
        self.rounds.take(line, &record)?;
        Ok(Some(Entry { line, record }))
    }
}

impl<R: BufRead> Iterator for EvidenceReader<R> {
    type Item = Result<Entry, EvidenceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let entry = self.entry().transpose();
        self.ended = !matches!(entry, Some(Ok(_)));
        entry
    }
}

fn advance(
    from: &mut impl BufRead,
    path: &Path,
    bytes: &mut Vec<u8>,
    link: &mut Link,
    offset: &mut u64,
) -> Result<Option<Record>, EvidenceError> {
    let next = next_line(from, bytes).map_err(|source| EvidenceError::Io {
        path: path.to_owned(),
        action: "read the log",
        source,
    })?;
    match next {
        Next::End => Ok(None),
        Next::Torn(bytes) => Err(EvidenceError::Torn { line: link.line, offset: *offset, bytes }),
        Next::Whole => {
            let (record, next) = link.read(bytes)?;
            *offset += bytes.len() as u64 + 1;
            *link = next;
            Ok(Some(record))
        }
    }
}
