//! What a ledger knows at one block, and how blocks follow one another.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use plimsoll_core::{BlockNumber, Digest, Hotkey, NetUid, StakeRao, Uid};
use serde::{Deserialize, Serialize};

use super::{LedgerGenesis, SubnetRules};
use crate::{ChainCommitment, Head, NeuronRecord, Refusal, Snapshot, WeightRow};

/// The hash of block `height` whose parent has the hash `parent`:
/// BLAKE3 in key-derivation mode, context `plimsoll ledger v1 block`, over seed ‖ height as u64 LE ‖ parent.
#[must_use]
pub fn block_hash(seed: &Digest, height: BlockNumber, parent: &Digest) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key("plimsoll ledger v1 block");
    hasher.update(seed.as_bytes()).update(&height.0.to_le_bytes()).update(parent.as_bytes());
    Digest(*hasher.finalize().as_bytes())
}

/// The hash of block 0, whose parent is all zeros. It names the ledger.
#[must_use]
pub fn genesis_hash(seed: &Digest) -> Digest {
    block_hash(seed, BlockNumber(0), &Digest([0; 32]))
}

/// All there is to know at one block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    pub(super) genesis: LedgerGenesis,
    pub(super) block: BlockNumber,
    pub(super) hash: Digest,
    /// The next nonce of everyone who has used one.
    pub(super) nonces: BTreeMap<Hotkey, u64>,
    /// The members of each subnet; the uid is the place.
    pub(super) subnets: BTreeMap<NetUid, Vec<Member>>,
}

/// A neuron and what it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    pub(super) hotkey: Hotkey,
    pub(super) coldkey: Hotkey,
    pub(super) stake_rao: StakeRao,
    pub(super) validator_permit: bool,
    pub(super) axon: Option<SocketAddr>,
    pub(super) commitment: Option<Committed>,
    pub(super) weights: Option<Weighed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Committed {
    pub(super) block: BlockNumber,
    #[serde(with = "hex")]
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Weighed {
    pub(super) block: BlockNumber,
    pub(super) row: Vec<(Uid, u16)>,
}

impl State {
    /// Block 0.
    pub(super) fn begin(genesis: LedgerGenesis) -> Self {
        let subnets = genesis.subnets.iter().map(|subnet| {
            let members = subnet.neurons.iter().map(|neuron| Member {
                hotkey: neuron.hotkey,
                coldkey: neuron.coldkey,
                stake_rao: neuron.stake_rao,
                validator_permit: neuron.validator_permit,
                axon: neuron.axon,
                commitment: None,
                weights: None,
            });
            (subnet.netuid, members.collect())
        });
        Self {
            block: BlockNumber(0),
            hash: genesis_hash(&genesis.seed),
            nonces: BTreeMap::new(),
            subnets: subnets.collect(),
            genesis,
        }
    }

    /// One block more.
    pub(super) fn next_block(&mut self) {
        self.block = BlockNumber(self.block.0 + 1);
        self.hash = block_hash(&self.genesis.seed, self.block, &self.hash);
    }

    pub(super) const fn head(&self) -> Head {
        Head { block: self.block, hash: self.hash }
    }

    pub(super) fn nonce(&self, of: &Hotkey) -> u64 {
        self.nonces.get(of).copied().unwrap_or(0)
    }

    /// Whether the ledger has to do with `hotkey`, so that its nonce is worth remembering.
    pub(super) fn knows(&self, hotkey: &Hotkey) -> bool {
        self.genesis.sudo == Some(*hotkey)
            || self.subnets.values().flatten().any(|member| member.hotkey == *hotkey)
    }

    pub(super) fn rules(&self, netuid: NetUid) -> Result<&SubnetRules, Refusal> {
        let subnet = self.genesis.subnets.iter().find(|subnet| subnet.netuid == netuid);
        subnet.map(|subnet| &subnet.rules).ok_or(Refusal::NoSubnet { netuid })
    }

    pub(super) fn members(&self, netuid: NetUid) -> Result<&Vec<Member>, Refusal> {
        self.subnets.get(&netuid).ok_or(Refusal::NoSubnet { netuid })
    }

    pub(super) fn snapshot(&self, netuid: NetUid) -> Result<Snapshot, Refusal> {
        let rules = self.rules(netuid)?;
        let record = |(uid, member): (Uid, &Member)| NeuronRecord {
            uid,
            hotkey: member.hotkey,
            coldkey: member.coldkey,
            stake_rao: member.stake_rao,
            validator_permit: member.validator_permit,
            axon: member.axon,
            last_update: member.weights.as_ref().map_or(BlockNumber(0), |weighed| weighed.block),
        };
        Ok(Snapshot {
            netuid,
            block: self.block,
            beacon: self.hash,
            tempo_blocks: rules.tempo_blocks,
            weights_rate_limit_blocks: rules.weights_rate_limit_blocks,
            block_ms: self.genesis.block_ms,
            neurons: by_uid(self.members(netuid)?).map(record).collect(),
        })
    }

    pub(super) fn commitments(&self, netuid: NetUid) -> Result<Vec<ChainCommitment>, Refusal> {
        let all = self.members(netuid)?.iter().filter_map(|member| {
            let Committed { block, bytes } = member.commitment.clone()?;
            Some(ChainCommitment { hotkey: member.hotkey, block, bytes })
        });
        Ok(all.collect())
    }

    pub(super) fn weights(&self, netuid: NetUid) -> Result<Vec<WeightRow>, Refusal> {
        let all = by_uid(self.members(netuid)?)
            .filter_map(|(uid, member)| Some((uid, member.weights.as_ref()?.row.clone())));
        Ok(all.collect())
    }
}

fn by_uid(members: &[Member]) -> impl Iterator<Item = (Uid, &Member)> {
    (0..=u16::MAX).map(Uid).zip(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beacon_of_a_seed_is_fixed_for_good() {
        let seed = Digest::of(b"plimsoll localnet");
        let genesis = genesis_hash(&seed);
        let first = block_hash(&seed, BlockNumber(1), &genesis);
        assert_eq!(genesis.to_string(), "d63b8675124840054c0f8d77ad9e0a9b166229624cadf1397f237764b456272d");
        assert_eq!(first.to_string(), "2779c49e2cf5230e724f9089fcc36604e590398bbb4273775377d08835197c06");
    }

    #[test]
    fn seed_height_and_parent_each_change_the_hash() {
        let base = block_hash(&Digest([1; 32]), BlockNumber(1), &Digest([2; 32]));
        assert_ne!(base, block_hash(&Digest([9; 32]), BlockNumber(1), &Digest([2; 32])));
        assert_ne!(base, block_hash(&Digest([1; 32]), BlockNumber(2), &Digest([2; 32])));
        assert_ne!(base, block_hash(&Digest([1; 32]), BlockNumber(1), &Digest([9; 32])));
    }
}
