//! Dataset sources: where a subnet's miners keep their datasets, and what a row of one is.

use crate::{Plugin, Result};

/// What a row is known by: two lines have the same if the subnet takes them for the same row.
pub type RowId = [u8; 16];

/// The most bytes of a line that a source is asked about.
pub const LARGEST_LINE_BYTES: usize = 1 << 20;

/// A dataset as its miner committed to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The repository on the hub, `owner/name`; see [`is_repository`](crate::is_repository).
    pub namespace: String,
    /// A commit, branch or tag; see [`is_revision`](crate::is_revision).
    pub revision: String,
    /// Whether the revision never comes to mean other bytes; see [`is_commit`](crate::is_commit).
    pub pinned: bool,
    /// Which competition it takes part in; see [`is_competition`](crate::is_competition).
    pub competition: String,
    /// The file in the repository; see [`is_file_path`](crate::is_file_path).
    pub path: String,
}

/// Why a commitment names no dataset of this source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotMine {
    /// There is nothing in it.
    None,
    /// It is of another form.
    Foreign,
    /// It is of this form, but a part of it is wrong: which one, and what was expected. Never what was found: that
    /// may be a secret.
    Malformed(String),
    /// It is sealed, until this round of drand's beacon where it tells.
    Encrypted(Option<u64>),
}

/// What a commitment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// Nothing of this source.
    NotMine(NotMine),
    /// Where a dataset is.
    Source(Source),
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A short name to count by: 1 to 32 lower-case letters, digits and dashes, such as `odd-turn`.
    pub name: &'static str,
    /// In a sentence.
    pub what: String,
}

/// What a line of a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckedRow {
    /// A row as it should be.
    Valid(RowId),
    /// A row that the subnet counts and compares, though something is wrong with it.
    Flawed(RowId, Finding),
    /// No row.
    Invalid(Finding),
}

/// The rows that all datasets of a competition are measured by, as a dataset on the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The repository: `owner/name`.
    pub namespace: String,
    /// A commit, branch or tag.
    pub revision: String,
}

/// When a day's competition takes commitments and when it pays: minutes of the day in UTC, below 1,440.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayWindow {
    /// The first minute in which commitments count.
    pub opens_minute: u16,
    /// The first in which they do not any more.
    pub closes_minute: u16,
    /// When it pays.
    pub pays_minute: u16,
}

/// What a competition asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompetitionLimits {
    /// Of a file the first so many rows count, at least 1.
    pub rows: u32,
    /// Two datasets that share more rows than this are copies of one another.
    pub shared_rows: u32,
    /// What datasets are measured by.
    pub evaluation: Option<Evaluation>,
    /// When commitments are taken, where it matters.
    pub window: Option<DayWindow>,
}

/// How a subnet's miners say where their datasets are, and what a row of one is. The host refuses a place that could
/// not be asked for safely, and shows nothing that is logged while [`DatasetSource::decode`] runs.
/// [`crate::laws::dataset_source`] tests that and more.
pub trait DatasetSource: Plugin {
    /// What the bytes that a miner committed to at `block` say. Any bytes may come, secrets of other subnets among
    /// them.
    ///
    /// # Errors
    /// None for any commitment: what is not understood is [`NotMine`].
    fn decode(&self, commitment: &[u8], block: u64) -> Result<Decoded>;

    /// The commitment that [`DatasetSource::decode`] reads so.
    ///
    /// # Errors
    /// [`crate::PluginError::BadInput`] for what cannot be committed to, [`crate::PluginError::Unsupported`] where the
    /// source has no such form.
    fn encode(&self, namespace: &str, revision: &str, competition: &str) -> Result<Vec<u8>>;

    /// What one line is, without its end. Any bytes may come, at most [`LARGEST_LINE_BYTES`].
    ///
    /// # Errors
    /// None for any line: what is no row is [`CheckedRow::Invalid`].
    fn check_row(&self, line: &[u8], competition: &str) -> Result<CheckedRow>;

    /// The same of many lines, in order. Write it only to share something between them, such as a buffer.
    ///
    /// # Errors
    /// As [`DatasetSource::check_row`].
    fn check_rows(&self, lines: &[Vec<u8>], competition: &str) -> Result<Vec<CheckedRow>> {
        lines.iter().map(|line| self.check_row(line, competition)).collect()
    }

    /// What the competition `id` asks for; `None` where it is not known.
    ///
    /// # Errors
    /// None for any identifier.
    fn competition(&self, id: &str) -> Result<Option<CompetitionLimits>>;
}

impl Finding {
    /// A finding.
    pub fn new(name: &'static str, what: impl Into<String>) -> Self {
        Self { name, what: what.into() }
    }
}

impl CheckedRow {
    /// What the row is known by, where it is one.
    #[must_use]
    pub const fn id(&self) -> Option<RowId> {
        match self {
            Self::Valid(id) | Self::Flawed(id, _) => Some(*id),
            Self::Invalid(_) => None,
        }
    }
}

impl From<NotMine> for Decoded {
    fn from(why: NotMine) -> Self {
        Self::NotMine(why)
    }
}
