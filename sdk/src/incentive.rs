//! Incentive rules: what a miner earns for what it proved.

use crate::{Hotkey, Plugin, Result, Round};

/// One miner in one epoch. Counts are this epoch's; latencies are of answers in time, as the validator
/// measured them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its place in the subnet; another hotkey may take it over.
    pub uid: u16,
    /// Its key.
    pub hotkey: Hotkey,
    /// The key that owns it.
    pub coldkey: Hotkey,
    /// Bytes it claims.
    pub claimed_bytes: u64,
    /// Claimed bytes times the share of audits passed.
    pub proven_bytes: u64,
    /// Bytes of it that are a validator's own.
    pub cargo_bytes: u64,
    /// Audits.
    pub issued: u32,
    /// Of them passed.
    pub passed: u32,
    /// Failed.
    pub failed: u32,
    /// Answered after the deadline.
    pub late: u32,
    /// Not answered.
    pub absent: u32,
    /// Median time.
    pub latency_p50_ms: u32,
    /// 99th percentile.
    pub latency_p99_ms: u32,
}

/// What one miner earns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weight {
    /// Whom.
    pub uid: u16,
    /// On any scale; the host normalises to u16 and keeps zeros.
    pub value: u64,
    /// One sentence: why.
    pub reason: String,
}

/// What a rule decides in an epoch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// A weight for each miner.
    pub weights: Vec<Weight>,
    /// The rule's own state, at most [`LARGEST_MEMORY_BYTES`], handed back next epoch byte for byte.
    pub memory: Vec<u8>,
}

/// The most bytes of a rule's memory.
pub const LARGEST_MEMORY_BYTES: usize = 1 << 20;

/// What is earned. The host refuses a weight for a uid that has no standing, and two for one uid.
/// [`crate::laws::incentive_rule`] tests that and more. Use integers: weights are consensus.
pub trait IncentiveRule: Plugin {
    /// A weight for each of `standings`. `memory` is what the last epoch's outcome held, empty at first.
    ///
    /// # Errors
    /// [`crate::PluginError::BadInput`] for a memory that this rule cannot have written.
    fn weigh(&self, round: &Round, standings: &[Standing], memory: &[u8]) -> Result<Outcome>;
}

impl Standing {
    /// The share of this epoch's audits that passed, in thousandths; 0 where there was none.
    #[must_use]
    pub fn pass_permille(&self) -> u32 {
        let permille = u64::from(self.passed) * 1000 / u64::from(self.issued.max(1));
        u32::try_from(permille.min(1000)).unwrap_or(1000)
    }

    /// A weight for this miner.
    pub fn earns(&self, value: u64, reason: impl Into<String>) -> Weight {
        Weight { uid: self.uid, value, reason: reason.into() }
    }
}
