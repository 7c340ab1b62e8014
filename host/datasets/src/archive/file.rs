//! A file that goes in, and where its rows are.

use plimsoll_core::Digest;
use plimsoll_json::RowId;

use super::error::ArchiveError;
use super::lines::MOST_LINES;
use super::note::Source;

/// Where a dataset is in its repository, unless it is said.
pub(super) const USUAL_PATH: &str = "data.jsonl";

/// The digests that the hub gave for a file, beside our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Witness {
    /// SHA-256 of the bytes, for large files.
    pub sha256: Option<[u8; 32]>,
    /// SHA-1 as git makes it, for small ones.
    pub git_sha1: Option<[u8; 20]>,
}

/// A file that was fetched and verified.
#[derive(Debug, Clone, Copy)]
pub struct NewFile<'a> {
    /// All of it.
    pub bytes: &'a [u8],
    /// Its rows in order: any byte of the row's line, and the row's id. At most one a line.
    pub rows: &'a [(usize, RowId)],
    /// What the hub called it.
    pub witness: Witness,
    /// Where it was fetched from: `owner/name` and the 40 hex digits of the commit that was served.
    pub from: Option<(&'a str, &'a str)>,
}

/// What became of a file that was put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Put {
    /// Its content address.
    pub object: Digest,
    /// Whether it was not kept before.
    pub is_new: bool,
    /// Bytes of lines that were not kept before.
    pub new_bytes: u64,
    /// Lines whose kept copy was damaged, and which were written again.
    pub healed: u32,
}

pub(super) fn check_origin(namespace: &str, commit: &str) -> Result<(), ArchiveError> {
    let source =
        Source { namespace: namespace.to_owned(), revision: commit.to_owned(), competition: String::new() };
    source.check()?;
    if source.is_pinned() {
        return Ok(());
    }
    let why = "expected the 40 hex digits that the hub served, not a branch or a tag".to_owned();
    Err(ArchiveError::Facts { field: "commit", why })
}

/// The row of each piece.
pub(super) fn ids_of(
    file: &NewFile<'_>,
    pieces: &[&[u8]],
    are_lines: bool,
) -> Result<Vec<Option<RowId>>, ArchiveError> {
    let wrong = |why: String| ArchiveError::Facts { field: "rows", why };
    if !are_lines && !file.rows.is_empty() {
        return Err(wrong(format!("a file of more than {MOST_LINES} lines has no rows")));
    }
    let mut ids = vec![None; pieces.len()];
    let mut rows = file.rows.iter().peekable();
    let mut end = 0;
    for (piece, id) in pieces.iter().zip(&mut ids) {
        end += piece.len();
        if let Some((_, row)) = rows.next_if(|(at, _)| *at < end) {
            *id = Some(*row);
        }
        if let Some((at, _)) = rows.peek().filter(|(at, _)| *at < end) {
            return Err(wrong(format!(
                "expected rows in order, one a line; found a second one at byte {at}"
            )));
        }
    }
    match rows.next() {
        Some((at, _)) => Err(wrong(format!("a row begins at byte {at} of a file of {end} bytes"))),
        None => Ok(ids),
    }
}
