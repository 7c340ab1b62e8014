//! Where a miner's dataset is, what a row of it is, and what its competition asks for.

use std::fmt;

use serde::{Deserialize, Serialize};

mod names;

pub use names::{
    COMPETITION_BYTES, NAMESPACE_BYTES, PATH_BYTES, REVISION_BYTES, is_a_key, is_commit, is_competition,
    is_file_path, is_repository, is_revision, looks_like_a_key,
};

/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;

/// A dataset as its miner committed to it. One that came through [`DatasetPlace::check`] can be asked for and filed
/// under its names without a thought.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DatasetPlace {
    /// The repository on the hub: `owner/name`.
    pub namespace: String,
    /// A commit, branch or tag.
    pub revision: String,
    /// Whether the revision is a commit of 40 lower-case hexadecimal digits, and so never comes to mean other bytes.
    pub pinned: bool,
    /// Which competition it takes part in; empty where there are none.
    pub competition: String,
    /// The file in the repository.
    pub path: String,
}

/// Why a commitment names no dataset of a source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotMine {
    /// There is nothing in it.
    None,
    /// It is of another form.
    Foreign,
    /// It is of this source's form, but a part of it is wrong: which one, in a sentence.
    Malformed(String),
    /// It is sealed, until this round of drand's beacon where it tells.
    Encrypted(Option<u64>),
}

/// What a commitment says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decoded {
    /// Where a dataset is.
    Dataset(DatasetPlace),
    /// Nothing of this source.
    NotMine(NotMine),
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RowFinding {
    /// A short name to count by, such as `odd-turn`.
    pub name: String,
    /// In a sentence.
    pub what: String,
}

/// What a line of a dataset is. Two lines have the same 16 bytes if the subnet takes them for the same row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CheckedRow {
    /// A row as it should be.
    Valid([u8; 16]),
    /// A row that the subnet counts and compares, though something is wrong with it.
    Flawed([u8; 16], RowFinding),
    /// No row.
    Invalid(RowFinding),
}

/// The rows that all datasets of a competition are measured by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Evaluation {
    /// The repository on the hub: `owner/name`.
    pub namespace: String,
    /// A commit, branch or tag.
    pub revision: String,
}

/// When a day's competition takes commitments and when it pays: minutes of the day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DayWindow {
    /// The first minute in which commitments count.
    pub opens_minute: u16,
    /// The first in which they do not any more.
    pub closes_minute: u16,
    /// When it pays.
    pub pays_minute: u16,
}

/// What a competition asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CompetitionLimits {
    /// Of a file the first so many rows count.
    pub rows: u32,
    /// Two datasets that share more rows than this are copies of one another.
    pub shared_rows: u32,
    /// What datasets are measured by.
    pub evaluation: Option<Evaluation>,
    /// When commitments are taken, where it matters.
    pub window: Option<DayWindow>,
}

impl DatasetPlace {
    /// Whether every part is one that a hub and a disk may be asked for. The error says which is not.
    ///
    /// # Errors
    /// A sentence that names the part and what was expected; never what was found, which may be a secret.
    pub fn check(&self) -> Result<(), String> {
        check_namespace(&self.namespace)?;
        check_revision(&self.revision)?;
        if self.pinned && !is_commit(&self.revision) {
            return Err(
                "its revision is said to be pinned, but is no commit of 40 lower-case hexadecimal digits"
                    .into(),
            );
        }
        if !is_competition(&self.competition) {
            return Err(format!("its competition has not at most {COMPETITION_BYTES} printable ASCII bytes"));
        }
        check_path(&self.path)
    }

    /// Whether what is shown and kept of it looks like a key that was put into the wrong place, such as a token of the
    /// hub for a branch. The error says which part; the part itself must not be told.
    ///
    /// # Errors
    /// A sentence that names the part, never what was found.
    pub fn check_secrets(&self) -> Result<(), &'static str> {
        match () {
            () if is_a_key(&self.namespace) => Err("its namespace looks like a key, not like a repository"),
            () if looks_like_a_key(&self.revision) => Err("its revision looks like a key, not like a branch"),
            () if looks_like_a_key(&self.competition) => Err("its competition looks like a key"),
            () => Ok(()),
        }
    }
}

impl CompetitionLimits {
    /// Whether they can be kept at all.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub fn check(&self) -> Result<(), String> {
        if self.rows == 0 {
            return Err("of a file no row counts, at least one must".into());
        }
        if let Some(Evaluation { namespace, revision }) = &self.evaluation {
            check_namespace(namespace)
                .and_then(|()| check_revision(revision))
                .map_err(|why| format!("its evaluation set: {why}"))?;
        }
        if let Some(DayWindow { opens_minute, closes_minute, pays_minute }) = self.window {
            let late =
                [opens_minute, closes_minute, pays_minute].into_iter().find(|minute| *minute >= DAY_MINUTES);
            if let Some(minute) = late {
                return Err(format!("its window names minute {minute} of a day of {DAY_MINUTES}"));
            }
        }
        Ok(())
    }
}

impl CheckedRow {
    /// What the row is known by, where it is one.
    #[must_use]
    pub const fn id(&self) -> Option<[u8; 16]> {
        match self {
            Self::Valid(id) | Self::Flawed(id, _) => Some(*id),
            Self::Invalid(_) => None,
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub const fn finding(&self) -> Option<&RowFinding> {
        match self {
            Self::Valid(_) => None,
            Self::Flawed(_, finding) | Self::Invalid(finding) => Some(finding),
        }
    }
}

impl fmt::Display for NotMine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("nothing is committed"),
            Self::Foreign => f.write_str("of another form"),
            Self::Malformed(why) if why.is_empty() => f.write_str("malformed"),
            Self::Malformed(why) => write!(f, "malformed: {why}"),
            Self::Encrypted(None) => f.write_str("encrypted"),
            Self::Encrypted(Some(round)) => write!(f, "encrypted until drand's round {round}"),
        }
    }
}

fn check_namespace(namespace: &str) -> Result<(), String> {
    match is_repository(namespace) {
        true => Ok(()),
        false => Err("its namespace is no `owner/name` of a repository on the hub".into()),
    }
}

fn check_revision(revision: &str) -> Result<(), String> {
    match is_revision(revision) {
        true => Ok(()),
        false => Err(format!(
            "its revision is no commit, branch or tag of at most {REVISION_BYTES} printable bytes"
        )),
    }
}

fn check_path(path: &str) -> Result<(), String> {
    if is_file_path(path) {
        return Ok(());
    }
    Err(format!(
        "its path is no file in a repository: relative, at most {PATH_BYTES} bytes, without `..`, empty parts, backslashes and control characters"
    ))
}

#[cfg(test)]
#[path = "dataset_tests.rs"]
mod tests;
