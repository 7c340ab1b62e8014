//! How one audit ended, and how many of each a miner had in a round.

use plimsoll_wire::evidence::{Response, Ruling};
use serde::{Deserialize, Serialize};

/// How one audit ended. Only the first four count; [`Outcome::NoVerdict`] is never held against a miner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A signed proof came in time and holds.
    Passed,
    /// A signed proof came in time and does not hold.
    Failed,
    /// An answer came after the deadline, right or wrong.
    Late,
    /// No answer that can be attributed to the miner, or a signed refusal.
    Absent,
    /// The validator could not tell: a fault of its own or of the plugin.
    NoVerdict,
}

impl Outcome {
    /// What a ruling counts as. A refusal is no wrong proof, and an answer of "not eligible" proves nothing:
    /// both count as absent, and the evidence keeps their reason.
    #[must_use]
    pub const fn of(ruling: &Ruling) -> Self {
        match ruling {
            Ruling::Passed => Self::Passed,
            Ruling::Failed { .. } => Self::Failed,
            Ruling::Late => Self::Late,
            Ruling::Absent | Ruling::Refused | Ruling::NotEligible => Self::Absent,
            Ruling::Undecided { .. } => Self::NoVerdict,
        }
    }

    /// The word that logs and tables use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Late => "late",
            Self::Absent => "absent",
            Self::NoVerdict => "no-verdict",
        }
    }
}

/// One miner's audits of one round, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Passed.
    pub passed: u32,
    /// Failed.
    pub failed: u32,
    /// Answered after the deadline.
    pub late: u32,
    /// Not answered.
    pub absent: u32,
    /// Without a verdict; part of no other number.
    pub no_verdict: u32,
    /// Of those without a verdict, the ones over whose proof the verifier broke down.
    pub broken: u32,
    /// What each answer in time took, unsorted.
    #[serde(skip)]
    latencies_ms: Vec<u32>,
}

impl Tally {
    /// A tally of nothing yet but what answers in time took, in milliseconds.
    #[must_use]
    pub fn with_latencies_ms(latencies_ms: Vec<u32>) -> Self {
        Self { latencies_ms, ..Self::default() }
    }

    /// What each answer in time took, unsorted.
    #[must_use]
    pub fn latencies_ms(&self) -> &[u32] {
        &self.latencies_ms
    }

    /// Adds one audit as the evidence has it.
    pub fn enter(&mut self, response: &Response, ruling: &Ruling) {
        let elapsed_ms = match response {
            Response::Proof { elapsed_ms, .. } => Some(*elapsed_ms),
            _ => None,
        };
        let outcome = Outcome::of(ruling);
        if outcome == Outcome::NoVerdict && elapsed_ms.is_some() {
            self.broken = self.broken.saturating_add(1);
        }
        self.add(outcome, elapsed_ms);
    }

    /// Adds an audit that the strategy chose and that was never sent.
    pub fn enter_unsent(&mut self) {
        self.add(Outcome::NoVerdict, None);
    }

    /// The same with the broken ones counted as not answered.
    #[must_use]
    pub fn with_broken_as_absent(&self) -> Self {
        Self {
            absent: self.absent.saturating_add(self.broken),
            no_verdict: self.no_verdict.saturating_sub(self.broken),
            broken: 0,
            ..self.clone()
        }
    }

    /// Adds one audit. `elapsed_ms` counts only for answers in time.
    pub fn add(&mut self, outcome: Outcome, elapsed_ms: Option<u32>) {
        let slot = match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Failed => &mut self.failed,
            Outcome::Late => &mut self.late,
            Outcome::Absent => &mut self.absent,
            Outcome::NoVerdict => &mut self.no_verdict,
        };
        *slot = slot.saturating_add(1);
        if matches!(outcome, Outcome::Passed | Outcome::Failed) {
            self.latencies_ms.extend(elapsed_ms);
        }
    }

    /// Audits that count.
    #[must_use]
    pub const fn issued(&self) -> u32 {
        self.passed.saturating_add(self.failed).saturating_add(self.late).saturating_add(self.absent)
    }

    /// The `percent`-th percentile of the answers in time by the nearest rank; 0 if there was none.
    #[must_use]
    pub fn latency_ms(&self, percent: u32) -> u32 {
        let mut sorted = self.latencies_ms.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent as usize).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_without_verdict_counts_for_nothing() {
        let mut tally = Tally::default();
        tally.add(Outcome::Passed, Some(5));
        tally.add(Outcome::NoVerdict, Some(9));
        assert_eq!((tally.issued(), tally.passed, tally.no_verdict), (1, 1, 1));
        assert_eq!(tally.latency_ms(99), 5);
    }

    #[test]
    fn percentiles_take_the_nearest_rank_of_answers_in_time() {
        let mut tally = Tally::default();
        for elapsed in [40, 10, 30, 20] {
            tally.add(Outcome::Passed, Some(elapsed));
        }
        tally.add(Outcome::Late, Some(9_000));
        tally.add(Outcome::Absent, None);
        assert_eq!((tally.latency_ms(50), tally.latency_ms(99)), (20, 40));
        assert_eq!(Tally::default().latency_ms(50), 0);
    }

    #[test]
    fn the_words_are_the_serialised_names() {
        for outcome in [Outcome::Passed, Outcome::Failed, Outcome::Late, Outcome::Absent, Outcome::NoVerdict]
        {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.word());
        }
    }
}
