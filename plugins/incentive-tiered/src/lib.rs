//! `incentive-tiered`: a proven byte is worth more where more of the audits passed.
//!
//! weight = proven bytes × pay of the tier that the share of passed audits reaches. The default tiers pay all
//! from 99 % on, 80 % from 95 %, 40 % from 80 %, and nothing below, so that a flaky miner earns less than its
//! flakiness alone would cost: 90 % passed pays 0.9 × 0.4 = 36 %. A miner that nobody asked in an epoch stays
//! in the tier that its last audits reached. Tiers go by reliability, never by size, so nothing is won by
//! splitting or joining plots.

use plimsoll_sdk::serde::Deserialize;
use plimsoll_sdk::{
    IncentiveRule, Outcome, Parameters, Plugin, PluginError, Result, Round, Standing, Weight, serde_json,
};

/// Pay by reliability.
#[derive(Debug, Deserialize)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields)]
pub struct Tiered {
    /// From the lowest to the highest.
    tiers: Vec<Tier>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(crate = "plimsoll_sdk::serde", deny_unknown_fields)]
struct Tier {
    /// Thousandths of the audits that must have passed.
    from_permille: u32,
    /// Thousandths of the proven bytes that are paid.
    pays_permille: u32,
}

const MOST_TIERS: usize = 16;

impl Default for Tiered {
    fn default() -> Self {
        let tiers = [(800, 400), (950, 800), (990, 1000)];
        let tier = |(from_permille, pays_permille)| Tier { from_permille, pays_permille };
        Self { tiers: tiers.map(tier).into() }
    }
}

impl Parameters for Tiered {
    fn schema() -> String {
        let permille =
            |least: u32| serde_json::json!({ "type": "integer", "minimum": least, "maximum": 1000 });
        let tier = serde_json::json!({
            "type": "object",
            "properties": { "from_permille": permille(1), "pays_permille": permille(0) },
            "required": ["from_permille", "pays_permille"],
            "additionalProperties": false,
        });
        let default: Vec<_> = Self::default()
            .tiers
            .iter()
            .map(
                |t| serde_json::json!({ "from_permille": t.from_permille, "pays_permille": t.pays_permille }),
            )
            .collect();
        let about =
            "From the lowest to the highest: thousandths of audits passed, thousandths of bytes paid.";
        let tiers = serde_json::json!({
            "description": about, "type": "array", "items": tier, "default": default,
            "minItems": 1, "maxItems": MOST_TIERS,
        });
        serde_json::json!({
            "type": "object",
            "description": "Pay by reliability.",
            "properties": { "tiers": tiers },
            "additionalProperties": false,
        })
        .to_string()
    }

    fn check(&self) -> Result<()> {
        let bad = |message: String| Err(PluginError::BadConfig(message));
        if !(1..=MOST_TIERS).contains(&self.tiers.len()) {
            return bad(format!("`tiers` must have 1 to {MOST_TIERS} entries, it has {}", self.tiers.len()));
        }
        let mut below = Tier { from_permille: 0, pays_permille: 0 };
        for (at, &tier) in self.tiers.iter().enumerate() {
            let Tier { from_permille, pays_permille } = tier;
            let (least, pay) = (below.from_permille + 1, below.pays_permille);
            if !(least..=1000).contains(&from_permille) {
                let name = format!("tiers[{at}].from_permille");
                return bad(format!("`{name}` must be from {least} to 1000, it is {from_permille}"));
            }
            if !(pay..=1000).contains(&pays_permille) {
                let name = format!("tiers[{at}].pays_permille");
                return bad(format!("`{name}` must be from {pay} to 1000, it is {pays_permille}"));
            }
            below = tier;
        }
        Ok(())
    }
}

