//! The ledger's subnets as a chain's storage.

use std::collections::BTreeMap;

use plimsoll_chain::{Chain as _, NeuronRecord};
use plimsoll_core::NetUid;
use sp_crypto_hashing::{blake2_128, twox_64, twox_128};

use super::encode::{axon_value, commitment_value, list};
use super::hidden::epoch_of;
use super::{Node, compact};

const MODULE: &str = "SubtensorModule";

/// What all keys of a map begin with.
pub(crate) fn prefix(pallet: &str, entry: &str) -> Vec<u8> {
    [twox_128(pallet.as_bytes()), twox_128(entry.as_bytes())].concat()
}

fn with(pallet: &str, entry: &str, parts: &[&[u8]]) -> Vec<u8> {
    [prefix(pallet, entry), parts.concat()].concat()
}

/// The key of a map whose last part is hashed with BLAKE2-128 before it.
pub(crate) fn blake2_key(entry: &str, before: &[u8], last: &[u8]) -> Vec<u8> {
    with(MODULE, entry, &[before, &blake2_128(last), last])
}

/// The same with twox-64.
pub(crate) fn twox_key(pallet: &str, entry: &str, before: &[u8], last: &[u8]) -> Vec<u8> {
    with(pallet, entry, &[before, &twox_64(last), last])
}

impl Node {
    /// All that is stored now.
    pub(crate) async fn storage(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let (netuids, commit_reveal, head) = {
            let inner = self.inner();
            (inner.netuids.clone(), inner.commit_reveal, inner.head)
        };
        let mut all = BTreeMap::new();
        let head = head.unwrap_or((self.ledger.head().await.unwrap().block.0, Default::default()));
        all.insert(prefix("System", "Number"), (head.0 as u32).to_le_bytes().to_vec());
        for netuid in netuids {
            self.store_settings(netuid, commit_reveal, &mut all).await;
            self.store_neurons(netuid, &mut all).await;
        }
        all.extend(self.stored_commits());
        all.extend(self.stored_sealed());
        all.extend(self.inner().overlay.clone());
        all
    }

    async fn store_settings(
        &self,
        netuid: NetUid,
        commit_reveal: bool,
        all: &mut BTreeMap<Vec<u8>, Vec<u8>>,
    ) {
        let snapshot = self.ledger.snapshot(netuid).await.unwrap();
        let neurons = &snapshot.neurons;
        let net = netuid.0.to_le_bytes();
        let mut put = |entry: &str, value: Vec<u8>| all.insert(with(MODULE, entry, &[&net]), value);
        put("NetworksAdded", vec![1]);
        put("SubnetworkN", (neurons.len() as u16).to_le_bytes().to_vec());
        put("Tempo", (snapshot.tempo_blocks as u16).to_le_bytes().to_vec());
        put("WeightsSetRateLimit", snapshot.weights_rate_limit_blocks.to_le_bytes().to_vec());
        put("ServingRateLimit", 50u64.to_le_bytes().to_vec());
        put("MinAllowedWeights", 1u16.to_le_bytes().to_vec());
        put("CommitRevealWeightsEnabled", vec![commit_reveal.into()]);
        put("ValidatorPermit", list(neurons, |neuron| vec![neuron.validator_permit.into()]));
        let update = |neuron: &NeuronRecord| self.last_update(neuron.hotkey, netuid, neuron.last_update.0);
        put("LastUpdate", list(neurons, |neuron| update(neuron).to_le_bytes().to_vec()));
        put("Incentive", list(neurons, |neuron| neuron.incentive.unwrap_or(0).to_le_bytes().to_vec()));
        if self.inner().version.counts_epochs {
            let head = self.inner().head.map_or(snapshot.block.0, |(block, _)| block);
            put("SubnetEpochIndex", epoch_of(head, netuid).to_le_bytes().to_vec());
            let into_epoch = (head + u64::from(netuid.0) + 1) % 61;
            put("LastEpochBlock", head.saturating_sub(into_epoch).to_le_bytes().to_vec());
        }
        // MaxWeightsLimit and others are left to what the runtime says they are until they are written.
    }

    async fn store_neurons(&self, netuid: NetUid, all: &mut BTreeMap<Vec<u8>, Vec<u8>>) {
        let net = netuid.0.to_le_bytes();
        for neuron in self.ledger.snapshot(netuid).await.unwrap().neurons {
            let (uid, hotkey) = (neuron.uid.0.to_le_bytes(), neuron.hotkey.0);
            all.insert(with(MODULE, "Keys", &[&net, &uid]), hotkey.to_vec());
            if neuron.axon.is_some() {
                all.insert(blake2_key("Axons", &net, &hotkey), axon_value(neuron.axon));
            }
            all.insert(blake2_key("Owner", &[], &hotkey), neuron.coldkey.0.to_vec());
            let stake = [blake2_key("TotalHotkeyAlpha", &[], &hotkey), net.to_vec()].concat();
            all.insert(stake, neuron.stake_rao.0.to_le_bytes().to_vec());
        }
        for commitment in self.ledger.commitments(netuid).await.unwrap() {
            let key = twox_key("Commitments", "CommitmentOf", &net, &commitment.hotkey.0);
            all.insert(key, commitment_value(commitment.block.0, &commitment.bytes));
        }
        for (uid, row) in self.ledger.weights(netuid).await.unwrap() {
            let value = list(row, |(uid, weight)| [uid.0.to_le_bytes(), weight.to_le_bytes()].concat());
            all.insert(with(MODULE, "Weights", &[&net, &uid.0.to_le_bytes()]), value);
        }
    }

    /// What the last block's transactions led to.
    pub(crate) fn events_of(&self, block: &plimsoll_core::Digest) -> Vec<u8> {
        let inner = self.inner();
        let events = inner.blocks.get(block).map(|block| block.events.clone()).unwrap_or_default();
        [compact(events.len() as u64), events.concat()].concat()
    }
}
