//! Names: of repositories, of commits, of files in a listing.

use std::fmt;

use plimsoll_core::{is_commit, is_repository, is_revision, looks_like_a_key};

/// The longest name of a file, in bytes, as file systems have it.
const MAX_NAME_BYTES: usize = 255;
const MAX_PATH_BYTES: usize = 1024;

/// Why a name is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NameFault {
    /// Nothing, or nothing between two slashes.
    #[error("is empty or has an empty part")]
    Empty,
    /// It begins at the root.
    #[error("is absolute")]
    Absolute,
    /// `.` or `..` is one of its parts.
    #[error("has . or .. as a part")]
    Dots,
    /// A NUL byte.
    #[error("holds a NUL byte")]
    Nul,
    /// A backslash.
    #[error("holds a backslash")]
    Backslash,
    /// Another control character, or one that turns the reading direction.
    #[error("holds a control character")]
    Control,
    /// A part is above 255 bytes, or the whole above 1,024.
    #[error("is too long: 255 bytes a part and 1,024 in all are taken")]
    TooLong,
    /// A drive letter or another colon.
    #[error("holds a colon")]
    Colon,
    /// It differs from another one only in upper and lower case.
    #[error("differs from another name only in upper and lower case")]
    CaseCollision,
    /// It stands twice in one listing.
    #[error("stands twice in the listing")]
    Twice,
    /// It is a file and also a folder of other names.
    #[error("is a file and a folder at once")]
    FileAndFolder,
    /// The hub says that it is neither a file nor a folder.
    #[error("is neither a file nor a folder")]
    NotAFile,
    /// Not `owner/name` in the hub's letters.
    #[error(
        "is not owner/name in the hub's letters (a-z, A-Z, 0-9, - _ ., 1 to 96 each, no -- or .., no - or . at an end, no .git)"
    )]
    Repository,
    /// Not forty lower-case hex digits.
    #[error("is not a commit of 40 lower-case hex digits")]
    Commit,
    /// Not a branch or tag.
    #[error("is not the name of a revision (1 to 128 printable bytes that git takes)")]
    Revision,
}

/// Checks a path out of a listing, `folder/name` with plain slashes, before anything is done with it.
pub fn check_path(path: &str) -> Result<(), NameFault> {
    if path.is_empty() {
        return Err(NameFault::Empty);
    }
    if path.starts_with('/') {
        return Err(NameFault::Absolute);
    }
    if path.len() > MAX_PATH_BYTES {
        return Err(NameFault::TooLong);
    }
    path.chars().try_for_each(check_char)?;
    path.split('/').try_for_each(|part| match part {
        "" => Err(NameFault::Empty),
        "." | ".." => Err(NameFault::Dots),
        part if part.len() > MAX_NAME_BYTES => Err(NameFault::TooLong),
        _ => Ok(()),
    })
}

fn check_char(letter: char) -> Result<(), NameFault> {
    match letter {
        '\0' => Err(NameFault::Nul),
        '\\' => Err(NameFault::Backslash),
        ':' => Err(NameFault::Colon),
        // Marks of direction make a name read as another.
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Err(NameFault::Control)
        }
        letter if letter.is_control() => Err(NameFault::Control),
        _ => Ok(()),
    }
}

/// A repository's whole name, `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(String);

impl Namespace {
    /// Takes a name if it follows the hub's rules.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        if is_repository(text) { Ok(Self(text.to_owned())) } else { Err(NameFault::Repository) }
    }

    /// As `owner/name`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For a log, where nobody knows yet that there is such a repository: what looks like a key is not told.
    pub(super) fn shown(&self) -> &str {
        if looks_like_a_key(&self.0) { "(one that looks like a key)" } else { &self.0 }
    }

    /// Owner and name.
    pub(super) fn parts(&self) -> [&str; 2] {
        let (owner, name) = self.0.split_once('/').unwrap_or((&self.0, ""));
        [owner, name]
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A commit of a repository: forty lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commit(String);

impl Commit {
    /// Takes a commit in full.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        if is_commit(text) { Ok(Self(text.to_owned())) } else { Err(NameFault::Commit) }
    }

    /// The forty digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a miner committed to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Revision {
    /// A commit: always the same bytes.
    Pinned(Commit),
    /// A branch or tag, which may point elsewhere tomorrow.
    Unpinned(String),
}

impl Revision {
    /// A commit if `text` is one, else the name of a branch or tag.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        if let Ok(commit) = Commit::parse(text) {
            return Ok(Self::Pinned(commit));
        }
        if is_revision(text) { Ok(Self::Unpinned(text.to_owned())) } else { Err(NameFault::Revision) }
    }
}
