//! Challenge strategies: whom a validator audits in a round, how hard, and how fast an answer must come.

use crate::{Digest, Hotkey, Plugin, Result, Round, Span};

/// A miner and its audits so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Its place in the subnet.
    pub uid: u16,
    /// Its key.
    pub hotkey: Hotkey,
    /// Bytes it claims to hold for this validator.
    pub claimed_bytes: u64,
    /// Units it claims.
    pub units: u64,
    /// Audits sent to it so far.
    pub issued: u32,
    /// Of them passed.
    pub passed: u32,
    /// Failed.
    pub failed: u32,
    /// Answered after the deadline.
    pub late: u32,
    /// Not answered.
    pub absent: u32,
    /// The last epoch in which it was audited, if it ever was.
    pub last_epoch: Option<u64>,
}

/// What the validator can afford in one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Audits.
    pub audits: u32,
    /// Samples of one audit.
    pub samples: u32,
    /// CPU time for verifying all answers.
    pub verify_ms: u32,
    /// The longest deadline.
    pub deadline_ms: u32,
}

/// One audit that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audit {
    /// Whom.
    pub uid: u16,
    /// How many units.
    pub samples: u32,
    /// Only from these units.
    pub focus: Option<Span>,
    /// When in the round, so that no disk is asked by everyone at once.
    pub start_ms: u32,
    /// How long an answer may take.
    pub deadline_ms: u32,
}

/// Whom to audit. The host refuses a plan beyond the budget, a uid that is no candidate, zero samples, and
/// a focus outside of the candidate's units. [`crate::laws::challenge_strategy`] tests the same.
pub trait ChallengeStrategy: Plugin {
    /// The audits of this round. `randomness` mixes the beacon with the validator's secret: no miner can
    /// know it before the round.
    ///
    /// # Errors
    /// None that an honest host sees.
    fn choose(
        &self,
        round: &Round,
        randomness: &Digest,
        candidates: &[Candidate],
        budget: &Budget,
    ) -> Result<Vec<Audit>>;
}

impl Candidate {
    /// Audits that it did not pass.
    #[must_use]
    pub const fn not_passed(&self) -> u32 {
        self.failed.saturating_add(self.late).saturating_add(self.absent)
    }
}

impl Budget {
    /// The samples of each of `audits` audits, so that verifying all of them takes no longer than there is
    /// time, if one sample takes `sample_us` microseconds; at least one.
    #[must_use]
    pub fn samples_each(&self, audits: usize, sample_us: u32) -> u32 {
        let all_us = u64::from(self.verify_ms) * 1000;
        let one_us = u64::from(sample_us.max(1)) * audits.max(1) as u64;
        u32::try_from(all_us / one_us).unwrap_or(u32::MAX).min(self.samples).max(1)
    }
}

/// Start number `index` of `starts` that are spread evenly over `spread_ms`.
#[must_use]
pub fn staggered(index: usize, starts: usize, spread_ms: u32) -> u32 {
    let at = u64::from(spread_ms) * index as u64 / starts.max(1) as u64;
    u32::try_from(at).unwrap_or(spread_ms)
}
