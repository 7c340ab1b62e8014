//! `challenge-window`: one contiguous window of each audited plot, moving on by one window an epoch.
//!
//! A plot is cut into n windows of equal size. In epoch e a miner is asked in window (e + o) mod n, with an
//! offset o of its own, so that n epochs of audits sweep the whole plot and a disk reads in one place. With the
//! given percentage the window is drawn instead: the sweep alone could be foreseen, and whoever can foresee
//! its window need keep only that one. Against a miner that keeps the window to come and no other, an audit
//! fails with probability surprise × (1 - 1/n); of every r audits, (1 - surprise) r go on with the sweep.

use plimsoll_sdk::pure::keyed_digest;
use plimsoll_sdk::{
    Audit, Budget, Candidate, ChallengeStrategy, Digest, Draws, Plugin, Result, Round, Span, staggered,
};

plimsoll_sdk::parameters! {
    /// One contiguous window of each plot, moving on every epoch.
    pub struct Window {
        /// Into how many windows a plot is cut.
        windows: u32 = 16, from 1 to 1_000_000;
        /// Percent of audits whose window is drawn, not the next of the sweep.
        surprise_percent: u32 = 50, from 0 to 100;
        /// Milliseconds over which the audits of a round are spread.
        spread_ms: u32 = 1_000, from 0 to 3_600_000;
        /// Microseconds that verifying one sample takes, to stay within the budget's time.
        sample_us: u32 = 500, from 1 to 10_000_000;
    }
}

impl Plugin for Window {
    const NAME: &'static str = "challenge-window";
    const SUMMARY: &'static str =
        "Audits one contiguous window of each chosen plot, sweeping it window by window over the epochs.";
    const LIMITS: &'static str = "A miner can foresee the window of the sweep, so only the audits with a drawn \
        window catch one that keeps nothing else.";
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl Window {
    /// The window of `units` units that `miner` is asked in.
    fn window(&self, round: &Round, randomness: &Digest, miner: &Candidate) -> Span {
        let size = miner.units.div_ceil(self.windows.into());
        let n_windows = miner.units.div_ceil(size);
        let mut draws = Draws::new("challenge-window", &[randomness, &miner.hotkey.0]);
        let index = if draws.below(100) < self.surprise_percent.into() {
            draws.below(n_windows)
        } else {
            // Public and always the same: the sweep must go on from epoch to epoch.
            let offset = Draws::new("challenge-window offset", &[&miner.hotkey.0]).below(n_windows);
            (round.epoch % n_windows + offset) % n_windows
        };
        let first = index * size;
        Span { first, count: size.min(miner.units - first) }
    }
}

impl ChallengeStrategy for Window {
    fn choose(
        &self,
        round: &Round,
        randomness: &Digest,
        candidates: &[Candidate],
        budget: &Budget,
    ) -> Result<Vec<Audit>> {
        let mut chosen: Vec<&Candidate> = candidates.iter().filter(|miner| miner.units > 0).collect();
        chosen.sort_by_cached_key(|miner| (keyed_digest(randomness, &miner.hotkey.0), miner.uid));
        chosen.truncate(budget.audits as usize);
        let most = budget.samples_each(chosen.len(), self.sample_us);
        let audit = |(index, miner): (usize, &&Candidate)| {
            let focus = self.window(round, randomness, miner);
            Audit {
                uid: miner.uid,
                samples: u32::try_from(focus.count).unwrap_or(most).min(most),
                focus: Some(focus),
                start_ms: staggered(index, chosen.len(), self.spread_ms),
                deadline_ms: budget.deadline_ms,
            }
        };
        Ok(chosen.iter().enumerate().map(audit).collect())
    }
}

plimsoll_sdk::export_plugin!(Window as challenge_strategy);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::{Hotkey, from_json, laws};
    use std::collections::BTreeSet;

    fn foci(config: &str, units: u64, epochs: u64) -> Vec<Span> {
        let strategy: Window = from_json(config).unwrap();
        let mut draws = Draws::new("window", &[]);
        let miner = laws::candidates(&mut draws, 1)[0];
        let candidates = [Candidate { units, hotkey: Hotkey([7; 32]), ..miner }];
        let budget = Budget { audits: 1, samples: 4, verify_ms: 1000, deadline_ms: 100 };
        (0..epochs)
            .map(|epoch| {
                let round = laws::round(&mut draws, epoch);
                let audits = strategy.choose(&round, &draws.digest(), &candidates, &budget).unwrap();
                audits[0].focus.unwrap()
            })
            .collect()
    }

    #[test]
    fn the_laws_hold() {
        laws::challenge_strategy::<Window>("{}");
        laws::challenge_strategy::<Window>(r#"{"windows": 1000000, "surprise_percent": 0}"#);
        laws::challenge_strategy::<Window>(r#"{"windows": 1, "surprise_percent": 100}"#);
    }

    #[test]
    fn a_sweep_covers_every_unit_exactly_once() {
        let sweep = foci(r#"{"windows": 7, "surprise_percent": 0}"#, 100, 7);
        let units: Vec<u64> = sweep.iter().flat_map(|focus| focus.first..focus.end()).collect();
        assert_eq!(units.len(), 100);
        assert_eq!(units.iter().collect::<BTreeSet<_>>().len(), 100);
        assert!(sweep.windows(2).all(|pair| pair[1].first == (pair[0].first + 15) % 105));
    }

    #[test]
    fn half_of_the_windows_cannot_be_foreseen() {
        let sweep = foci(r#"{"surprise_percent": 0}"#, 1600, 400);
        let mixed = foci("{}", 1600, 400);
        let same = sweep.iter().zip(&mixed).filter(|(a, b)| a == b).count();
        // Expected 400 × (1/2 + 1/2 × 1/16) = 212, standard deviation 10.
        assert!((160..=265).contains(&same), "{same}");
    }
}
