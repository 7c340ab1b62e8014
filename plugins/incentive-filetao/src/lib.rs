//! `incentive-filetao`: tiers by counts of successes, the rule of FileTAO (subnet 21), as far as standings carry it.
//!
//! reward = factor of the tier × boost × share of audits passed; score ← 0.95 score + 0.05 reward for every epoch
//! with an audit; weight = score in millionths. A tier is reached by all successes so far and by this epoch's
//! Wilson score (p + z²/2n) / (1 + z²/n) with z = 0.6745: the middle of the interval that FileTAO computes, whose
//! bounds never leave 0 to 1. The boost is for the two fastest medians among those who passed something; who ties
//! with the second is boosted too, so that the order of miners does not matter.
//!
//! | tier | from successes | and Wilson score | factor | boost |
//! |---|---|---|---|---|
//! | Bronze, Silver, Gold, Diamond, Super Saiyan | 0, 1, 2, 5, 10 × `silver_successes` | 0, 0.55, 0.66, 0.77, 0.88 | 0.6, 0.7, 0.8, 0.9, 1.0 | 1.20, 1.15, 1.10, 1.05, 1.02 |
//!
//! Left out: its storage limits by tier (they bound what is stored, not what is paid), the sigmoid of latency within
//! one batch, and the small penalties for monitoring and retrieving: all audits are challenges here, whose failures
//! cost 0 there. Its average moves with every operation, this one with every epoch. Memory: score and successes.

use plimsoll_sdk::{IncentiveRule, Outcome, Plugin, Remembered, Result, Round, Standing, Weight};

plimsoll_sdk::parameters! {
    /// Tiers by counts of successes.
    pub struct Filetao {
        /// Audits passed that lead to Silver; twice, five and ten times as many lead to the tiers above.
        silver_successes: u32 = 1_000, from 1 to 1_000_000_000;
        /// Thousandths of the old score that stay after an epoch with an audit.
        keep_permille: u32 = 950, from 0 to 999;
    }
}

struct Tier {
    name: &'static str,
    /// Times `silver_successes`.
    successes: u64,
    wilson_percent: u128,
    factor_permille: u64,
    boost_permille: u64,
}

const fn tier(name: &'static str, from: (u64, u128), pays: (u64, u64)) -> Tier {
    let ((successes, wilson_percent), (factor_permille, boost_permille)) = (from, pays);
    Tier { name, successes, wilson_percent, factor_permille, boost_permille }
}

const TIERS: [Tier; 5] = [
    tier("Super Saiyan", (10, 88), (1_000, 1_020)),
    tier("Diamond", (5, 77), (900, 1_050)),
    tier("Gold", (2, 66), (800, 1_100)),
    tier("Silver", (1, 55), (700, 1_150)),
    tier("Bronze", (0, 0), (600, 1_200)),
];

/// z² in millionths, z = 0.6744897501960817: half of all draws lie within z of the mean.
const Z2_MILLIONTHS: u128 = 454_936;
const TAG: [u8; 4] = *b"ftk1";

const BY_HOTKEY: &str =
    "pays each hotkey by its tier whatever it stores, so two half plots earn twice as much as one";

impl Plugin for Filetao {
    const NAME: &'static str = "incentive-filetao";
    const SUMMARY: &'static str = "Pays the share of audits passed by tiers of successes and Wilson score, with a bonus for the two fastest, as \
         FileTAO does.";
    const LIMITS: &'static str = "Bytes do not count at all: the smallest plot that can be audited earns as much as \
        the largest, so miners split; and the veterans' tiers keep newcomers at six tenths for long.";
    const REFERENCES: &'static [&'static str] = &[
        "https://github.com/ifrit98/storage-subnet, commit b92052e, storage/constants.py and storage/validator/{bonding,reward}.py",
        "Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927)",
    ];
    const WAIVERS: &'static [(&'static str, &'static str)] =
        &[("splitting", BY_HOTKEY), ("splitting-coldkey", BY_HOTKEY)];
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl Filetao {
    fn tier(&self, miner: &Standing, successes: u64) -> &'static Tier {
        let reached = |tier: &&Tier| {
            successes >= tier.successes * u64::from(self.silver_successes)
                && wilson_reaches(miner.passed, miner.issued, tier.wilson_percent)
        };
        TIERS.iter().find(reached).unwrap_or(&TIERS[4])
    }

    fn moved(&self, before: u64, towards: u64) -> u64 {
        let keep = u64::from(self.keep_permille);
        // Both are at most 1.02 million.
        (before.saturating_mul(keep) + towards * (1000 - keep)) / 1000
    }
}

/// Whether the Wilson score of `passed` among `issued` is `percent` or more.
fn wilson_reaches(passed: u32, issued: u32, percent: u128) -> bool {
    let [passed, issued] = [passed, issued].map(|count| 2_000_000 * u128::from(count));
    (passed + Z2_MILLIONTHS) * 100 >= (issued + 2 * Z2_MILLIONTHS) * percent
}

/// The median up to which a miner is among the two fastest.
fn second_fastest_ms(standings: &[Standing]) -> Option<u32> {
    let mut times: Vec<u32> =
        standings.iter().filter(|miner| miner.passed > 0).map(|miner| miner.latency_p50_ms).collect();
    times.sort_unstable();
    times.truncate(2);
    times.pop()
}

