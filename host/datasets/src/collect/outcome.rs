//! What became of a miner's dataset.

use plimsoll_core::{Digest, Uid};
use serde::Serialize;

use super::kinds::{Class, NOT_ASKED, TOO_FEW, shortened};

/// A dataset that is in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// BLAKE3 of the file.
    pub object: Digest,
    /// Its bytes.
    pub bytes: u64,
    /// Lines that are rows.
    pub rows: u32,
    /// Rows with nothing wrong with them; none where the subnet's loader refuses the file.
    pub valid: u32,
    /// The commit that was served: 40 hex digits.
    pub commit: String,
    /// Whether this run asked the hub for it.
    pub is_new: bool,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MinerOutcome {
    /// It is kept.
    Kept(Kept),
    /// It is kept, and has fewer valid rows than the run asked for.
    TooFew {
        /// What is kept.
        kept: Kept,
        /// So many were asked for.
        least: u32,
    },
    /// Nothing was committed to.
    Nothing,
    /// It is not kept.
    Not {
        /// A short name to count by.
        kind: String,
        /// In a sentence.
        text: String,
        /// Kind and sentence for the archive, where they are the same every day.
        recorded: (String, String),
    },
}

impl MinerOutcome {
    pub(super) fn not(kind: impl Into<String>, text: impl Into<String>) -> Self {
        let (kind, text) = (kind.into(), text.into());
        Self::Not { recorded: (kind.clone(), shortened(&text)), kind, text }
    }

    /// Not asked for by this run. What the snapshot before says of the failure goes on to be recorded.
    pub(super) fn not_asked(before: Option<(String, String)>) -> Self {
        let not = Self::not(NOT_ASKED, "this run did not ask for it");
        match (not, before) {
            (Self::Not { kind, text, .. }, Some(recorded)) => Self::Not { kind, text, recorded },
            (not, _) => not,
        }
    }

    /// What is kept, whatever is thought of it.
    #[must_use]
    pub const fn kept(&self) -> Option<&Kept> {
        match self {
            Self::Kept(kept) | Self::TooFew { kept, .. } => Some(kept),
            Self::Nothing | Self::Not { .. } => None,
        }
    }

    /// The same under a least number of valid rows.
    pub(super) fn with_at_least(self, least: u32) -> Self {
        match self {
            Self::Kept(kept) if kept.valid < least => Self::TooFew { kept, least },
            other => other,
        }
    }

    /// In a sentence, why it does not count as downloaded.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        match self {
            Self::Kept(_) | Self::Nothing => None,
            Self::TooFew { kept, least } => {
                Some(format!("{} valid rows of {}, at least {least} were asked for", kept.valid, kept.rows))
            }
            Self::Not { text, .. } => Some(text.clone()),
        }
    }

    /// What it is counted under.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Kept(_) => Class::Downloaded,
            Self::TooFew { .. } => Class::TooFew,
            Self::Nothing => Class::Skipped,
            Self::Not { kind, .. } => Class::of_kind(kind),
        }
    }

    /// Its short name: `fetched`, `held`, `too-few-rows`, `none`, or the kind of failure.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Kept(Kept { is_new: true, .. }) => "fetched",
            Self::Kept(_) => "held",
            Self::TooFew { .. } => TOO_FEW,
            Self::Nothing => "none",
            Self::Not { kind, .. } => kind,
        }
    }
}

/// One file's fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The miners that named it.
    pub uids: Vec<Uid>,
    /// `owner/name`, as the archive records it.
    pub namespace: String,
    /// As the archive records it: a branch or tag that the hub does not know by its length and digest.
    pub revision: String,
    /// What became of it, for the first of them.
    pub outcome: MinerOutcome,
}
