//! The five kinds of plugin, and what each may import and must export.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a plugin decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// How a miner divides its space among validators.
    Allocation,
    /// Whom a validator audits, how hard and how fast.
    Challenge,
    /// How space is filled, committed to, proven and verified.
    Proof,
    /// What a miner earns for what it proved.
    Incentive,
    /// Where a subnet's miners keep their datasets, and what a row of one is.
    Dataset,
}

impl Kind {
    /// All kinds, in the order of a unit's way from space to weight; datasets are no part of it.
    pub const ALL: [Kind; 5] =
        [Kind::Allocation, Kind::Challenge, Kind::Proof, Kind::Incentive, Kind::Dataset];

    /// The word of the command line and of a plugin's world: `proof`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Allocation => "allocation",
            Kind::Challenge => "challenge",
            Kind::Proof => "proof",
            Kind::Incentive => "incentive",
            Kind::Dataset => "dataset",
        }
    }

    /// What people call it: `proof scheme`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Kind::Allocation => "allocation policy",
            Kind::Challenge => "challenge strategy",
            Kind::Proof => "proof scheme",
            Kind::Incentive => "incentive rule",
            Kind::Dataset => "dataset source",
        }
    }

    /// With the article: `an allocation policy`.
    #[must_use]
    pub const fn titled(self) -> &'static str {
        match self {
            Kind::Allocation => "an allocation policy",
            Kind::Challenge => "a challenge strategy",
            Kind::Proof => "a proof scheme",
            Kind::Incentive => "an incentive rule",
            Kind::Dataset => "a dataset source",
        }
    }

    /// The interface that makes a component a plugin of this kind, without package and version.
    pub(crate) const fn interface(self) -> &'static str {
        match self {
            Kind::Allocation => "allocation-policy",
            Kind::Challenge => "challenge-strategy",
            Kind::Proof => "proof-scheme",
            Kind::Incentive => "incentive-rule",
            Kind::Dataset => "dataset-source",
        }
    }

    /// The kind whose interface this is.
    pub(crate) fn of_interface(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.interface() == name)
    }

    /// Whether a plugin of this kind may carry an interpreter: those that decide once a round may. A proof scheme
    /// verifies every answer and fills every byte, an allocation policy runs at every miner's, a dataset source reads
    /// every row.
    #[must_use]
    pub const fn may_be_interpreted(self) -> bool {
        match self {
            Kind::Challenge | Kind::Incentive => true,
            Kind::Allocation | Kind::Proof | Kind::Dataset => false,
        }
    }

    /// Interfaces of the contract that a plugin of this kind may import. `types` holds no function.
    pub(crate) const fn may_import(self) -> &'static [&'static str] {
        match self {
            Kind::Allocation | Kind::Incentive => &["types", "log"],
            Kind::Challenge | Kind::Dataset => &["types", "log", "pure"],
            Kind::Proof => &[
                "types",
                "log",
                "pure",
                "storage",
                "labels",
                "scan",
                "graphs",
                "graph-plots",
                "walks",
                "curve",
                "erasure",
                "pospace",
            ],
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.word() == text || kind.interface() == text).ok_or_else(|| {
            format!("`{text}` is no kind of plugin: use allocation, challenge, proof, incentive or dataset")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_known_by_its_word_and_by_its_interface() {
        for kind in Kind::ALL {
            assert_eq!(kind.word().parse(), Ok(kind));
            assert_eq!(Kind::of_interface(kind.interface()), Some(kind));
        }
        assert_eq!(
            "scoring".parse::<Kind>().unwrap_err(),
            "`scoring` is no kind of plugin: use allocation, challenge, proof, incentive or dataset"
        );
    }
}
