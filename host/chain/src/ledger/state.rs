//! What a ledger knows at one block, and how blocks follow one another.

use std::collections::BTreeMap;

use plimsoll_core::{BlockNumber, Digest, Hotkey, NetUid, StakeRao, Uid};
use serde::{Deserialize, Serialize};

use super::LedgerGenesis;
use crate::subnet::{Committed, Member, StoredSubnet, Subnet};
use crate::{ChainCommitment, Head, NeuronRecord, Refusal, Snapshot, SubnetSummary, WeightRow};

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
#[serde(try_from = "Stored")]
pub(super) struct State {
    pub(super) genesis: LedgerGenesis,
    pub(super) block: BlockNumber,
    pub(super) hash: Digest,
    /// The next nonce of everyone who has used one.
    pub(super) nonces: BTreeMap<Hotkey, u64>,
    pub(super) subnets: BTreeMap<NetUid, Subnet>,
    /// What coldkeys have left.
    pub(super) balances: BTreeMap<Hotkey, StakeRao>,
}

/// The same in a file, where a subnet is without what the genesis says of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    genesis: LedgerGenesis,
    block: BlockNumber,
    hash: Digest,
    nonces: BTreeMap<Hotkey, u64>,
    subnets: BTreeMap<NetUid, StoredSubnet>,
    #[serde(default)]
    balances: BTreeMap<Hotkey, StakeRao>,
}

impl TryFrom<Stored> for State {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        let Stored { genesis, block, hash, nonces, subnets, balances } = stored;
        let whole = |(netuid, subnet): (NetUid, StoredSubnet)| {
            let of_genesis = genesis.subnets.iter().find(|subnet| subnet.netuid == netuid);
            let of_genesis = of_genesis.ok_or(format!("its genesis has no subnet {netuid}"))?;
            Ok((netuid, subnet.at(block, of_genesis)))
        };
        let subnets = subnets.into_iter().map(whole).collect::<Result<_, String>>()?;
        Ok(Self { genesis, block, hash, nonces, subnets, balances })
    }
}

impl State {
    /// Block 0.
    pub(super) fn begin(genesis: LedgerGenesis) -> Self {
        let subnets = genesis.subnets.iter().map(|subnet| (subnet.netuid, Subnet::begin(subnet)));
        Self {
            block: BlockNumber(0),
            hash: genesis_hash(&genesis.seed),
            nonces: BTreeMap::new(),
            subnets: subnets.collect(),
            balances: genesis.balances.clone(),
            genesis,
        }
    }

    /// One block more.
    pub(super) fn next_block(&mut self) {
        self.block = BlockNumber(self.block.0 + 1);
        self.hash = block_hash(&self.genesis.seed, self.block, &self.hash);
        for subnet in self.subnets.values_mut() {
            subnet.advance(1);
        }
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
            || self.subnets.values().any(|subnet| subnet.uid_of(hotkey).is_some())
    }

    pub(super) fn subnet(&self, netuid: NetUid) -> Result<&Subnet, Refusal> {
        self.subnets.get(&netuid).ok_or(Refusal::NoSubnet { netuid })
    }

    pub(super) fn summaries(&self) -> Vec<SubnetSummary> {
        let summary = |(netuid, subnet): (&NetUid, &Subnet)| SubnetSummary {
            netuid: *netuid,
            name: String::new(),
            tempo_blocks: subnet.rules().tempo_blocks,
            neurons: u16::try_from(subnet.members().len()).unwrap_or(u16::MAX),
        };
        self.subnets.iter().map(summary).collect()
    }

    pub(super) fn snapshot(&self, netuid: NetUid) -> Result<Snapshot, Refusal> {
        let subnet = self.subnet(netuid)?;
        let record = |(uid, member): (Uid, &Member)| NeuronRecord {
            uid,
            hotkey: member.hotkey,
            coldkey: member.coldkey,
            stake_rao: member.stake_rao,
            validator_permit: member.validator_permit,
            axon: member.axon,
            last_update: member.weights_block(),
            incentive: Some(member.last_epoch.incentive),
        };
        Ok(Snapshot {
            netuid,
            block: self.block,
            beacon: self.hash,
            tempo_blocks: subnet.rules().tempo_blocks,
            weights_rate_limit_blocks: subnet.rules().weights_rate_limit_blocks,
            block_ms: self.genesis.block_ms,
            neurons: subnet.by_uid().map(record).collect(),
            name: String::new(),
            commit_reveal: None,
        })
    }

    pub(super) fn commitments(&self, netuid: NetUid) -> Result<Vec<ChainCommitment>, Refusal> {
        let all = self.subnet(netuid)?.members().iter().filter_map(|member| {
            let Committed { block, bytes } = member.commitment.clone()?;
            Some(ChainCommitment { hotkey: member.hotkey, block, bytes })
        });
        Ok(all.collect())
    }

    pub(super) fn weights(&self, netuid: NetUid) -> Result<Vec<WeightRow>, Refusal> {
        let row = |(uid, member): (Uid, &Member)| Some((uid, member.weights.as_ref()?.row.clone()));
        Ok(self.subnet(netuid)?.by_uid().filter_map(row).collect())
    }
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
