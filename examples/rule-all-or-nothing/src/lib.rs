//! `rule-all-or-nothing`: a miner is paid for an epoch without a fault, or not at all.
//!
//! weight = proven bytes if every audit of the epoch passed, else 0. One lost unit that an audit hits costs a
//! whole epoch's pay: with n samples, a miner that lost a fraction f keeps its pay with (1 - f)^n.

use plimsoll_sdk::{IncentiveRule, NoParameters, Outcome, Plugin, Result, Round, Standing, Weight};

/// All, or nothing.
pub struct AllOrNothing;

impl Plugin for AllOrNothing {
    const NAME: &'static str = "rule-all-or-nothing";
    const SUMMARY: &'static str =
        "Pays proven bytes to miners that passed all of their audits, and nothing to others.";
    const LIMITS: &'static str =
        "One late answer costs an honest miner a whole epoch: use it with generous deadlines.";
    type Config = NoParameters;

    fn new(_config: NoParameters) -> Result<Self> {
        Ok(Self)
    }
}

fn weight(miner: &Standing) -> Weight {
    let Standing { issued, passed, proven_bytes, .. } = *miner;
    if issued == 0 || passed < issued {
        return miner.earns(0, format!("passed {passed} of {issued} audits, all are needed"));
    }
    miner.earns(proven_bytes, format!("passed all {issued} audits for {proven_bytes} bytes"))
}

impl IncentiveRule for AllOrNothing {
    fn weigh(&self, _round: &Round, standings: &[Standing], _memory: &[u8]) -> Result<Outcome> {
        Ok(Outcome { weights: standings.iter().map(weight).collect(), memory: Vec::new() })
    }
}

plimsoll_sdk::export_plugin!(AllOrNothing as incentive_rule);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::laws;

    #[test]
    fn the_laws_hold() {
        laws::incentive_rule::<AllOrNothing>("{}");
    }
}
