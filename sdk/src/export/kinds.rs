//! The exporters of the three kinds that decide without touching bytes.

use super::convert::{digest, hotkey};
use super::lifecycle::{Exported, plugin};
use crate::bindings::allocation::exports::plimsoll::plugin::allocation_policy as allocation;
use crate::bindings::challenge::exports::plimsoll::plugin::challenge_strategy as challenge;
use crate::bindings::imports::types as wire;
use crate::bindings::incentive::exports::plimsoll::plugin::incentive_rule as incentive;
use crate::{
    AllocationPolicy, Audit, Budget, Candidate, ChallengeStrategy, IncentiveRule, Neuron, Result, Share,
    Space, Standing, Weight,
};

type Outcome<T> = std::result::Result<T, wire::PluginError>;

impl<E: Exported<Plugin: AllocationPolicy>> allocation::Guest for E {
    fn allocate(
        space: allocation::Space,
        neurons: Vec<allocation::Neuron>,
    ) -> Outcome<Vec<allocation::Share>> {
        let allocation::Space { available_bytes, cap_bytes, chunk_bytes } = space;
        let space = Space { available_bytes, cap_bytes, chunk_bytes };
        let neurons = neurons.iter().map(neuron).collect::<Result<Vec<_>>>()?;
        let shares = plugin::<E>()?.allocate(&space, &neurons)?;
        Ok(shares.into_iter().map(|Share { uid, bytes }| allocation::Share { uid, bytes }).collect())
    }
}

fn neuron(from: &allocation::Neuron) -> Result<Neuron> {
    Ok(Neuron {
        uid: from.uid,
        hotkey: hotkey(&from.hotkey)?,
        stake_rao: from.stake_rao,
        validator_permit: from.validator_permit,
        is_owner: from.is_owner,
    })
}

impl<E: Exported<Plugin: ChallengeStrategy>> challenge::Guest for E {
    fn choose(
        round: wire::Round,
        randomness: Vec<u8>,
        candidates: Vec<challenge::Candidate>,
        budget: challenge::Budget,
    ) -> Outcome<Vec<challenge::Audit>> {
        let challenge::Budget { audits, samples, verify_ms, deadline_ms } = budget;
        let budget = Budget { audits, samples, verify_ms, deadline_ms };
        let candidates = candidates.iter().map(candidate).collect::<Result<Vec<_>>>()?;
        let audits =
            plugin::<E>()?.choose(&round.try_into()?, &digest(&randomness)?, &candidates, &budget)?;
        Ok(audits.into_iter().map(audit).collect())
    }
}

fn candidate(from: &challenge::Candidate) -> Result<Candidate> {
    Ok(Candidate {
        uid: from.uid,
        hotkey: hotkey(&from.hotkey)?,
        claimed_bytes: from.claimed_bytes,
        units: from.units,
        issued: from.issued,
        passed: from.passed,
        failed: from.failed,
        late: from.late,
        absent: from.absent,
        last_epoch: from.last_epoch,
    })
}

fn audit(from: Audit) -> challenge::Audit {
    let Audit { uid, samples, focus, start_ms, deadline_ms } = from;
    challenge::Audit { uid, samples, focus: focus.map(Into::into), start_ms, deadline_ms }
}

impl<E: Exported<Plugin: IncentiveRule>> incentive::Guest for E {
    fn weigh(
        round: wire::Round,
        standings: Vec<incentive::Standing>,
        memory: Vec<u8>,
    ) -> Outcome<incentive::Outcome> {
        let standings = standings.iter().map(standing).collect::<Result<Vec<_>>>()?;
        let outcome = plugin::<E>()?.weigh(&round.try_into()?, &standings, &memory)?;
        let weight = |Weight { uid, value, reason }| incentive::Weight { uid, value, reason };
        let weights = outcome.weights.into_iter().map(weight).collect();
        Ok(incentive::Outcome { weights, memory: outcome.memory })
    }
}

fn standing(from: &incentive::Standing) -> Result<Standing> {
    Ok(Standing {
        uid: from.uid,
        hotkey: hotkey(&from.hotkey)?,
        coldkey: hotkey(&from.coldkey)?,
        claimed_bytes: from.claimed_bytes,
        proven_bytes: from.proven_bytes,
        cargo_bytes: from.cargo_bytes,
        issued: from.issued,
        passed: from.passed,
        failed: from.failed,
        late: from.late,
        absent: from.absent,
        latency_p50_ms: from.latency_p50_ms,
        latency_p99_ms: from.latency_p99_ms,
    })
}
