//! What can be wrong with a log.

use std::io;
use std::path::PathBuf;

/// What can be wrong with a log. Lines are numbered from 0, as the log itself numbers them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// Somebody changed a byte, or two logs were mixed.
    #[error("line {line}: the chain is broken at {what}: expected {expected}, found {found}")]
    Broken {
        /// Which.
        line: u64,
        /// Which part.
        what: &'static str,
        /// What would hold.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Bytes behind the last line feed: a crash, or a cut.
    #[error(
        "line {line}: {bytes} bytes without a line feed at byte {offset}: the last line is torn; opening the log for writing cuts it off"
    )]
    Torn {
        /// The number it would have.
        line: u64,
        /// Where it begins.
        offset: u64,
        /// How long it is.
        bytes: u64,
    },
    /// Nothing, not even a header.
    #[error("the log is empty: expected a header in line 0")]
    Empty,
    /// A signature that does not verify.
    #[error("line {line}: the {whose} signature does not verify: {what}")]
    Signature {
        /// Which.
        line: u64,
        /// `validator's` or `miner's`.
        whose: &'static str,
        /// Over what.
        what: String,
    },
    /// The chain holds, and what it says cannot be.
    #[error("line {line}: {what}: expected {expected}, found {found}")]
    Impossible {
        /// Which.
        line: u64,
        /// What.
        what: &'static str,
        /// What can be.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The log belongs to other rules or another validator.
    #[error("{}: the log's {field} is {found}, expected {expected}: begin a new log file", .path.display())]
    OtherHeader {
        /// The file.
        path: PathBuf,
        /// Which field.
        field: &'static str,
        /// What this validator runs.
        expected: String,
        /// What the log says.
        found: String,
    },
    /// A record beyond the cap.
    #[error("a record of {bytes} bytes is too long: at most {most}")]
    TooLong {
        /// Its line's length.
        bytes: usize,
        /// The cap.
        most: usize,
    },
    /// Another process writes it.
    #[error("{}: another process holds the log; stop it or choose another file", .0.display())]
    Locked(PathBuf),
    /// A write failed before, so nobody knows what the file holds.
    #[error("{}: a write failed before, nothing is added any more: open the log anew", .0.display())]
    Poisoned(PathBuf),
    /// The disk's.
    #[error("{}: could not {action}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why not.
        source: io::Error,
    },
}
