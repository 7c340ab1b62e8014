//! `sample-plugin`: proven bytes, and nothing in an epoch with a failed audit.

use plimsoll_sdk::{IncentiveRule, Outcome, Plugin, Result, Round, Standing, Weight};

plimsoll_sdk::parameters! {
    /// Parameters, as an operator sets them in a TOML table.
    pub struct Rule {
        /// Audits of the epoch that a miner must have had to be paid; 0 pays the last proof of who was not asked.
        least_audits: u32 = 0, from 0 to 1_000;
    }
}

impl Plugin for Rule {
    const NAME: &'static str = "sample-plugin";
    const SUMMARY: &'static str =
        "Pays the bytes that a miner proved, and nothing in an epoch in which it failed an audit.";
    const LIMITS: &'static str = "Has no memory: a failed audit costs one epoch, however often it happens.";
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl Rule {
    fn weight(&self, miner: &Standing) -> Weight {
        let Standing { issued, passed, failed, proven_bytes, .. } = *miner;
        if issued < self.least_audits {
            return miner.earns(0, format!("had {issued} audits, {} are needed", self.least_audits));
        }
        if failed > 0 {
            return miner.earns(0, format!("failed {failed} of {issued} audits"));
        }
        if issued == 0 {
            return miner
                .earns(proven_bytes, format!("was not asked, and proved {proven_bytes} bytes before"));
        }
        miner.earns(proven_bytes, format!("proved {proven_bytes} bytes with {passed} of {issued} audits"))
    }
}

impl IncentiveRule for Rule {
    fn weigh(&self, _round: &Round, standings: &[Standing], _memory: &[u8]) -> Result<Outcome> {
        let weights = standings.iter().map(|miner| self.weight(miner)).collect();
        Ok(Outcome { weights, memory: Vec::new() })
    }
}

plimsoll_sdk::export_plugin!(Rule as incentive_rule);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::laws;

    #[test]
    fn the_laws_hold() {
        laws::incentive_rule::<Rule>("{}");
        laws::incentive_rule::<Rule>(r#"{"least_audits": 3}"#);
    }
}