impl IncentiveRule for Filetao {
    fn weigh(&self, _round: &Round, standings: &[Standing], memory: &[u8]) -> Result<Outcome> {
        let mut known = Remembered::<2>::recall(TAG, memory)?;
        let fast_ms = second_fastest_ms(standings);
        let weigh = |miner: &Standing| -> Weight {
            let [score, successes] = known.of(&miner.hotkey).unwrap_or_default();
            if miner.issued == 0 {
                return miner.earns(score, "not asked, the score rests");
            }
            let successes = successes.saturating_add(miner.passed.into());
            let tier = self.tier(miner, successes);
            let boosted = miner.passed > 0 && fast_ms.is_some_and(|fast| miner.latency_p50_ms <= fast);
            let boost = if boosted { tier.boost_permille } else { 1000 };
            let reward = tier.factor_permille * boost * u64::from(miner.passed) / u64::from(miner.issued);
            let new = self.moved(score, reward);
            known.set(miner.hotkey, [new, successes]);
            let fast = if boosted { ", among the two fastest" } else { "" };
            let Standing { passed, issued, .. } = miner;
            miner.earns(
                new,
                format!("{} with {successes} successes, {passed} of {issued} passed{fast}", tier.name),
            )
        };
        let weights = standings.iter().map(weigh).collect();
        Ok(Outcome { weights, memory: known.to_memory() })
    }
}

plimsoll_sdk::export_plugin!(Filetao as incentive_rule);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::{Draws, Hotkey, laws};

    fn miner(uid: u8, passed: u32, issued: u32, ms: u32) -> Standing {
        let any = laws::standings(&mut Draws::new("filetao", &[]), 1)[0];
        let (failed, proven_bytes) = (issued - passed, u64::from(passed));
        Standing {
            uid: uid.into(),
            hotkey: Hotkey([uid; 32]),
            proven_bytes,
            issued,
            passed,
            failed,
            late: 0,
            absent: 0,
            latency_p50_ms: ms,
            ..any
        }
    }

    #[test]
    fn the_laws_hold() {
        laws::incentive_rule::<Filetao>("{}");
        laws::incentive_rule::<Filetao>(r#"{"keep_permille": 0, "silver_successes": 1}"#);
    }

    #[test]
    fn tiers_follow_successes_and_pay_their_factors_without_the_bonus() {
        // Two fast strangers take the bonus; the third passes ten of ten in each epoch: 10, 20, 30, 40, 50, ... 100.
        let crowd = [miner(0, 1, 1, 1), miner(1, 1, 1, 1), miner(2, 10, 10, 9)];
        let ten: Vec<&[Standing]> = vec![&crowd; 10];
        let values = laws::earnings::<Filetao>(r#"{"keep_permille": 0, "silver_successes": 10}"#, &ten);
        let third: Vec<u64> = values.iter().map(|epoch| epoch[2] / 1000).collect();
        assert_eq!(third, [700, 800, 800, 800, 900, 900, 900, 900, 900, 1000]);
    }

    #[test]
    fn the_wilson_score_bounds_the_tier() {
        // By hand, z² = 0.454936: 10 of 10 is 10.227468/10.454936 = 0.9782, 9 of 10 is 0.8826, 8 of 10 is 0.7869,
        // 5 of 10 is 0.5, and nothing of nothing is 0.5.
        let at_least = |passed, issued, percent| wilson_reaches(passed, issued, percent);
        assert!(at_least(10, 10, 97) && !at_least(10, 10, 98));
        assert!(at_least(9, 10, 88) && !at_least(9, 10, 89));
        assert!(at_least(8, 10, 78) && !at_least(8, 10, 79));
        assert!(at_least(5, 10, 50) && !at_least(5, 10, 51) && at_least(0, 0, 50) && !at_least(0, 0, 51));
        let veteran = [miner(0, 8, 10, 5), miner(1, 1, 1, 1), miner(2, 1, 1, 1)];
        // Successes for the top, a Wilson score for Diamond: 0.9 × 0.8.
        let values = laws::earnings::<Filetao>(
            r#"{"keep_permille": 0, "silver_successes": 1}"#,
            &[&veteran, &veteran],
        );
        assert_eq!(values[1][0], 720_000);
    }

    #[test]
    fn the_two_fastest_are_boosted_and_the_average_moves_by_a_twentieth() {
        let crowd = [miner(0, 4, 4, 10), miner(1, 4, 4, 20), miner(2, 4, 4, 30), miner(3, 0, 4, 0)];
        // Bronze: 0.6 × 1.2 = 0.72 for the two fastest, 0.6 for the third; a twentieth of it.
        let values = laws::earnings::<Filetao>("{}", &[&crowd, &crowd]);
        assert_eq!(values[0], [36_000, 36_000, 30_000, 0]);
        assert_eq!(values[1], [70_200, 70_200, 58_500, 0]);
    }

    #[test]
    fn a_failure_costs_nothing_but_its_share_and_who_was_not_asked_rests() {
        let (asked, unasked) = (miner(0, 1, 1, 5), miner(0, 0, 0, 0));
        let values = laws::earnings::<Filetao>("{}", &[&[asked], &[unasked], &[miner(0, 0, 1, 0)]]);
        assert_eq!(values, [[36_000], [36_000], [34_200]]);
    }
}
