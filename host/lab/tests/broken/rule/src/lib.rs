//! A rule that pays proven bytes until an epoch, and breaks down from then on, in one of several manners.

use plimsoll_sdk::{
    IncentiveRule, LARGEST_MEMORY_BYTES, Outcome, Plugin, PluginError, Result, Round, Standing,
};

plimsoll_sdk::parameters! {
    /// Parameters of a rule that breaks down.
    pub struct Broken {
        /// How: 0 is not at all.
        manner: u64 = 0, from 0 to 13;
        /// From which epoch on.
        from_epoch: u64 = 0, from 0 to 1_000_000;
    }
}

const WEIGHS_NOBODY: u64 = 1;
const WEIGHS_ONE_TWICE: u64 = 2;
const REMEMBERS_TOO_MUCH: u64 = 3;
const TRAPS: u64 = 4;
const NEVER_ENDS: u64 = 5;
const REFUSES: u64 = 6;
const SAYS_NOTHING: u64 = 7;
const REMEMBERS_A_GIBIBYTE: u64 = 8;
// From here on it answers well, and what it pays breaks an economic law.
const PAYS_LESS_FOR_MORE: u64 = 9;
const PAYS_FAILURES: u64 = 10;
const FAVOURS_THE_FIRST: u64 = 11;
const REMEMBERS_MORE_AND_MORE: u64 = 12;
const PAYS_NOBODY: u64 = 13;

impl Plugin for Broken {
    const NAME: &'static str = "broken-rule";
    const SUMMARY: &'static str = "Pays proven bytes, and then breaks down.";
    const LIMITS: &'static str = "Not to be used.";
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl IncentiveRule for Broken {
    fn weigh(&self, round: &Round, standings: &[Standing], memory_before: &[u8]) -> Result<Outcome> {
        let pay = |miner: &Standing| miner.earns(miner.proven_bytes, "proven bytes");
        let mut weights: Vec<_> = standings.iter().map(pay).collect();
        let mut memory = Vec::new();
        let manner = if round.epoch >= self.from_epoch { self.manner } else { 0 };
        match manner {
            WEIGHS_NOBODY => {
                for weight in &mut weights {
                    weight.uid = weight.uid.wrapping_add(30_000);
                }
            }
            WEIGHS_ONE_TWICE => weights.extend(standings.first().map(pay)),
            REMEMBERS_TOO_MUCH => memory = vec![7; LARGEST_MEMORY_BYTES + 1],
            TRAPS => panic!("this rule traps"),
            NEVER_ENDS => {
                let mut round = round.epoch;
                while round != u64::MAX {
                    round = std::hint::black_box(round | 1) & !1;
                }
            }
            REFUSES => return Err(PluginError::BadInput("it does not like these standings".into())),
            SAYS_NOTHING => weights.clear(),
            REMEMBERS_A_GIBIBYTE => memory = vec![7; 1 << 30],
            PAYS_LESS_FOR_MORE => {
                weights.iter_mut().for_each(|weight| {
                    weight.value = (1u64 << 60).checked_div(weight.value).unwrap_or(0);
                });
            }
            PAYS_FAILURES => {
                let pay = |miner: &Standing| miner.earns(miner.failed.into(), "failures");
                weights = standings.iter().map(pay).collect();
            }
            FAVOURS_THE_FIRST => {
                weights.iter_mut().take(1).for_each(|weight| weight.value = weight.value.saturating_mul(2));
            }
            REMEMBERS_MORE_AND_MORE => memory = [memory_before, &[7]].concat(),
            PAYS_NOBODY => weights.iter_mut().for_each(|weight| weight.value = 0),
            _ => {}
        }
        Ok(Outcome { weights, memory })
    }
}

plimsoll_sdk::export_plugin!(Broken as incentive_rule);
