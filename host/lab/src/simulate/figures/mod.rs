//! What a scheme was measured to do: all that a sampled run knows of proofs.
//!
//! The figures come from `plimsoll compare --json` (host/lab/COLUMNS.md explains each); those of the shipped schemes
//! lie beside this file, with the machine that they were measured on. They are inputs, never measured while a
//! simulation runs: so that a run is the same everywhere.

mod from_compare;
mod named;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use named::scheme_name;

/// One scheme under one set of parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemeFigures {
    /// The scheme's own name.
    pub name: String,
    /// Its parameters.
    pub params: Value,
    /// Bytes of a unit.
    pub unit_bytes: u64,
    /// The most samples of one challenge; fewer are drawn where a plot has fewer units. Where the scheme was never asked
    /// for more than it draws, about those that make a proof of 64 KiB over a tebibyte.
    pub most_samples: u32,
    /// CPU time of filling one MiB, microseconds: what a plot costs once.
    pub fill_cpu_us_per_mib: f64,
    /// Making one forgotten unit again on one core, microseconds. Where units do not come back alone, everything.
    pub unit_regenerate_us: f64,
    /// Whether a unit comes back without all others.
    pub unit_regenerates_alone: bool,
    /// What reading for one sample adds to a proof where nothing is in the page cache, microseconds.
    pub sample_read_us: f64,
    /// Bytes that a proof reads for one sample: a unit, or parts of it, and whatever it opens beside.
    pub sample_read_bytes: u64,
    /// One honest proof, beside the reads: microseconds.
    pub prove_us: f64,
    /// Checking one proof, microseconds of one core.
    pub verify_us: f64,
    /// Bytes of one proof.
    pub proof_bytes: u64,
    /// Challenges that ask for nothing that an honest plot holds, of all: lotteries such as Chia's.
    pub not_eligible_fraction: f64,
    /// Whether every unit depends on whose it is. Where not, one copy answers for any number of identities.
    pub identity_bound: bool,
}

/// Why a table of `plimsoll compare` gives no figures.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FiguresError {
    /// Not the table.
    #[error("not the output of `plimsoll compare --json`: {0}")]
    NotATable(String),
    /// A scheme that is not in it.
    #[error(
        "there are no figures of `{scheme}`: there are those of {known}; measure it with `plimsoll compare --json --schemes {scheme}` and name the file with --figures"
    )]
    Unknown {
        /// Which.
        scheme: String,
        /// Those that there are.
        known: String,
    },
    /// A row without a figure that is needed.
    #[error("the figures of `{scheme}` have no `{column}`: {why}; measure it again on a quiet machine")]
    Missing {
        /// Whose.
        scheme: String,
        /// Which.
        column: &'static str,
        /// The row's own failure or flag.
        why: String,
    },
}

impl SchemeFigures {
    /// The name of a figure that cannot be: negative, not finite, or a share above one.
    #[must_use]
    pub(super) fn impossible(&self) -> Option<&'static str> {
        let figures = [
            ("fill_cpu_us_per_mib", self.fill_cpu_us_per_mib, f64::MAX),
            ("unit_regenerate_us", self.unit_regenerate_us, f64::MAX),
            ("sample_read_us", self.sample_read_us, f64::MAX),
            ("prove_us", self.prove_us, f64::MAX),
            ("verify_us", self.verify_us, f64::MAX),
            ("not_eligible_fraction", self.not_eligible_fraction, 1.0),
        ];
        figures.into_iter().find(|&(_, figure, most)| !(0.0..=most).contains(&figure)).map(|(name, ..)| name)
    }
}
