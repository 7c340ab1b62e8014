//! What is compared, and under which assumptions.

use std::path::PathBuf;

use plimsoll_plugin::PluginRef;
use plimsoll_store::CancelFlag;
use serde::Serialize;
use serde_json::Value;

use super::formulas::{Audit, Prices};

/// One scheme to measure.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The component.
    pub plugin: PluginRef,
    /// Its parameters: a JSON object.
    pub params: Value,
}

/// The same for every scheme of a table, and printed with it.
#[derive(Debug, Clone, Serialize)]
pub struct CompareRequest {
    /// Bytes offered to each scheme; one that fills slowly gets as many as its time allows.
    pub bytes: u64,
    /// Units of one challenge; a scheme may take fewer.
    pub samples: u32,
    /// How often everything is measured.
    pub repeats: u32,
    /// Challenges of one repeat, from which p50 and p99 are taken.
    pub challenges: u32,
    /// Challenges behind each measured point of a detection curve.
    pub trials: u32,
    /// Time that a cheater has for regenerating, after the round trip.
    pub deadline_ms: u64,
    /// Cores that a cheater has.
    pub cores: u32,
    /// The fraction that `samples_for_2pow40` assumes to be missing.
    pub missing_fraction: f64,
    /// What computing and storing cost.
    #[serde(flatten)]
    pub prices: Prices,
    /// Bytes that a cheater saves by not storing them, for the break-even interval of sampled audits.
    pub claim_bytes: u64,
    /// A figure whose interquartile range is more of its median is flagged, not printed.
    pub most_spread_percent: f64,
    /// About how long one scheme may take.
    pub budget_seconds: f64,
    /// What challenges and missing units are drawn from.
    pub seed: u64,
    /// Where plots are written; what is written is removed.
    #[serde(skip)]
    pub dir: PathBuf,
    /// Set to stop; what was written is removed.
    #[serde(skip)]
    pub cancel: CancelFlag,
}

/// How the time of one scheme is divided: filling, proving and verifying, detecting, regenerating.
pub(super) struct Shares {
    pub(super) fill_seconds: f64,
    pub(super) prove_seconds: f64,
    pub(super) detect_seconds: f64,
    pub(super) regenerate_seconds: f64,
}

impl CompareRequest {
    pub(super) fn audit(&self, samples: u32) -> Audit {
        Audit { samples, deadline_seconds: self.deadline_ms as f64 / 1e3, cores: self.cores }
    }

    pub(super) fn shares(&self) -> Shares {
        let part = |share: f64| share * self.budget_seconds;
        Shares {
            fill_seconds: part(0.4),
            prove_seconds: part(0.2),
            detect_seconds: part(0.3),
            regenerate_seconds: part(0.1),
        }
    }
}

impl Default for CompareRequest {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            samples: 20,
            repeats: 5,
            challenges: 50,
            trials: 300,
            deadline_ms: 500,
            cores: 1,
            missing_fraction: 0.01,
            prices: Prices { usd_per_core_hour: 0.01, usd_per_tib_month: 2.0 },
            claim_bytes: 1 << 40,
            most_spread_percent: 25.0,
            budget_seconds: 30.0,
            seed: 1,
            dir: PathBuf::from("."),
            cancel: CancelFlag::new(),
        }
    }
}
