//! Laws of incentive rules.

use plimsoll_core::{IncentiveOutcome, Standing, Uid};

use super::cases::Numbers;
use super::policies::{answered, same};
use super::report::Laws;
use crate::Incentive;

pub(super) fn incentive(rule: &Incentive, laws: &mut Laws) {
    let said = |e: crate::PluginError| e.to_string();
    laws.holds("its weights name known miners once, epoch after epoch with its own memory", || {
        let (mut numbers, mut instance) = (Numbers::new("incentive"), rule.instance().map_err(said)?);
        let mut memory = Vec::new();
        for epoch in 0..40u16 {
            let (round, standings) = (numbers.round(u64::from(epoch)), numbers.standings(epoch));
            let outcome = instance.weigh(&round, &standings, &memory);
            memory = outcome.map_err(|e| format!("epoch {epoch}: {e}"))?.memory;
        }
        Ok(())
    });
    laws.holds("the same question gets the same weights for the same fuel in fresh instances", || {
        let mut numbers = Numbers::new("incentive again");
        for count in [0, 1, 30] {
            let (round, standings) = (numbers.round(3), numbers.standings(count));
            let ask = || {
                let mut instance = rule.instance()?;
                Ok((instance.weigh(&round, &standings, &[])?, instance.fuel_used()))
            };
            same(&ask().map_err(said)?, &ask().map_err(said)?)?;
        }
        Ok(())
    });
    laws.holds("who proved nothing earns nothing in the first epoch", || {
        let (mut numbers, mut instance) = (Numbers::new("nothing"), rule.instance().map_err(said)?);
        let (round, standings) = (numbers.round(0), numbers.standings(200));
        let outcome = instance.weigh(&round, &standings, &[]).map_err(said)?;
        let proved_nothing = |miner: &&Standing| miner.passed == 0 && miner.proven_bytes == 0;
        match standings.iter().filter(proved_nothing).find(|miner| weight(&outcome, miner.uid) > 0) {
            Some(miner) => Err(format!("uid {} earns {}", miner.uid, weight(&outcome, miner.uid))),
            None => Ok(()),
        }
    });
    laws.holds("passing more audits, or proving more bytes, never earns less", || never_less(rule));
    laws.holds("a damaged memory is no breakdown", || {
        let (mut numbers, mut instance) = (Numbers::new("memory"), rule.instance().map_err(said)?);
        let (round, standings) = (numbers.round(1), numbers.standings(20));
        let memory = instance.weigh(&round, &standings, &[]).map_err(said)?.memory;
        for len in 0..40 {
            answered(instance.weigh(&round, &standings, &numbers.bytes(len * 7)))?;
            let mut damaged = memory.clone();
            let at = numbers.place(damaged.len());
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= 1 << (len % 8);
            }
            answered(instance.weigh(&round, &standings, &damaged))?;
            answered(instance.weigh(&round, &standings, &memory[..at]))?;
        }
        Ok(())
    });
}

fn weight(outcome: &IncentiveOutcome, uid: Uid) -> u64 {
    outcome.weights.iter().find(|weight| weight.uid == uid).map_or(0, |weight| weight.value)
}

/// Pairs that differ in one thing only.
fn never_less(rule: &Incentive) -> Result<(), String> {
    let mut instance = rule.instance().map_err(|e| e.to_string())?;
    let mut numbers = Numbers::new("never less");
    for case in 0..60 {
        let round = numbers.round(0);
        let issued = 1 + numbers.small(9);
        let more = numbers.small(issued + 1);
        let fewer = numbers.small(more + 1);
        let (large, small) = {
            let large = numbers.below(1 << 40);
            (large, numbers.below(large + 1))
        };
        let mut pair = numbers.standings(2);
        let audited = |of: &mut Standing, claimed_bytes: u64, passed: u32| {
            *of = Standing {
                claimed_bytes,
                passed,
                issued,
                proven_bytes: claimed_bytes / u64::from(issued) * u64::from(passed),
                failed: issued - passed,
                late: 0,
                absent: 0,
                latency_p50_ms: 10,
                latency_p99_ms: 20,
                ..of.clone()
            };
        };
        let (bytes, passed) = if case % 2 == 0 { (large, fewer) } else { (small, more) };
        audited(&mut pair[0], bytes, passed);
        audited(&mut pair[1], large, more);
        let outcome = instance.weigh(&round, &pair, &[]).map_err(|e| e.to_string())?;
        let (worse, better) = (weight(&outcome, pair[0].uid), weight(&outcome, pair[1].uid));
        if worse > better {
            return Err(format!(
                "{worse} for {bytes} bytes and {passed} of {issued} audits, {better} for {large} bytes and {more}"
            ));
        }
    }
    Ok(())
}
