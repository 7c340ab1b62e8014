//! What each call does, and when it is refused. A refused call changes nothing.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use plimsoll_core::{Hotkey, NetUid, Uid};

use super::state::{Committed, Member, State, Weighed};
use super::{Call, MAX_BLOCKS_AT_ONCE, Receipt, SubnetRules};
use crate::{MAX_COMMITMENT_BYTES, Refusal, normalise_weights};

impl State {
    /// Does `call` as `signer`, or refuses it.
    pub(super) fn apply(&mut self, signer: &Hotkey, call: &Call) -> Result<Receipt, Refusal> {
        let mut uid = None;
        match call {
            Call::Register { netuid, coldkey } => uid = Some(self.register(signer, *netuid, *coldkey)?),
            Call::ServeAxon { netuid, at } => {
                let at = reachable(*at)?;
                self.member(*netuid, signer)?.axon = Some(at);
            }
            Call::Commit { netuid, bytes } => {
                if bytes.len() > MAX_COMMITMENT_BYTES {
                    return Err(Refusal::CommitmentTooLong {
                        found: bytes.len(),
                        most: MAX_COMMITMENT_BYTES,
                    });
                }
                let block = self.block;
                self.member(*netuid, signer)?.commitment = Some(Committed { block, bytes: bytes.clone() });
            }
            Call::SetWeights { netuid, weights } => self.set_weights(signer, *netuid, weights)?,
            Call::SetStake { netuid, hotkey, stake_rao, validator_permit } => {
                self.only_sudo(signer)?;
                let member = self.member(*netuid, hotkey)?;
                (member.stake_rao, member.validator_permit) = (*stake_rao, *validator_permit);
            }
            Call::Advance { blocks } => {
                self.only_sudo(signer)?;
                if *blocks > MAX_BLOCKS_AT_ONCE {
                    return Err(Refusal::TooManyBlocks { found: *blocks, most: MAX_BLOCKS_AT_ONCE });
                }
                (0..*blocks).for_each(|_| self.next_block());
            }
        }
        Ok(Receipt { block: self.block, uid })
    }

    fn only_sudo(&self, signer: &Hotkey) -> Result<(), Refusal> {
        if self.genesis.sudo == Some(*signer) { Ok(()) } else { Err(Refusal::NotSudo { signer: *signer }) }
    }

    fn member(&mut self, netuid: NetUid, hotkey: &Hotkey) -> Result<&mut Member, Refusal> {
        let members = self.subnets.get_mut(&netuid).ok_or(Refusal::NoSubnet { netuid })?;
        let member = members.iter_mut().find(|member| member.hotkey == *hotkey);
        member.ok_or(Refusal::NotRegistered { netuid, hotkey: *hotkey })
    }

    fn register(&mut self, hotkey: &Hotkey, netuid: NetUid, coldkey: Hotkey) -> Result<Uid, Refusal> {
        let most = self.rules(netuid)?.max_neurons;
        let members = self.subnets.get_mut(&netuid).ok_or(Refusal::NoSubnet { netuid })?;
        if let Some(uid) = uid_of(members, hotkey) {
            return Err(Refusal::AlreadyRegistered { netuid, hotkey: *hotkey, uid });
        }
        let free = u16::try_from(members.len()).ok().filter(|&uid| uid < most);
        let uid = Uid(free.ok_or(Refusal::SubnetFull { netuid, most })?);
        members.push(Member {
            hotkey: *hotkey,
            coldkey,
            stake_rao: 0.into(),
            validator_permit: false,
            axon: None,
            commitment: None,
            weights: None,
        });
        Ok(uid)
    }

    /// The checks of Bittensor's `set_weights`, in its order.
    fn set_weights(
        &mut self,
        signer: &Hotkey,
        netuid: NetUid,
        weights: &[(Uid, u16)],
    ) -> Result<(), Refusal> {
        let block = self.block;
        let rules = *self.rules(netuid)?;
        let members = self.subnets.get_mut(&netuid).ok_or(Refusal::NoSubnet { netuid })?;
        let neurons = members.len();
        if weights.len() > neurons {
            return Err(Refusal::TooManyWeights { found: weights.len(), neurons });
        }
        let not_registered = Refusal::NotRegistered { netuid, hotkey: *signer };
        let uid = uid_of(members, signer).ok_or(not_registered)?;
        let me = &mut members[usize::from(uid.0)];
        if me.stake_rao < rules.weights_min_stake_rao {
            return Err(Refusal::StakeTooLow {
                found_rao: me.stake_rao.0,
                least_rao: rules.weights_min_stake_rao.0,
            });
        }
        if let Some(last) = &me.weights {
            let passed = block.0 - last.block.0;
            if passed < rules.weights_rate_limit_blocks {
                return Err(Refusal::RateLimited { wait_blocks: rules.weights_rate_limit_blocks - passed });
            }
        }
        let own_only = matches!(weights, [(only, _)] if *only == uid);
        if !me.validator_permit && !own_only {
            return Err(Refusal::NoPermit { uid });
        }
        check_uids(weights, neurons)?;
        if !own_only {
            check_shape(weights, neurons, &rules)?;
        }
        let values: Vec<_> = weights.iter().map(|&(uid, weight)| (uid, u64::from(weight))).collect();
        me.weights = Some(Weighed { block, row: normalise_weights(&values) });
        Ok(())
    }
}

fn uid_of(members: &[Member], hotkey: &Hotkey) -> Option<Uid> {
    let at = members.iter().position(|member| member.hotkey == *hotkey)?;
    u16::try_from(at).ok().map(Uid)
}

/// An address as the ledger keeps it: without the parts of IPv6 that are not signed.
fn reachable(at: SocketAddr) -> Result<SocketAddr, Refusal> {
    let ip = at.ip();
    let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    if at.port() == 0 || ip.is_unspecified() || ip.is_multicast() || broadcast {
        return Err(Refusal::AxonAddress { at });
    }
    Ok(SocketAddr::new(ip, at.port()))
}

fn check_uids(weights: &[(Uid, u16)], neurons: usize) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    if let Some(&(uid, _)) = weights.iter().find(|(uid, _)| !seen.insert(*uid)) {
        return Err(Refusal::DuplicateUid { uid });
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
