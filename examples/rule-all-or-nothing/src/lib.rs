//! `rule-all-or-nothing`: a miner is paid for an epoch without a fault, or not at all.
//!
//! weight = proven bytes if every audit of the epoch passed, else 0; where nobody asked, what holds is the last
//! epoch with an audit: its bytes are proven in full if all of them passed. One lost unit that an audit hits costs a
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
    let Standing { issued, passed, proven_bytes, claimed_bytes, .. } = *miner;
    if issued == 0 && proven_bytes == claimed_bytes {
        return miner
            .earns(proven_bytes, format!("was not asked, and proved all {proven_bytes} bytes before"));
    }
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

    #[test]
    fn who_was_not_asked_is_paid_if_it_passed_everything_before() {
        let any = laws::standings(&mut plimsoll_sdk::Draws::new("all", &[]), 1)[0];
        let kept = |proven_bytes| Standing { issued: 0, passed: 0, claimed_bytes: 1000, proven_bytes, ..any };
        assert_eq!([1000, 999, 0].map(|proven| weight(&kept(proven)).value), [1000, 0, 0]);
    }
}
