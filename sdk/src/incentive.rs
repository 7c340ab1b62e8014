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
    /// Claimed bytes times the share of audits passed. Of a miner that nobody asked in this epoch (`issued` is
    /// 0): what it proved when it was asked last under the same claim; 0 if it never was.
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

    /// The share of its claim that a miner proved, in thousandths: of this epoch's audits, or of its last ones
    /// where nobody asked.
    #[must_use]
    pub fn proven_permille(&self) -> u32 {
        if self.issued > 0 {
            return self.pass_permille();
        }
        if self.proven_bytes == 0 {
            return 0;
        }
        // Proven bytes were rounded down: the largest share that gives them, so that no tier is lost by it.
        let permille =
            ((u128::from(self.proven_bytes) + 1) * 1000 - 1) / u128::from(self.claimed_bytes.max(1));
        u32::try_from(permille.min(1000)).unwrap_or(1000)
    }

    /// A weight for this miner.
    pub fn earns(&self, value: u64, reason: impl Into<String>) -> Weight {
        Weight { uid: self.uid, value, reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Draws, laws};

    #[test]
    fn a_miner_that_nobody_asked_keeps_the_share_that_it_proved() {
        let any = laws::standings(&mut Draws::new("kept", &[]), 1)[0];
        for claimed_bytes in [1_000_003, 1 << 20, (1 << 40) + 7, u64::MAX] {
            for (passed, issued) in [(0, 4), (1, 3), (4, 5), (19, 20), (99, 100), (989, 1000), (7, 7)] {
                let proven = u128::from(claimed_bytes) * u128::from(passed) / u128::from(issued);
                let proven_bytes = proven.try_into().unwrap();
                let asked = Standing { claimed_bytes, proven_bytes, issued, passed, ..any };
                let kept = Standing { issued: 0, passed: 0, ..asked };
                assert_eq!(kept.proven_permille(), asked.pass_permille(), "{kept:?}");
                assert_eq!(asked.proven_permille(), asked.pass_permille());
            }
        }
        let nothing = Standing { claimed_bytes: 0, proven_bytes: 0, issued: 0, passed: 0, ..any };
        assert_eq!(nothing.proven_permille(), 0);
    }
}
