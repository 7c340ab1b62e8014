//! `challenge-adaptive`: more audits for newcomers and for those that failed, fewer samples for the proven.
//!
//! Miners are drawn without repetition, each with the weight 1 + newcomer (while it had few audits) + trouble
//! × (share of its audits that it did not pass) + epochs since its last audit, up to a bound. So nobody's weight
//! is zero, and waiting raises it: a miner of weight w among a sum of W is left out of a round of k audits with
//! less than (1 - w/W)^k. A miner with a clean record is asked fewer samples, the others all of the budget's.

use plimsoll_sdk::{
    Audit, Budget, Candidate, ChallengeStrategy, Digest, Draws, Plugin, Result, Round, staggered,
};

plimsoll_sdk::parameters! {
    /// More for newcomers and those that failed.
    pub struct Adaptive {
        /// Audits before a miner is no newcomer.
        newcomer_audits: u32 = 3, from 0 to 1_000;
        /// What being a newcomer adds to the weight.
        newcomer_weight: u32 = 8, from 0 to 1_000;
        /// What having failed everything adds to the weight; a share of failures adds that share.
        trouble_weight: u32 = 16, from 0 to 1_000;
        /// The most that waiting adds, one an epoch.
        waiting_weight: u32 = 8, from 0 to 1_000;
        /// Percent of the samples for a miner with a clean record.
        clean_percent: u32 = 50, from 1 to 100;
        /// Milliseconds over which the audits of a round are spread.
        spread_ms: u32 = 1_000, from 0 to 3_600_000;
        /// Microseconds that verifying one sample takes, to stay within the budget's time.
        sample_us: u32 = 500, from 1 to 10_000_000;
    }
}

impl Plugin for Adaptive {
    const NAME: &'static str = "challenge-adaptive";
    const SUMMARY: &'static str =
        "Audits newcomers and miners that failed more often and harder than miners with a clean record.";
    const LIMITS: &'static str = "Sees totals only, so an old failure weighs as much as a new one, and a miner \
        that turns bad after a clean record is noticed later than by a uniform strategy.";
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl Adaptive {
    fn weight(&self, miner: &Candidate, epoch: u64) -> u64 {
        let newcomer = if miner.issued < self.newcomer_audits { self.newcomer_weight } else { 0 };
        let bad = u64::from(miner.not_passed().min(miner.issued));
        let trouble = (u64::from(self.trouble_weight) * bad).div_ceil(u64::from(miner.issued.max(1)));
        let waited = miner.last_epoch.map_or(0, |last| epoch.saturating_sub(last));
        1 + u64::from(newcomer) + trouble + waited.min(self.waiting_weight.into())
    }

    fn is_clean(&self, miner: &Candidate) -> bool {
        miner.issued >= self.newcomer_audits && miner.not_passed() == 0
    }
}

impl ChallengeStrategy for Adaptive {
    fn choose(
        &self,
        round: &Round,
        randomness: &Digest,
        candidates: &[Candidate],
        budget: &Budget,
    ) -> Result<Vec<Audit>> {
        let mut pool: Vec<&Candidate> = candidates.iter().filter(|miner| miner.units > 0).collect();
        pool.sort_by_key(|miner| (miner.hotkey, miner.uid));
        let mut draws = Draws::new("challenge-adaptive", &[randomness]);
        let n_audits = pool.len().min(budget.audits as usize);
        let all = budget.samples_each(n_audits, self.sample_us);
        let fewer = u64::from(all) * u64::from(self.clean_percent) / 100;
        let fewer = u32::try_from(fewer).unwrap_or(all).max(1);
        let mut audits = Vec::with_capacity(n_audits);
        for index in 0..n_audits {
            let weights: Vec<u64> = pool.iter().map(|miner| self.weight(miner, round.epoch)).collect();
            let mut at = draws.below(weights.iter().sum());
            let drawn = weights.iter().position(|&weight| {
                let here = at < weight;
                at = at.saturating_sub(weight);
                here
            });
            let Some(drawn) = drawn else { break };
            let miner = pool.remove(drawn);
            audits.push(Audit {
                uid: miner.uid,
                samples: if self.is_clean(miner) { fewer } else { all },
                focus: None,
                start_ms: staggered(index, n_audits, self.spread_ms),
                deadline_ms: budget.deadline_ms,
            });
        }
        Ok(audits)
    }
}

plimsoll_sdk::export_plugin!(Adaptive as challenge_strategy);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::{Hotkey, from_json, laws};

    fn miner(uid: u16, issued: u32, failed: u32) -> Candidate {
        Candidate {
            uid,
            hotkey: Hotkey([uid as u8; 32]),
            claimed_bytes: 900,
            units: 9,
            issued,
            passed: issued - failed,
            failed,
            late: 0,
            absent: 0,
            last_epoch: (issued > 0).then_some(99),
        }
    }

    #[test]
    fn the_laws_hold() {
        laws::challenge_strategy::<Adaptive>("{}");
        let flat = r#"{"newcomer_weight": 0, "trouble_weight": 0, "waiting_weight": 0, "clean_percent": 1}"#;
        laws::challenge_strategy::<Adaptive>(flat);
    }

    #[test]
    fn newcomers_and_the_troubled_are_audited_several_times_as_often() {
        let strategy: Adaptive = from_json("{}").unwrap();
        let candidates = [miner(0, 50, 0), miner(1, 0, 0), miner(2, 50, 50), miner(3, 50, 0)];
        let budget = Budget { audits: 1, samples: 20, verify_ms: 1000, deadline_ms: 100 };
        let mut draws = Draws::new("adaptive", &[]);
        let mut audits = [0u32; 4];
        for _ in 0..1000 {
            let round = laws::round(&mut draws, 99);
            let chosen = strategy.choose(&round, &draws.digest(), &candidates, &budget).unwrap();
            audits[usize::from(chosen[0].uid)] += 1;
        }
        // Weights 1, 9, 17, 1 of 28.
        assert!(audits[1] > 5 * audits[0] && audits[2] > audits[1] && audits[3] > 0, "{audits:?}");
    }

    #[test]
    fn a_clean_record_is_asked_half_the_samples() {
        let strategy: Adaptive = from_json("{}").unwrap();
        let candidates = [miner(0, 50, 0), miner(1, 0, 0), miner(2, 50, 1)];
        let budget = Budget { audits: 3, samples: 20, verify_ms: 1000, deadline_ms: 100 };
        let round = laws::round(&mut Draws::new("adaptive", &[]), 99);
        let mut audits = strategy.choose(&round, &[4; 32], &candidates, &budget).unwrap();
        audits.sort_by_key(|audit| audit.uid);
        assert_eq!(audits.iter().map(|audit| audit.samples).collect::<Vec<_>>(), [10, 20, 20]);
    }
}
