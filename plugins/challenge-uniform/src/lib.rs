//! `challenge-uniform`: every miner is as likely to be audited as any other, however it behaved.
//!
//! The miners are ranked by the keyed BLAKE3 of their hotkey under the round's randomness; the first that the
//! budget pays for are audited over the whole plot, their starts spread evenly. A miner among n is audited with
//! probability k/n a round for k audits, independently of all before; missed for r rounds with (1 - k/n)^r.

use plimsoll_sdk::pure::keyed_digest;
use plimsoll_sdk::{Audit, Budget, Candidate, ChallengeStrategy, Digest, Plugin, Result, Round, staggered};

plimsoll_sdk::parameters! {
    /// Everyone is as likely to be audited as anyone.
    pub struct Uniform {
        /// Milliseconds over which the audits of a round are spread.
        spread_ms: u32 = 1_000, from 0 to 3_600_000;
        /// Microseconds that verifying one sample takes, to stay within the budget's time.
        sample_us: u32 = 500, from 1 to 10_000_000;
    }
}

impl Plugin for Uniform {
    const NAME: &'static str = "challenge-uniform";
    const SUMMARY: &'static str =
        "Audits miners at random, each as likely as any other, over their whole plot.";
    const LIMITS: &'static str = "Spends as much on a miner that always passed as on one that just failed.";
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl ChallengeStrategy for Uniform {
    fn choose(
        &self,
        _round: &Round,
        randomness: &Digest,
        candidates: &[Candidate],
        budget: &Budget,
    ) -> Result<Vec<Audit>> {
        let mut chosen: Vec<&Candidate> = candidates.iter().filter(|miner| miner.units > 0).collect();
        chosen.sort_by_cached_key(|miner| (keyed_digest(randomness, &miner.hotkey.0), miner.uid));
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

plimsoll_sdk::export_plugin!(Uniform as challenge_strategy);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::{Draws, from_json, laws};

    #[test]
    fn the_laws_hold() {
        laws::challenge_strategy::<Uniform>("{}");
        laws::challenge_strategy::<Uniform>(r#"{"spread_ms": 0, "sample_us": 100000}"#);
    }

    #[test]
    fn everyone_is_audited_about_as_often() {
        let mut draws = Draws::new("uniform", &[]);
        let candidates: Vec<Candidate> =
            laws::candidates(&mut draws, 10).into_iter().map(|c| Candidate { units: 9, ..c }).collect();
        let budget = Budget { audits: 2, samples: 4, verify_ms: 1000, deadline_ms: 100 };
        let strategy: Uniform = from_json("{}").unwrap();
        let mut audits = [0u32; 10];
        for epoch in 0..1000 {
            let round = laws::round(&mut draws, epoch);
            for audit in strategy.choose(&round, &draws.digest(), &candidates, &budget).unwrap() {
                audits[usize::from(audit.uid)] += 1;
            }
        }
        // Mean 200, standard deviation 13: a deviation of five is a bias.
        assert!(audits.iter().all(|n| (135..=265).contains(n)), "{audits:?}");
    }

    #[test]
    fn starts_are_spread_and_samples_fit_the_time() {
        let mut draws = Draws::new("uniform", &[]);
        let candidates: Vec<Candidate> =
            laws::candidates(&mut draws, 4).into_iter().map(|c| Candidate { units: 9, ..c }).collect();
        let budget = Budget { audits: 9, samples: 100, verify_ms: 40, deadline_ms: 100 };
        let strategy: Uniform = from_json(r#"{"sample_us": 1000}"#).unwrap();
        let round = laws::round(&mut draws, 0);
        let audits = strategy.choose(&round, &draws.digest(), &candidates, &budget).unwrap();
        assert_eq!(audits.iter().map(|audit| audit.start_ms).collect::<Vec<_>>(), [0, 250, 500, 750]);
        assert!(audits.iter().all(|audit| audit.samples == 10));
    }
}
