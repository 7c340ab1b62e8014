//! How a miner's plots are: green only over a disk that was really read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_core::Hotkey;
use serde::Serialize;

use super::{PlotFault, Plots};

/// A self-audit that is older says nothing; where one pass over all plots takes long, it holds for two passes
/// more.
pub const SELF_AUDIT_HOLDS: Duration = Duration::from_secs(60);

/// Challenges of one plot that are kept until they pass again.
const MOST_KNOWN_FAULTS: usize = 16;

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
    /// Whether every partition is ready, and the chain says so.
    pub ready: bool,
    /// The plots that are served, by validator.
    pub plots: Vec<PlotStatus>,
    /// The partitions that are not served.
    pub faults: Vec<PlotFault>,
    /// Why the chain does not say what this miner keeps and where, so that no validator asks for it.
    pub unannounced: Option<String>,
}

/// Keeps what the self-audits found. A clone sees the same.
#[derive(Debug, Clone)]
pub struct Health {
    plots: Arc<Mutex<BTreeMap<Hotkey, PlotHealth>>>,
    pass: Arc<Mutex<Pass>>,
    faults: Vec<PlotFault>,
    unannounced: Arc<Mutex<Option<String>>>,
}

/// How long the self-audit of all plots takes.
#[derive(Debug, Default)]
struct Pass {
    began: Option<Instant>,
    took: Duration,
}

#[derive(Debug)]
struct PlotHealth {
    path: PathBuf,
    claimed_bytes: u64,
    passed: Option<Instant>,
    why: Option<String>,
    /// Challenges that met damage and have not passed since.
    damaged: Vec<Vec<u8>>,
}

impl Health {
    pub(super) fn of(plots: &Plots) -> Self {
        let fresh = plots.iter().map(|plot| {
            let claimed_bytes = plot.registration.statement().claimed_bytes();
            let health = PlotHealth {
                path: plot.path.clone(),
                claimed_bytes,
                passed: None,
                why: None,
                damaged: vec![],
            };
            (plot.registration.identity.validator, health)
        });
        let plots_now = Arc::new(Mutex::new(fresh.collect()));
        let faults = plots.faults().to_vec();
        Self { plots: plots_now, pass: Arc::default(), faults, unannounced: Arc::default() }
    }

    /// The chain says what is kept and where, or why it does not.
    pub(super) fn announced(&self, trouble: Option<String>) {
        *self.unannounced.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// A challenge of the plot was proven. Damage that another challenge met is still there.
    pub(super) fn passed(&self, validator: &Hotkey) {
        self.note(validator, |health| {
            health.passed = Some(Instant::now());
            if health.damaged.is_empty() {
                health.why = None;
            }
        });
    }

    /// A challenge of the plot could not be proven; `damaged` is that challenge, where it is the plot's fault.
    pub(super) fn failed(&self, validator: &Hotkey, why: &str, damaged: Option<&[u8]>) {
        self.note(validator, |health| {
            health.why = Some(why.into());
            let new = damaged.filter(|challenge| !health.damaged.iter().any(|known| known == challenge));
            if health.damaged.len() < MOST_KNOWN_FAULTS {
                health.damaged.extend(new.map(<[u8]>::to_vec));
            }
        });
    }

    /// The challenges of the plot that met damage.
    pub(super) fn damaged(&self, validator: &Hotkey) -> Vec<Vec<u8>> {
        let plots = self.plots.lock().unwrap_or_else(PoisonError::into_inner);
        plots.get(validator).map_or_else(Vec::new, |health| health.damaged.clone())
    }

    /// One of them passes again.
    pub(super) fn healed(&self, validator: &Hotkey, challenge: &[u8]) {
        self.note(validator, |health| health.damaged.retain(|known| known != challenge));
    }

    pub(super) fn pass_begins(&self) {
        self.pass.lock().unwrap_or_else(PoisonError::into_inner).began = Some(Instant::now());
    }

    pub(super) fn pass_ends(&self) {
        let mut pass = self.pass.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(began) = pass.began.take() {
            pass.took = began.elapsed();
        }
    }

    /// How long a self-audit holds.
    fn holds(&self) -> Duration {
        let pass = self.pass.lock().unwrap_or_else(PoisonError::into_inner);
        let so_far = pass.began.map_or(Duration::ZERO, |began| began.elapsed());
        SELF_AUDIT_HOLDS.saturating_add(pass.took.max(so_far).saturating_mul(2))
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
        let (now, holds) = (Instant::now(), self.holds());
        let known = self.plots.lock().unwrap_or_else(PoisonError::into_inner);
        let plots: Vec<PlotStatus> = known
            .iter()
            .map(|(validator, health)| {
                let age = health.passed.map(|passed| now.saturating_duration_since(passed));
                let recent = age.is_some_and(|age| age <= holds);
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
        let unannounced = self.unannounced.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let ready = self.faults.is_empty() && unannounced.is_none() && plots.iter().all(|plot| plot.ready);
        MinerStatus { ready, plots, faults: self.faults.clone(), unannounced }
    }
}
