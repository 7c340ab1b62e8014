//! What a run of laws found.

use plimsoll_core::Digest;
use serde::Serialize;

use crate::Kind;

/// One law and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The law, as a sentence.
    pub name: String,
    /// Whether it holds.
    pub passed: bool,
    /// A case in which it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What `plugin test` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// As the operator named it.
    pub plugin: String,
    /// What it decides, if that could be told.
    pub kind: Option<Kind>,
    /// BLAKE3 of the file.
    pub digest: Digest,
    /// Every law that was tried, in order.
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether every law holds.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }
}

/// Collects laws.
#[derive(Default)]
pub(super) struct Laws {
    pub(super) checks: Vec<Check>,
}

impl Laws {
    /// Tries one law; what it found is there for the next.
    pub(super) fn holds<T>(&mut self, name: &str, law: impl FnOnce() -> Result<T, String>) -> Option<T> {
        let found = law();
        let why = found.as_ref().err().cloned();
        self.checks.push(Check { name: name.to_owned(), passed: why.is_none(), why });
        found.ok()
    }
}
