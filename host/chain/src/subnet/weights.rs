//! Setting weights.

use plimsoll_core::{Hotkey, Uid};

use super::{Subnet, SubnetRules, Weighed};
use crate::Refusal;
use crate::yuma::max_upscale;

impl Subnet {
    /// Sets the weights of a neuron, scaled so that the largest is 65535, in place of those before. The
    /// checks are those of Bittensor's `set_weights`, in its order.
    ///
    /// # Errors
    /// The first [`Refusal`]; then nothing has changed.
    pub fn set_weights(&mut self, hotkey: &Hotkey, weights: &[(Uid, u16)]) -> Result<(), Refusal> {
        let (block, rules, neurons) = (self.block, self.rules, self.members.len());
        if weights.len() > neurons {
            return Err(Refusal::TooManyWeights { found: weights.len(), neurons });
        }
        let not_registered = Refusal::NotRegistered { netuid: self.netuid, hotkey: *hotkey };
        let uid = self.uid_of(hotkey).ok_or(not_registered)?;
        let me = &mut self.members[usize::from(uid.0)];
        if me.stake_rao < rules.weights_min_stake_rao {
            let (found_rao, least_rao) = (me.stake_rao.0, rules.weights_min_stake_rao.0);
            return Err(Refusal::StakeTooLow { found_rao, least_rao });
        }
        if let Some(last) = &me.weights {
            let passed = block.0.saturating_sub(last.block.0);
            if passed < rules.weights_rate_limit_blocks {
                return Err(Refusal::RateLimited { wait_blocks: rules.weights_rate_limit_blocks - passed });
            }
        }
        let own_only = matches!(weights, [(only, _)] if *only == uid);
        if !me.validator_permit && !own_only && rules.owner != Some(uid) {
            return Err(Refusal::NoPermit { uid });
        }
        let mut sorted = weights.to_vec();
        sorted.sort_unstable();
        check_uids(weights, &sorted, neurons)?;
        if !own_only {
            check_shape(weights, neurons, &rules)?;
        }
        let values: Vec<u16> = sorted.iter().map(|cell| cell.1).collect();
        let row = sorted.iter().map(|cell| cell.0).zip(max_upscale(&values)).collect();
        me.weights = Some(Weighed { block, row });
        Ok(())
    }
}

fn check_uids(weights: &[(Uid, u16)], sorted: &[(Uid, u16)], neurons: usize) -> Result<(), Refusal> {
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(Refusal::DuplicateUid { uid: twice[0].0 });
    }
    match weights.iter().find(|(uid, _)| usize::from(uid.0) >= neurons) {
        Some(&(uid, _)) => Err(Refusal::NoSuchUid { uid, neurons }),
        None => Ok(()),
    }
}

fn check_shape(weights: &[(Uid, u16)], neurons: usize, rules: &SubnetRules) -> Result<(), Refusal> {
    let least = usize::from(rules.min_weights).min(neurons);
    if weights.len() < least {
        return Err(Refusal::TooFewWeights { found: weights.len(), least });
    }
    let most = rules.max_weight;
    let sum: u64 = weights.iter().map(|&(_, weight)| u64::from(weight)).sum();
    let above = |weight: u16| u64::from(weight) * u64::from(u16::MAX) > u64::from(most) * sum;
    match weights.iter().find(|&&(_, weight)| above(weight)) {
        Some(&(uid, _)) => Err(Refusal::WeightTooLarge { uid, most }),
        None => Ok(()),
    }
}
