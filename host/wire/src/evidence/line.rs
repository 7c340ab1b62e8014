//! One line: written, read, and what it is bound to.

use std::fmt::Display;
use std::io::{self, BufRead};

use plimsoll_core::Digest;
use serde::{Deserialize, Serialize};

use super::{EvidenceError, Record};
use crate::texts::legible;

/// Most bytes of a line, its line feed included. A record is far below: challenge and proof have 128 KiB each
/// in hex, a round's standings and weights about half a kilobyte a miner.
pub const MAX_LINE_BYTES: usize = 8 * 1024 * 1024;

/// `,"digest":"` and 64 digits and `"}`.
const TAIL_BYTES: usize = 11 + 64 + 2;

#[derive(Serialize)]
struct Written<'a> {
    line: u64,
    previous: Digest,
    record: &'a Record,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    line: u64,
    previous: String,
    record: Record,
    #[serde(rename = "digest")]
    _digest: String,
}

/// Where a chain stands: the next line's number, and the digest of the line before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Link {
    pub(super) line: u64,
    pub(super) previous: Digest,
}

impl Link {
    /// The line for `record`, line feed included, and the link behind it.
    pub(super) fn write(&self, record: &Record) -> Result<(Vec<u8>, Self), EvidenceError> {
        let written = Written { line: self.line, previous: self.previous, record };
        let mut bytes = serde_json::to_vec(&written).map_err(|e| EvidenceError::Impossible {
            line: self.line,
            what: "the record",
            expected: "something that JSON can say".to_owned(),
            found: e.to_string(),
        })?;
        bytes.pop();
        let digest = Digest::of(&bytes);
        bytes.extend_from_slice(format!(",\"digest\":\"{digest}\"}}").as_bytes());
        let next = Self { line: self.line + 1, previous: Digest::of(&bytes) };
        bytes.push(b'\n');
        if bytes.len() > MAX_LINE_BYTES {
            return Err(EvidenceError::TooLong { bytes: bytes.len(), most: MAX_LINE_BYTES });
        }
        Ok((bytes, next))
    }

    /// Reads the line `bytes`, without its line feed, and the link behind it.
    pub(super) fn read(&self, bytes: &[u8]) -> Result<(Record, Self), EvidenceError> {
        let cut = bytes.len().saturating_sub(TAIL_BYTES);
        let (head, tail) = bytes.split_at(cut);
        // Compared as text: one digest has one spelling.
        let expected = format!(",\"digest\":\"{}\"}}", Digest::of(head));
        if tail != expected.as_bytes() {
            return Err(self.broken("its digest", &expected, &legible(&String::from_utf8_lossy(tail), 100)));
        }
        let envelope: Envelope = serde_json::from_slice(bytes).map_err(|e| {
            self.broken("its record", &"a record of a known kind", &legible(&e.to_string(), 200))
        })?;
        let previous = self.previous.to_string();
        if envelope.previous != previous {
            return Err(self.broken(
                "the digest of the line before",
                &previous,
                &legible(&envelope.previous, 80),
            ));
        }
        if envelope.line != self.line {
            return Err(self.broken("its number", &self.line, &envelope.line));
        }
        Ok((envelope.record, Self { line: self.line + 1, previous: Digest::of(bytes) }))
    }

    fn broken(&self, what: &'static str, expected: &dyn Display, found: &dyn Display) -> EvidenceError {
        EvidenceError::Broken {
            line: self.line,
            what,
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }
}

/// What the next line is.
pub(super) enum Next {
    /// Bytes up to a line feed, which is not among them.
    Whole,
    /// This many bytes without a line feed, and then the end.
    Torn(u64),
    /// Nothing any more.
    End,
}

/// Reads the next line into `line`, at most [`MAX_LINE_BYTES`] of it; what is torn is counted to its end.
pub(super) fn next_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Next> {
    line.clear();
    let mut torn = 0u64;
    loop {
        let seen = from.fill_buf()?;
        if seen.is_empty() {
            return Ok(if torn == 0 { Next::End } else { Next::Torn(torn) });
        }
        let feed = seen.iter().position(|&b| b == b'\n');
        let here = &seen[..feed.unwrap_or(seen.len())];
        let room = MAX_LINE_BYTES - line.len();
        line.extend_from_slice(&here[..here.len().min(room)]);
        torn += here.len() as u64;
        let used = here.len() + usize::from(feed.is_some());
        from.consume(used);
        if feed.is_some() {
            return Ok(Next::Whole);
        }
    }
}
