//! Laws of incentive rules as components; for the economic ones see `economy`.

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
