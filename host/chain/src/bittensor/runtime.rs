//! What the chain's runtime looks like at one spec version: where things are, how calls are written and signed.
//!
//! All of it comes from the runtime's own metadata, so an upgrade is survived by reading that again.

use plimsoll_core::{Digest, Hotkey, Keypair};
use subxt::client::{OfflineClient, OfflineClientAtBlock};
use subxt::config::substrate::{SpecVersionForRange, SubstrateConfig, SubstrateExtrinsicParamsBuilder};
use subxt::ext::scale_value::{Composite, Value};
use subxt::metadata::Metadata;
use subxt::utils::{AccountId32, H256, MultiSignature};

use super::scale::{Cursor, Garbled};

/// A signed transaction may be taken for this many blocks from the finalized one that it names.
pub(super) const ERA_BLOCKS: u64 = 32;

/// The pallet that keeps subnets.
pub(super) const SUBTENSOR: &str = "SubtensorModule";
/// The API by which a subnet is read in one call.
const METAGRAPH_API: (&str, &str) = ("SubnetInfoRuntimeApi", "get_selective_metagraph");
/// The API by which all subnets are listed in one call.
const SUBNETS_API: (&str, &str) = ("SubnetInfoRuntimeApi", "get_all_dynamic_info");

/// One version of the runtime.
pub(crate) struct Runtime {
    /// Its spec version.
    pub(crate) spec_version: u32,
    at: OfflineClientAtBlock<SubstrateConfig>,
}

/// A call, written by the names and the order of the runtime.
#[derive(Debug, Clone)]
pub(crate) struct ChainCall {
    pub(crate) pallet: &'static str,
    pub(crate) name: &'static str,
    pub(crate) arguments: Vec<Value>,
}

/// What a signature binds a call to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) nonce: u64,
    /// A finalized block from which on the transaction is good.
    pub(crate) block: u64,
    pub(crate) hash: Digest,
}

impl Runtime {
    /// From the bytes of metadata, any version from 14 on.
    pub(crate) fn new(
        spec_version: u32,
        transaction_version: u32,
        genesis: &Digest,
        metadata: &[u8],
    ) -> Result<Self, Garbled> {
        let metadata = Metadata::decode_from(metadata)
            .map_err(|error| Garbled(format!("the metadata of spec {spec_version}: {error}")))?;
        let all = SpecVersionForRange { block_range: 0..u64::MAX, spec_version, transaction_version };
        let config = SubstrateConfig::builder()
            .set_genesis_hash(H256(genesis.0))
            .set_spec_version_for_block_ranges([all])
            .set_metadata_for_spec_versions([(spec_version, metadata.arc())])
            .build();
        let at = OfflineClient::new_with_config(config).at_block(0u64);
        Ok(Self { spec_version, at: at.map_err(|error| Garbled::new(error.to_string()))? })
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        self.at.metadata_ref()
    }

    /// The type of a metagraph, where the runtime can be asked for one.
    pub(crate) fn metagraph_type(&self) -> Option<u32> {
        self.output_of(METAGRAPH_API)
    }

    /// The type of the list of subnets, where the runtime can be asked for one.
    pub(crate) fn subnets_type(&self) -> Option<u32> {
        self.output_of(SUBNETS_API)
    }

    fn output_of(&self, (api, method): (&str, &str)) -> Option<u32> {
        let api = self.metadata().runtime_api_trait_by_name(api)?;
        Some(api.method_by_name(method)?.output_ty())
    }

    /// Whether there is such a storage entry.
    pub(crate) fn has_storage(&self, pallet: &str, entry: &str) -> bool {
        let pallet = self.metadata().pallet_by_name(pallet);
        pallet.and_then(|pallet| pallet.storage()?.entry_by_name(entry)).is_some()
    }

    /// Whether there is such a call.
    pub(crate) fn has_call(&self, pallet: &str, call: &str) -> bool {
        let pallet = self.metadata().pallet_by_name(pallet);
        pallet.and_then(|pallet| pallet.call_variant_by_name(call)).is_some()
    }

