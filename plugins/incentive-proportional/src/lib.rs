//! `incentive-proportional`: a byte proven is a byte paid.
//!
//! weight = proven bytes = claimed bytes × share of this epoch's audits that passed. A miner that nobody asked in
//! an epoch is paid for what it proved when it was asked last, unless audits of the epoch are demanded. Splitting
//! a plot over several hotkeys earns exactly the same in sum; so does joining them.

use plimsoll_sdk::{IncentiveRule, Outcome, Plugin, Result, Round, Standing, Weight};

plimsoll_sdk::parameters! {
    /// A byte proven is a byte paid.
    pub struct Proportional {
        /// Audits of the epoch that a miner must have had to be paid; 0 pays the last proof of who was not asked.
        least_audits: u32 = 0, from 0 to 1_000;
        /// GiB above which more earns nothing more; 0 for no bound.
        most_gib: u32 = 0, from 0 to 4_294_967_295;
    }
}

impl Plugin for Proportional {
    const NAME: &'static str = "incentive-proportional";
    const SUMMARY: &'static str =
        "Pays each miner in proportion to the bytes that it proved when it was asked last.";
    const LIMITS: &'static str =
        "One lucky pass pays for the whole claim, and goes on paying until the next audit.";
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl Proportional {
    fn weight(&self, miner: &Standing) -> Weight {
        let Standing { issued, passed, proven_bytes, .. } = *miner;
        if issued < self.least_audits {
            return miner.earns(0, format!("had {issued} audits, {} are needed", self.least_audits));
        }
        let most = if self.most_gib == 0 { u64::MAX } else { u64::from(self.most_gib) << 30 };
        let bound = if proven_bytes > most { format!(", of which {most} count") } else { String::new() };
        let reason = match issued {
            0 => format!("was not asked, and proved {proven_bytes} bytes when it was asked last{bound}"),
            _ => format!("proved {proven_bytes} bytes with {passed} of {issued} audits{bound}"),
        };
        miner.earns(proven_bytes.min(most), reason)
    }
}

impl IncentiveRule for Proportional {
    fn weigh(&self, _round: &Round, standings: &[Standing], _memory: &[u8]) -> Result<Outcome> {
        let weights = standings.iter().map(|miner| self.weight(miner)).collect();
        Ok(Outcome { weights, memory: Vec::new() })
    }
}

plimsoll_sdk::export_plugin!(Proportional as incentive_rule);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::{Draws, from_json, laws};

    fn weights(config: &str, miners: &[Standing]) -> Vec<(u64, String)> {
        let round = laws::round(&mut Draws::new("proportional", &[]), 0);
        let outcome = from_json::<Proportional>(config).unwrap().weigh(&round, miners, &[]).unwrap();
        outcome.weights.into_iter().map(|weight| (weight.value, weight.reason)).collect()
    }

    fn miner(issued: u32, passed: u32, claimed_bytes: u64) -> Standing {
        let any = laws::standings(&mut Draws::new("proportional", &[]), 1)[0];
        let proven_bytes = claimed_bytes * u64::from(passed) / u64::from(issued.max(1));
        Standing { issued, passed, claimed_bytes, proven_bytes, ..any }
    }

    #[test]
    fn the_laws_hold() {
        laws::incentive_rule::<Proportional>("{}");
        laws::incentive_rule::<Proportional>(r#"{"least_audits": 1}"#);
        laws::incentive_rule::<Proportional>(r#"{"least_audits": 3, "most_gib": 2}"#);
    }

    #[test]
    fn bytes_proven_are_paid_and_the_reason_says_so() {
        let paid = weights("{}", &[miner(4, 3, 4000), miner(4, 0, 4000)]);
        assert_eq!(paid[0], (3000, "proved 3000 bytes with 3 of 4 audits".into()));
        assert_eq!(paid[1], (0, "proved 0 bytes with 0 of 4 audits".into()));
    }

    #[test]
    fn who_was_not_asked_is_paid_for_its_last_proof_unless_audits_are_demanded() {
        let kept = Standing { issued: 0, passed: 0, ..miner(4, 3, 4000) };
        let never = miner(0, 0, 4000);
        let paid = weights("{}", &[kept, never]);
        let words = |bytes| format!("was not asked, and proved {bytes} bytes when it was asked last");
        assert_eq!(paid, [(3000, words(3000)), (0, words(0))]);
        let paid = weights(r#"{"least_audits": 2}"#, &[kept, miner(1, 1, 4000), miner(2, 1, 4000)]);
        assert_eq!(paid[0], (0, "had 0 audits, 2 are needed".into()));
        assert_eq!([paid[1].0, paid[2].0], [0, 2000]);
    }

    #[test]
    fn a_bound_bounds_what_counts() {
        let paid = weights(r#"{"most_gib": 1}"#, &[miner(1, 1, 1 << 40)]);
        assert_eq!(paid[0].0, 1 << 30);
        assert!(paid[0].1.ends_with("of which 1073741824 count"), "{}", paid[0].1);
    }
}
