//! What a run of laws found.

use plimsoll_core::Digest;
use serde::Serialize;
use serde_json::Value;

use crate::{Kind, Waiver};

/// One law and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The law, as a sentence.
    pub name: String,
    /// Its short name, if it is an economic law: what a waiver calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub law: Option<&'static str>,
    /// Whether it holds.
    pub passed: bool,
    /// A case in which it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Why the plugin need not keep it, in its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waived: Option<String>,
    /// The smallest case found in which it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterexample: Option<Counterexample>,
}

/// The smallest case found in which an economic law does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counterexample {
    /// A name for its file: the law and a digest of the case, as in `splitting-7f3a.toml`.
    pub file: String,
    /// The case as a scenario for `plimsoll simulate --scenario FILE`.
    pub scenario: String,
    /// Exactly what the plugin was asked, and what it answered.
    pub case: Value,
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

impl Check {
    /// Whether the plugin keeps the law, or says why not.
    #[must_use]
    pub const fn is_fine(&self) -> bool {
        self.passed || self.waived.is_some()
    }
}

impl Report {
    /// Whether every law holds or is waived.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(Check::is_fine)
    }
}

/// How an economic law was broken.
#[derive(Debug, Clone)]
pub(super) struct Broken {
    /// In one sentence, with figures.
    pub(super) figures: String,
    pub(super) scenario: super::economy::Scenario,
    pub(super) case: Value,
}

/// Collects laws.
#[derive(Default)]
pub(super) struct Laws {
    pub(super) checks: Vec<Check>,
    /// What the plugin under test says of itself.
    pub(super) waivers: Vec<Waiver>,
}

impl Laws {
    /// Tries one law; what it found is there for the next.
    pub(super) fn holds<T>(&mut self, name: &str, law: impl FnOnce() -> Result<T, String>) -> Option<T> {
        let found = law();
        let why = found.as_ref().err().cloned();
        self.checks.push(Check {
            name: name.to_owned(),
            law: None,
            passed: why.is_none(),
            why,
            waived: None,
            counterexample: None,
        });
        found.ok()
    }

    /// Tries an economic law, which a plugin may waive; a breakdown cannot be waived.
    pub(super) fn economic(
        &mut self,
        law: &'static str,
        name: &str,
        tried: impl FnOnce() -> Result<Option<Broken>, String>,
    ) {
        let waived = self.waivers.iter().find(|waiver| waiver.law == law).map(|waiver| waiver.reason.clone());
        let found = tried();
        let (why, waived) = match &found {
            Ok(None) => (None, waived),
            Ok(Some(broken)) => (Some(broken.figures.clone()), waived),
            Err(breakdown) => (Some(breakdown.clone()), None),
        };
        let counterexample = found.ok().flatten().map(|broken| {
            let digest = Digest::of(broken.case.to_string().as_bytes()).to_string();
            Counterexample {
                file: format!("{law}-{}.toml", &digest[..4]),
                scenario: broken.scenario.to_toml(&broken.figures, &broken.case),
                case: broken.case,
            }
        });
        let passed = why.is_none();
        self.checks.push(Check {
            name: name.to_owned(),
            law: Some(law),
            passed,
            why,
            waived,
            counterexample,
        });
    }
}
