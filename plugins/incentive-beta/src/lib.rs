//! `incentive-beta`: the mean of a beta distribution, forgetting, the rule of Storb (subnet 26).
//!
//! alpha starts at 18 and beta at 36. With every audit both keep 0.99 of themselves; a pass then adds 1 to alpha, and
//! anything else adds ½ to both, as in Storb's source: its update is built for outcomes of 1 and -1 and is given 1 and
//! 0. weight = (mean - lowest) / (highest - lowest) of all miners' means alpha / (alpha + beta), in thousand-millionths.
//!
//! So who never passes rises from ⅓ to ½, a newcomer has ⅓, and the lowest of all has nothing; where all are equal,
//! all have nothing. Bytes and latency do not count. Left out: the 90 % of all weight that go to the subnet's owner.
//! Of one epoch's audits those not passed count first, since standings have no order.
//!
//! Integers: alpha and beta in millionths, rounded down. Memory: both by hotkey.

use plimsoll_sdk::{IncentiveRule, Outcome, Plugin, Remembered, Result, Round, Standing};

plimsoll_sdk::parameters! {
    /// The mean of a beta distribution, forgetting.
    pub struct Beta {
        /// Passes that a newcomer is taken to have behind it.
        first_alpha: u32 = 18, from 1 to 1_000_000;
        /// Failures that a newcomer is taken to have behind it.
        first_beta: u32 = 36, from 1 to 1_000_000;
        /// Thousandths of both that stay after an audit.
        keep_permille: u32 = 990, from 0 to 1_000;
    }
}

const TAG: [u8; 4] = *b"bet1";
const MILLION: u64 = 1_000_000;
const BILLION: u128 = 1_000_000_000;
/// Audits of one kind in one epoch that count: after so many nothing is left of what was before.
const MOST_COUNTED: u32 = 2_000;

const BY_HOTKEY: &str =
    "pays each hotkey by its reliability whatever it stores, so every further hotkey earns the same again";

impl Plugin for Beta {
    const NAME: &'static str = "incentive-beta";
    const SUMMARY: &'static str = "Pays the mean of a forgetting beta distribution of passes, between the worst and the best, as Storb does.";
    const LIMITS: &'static str = "Bytes do not count, and a failed audit adds as much to alpha as to beta: who holds \
        nothing rises to one half, above every newcomer; where all are equal nobody is paid.";
    const REFERENCES: &'static [&'static str] = &[
        "https://github.com/storb-tech/storb, commit 18b8f06, crates/storb_validator/src/{scoring,constants}.rs",
        "Josang and Ismail, The beta reputation system, Bled conference, 2002",
    ];
    const WAIVERS: &'static [(&'static str, &'static str)] = &[
        ("splitting", BY_HOTKEY),
        ("splitting-coldkey", BY_HOTKEY),
        ("absent", "a failure adds half a pass, so who never passed has a mean above a newcomer's"),
        ("unasked", "a failure moves the mean towards one half, which is upwards for whoever is below"),
        ("weights", "the lowest mean becomes zero, so where all are equal nobody has any weight"),
    ];
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl Beta {
    /// Both after one audit more.
    fn after(&self, [alpha, beta]: [u64; 2], passed: bool) -> [u64; 2] {
        let kept =
            |of: u64| u64::try_from(u128::from(of) * u128::from(self.keep_permille) / 1000).unwrap_or(of);
        let (to_alpha, to_beta) = if passed { (MILLION, 0) } else { (MILLION / 2, MILLION / 2) };
        [kept(alpha).saturating_add(to_alpha), kept(beta).saturating_add(to_beta)]
    }

    fn posterior(&self, mut both: [u64; 2], miner: &Standing) -> [u64; 2] {
        for (count, passed) in [(miner.issued.saturating_sub(miner.passed), false), (miner.passed, true)] {
            for _ in 0..count.min(MOST_COUNTED) {
                both = self.after(both, passed);
            }
        }
        both
    }
}

/// alpha / (alpha + beta) in thousand-millionths.
fn mean([alpha, beta]: [u64; 2]) -> u64 {
    let mean = u128::from(alpha) * BILLION / (u128::from(alpha) + u128::from(beta)).max(1);
    u64::try_from(mean).unwrap_or(0)
}