    /// The full key of a storage value.
    pub(crate) fn key(&self, pallet: &str, entry: &str, parts: Vec<Value>) -> Result<Vec<u8>, Garbled> {
        let missing = |error: &dyn std::fmt::Display| self.missing(&format!("{pallet}.{entry}"), error);
        let storage = self.at.storage();
        let address = subxt::dynamic::storage::<Vec<Value>, Value>(pallet, entry);
        let entry = storage.entry(address).map_err(|error| missing(&error))?;
        entry.fetch_key(parts).map_err(|error| missing(&error))
    }

    /// What all keys of a map begin with.
    pub(crate) fn prefix(&self, pallet: &str, entry: &str, parts: Vec<Value>) -> Result<Vec<u8>, Garbled> {
        let missing = |error: &dyn std::fmt::Display| self.missing(&format!("{pallet}.{entry}"), error);
        let storage = self.at.storage();
        let address = subxt::dynamic::storage::<Vec<Value>, Value>(pallet, entry);
        let entry = storage.entry(address).map_err(|error| missing(&error))?;
        entry.iter_key(parts).map_err(|error| missing(&error))
    }

    /// What the runtime says of a storage value that was never written.
    pub(crate) fn default_of(&self, pallet: &str, entry: &str) -> Option<&[u8]> {
        self.metadata().pallet_by_name(pallet)?.storage()?.entry_by_name(entry)?.default_value()
    }

    /// Milliseconds from block to block.
    pub(crate) fn block_ms(&self) -> u64 {
        let constant = |pallet: &str, name: &str| {
            let pallet = self.metadata().pallet_by_name(pallet)?;
            Cursor::new(pallet.constant_by_name(name)?.value()).u64().ok()
        };
        let slot = constant("Aura", "SlotDuration").filter(|&ms| ms > 0);
        let twice = || Some(constant("Timestamp", "MinimumPeriod")?.saturating_mul(2)).filter(|&ms| ms > 0);
        slot.or_else(twice).unwrap_or(12_000)
    }

    /// The bytes of a call.
    #[cfg(test)]
    pub(crate) fn call_data(&self, call: &ChainCall) -> Result<Vec<u8>, Garbled> {
        let payload = payload(call);
        let data = self.at.tx().call_data(&payload);
        data.map_err(|error| self.missing(&format!("{}.{}", call.pallet, call.name), &error))
    }

    /// A whole transaction, signed by `key`.
    pub(crate) fn signed(&self, call: &ChainCall, key: &Keypair, turn: &Turn) -> Result<Vec<u8>, Garbled> {
        let missing =
            |error: &dyn std::fmt::Display| self.missing(&format!("{}.{}", call.pallet, call.name), error);
        let params = SubstrateExtrinsicParamsBuilder::<SubstrateConfig>::new()
            .mortal_from_unchecked(ERA_BLOCKS, turn.block, H256(turn.hash.0))
            .nonce(turn.nonce)
            .build();
        let payload = payload(call);
        let mut signable =
            self.at.tx().create_signable_offline(&payload, params).map_err(|error| missing(&error))?;
        let signed = signable.sign(&Signer(key)).map_err(|error| missing(&error))?;
        Ok(signed.into_encoded())
    }

    /// The events of a block, to be read with this runtime's types.
    pub(crate) fn events(&self, bytes: Vec<u8>) -> subxt::events::Events<SubstrateConfig> {
        self.at.events().from_bytes(bytes)
    }

    fn missing(&self, what: &str, why: &dyn std::fmt::Display) -> Garbled {
        Garbled(format!("runtime {} has no {what} of the form that is known here: {why}", self.spec_version))
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Runtime({})", self.spec_version)
    }
}

fn payload(call: &ChainCall) -> subxt::tx::DynamicPayload<Composite<()>> {
    subxt::dynamic::tx(call.pallet, call.name, Composite::unnamed(call.arguments.clone()))
}

/// A key of ours signs for subxt.
struct Signer<'a>(&'a Keypair);

impl subxt::tx::Signer<SubstrateConfig> for Signer<'_> {
    fn account_id(&self) -> AccountId32 {
        AccountId32(self.0.hotkey().0)
    }

    fn sign(&self, payload: &[u8]) -> MultiSignature {
        MultiSignature::Sr25519(self.0.sign(payload).0)
    }
}

/// An account as an argument.
pub(crate) fn account(hotkey: &Hotkey) -> Value {
    Value::from_bytes(hotkey.0)
}

/// A number as an argument.
pub(crate) fn number(value: impl Into<u128>) -> Value {
    Value::u128(value.into())
}
