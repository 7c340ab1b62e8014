//! `sample-plugin`: miners that were not audited for the longest time come first.

use plimsoll_sdk::pure::keyed_digest;
use plimsoll_sdk::{Audit, Budget, Candidate, ChallengeStrategy, Digest, Plugin, Result, Round, staggered};

plimsoll_sdk::parameters! {
    /// Parameters, as an operator sets them in a TOML table.
    pub struct Strategy {
        /// Milliseconds over which the audits of a round are spread.
        spread_ms: u32 = 1_000, from 0 to 3_600_000;
        /// Microseconds that verifying one sample takes, to stay within the budget's time.
        sample_us: u32 = 500, from 1 to 10_000_000;
    }
}

impl Plugin for Strategy {
    const NAME: &'static str = "sample-plugin";
    const SUMMARY: &'static str =
        "Audits whoever was not audited for the longest time, in random order among equals.";
    const LIMITS: &'static str = "A miner that was audited lately knows that others come first.";
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl ChallengeStrategy for Strategy {
    fn choose(
        &self,
        _round: &Round,
        randomness: &Digest,
        candidates: &[Candidate],
        budget: &Budget,
    ) -> Result<Vec<Audit>> {
        let mut chosen: Vec<&Candidate> = candidates.iter().filter(|miner| miner.units > 0).collect();
        // The round's randomness decides among equals: no miner can know its place before the round.
        chosen.sort_by_cached_key(|miner| {
            (miner.last_epoch, keyed_digest(randomness, &miner.hotkey.0), miner.uid)
        });
        chosen.truncate(budget.audits as usize);
        let samples = budget.samples_each(chosen.len(), self.sample_us);
        let audit = |(index, miner): (usize, &&Candidate)| Audit {
            uid: miner.uid,
            samples,
            focus: None,
            start_ms: staggered(index, chosen.len(), self.spread_ms),
            deadline_ms: budget.deadline_ms,
        };
        Ok(chosen.iter().enumerate().map(audit).collect())
    }
}

plimsoll_sdk::export_plugin!(Strategy as challenge_strategy);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::laws;

    #[test]
    fn the_laws_hold() {
        laws::challenge_strategy::<Strategy>("{}");
        laws::challenge_strategy::<Strategy>(r#"{"spread_ms": 0, "sample_us": 100000}"#);
    }
}