/// (of - lowest) / (highest - lowest) in thousand-millionths; 0 where both are the same.
fn between(of: u64, lowest: u64, highest: u64) -> u64 {
    let above = u128::from(of.saturating_sub(lowest)) * BILLION;
    above
        .checked_div(u128::from(highest.saturating_sub(lowest)))
        .and_then(|it| u64::try_from(it).ok())
        .unwrap_or(0)
}

impl IncentiveRule for Beta {
    fn weigh(&self, _round: &Round, standings: &[Standing], memory: &[u8]) -> Result<Outcome> {
        let mut known = Remembered::<2>::recall(TAG, memory)?;
        let first = [self.first_alpha, self.first_beta].map(|count| u64::from(count) * MILLION);
        let mut means = Vec::with_capacity(standings.len());
        for miner in standings {
            let before = known.of(&miner.hotkey).unwrap_or(first);
            let both = self.posterior(before, miner);
            if miner.issued > 0 {
                known.set(miner.hotkey, both);
            }
            means.push(mean(both));
        }
        let (lowest, highest) =
            (means.iter().copied().min().unwrap_or(0), means.iter().copied().max().unwrap_or(0));
        let weights = standings.iter().zip(means).map(|(miner, mean)| {
            let why = format!("mean {mean} of 1000000000 with {} of {} passed", miner.passed, miner.issued);
            miner.earns(between(mean, lowest, highest), why)
        });
        let weights = weights.collect();
        Ok(Outcome { weights, memory: known.to_memory() })
    }
}

plimsoll_sdk::export_plugin!(Beta as incentive_rule);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::{Draws, Hotkey, from_json, laws};

    fn miner(uid: u8, passed: u32, issued: u32) -> Standing {
        let any = laws::standings(&mut Draws::new("beta", &[]), 1)[0];
        Standing {
            uid: uid.into(),
            hotkey: Hotkey([uid; 32]),
            issued,
            passed,
            failed: issued - passed,
            ..any
        }
    }

    fn posterior(passed: u32, issued: u32) -> [u64; 2] {
        from_json::<Beta>("{}").unwrap().posterior([18 * MILLION, 36 * MILLION], &miner(0, passed, issued))
    }

    fn values(epochs: &[&[Standing]]) -> Vec<u64> {
        laws::earnings::<Beta>("{}", epochs).pop().unwrap()
    }

    #[test]
    fn the_laws_hold() {
        laws::incentive_rule::<Beta>("{}");
        laws::incentive_rule::<Beta>(r#"{"first_alpha": 1, "first_beta": 1, "keep_permille": 1000}"#);
    }

    #[test]
    fn a_pass_adds_one_to_alpha_and_a_failure_half_to_both() {
        // By hand: 0.99 × 18 + 1 and 0.99 × 36; 0.99 × 18 + ½ and 0.99 × 36 + ½; a failure, then a pass.
        assert_eq!(posterior(1, 1), [18_820_000, 35_640_000]);
        assert_eq!(posterior(0, 1), [18_320_000, 36_140_000]);
        assert_eq!(posterior(1, 2), [19_136_800, 35_778_600]);
        assert_eq!(mean(posterior(1, 1)), 345_574_733);
    }

    #[test]
    fn in_the_long_run_passing_leads_to_one_and_failing_to_one_half() {
        assert!(posterior(2_000, 2_000)[0] > 99_900_000 && posterior(2_000, 2_000)[1] < 1_000);
        let failing = mean(posterior(0, 2_000));
        assert!((499_000_000..=500_000_000).contains(&failing), "{failing}");
        assert!(failing > mean(posterior(0, 0)));
    }

    #[test]
    fn the_best_gets_all_the_lowest_nothing_and_the_others_their_place_between() {
        // Means 0.345574733, 0.333333333 and, after one failure, 18.32/54.46 = 0.336393683.
        let found = values(&[&[miner(0, 1, 1), miner(1, 0, 0), miner(2, 0, 1)]]);
        assert_eq!(found, [1_000_000_000, 0, 250_000_000]);
        assert_eq!(values(&[&[miner(0, 3, 3), miner(1, 3, 3)]]), [0, 0]);
    }

    #[test]
    fn what_was_proven_before_is_remembered_while_nobody_asks() {
        let found =
            values(&[&[miner(0, 5, 5), miner(1, 1, 5)], &[miner(0, 0, 0), miner(1, 0, 0), miner(2, 0, 0)]]);
        assert_eq!((found[0], found[2]), (1_000_000_000, 0));
        assert!((1..1_000_000_000).contains(&found[1]), "{found:?}");
    }
}