impl Plugin for Tiered {
    const NAME: &'static str = "incentive-tiered";
    const SUMMARY: &'static str =
        "Pays proven bytes in full to reliable miners and in part, or not at all, to those that fail audits.";
    const LIMITS: &'static str = "Judges an epoch by its few audits: with ten of them one bad answer already \
        costs a tier.";
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl Tiered {
    fn weight(&self, miner: &Standing) -> Weight {
        let Standing { issued, passed, proven_bytes, .. } = *miner;
        let reached = self.tiers.iter().rfind(|tier| miner.proven_permille() >= tier.from_permille);
        let pays = reached.map_or(0, |tier| tier.pays_permille);
        let value = u128::from(proven_bytes) * u128::from(pays) / 1000;
        let tenths = format!("{}.{} %", pays / 10, pays % 10);
        let why = match issued {
            0 => "not asked, and its last audits stand".to_owned(),
            _ => format!("{passed} of {issued} audits passed"),
        };
        let reason = format!("{why}, which pays {tenths} of {proven_bytes} bytes");
        miner.earns(u64::try_from(value).unwrap_or(proven_bytes), reason)
    }
}

impl IncentiveRule for Tiered {
    fn weigh(&self, _round: &Round, standings: &[Standing], _memory: &[u8]) -> Result<Outcome> {
        let weights = standings.iter().map(|miner| self.weight(miner)).collect();
        Ok(Outcome { weights, memory: Vec::new() })
    }
}

plimsoll_sdk::export_plugin!(Tiered as incentive_rule);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::{Draws, from_json, laws};

    fn miner(passed: u32) -> Standing {
        let any = laws::standings(&mut Draws::new("tiered", &[]), 1)[0];
        let proven_bytes = 1000 * u64::from(passed) / 100;
        Standing { issued: 100, passed, claimed_bytes: 1000, proven_bytes, ..any }
    }

    fn earned(config: &str, passed: u32) -> Weight {
        paid(config, miner(passed))
    }

    fn paid(config: &str, miner: Standing) -> Weight {
        let round = laws::round(&mut Draws::new("tiered", &[]), 0);
        from_json::<Tiered>(config).unwrap().weigh(&round, &[miner], &[]).unwrap().weights.remove(0)
    }

    fn refusal(config: &str) -> String {
        from_json::<Tiered>(config).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_laws_hold() {
        laws::incentive_rule::<Tiered>("{}");
        laws::incentive_rule::<Tiered>(r#"{"tiers": [{"from_permille": 1, "pays_permille": 1}]}"#);
    }

    #[test]
    fn a_tier_pays_what_it_says() {
        let paid: Vec<u64> = [100, 99, 98, 95, 94, 80, 79, 0].map(|n| earned("{}", n).value).into();
        assert_eq!(paid, [1000, 990, 784, 760, 376, 320, 0, 0]);
        assert_eq!(earned("{}", 95).reason, "95 of 100 audits passed, which pays 80.0 % of 950 bytes");
    }

    #[test]
    fn who_was_not_asked_stays_in_the_tier_of_its_last_audits() {
        for passed in [100, 99, 98, 95, 94, 80, 79, 0] {
            let kept = paid("{}", Standing { issued: 0, passed: 0, ..miner(passed) });
            assert_eq!(kept.value, earned("{}", passed).value, "{passed}");
        }
        let kept = paid("{}", Standing { issued: 0, passed: 0, ..miner(95) });
        assert_eq!(kept.reason, "not asked, and its last audits stand, which pays 80.0 % of 950 bytes");
    }

    #[test]
    fn tiers_that_would_pay_failing_more_are_refused_by_name() {
        let two = |a, b, c, d| {
            format!(
                r#"{{"tiers": [{{"from_permille": {a}, "pays_permille": {b}}},
                    {{"from_permille": {c}, "pays_permille": {d}}}]}}"#
            )
        };
        assert_eq!(
            refusal(&two(500, 900, 900, 800)),
            "bad config: `tiers[1].pays_permille` must be from 900 to 1000, it is 800"
        );
        assert_eq!(
            refusal(&two(500, 1, 500, 2)),
            "bad config: `tiers[1].from_permille` must be from 501 to 1000, it is 500"
        );
        assert_eq!(refusal(r#"{"tiers": []}"#), "bad config: `tiers` must have 1 to 16 entries, it has 0");
        assert!(
            refusal(r#"{"tiers": [{"from": 1}]}"#).starts_with("bad config: `tiers[0].from`: unknown field")
        );
    }
}
