//! The laws of incentive rules.

use plimsoll_sdk::{IncentiveRule, Outcome, PluginError, Result, Round, Standing, laws};

use crate::{assert_breaks, broken, sample};

sample!(Rule);

impl<const FAULT: u8> IncentiveRule for Rule<FAULT> {
    fn weigh(&self, _round: &Round, standings: &[Standing], memory: &[u8]) -> Result<Outcome> {
        let mut weights: Vec<_> = standings
            .iter()
            .map(|miner| {
                let value = match FAULT {
                    1 => miner.proven_bytes + 1,
                    2 => miner.proven_bytes.min(miner.claimed_bytes - miner.proven_bytes),
                    3 => (miner.claimed_bytes & 0xff) * u64::from(miner.passed),
                    4 if miner.hotkey == standings[0].hotkey => miner.proven_bytes / 2,
                    5 if memory.contains(&(miner.uid as u8)) => miner.proven_bytes.saturating_mul(2),
                    6 => miner.proven_bytes * 3 / 3,
                    13 if miner.issued == 0 => 0,
                    13 => miner.proven_bytes.max(memory.len() as u64),
                    _ => miner.proven_bytes,
                };
                miner.earns(value, if FAULT == 7 { "" } else { "bytes proven" })
            })
            .collect();
        match FAULT {
            8 if !weights.is_empty() => weights.push(weights[0].clone()),
            9 if !weights.is_empty() => weights[0].uid = 999,
            10 if memory.len() > 40 => return Err(PluginError::Internal("too much to remember".into())),
            11 => return Ok(Outcome { weights, memory: vec![0; (1 << 20) + 1] }),
            12 => assert!(memory.len() < 2 || memory[1] != b'x' || memory.len() == 50, "bad memory"),
            _ => {}
        }
        let memory = match FAULT {
            5 => (0..30).filter(|&uid| standings.iter().any(|miner| miner.uid == u16::from(uid))).collect(),
            10 => vec![0; memory.len() + 1],
            12 => vec![b'x'; 50],
            13 => vec![0],
            _ => Vec::new(),
        };
        Ok(Outcome { weights, memory })
    }
}

#[test]
fn an_honest_rule_passes() {
    assert_eq!(broken(|| laws::incentive_rule::<Rule<0>>("{}")), "no law was broken");
}

#[test]
fn every_fault_of_a_rule_is_caught() {
    assert_breaks("who proved nothing, and never did, earns nothing", || {
        laws::incentive_rule::<Rule<1>>("{}");
    });
    assert_breaks("failing never beats passing", || laws::incentive_rule::<Rule<2>>("{}"));
    assert_breaks("proving more never earns less", || laws::incentive_rule::<Rule<3>>("{}"));
    assert_breaks("the order of miners does not matter", || laws::incentive_rule::<Rule<4>>("{}"));
    let law = "a newcomer does not inherit the past of its uid";
    assert_breaks(law, || laws::incentive_rule::<Rule<5>>("{}"));
    assert_breaks("weigh never panics", || laws::incentive_rule::<Rule<6>>("{}"));
    assert_breaks("a weight has a reason, of at most 512 bytes", || laws::incentive_rule::<Rule<7>>("{}"));
    assert_breaks("nobody is weighed twice", || laws::incentive_rule::<Rule<8>>("{}"));
    assert_breaks("nobody unknown is weighed", || laws::incentive_rule::<Rule<9>>("{}"));
    assert_breaks("weigh works", || laws::incentive_rule::<Rule<10>>("{}"));
    assert_breaks("the memory has at most 1 MiB", || laws::incentive_rule::<Rule<11>>("{}"));
    assert_breaks("weigh never panics", || laws::incentive_rule::<Rule<12>>("{}"));
    assert_breaks("failing never beats not being asked", || laws::incentive_rule::<Rule<13>>("{}"));
}

/// Pays claims, and waives what its number says.
struct Waiving<const N: u8>;

impl<const N: u8> plimsoll_sdk::Plugin for Waiving<N> {
    const NAME: &'static str = "sample";
    const SUMMARY: &'static str = "Pays claims.";
    const LIMITS: &'static str = "Pays whoever claims.";
    const WAIVERS: &'static [(&'static str, &'static str)] = match N {
        0 => &[],
        1 => &[("absent", "claims are paid on purpose")],
        2 => &[("absend", "claims are paid on purpose")],
        _ => &[("absent", "")],
    };
    type Config = plimsoll_sdk::NoParameters;

    fn new(_config: Self::Config) -> Result<Self> {
        Ok(Self)
    }
}

impl<const N: u8> IncentiveRule for Waiving<N> {
    fn weigh(&self, _round: &Round, standings: &[Standing], _memory: &[u8]) -> Result<Outcome> {
        let weights =
            standings.iter().map(|miner| miner.earns(miner.claimed_bytes, "bytes claimed")).collect();
        Ok(Outcome { weights, memory: Vec::new() })
    }
}

#[test]
fn a_law_that_a_rule_waives_is_not_tried_and_a_waiver_names_a_law_and_a_reason() {
    assert_breaks("who proved nothing, and never did, earns nothing", || {
        laws::incentive_rule::<Waiving<0>>("{}");
    });
    assert_eq!(broken(|| laws::incentive_rule::<Waiving<1>>("{}")), "no law was broken");
    assert_breaks("it waives laws that there are", || laws::incentive_rule::<Waiving<2>>("{}"));
    assert_breaks("a waiver has a reason", || laws::incentive_rule::<Waiving<3>>("{}"));
}
