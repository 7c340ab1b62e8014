//! Laws of allocation policies and challenge strategies. The host checks the promises of every answer.

use plimsoll_core::{AllocationSpace, AuditBudget, Epoch, StakeRao};

use super::cases::Numbers;
use super::report::Laws;
use crate::{Allocation, Challenge};

const CASES: u16 = 40;

pub(super) fn allocation(policy: &Allocation, laws: &mut Laws) {
    let said = |e: crate::PluginError| e.to_string();
    laws.holds("its shares keep to the cap, to whole chunks and to uids of the subnet", || {
        let (mut numbers, mut instance) = (Numbers::new("allocation"), policy.instance().map_err(said)?);
        for count in 0..CASES {
            let (space, neurons) = (numbers.space(), numbers.neurons(count));
            instance.allocate(&space, &neurons).map_err(|e| format!("{count} neurons, {space:?}: {e}"))?;
        }
        Ok(())
    });
    laws.holds("the same question gets the same shares for the same fuel in fresh instances", || {
        let mut numbers = Numbers::new("allocation again");
        for count in [0, 1, 30] {
            let (space, neurons) = (numbers.space(), numbers.neurons(count));
            let ask = || {
                let mut instance = policy.instance()?;
                Ok((instance.allocate(&space, &neurons)?, instance.fuel_used()))
            };
            same(&ask().map_err(said)?, &ask().map_err(said)?)?;
        }
        Ok(())
    });
    laws.holds("extreme stakes and sizes are no breakdown", || {
        let (mut numbers, mut instance) = (Numbers::new("extremes"), policy.instance().map_err(said)?);
        let mut neurons = numbers.neurons(256);
        for neuron in &mut neurons {
            neuron.stake_rao = StakeRao(u64::MAX);
        }
        for (cap_bytes, chunk_bytes) in [(0, 1), (u64::MAX, 1), (u64::MAX, u64::MAX), (1, 100_000)] {
            let space = AllocationSpace { available_bytes: u64::MAX, cap_bytes, chunk_bytes };
            answered(instance.allocate(&space, &neurons))?;
        }
        Ok(())
    });
}

pub(super) fn challenge(strategy: &Challenge, laws: &mut Laws) {
    let said = |e: crate::PluginError| e.to_string();
    laws.holds("its audits keep to the budget, to candidates and to their units", || {
        let (mut numbers, mut instance) = (Numbers::new("challenge"), strategy.instance().map_err(said)?);
        for count in 0..CASES {
            let (round, randomness) = (numbers.round(u64::from(count)), numbers.digest());
            let (candidates, budget) = (numbers.candidates(count), numbers.budget());
            let audits = instance.choose(&round, &randomness, &candidates, &budget);
            audits.map_err(|e| format!("{count} candidates, {budget:?}: {e}"))?;
        }
        Ok(())
    });
    laws.holds("the same question gets the same audits for the same fuel in fresh instances", || {
        let mut numbers = Numbers::new("challenge again");
        for count in [0, 1, 30] {
            let (round, randomness) = (numbers.round(3), numbers.digest());
            let (candidates, budget) = (numbers.candidates(count), numbers.budget());
            let ask = || {
                let mut instance = strategy.instance()?;
                Ok((instance.choose(&round, &randomness, &candidates, &budget)?, instance.fuel_used()))
            };
            same(&ask().map_err(said)?, &ask().map_err(said)?)?;
        }
        Ok(())
    });
    laws.holds("whom it audits cannot be foreseen without the randomness", || {
        let (mut numbers, mut instance) = (Numbers::new("foresight"), strategy.instance().map_err(said)?);
        let mut candidates = numbers.candidates(20);
        for candidate in &mut candidates {
            (candidate.units, candidate.claimed_bytes) = (1_000, 1_000 << 16);
            (candidate.issued, candidate.passed, candidate.failed) = (0, 0, 0);
            (candidate.late, candidate.absent, candidate.last_epoch) = (0, 0, None::<Epoch>);
        }
        let budget = AuditBudget { audits: 1, samples: 8, verify_ms: 60_000, deadline_ms: 1_000 };
        let round = numbers.round(3);
        let mut chosen = std::collections::BTreeSet::new();
        for _ in 0..30 {
            let audits = instance.choose(&round, &numbers.digest(), &candidates, &budget).map_err(said)?;
            chosen.extend(audits.iter().map(|audit| audit.uid));
        }
        if chosen.len() > 3 {
            return Ok(());
        }
        Err(format!("one audit among 20 equals fell on {} of them in 30 draws", chosen.len()))
    });
}

/// Both, or how they differ.
pub(super) fn same<T: PartialEq + std::fmt::Debug>(one: &T, other: &T) -> Result<(), String> {
    if one == other {
        return Ok(());
    }
    let text = |value: &T| crate::text::tame(&format!("{value:?}"), 200);
    Err(format!("first {}, then {}", text(one), text(other)))
}

/// A refusal is an answer; a breakdown or a broken promise is none.
pub(super) fn answered<T>(result: Result<T, crate::PluginError>) -> Result<Option<T>, String> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(crate::PluginError::Refused { .. }) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}
