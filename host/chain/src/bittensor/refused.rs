//! From the chain's reasons to ours: which number was too large, and by how much, is read from the subnet.

use std::net::SocketAddr;

use plimsoll_core::{Hotkey, NetUid, Uid};

use super::verdict::Verdict;
use super::view::{Rules, SubnetView};
use crate::reveal::MAX_PENDING;
use crate::{NeuronRecord, Refusal};

/// What was tried.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Attempt<'a> {
    Axon(SocketAddr),
    Commitment,
    Weights(&'a [(Uid, u16)]),
}

/// Who tried it, on what subnet. `view` is the subnet as it is now, none where there is no such subnet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) netuid: NetUid,
    pub(crate) hotkey: Hotkey,
    pub(crate) view: Option<&'a SubnetView>,
    /// The stake that setting weights takes, where that is known.
    pub(crate) least_stake_rao: u64,
}

/// The reason as the rest of the program knows it.
pub(crate) fn refusal_of(verdict: &Verdict, attempt: Attempt<'_>, caller: &Caller<'_>) -> Refusal {
    let Caller { netuid, hotkey, view, least_stake_rao } = *caller;
    let Some(view) = view else { return Refusal::NoSubnet { netuid } };
    let Some(me) = view.neuron(&hotkey) else { return Refusal::NotRegistered { netuid, hotkey } };
    let known = match attempt {
        Attempt::Axon(at) => of_axon(&verdict.name, at, &view.rules),
        Attempt::Commitment => of_commitment(&verdict.name),
        Attempt::Weights(weights) => match verdict.name.as_str() {
            "NotEnoughStakeToSetWeights" | "StakeAmountTooLow" => {
                Some(Refusal::StakeTooLow { found_rao: me.stake_rao.0, least_rao: least_stake_rao })
            }
            "NeuronNoValidatorPermit" => Some(Refusal::NoPermit { uid: me.uid }),
            "SettingWeightsTooFast" | "CommittingWeightsTooFast" | "RateLimitExceeded" => {
                Some(Refusal::RateLimited { wait_blocks: blocks_left(view, me).max(1) })
            }
            "IncorrectWeightVersionKey" => {
                Some(Refusal::WeightsVersion { least: view.rules.weights_version })
            }
            "TooManyUnrevealedCommits" => Some(Refusal::TooManyCommits { most: MAX_PENDING }),
            name => changed(name).or_else(|| weights_refusal(view, me, weights)),
        },
    };
    known
        .unwrap_or_else(|| Refusal::Unknown { error: verdict.name.clone(), meaning: verdict.meaning.clone() })
}

/// What the client saw to before it sent anything can only have changed since.
fn changed(name: &str) -> Option<Refusal> {
    let setting = match name {
        "CommitRevealEnabled" | "CommitRevealDisabled" => "whether weights are hidden for a while",
        "IncorrectCommitRevealVersion" => "the version of commits that it opens",
        _ => return None,
    };
    Some(Refusal::SettingChanged { setting: setting.into() })
}

fn of_axon(name: &str, at: SocketAddr, rules: &Rules) -> Option<Refusal> {
    match name {
        "InvalidIpAddress" | "InvalidIpType" | "InvalidPort" => Some(Refusal::AxonAddress { at }),
        "ServingRateLimitExceeded" | "RateLimitExceeded" => {
            Some(Refusal::AxonRateLimited { limit_blocks: rules.serving_rate_limit_blocks })
        }
        _ => None,
    }
}

fn of_commitment(name: &str) -> Option<Refusal> {
    matches!(name, "SpaceLimitExceeded" | "CommitmentSetRateLimitExceeded")
        .then_some(Refusal::CommitmentSpace)
}

/// Why the chain would surely refuse these weights, in the order in which it checks; found before anything is sent.
pub(crate) fn foreseen(view: &SubnetView, hotkey: &Hotkey, weights: &[(Uid, u16)]) -> Result<(), Refusal> {
    let (netuid, neurons) = (view.netuid, view.neurons.len());
    if weights.len() > neurons {
        return Err(Refusal::TooManyWeights { found: weights.len(), neurons });
    }
    let me = view.neuron(hotkey).ok_or(Refusal::NotRegistered { netuid, hotkey: *hotkey })?;
    match blocks_to_wait(view, me) {
        0 => {}
        wait_blocks => return Err(Refusal::RateLimited { wait_blocks }),
    }
    let own_only = matches!(weights, [(only, _)] if *only == me.uid);
    if !me.validator_permit && !own_only && view.owner != Some(*hotkey) {
        return Err(Refusal::NoPermit { uid: me.uid });
    }
    weights_refusal(view, me, weights).map_or(Ok(()), Err)
}

/// Blocks until the rate limit allows weights again, as far as can be told: block 0 may stand for never.
fn blocks_to_wait(view: &SubnetView, me: &NeuronRecord) -> u64 {
    if me.last_update.0 == 0 { 0 } else { blocks_left(view, me) }
}

/// Blocks until as many have passed since the last update as the rate limit wants.
fn blocks_left(view: &SubnetView, me: &NeuronRecord) -> u64 {
    let passed = view.block.0.saturating_sub(me.last_update.0);
    view.rules.weights_rate_limit_blocks.saturating_sub(passed)
}

/// What is wrong with the weights themselves.
fn weights_refusal(view: &SubnetView, me: &NeuronRecord, weights: &[(Uid, u16)]) -> Option<Refusal> {
    let neurons = view.neurons.len();
    let mut uids: Vec<_> = weights.iter().map(|&(uid, _)| uid).collect();
    uids.sort_unstable();
    if let Some(twice) = uids.windows(2).find(|pair| pair[0] == pair[1]) {
        return Some(Refusal::DuplicateUid { uid: twice[0] });
    }
    if let Some(&(uid, _)) = weights.iter().find(|(uid, _)| usize::from(uid.0) >= neurons) {
        return Some(Refusal::NoSuchUid { uid, neurons });
    }
    if matches!(weights, [(only, _)] if *only == me.uid) {
        return None;
    }
    let least = usize::from(view.rules.min_weights).min(neurons);
    if weights.len() < least {
        return Some(Refusal::TooFewWeights { found: weights.len(), least });
    }
    let most = view.rules.max_weight;
    let sum: u64 = weights.iter().map(|&(_, weight)| u64::from(weight)).sum();
    let above = |weight: u16| u64::from(weight) * u64::from(u16::MAX) > u64::from(most) * sum;
    let large = weights.iter().find(|&&(_, weight)| above(weight));
    large.map(|&(uid, _)| Refusal::WeightTooLarge { uid, most })
}
