//! How a miner's plots are: green only over a disk that was really read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_core::Hotkey;
use serde::Serialize;

use super::{PlotFault, Plots};

/// A self-audit that is older says nothing.
pub const SELF_AUDIT_HOLDS: Duration = Duration::from_secs(60);

/// One plot as a status shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlotStatus {
    /// Whom it is kept for.
    pub validator: Hotkey,
    /// Its file.
    pub path: PathBuf,
    /// Bytes claimed.
    pub claimed_bytes: u64,
    /// Whether its last self-audit, or an audit since, found nothing wrong and is recent.
    pub ready: bool,
    /// Seconds since it was last read and proven.
    pub last_passed_s: Option<u64>,
    /// What is wrong, where something is.
    pub why: Option<String>,
}

/// A whole miner's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MinerStatus {
    /// Whether every partition is ready.
    pub ready: bool,
    /// The plots that are served, by validator.
    pub plots: Vec<PlotStatus>,
    /// The partitions that are not served.
    pub faults: Vec<PlotFault>,
}

/// Keeps what the self-audits found. A clone sees the same.
#[derive(Debug, Clone)]
pub struct Health {
    plots: Arc<Mutex<BTreeMap<Hotkey, PlotHealth>>>,
    faults: Vec<PlotFault>,
}

#[derive(Debug)]
struct PlotHealth {
    path: PathBuf,
    claimed_bytes: u64,
    passed: Option<Instant>,
    why: Option<String>,
}

impl Health {
    pub(super) fn of(plots: &Plots) -> Self {
        let fresh = plots.iter().map(|plot| {
            let claimed_bytes = plot.registration.statement().claimed_bytes();
            let health = PlotHealth { path: plot.path.clone(), claimed_bytes, passed: None, why: None };
            (plot.registration.identity.validator, health)
        });
        Self { plots: Arc::new(Mutex::new(fresh.collect())), faults: plots.faults().to_vec() }
    }

    pub(super) fn passed(&self, validator: &Hotkey) {
        self.note(validator, |health| (health.passed, health.why) = (Some(Instant::now()), None));
    }

    pub(super) fn failed(&self, validator: &Hotkey, why: &str) {
        self.note(validator, |health| health.why = Some(why.into()));
    }

    fn note(&self, validator: &Hotkey, change: impl FnOnce(&mut PlotHealth)) {
        let mut plots = self.plots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(health) = plots.get_mut(validator) {
            change(health);
        }
    }

    /// The status at this moment.
    #[must_use]
    pub fn status(&self) -> MinerStatus {
        let now = Instant::now();
        let known = self.plots.lock().unwrap_or_else(PoisonError::into_inner);
        let plots: Vec<PlotStatus> = known
            .iter()
            .map(|(validator, health)| {
                let age = health.passed.map(|passed| now.saturating_duration_since(passed));
                let recent = age.is_some_and(|age| age <= SELF_AUDIT_HOLDS);
                PlotStatus {
                    validator: *validator,
                    path: health.path.clone(),
                    claimed_bytes: health.claimed_bytes,
                    ready: recent && health.why.is_none(),
                    last_passed_s: age.map(|age| age.as_secs()),
                    why: health.why.clone(),
                }
            })
            .collect();
        let ready = self.faults.is_empty() && plots.iter().all(|plot| plot.ready);
        MinerStatus { ready, plots, faults: self.faults.clone() }
    }
}
