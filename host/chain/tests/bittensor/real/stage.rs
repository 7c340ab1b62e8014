//! A chain with the real runtime, and what the client does not do: coins, registration, raw transactions, events.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use plimsoll_chain::{Bittensor, BittensorOptions};
use plimsoll_core::{Digest, Hotkey, Keypair, NetUid};
use serde_json::{Value as Json, json};
use sp_crypto_hashing::blake2_128;
use subxt::client::{OfflineClient, OfflineClientAtBlock};
use subxt::config::substrate::{SpecVersionForRange, SubstrateConfig, SubstrateExtrinsicParamsBuilder};
use subxt::ext::scale_value::{Composite, Value};
use subxt::metadata::{ArcMetadata, Metadata};
use subxt::utils::{AccountId32, H256, MultiSignature};
use subxt_rpcs::RpcClient;
use subxt_rpcs::client::{RpcParams, rpc_params};

use crate::node::prefix;
use crate::support::key;

const COLDKEY: u8 = 77;
/// As many coins as anything here costs, in rao.
const COINS: u64 = 1 << 50;
const MODULE: &str = "SubtensorModule";

/// A node of the runtime that the environment names; it ends with this.
pub(super) struct Stage {
    node: Child,
    url: String,
    rpc: RpcClient,
    metadata: ArcMetadata,
    genesis: [u8; 32],
    spec_version: u32,
    transaction_version: u32,
    pub(super) netuid: NetUid,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

fn variable(name: &str) -> Option<PathBuf> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty());
    if value.is_none() {
        println!("skipped: {name} is not set, and no runtime comes with this program");
    }
    value.map(PathBuf::from)
}

/// The node, built once. It lies in a workspace of its own, whose crates take minutes to compile the first time.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runtime");
        let target = std::env::var_os("PLIMSOLL_RUNTIME_NODE_TARGET").map(PathBuf::from);
        let target = target.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("runtime-node"));
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--locked", "--quiet", "--manifest-path"]).arg(folder.join("Cargo.toml"));
        let done = build.arg("--target-dir").arg(&target).status().unwrap();
        assert!(done.success(), "the node around the runtime does not build");
        target.join("debug/plimsoll-runtime-node")
    })
}

fn of_subnet(entry: &str, netuid: NetUid) -> Vec<u8> {
    [prefix(MODULE, entry), netuid.0.to_le_bytes().to_vec()].concat()
}

fn hex0x(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn decoded(value: &Json) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().trim_start_matches("0x")).unwrap()
}

/// An account with coins: nonce, three counts of references, free, reserved and frozen coins, flags.
fn funded(account: &Hotkey) -> (Vec<u8>, Vec<u8>) {
    let key = [prefix("System", "Account"), blake2_128(&account.0).to_vec(), account.0.to_vec()].concat();
    let counts = [0u32, 0, 1, 0].map(u32::to_le_bytes).concat();
    let coins = [COINS, 0, 0].map(u64::to_le_bytes).concat();
    (key, [counts, coins, (1u128 << 127).to_le_bytes().to_vec()].concat())
}

async fn ask(rpc: &RpcClient, method: &str, params: RpcParams) -> Result<Json, String> {
    rpc.request(method, params).await.map_err(|error| match error {
        subxt_rpcs::Error::User(error) => {
            let details = error.data.and_then(|data| serde_json::from_str::<String>(data.get()).ok());
            details.unwrap_or(error.message)
        }
        other => other.to_string(),
    })
}

impl Stage {
    /// The chain, with a subnet that takes registrations; none where no runtime is named.
    pub(super) async fn from_the_environment() -> Option<Self> {
        let (wasm, genesis) = (variable("PLIMSOLL_SUBTENSOR_WASM"), variable("PLIMSOLL_SUBTENSOR_GENESIS"));
        let mut start = Command::new(program_if(wasm.is_some() && genesis.is_some())?);
        start.arg(wasm?).arg(genesis?).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut node = start.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(node.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim().to_owned();
        assert!(url.starts_with("ws://"), "the node has not begun; what it said stands above");
        let rpc = RpcClient::from_insecure_url(&url).await.unwrap();
        let genesis = ask(&rpc, "chain_getBlockHash", rpc_params![0]).await.unwrap();
        let genesis: [u8; 32] = decoded(&genesis).try_into().unwrap();
        let version = ask(&rpc, "state_getRuntimeVersion", rpc_params![]).await.unwrap();
        let number = |name: &str| u32::try_from(version[name].as_u64().unwrap()).unwrap();
        let (spec_version, transaction_version) = (number("specVersion"), number("transactionVersion"));
        let metadata = metadata(&rpc, &genesis).await;
        let netuid = NetUid(0);
        let mut stage = Self { node, url, rpc, metadata, genesis, spec_version, transaction_version, netuid };
        stage.patch([COLDKEY, 1, 2, 9].map(|byte| funded(&key(byte).hotkey()))).await;
        // The first block does what an upgrade of the runtime has to do.
        ask(&stage.rpc, "dev_newBlock", rpc_params![]).await.unwrap();
        stage.netuid = stage.fresh_subnet().await;
        stage.open_subnet().await;
        Some(stage)
    }

    /// A subnet of the coldkey's; whatever the genesis has may be gone with the first block.
    async fn fresh_subnet(&self) -> NetUid {
        self.patch([(prefix(MODULE, "NetworkRateLimit"), vec![0; 8])]).await;
        let pallet = self.metadata.pallet_by_name(MODULE).unwrap();
        let call = pallet.call_variant_by_name("register_network").unwrap();
        // Newer runtimes ask for the hotkey that owns it.
        let owner = call.fields.iter().map(|_| Value::from_bytes(key(COLDKEY).hotkey().0)).collect();
        let outcome = self.dispatch(&key(COLDKEY), MODULE, "register_network", owner).await.unwrap();
        assert!(outcome.contains(&format!("{MODULE}.NetworkAdded")), "{outcome:?}");
        newest_subnet(&self.rpc, &self.newest().await).await
    }

    /// Lets everybody register, serve and weigh without a pause.
    async fn open_subnet(&self) {
        let settings: [(&str, &[u8]); 8] = [
            ("NetworkRegistrationAllowed", &[1]),
            ("MinAllowedWeights", &[1, 0]),
            ("MaxWeightsLimit", &[255, 255]),
            ("ServingRateLimit", &[0; 8]),
            ("WeightsVersionKey", &[0; 8]),
            // A registration counts as an update.
            ("WeightsSetRateLimit", &[0; 8]),
            ("TargetRegistrationsPerInterval", &[9, 0]),
            ("MaxRegistrationsPerBlock", &[9, 0]),
        ];
        self.patch(settings.map(|(entry, value)| (of_subnet(entry, self.netuid), value.to_vec()))).await;
    }

    async fn patch(&self, values: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) {
        let all: Vec<_> =
            values.into_iter().map(|(key, value)| json!([hex0x(&key), hex0x(&value)])).collect();
        ask(&self.rpc, "dev_setStorage", rpc_params![all]).await.unwrap();
    }

    fn options(&self) -> BittensorOptions {
        BittensorOptions { follow: false, ..BittensorOptions::of(self.url.parse().unwrap()) }
    }

    pub(super) fn client(&self) -> Bittensor {
        Bittensor::new(self.options())
    }

    pub(super) fn client_of_another_chain(&self) -> Bittensor {
        Bittensor::new(BittensorOptions { genesis: Some(Digest([9; 32])), ..self.options() })
    }

    pub(super) fn coldkey(&self) -> Hotkey {
        key(COLDKEY).hotkey()
    }

    /// Takes a place on the subnet for a key, paid by the coldkey.
    pub(super) async fn register(&self, byte: u8) {
        let arguments = vec![Value::u128(self.netuid.0.into()), Value::from_bytes(key(byte).hotkey().0)];
        let outcome = self.dispatch(&key(COLDKEY), MODULE, "burned_register", arguments).await.unwrap();
        assert!(outcome.contains(&format!("{MODULE}.NeuronRegistered")), "{outcome:?}");
    }

    /// Does a call in a block of its own: its events, or what the queue says.
    pub(super) async fn dispatch(
        &self,
        key: &Keypair,
        pallet: &str,
        call: &str,
        arguments: Vec<Value>,
    ) -> Result<Vec<String>, String> {
        self.hand_in(&self.signed(key, pallet, call, arguments).await).await?;
        Ok(self.all_events().await)
    }

    /// A transaction that changes nothing.
    pub(super) async fn remark(&self, key: &Keypair) -> Vec<u8> {
        self.signed(key, "System", "remark", vec![Value::from_bytes(b"hi")]).await
    }

    async fn signed(&self, key: &Keypair, pallet: &str, call: &str, arguments: Vec<Value>) -> Vec<u8> {
        let nonce = ask(&self.rpc, "system_accountNextIndex", rpc_params![key.hotkey().to_ss58()]).await;
        let hash = self.newest().await;
        let header = ask(&self.rpc, "chain_getHeader", rpc_params![&hash]).await.unwrap();
        let number = u64::from_str_radix(&header["number"].as_str().unwrap()[2..], 16).unwrap();
        let hash: [u8; 32] = decoded(&hash).try_into().unwrap();
        let params = SubstrateExtrinsicParamsBuilder::<SubstrateConfig>::new()
            .mortal_from_unchecked(32, number, H256(hash))
            .nonce(nonce.unwrap().as_u64().unwrap())
            .build();
        let payload = subxt::dynamic::tx(pallet, call, Composite::unnamed(arguments));
        let at = self.offline();
        let mut signable = at.tx().create_signable_offline(&payload, params).unwrap();
        signable.sign(&Signer(key)).unwrap().into_encoded()
    }

    fn offline(&self) -> OfflineClientAtBlock<SubstrateConfig> {
        let (spec_version, transaction_version) = (self.spec_version, self.transaction_version);
        let all = SpecVersionForRange { block_range: 0..u64::MAX, spec_version, transaction_version };
        let config = SubstrateConfig::builder()
            .set_genesis_hash(H256(self.genesis))
            .set_spec_version_for_block_ranges([all])
            .set_metadata_for_spec_versions([(spec_version, self.metadata.clone())])
            .build();
        OfflineClient::new_with_config(config).at_block(0u64).unwrap()
    }

    /// Hands a transaction in as it is; what the node's queue says otherwise.
    pub(super) async fn hand_in(&self, bytes: &[u8]) -> Result<(), String> {
        ask(&self.rpc, "author_submitExtrinsic", rpc_params![hex0x(bytes)]).await.map(drop)
    }

    /// Gives neurons their permits, and asks no stake of them.
    pub(super) async fn may_set_weights(&self, permits: &[bool]) {
        let count = vec![u8::try_from(permits.len() << 2).unwrap()];
        let permits = permits.iter().map(|&permit| u8::from(permit)).collect();
        self.patch([
            (of_subnet("ValidatorPermit", self.netuid), [count, permits].concat()),
            (prefix(MODULE, "WeightsMinStake"), vec![0; 8]),
            (prefix(MODULE, "StakeThreshold"), vec![0; 8]),
        ])
        .await;
    }

    /// Wants so many blocks between two times that weights are set.
    pub(super) async fn limit_weights(&self, blocks: u64) {
        self.patch([(of_subnet("WeightsSetRateLimit", self.netuid), blocks.to_le_bytes().to_vec())]).await;
    }

    async fn newest(&self) -> Json {
        ask(&self.rpc, "chain_getFinalizedHead", rpc_params![]).await.unwrap()
    }

    /// The events of the newest block's last transaction.
    async fn all_events(&self) -> Vec<String> {
        let hash = self.newest().await;
        let block = ask(&self.rpc, "chain_getBlock", rpc_params![&hash]).await.unwrap();
        let last = block["block"]["extrinsics"].as_array().unwrap().len() - 1;
        let key = hex0x(&prefix("System", "Events"));
        let sets = ask(&self.rpc, "state_queryStorageAt", rpc_params![[key], &hash]).await.unwrap();
        let at = self.offline();
        let events = at.events().from_bytes(decoded(&sets[0]["changes"][0][1]));
        let mine = subxt::events::Phase::ApplyExtrinsic(u32::try_from(last).unwrap());
        let all = events.iter().map(|event| event.unwrap());
        let mine = all.filter(|event| event.phase() == mine);
        let named = |event: subxt::events::Event<'_, SubstrateConfig>| {
            let name = format!("{}.{}", event.pallet_name(), event.event_name());
            // A module's error stands first: 3, its pallet, its number.
            match (name.as_str(), event.field_bytes()) {
                ("System.ExtrinsicFailed", [3, pallet, error, ..]) => {
                    let pallet = self.metadata.pallet_by_error_index(*pallet).unwrap();
                    format!("{name}: {}", pallet.error_variant_by_index(*error).unwrap().name)
                }
                _ => name,
            }
        };
        mine.map(named).collect()
    }

    /// Those that tell what was done, not that it was, nor what it cost.
    pub(super) async fn events(&self) -> Vec<String> {
        let mut all = self.all_events().await;
        assert_eq!(all.pop().as_deref(), Some("System.ExtrinsicSuccess"), "{all:?}");
        let paid = ["Balances.", "TransactionPayment.", "System."];
        all.retain(|event| !paid.iter().any(|pallet| event.starts_with(pallet)));
        all
    }
}

fn program_if(named: bool) -> Option<&'static Path> {
    named.then(program)
}

async fn newest_subnet(rpc: &RpcClient, at: &Json) -> NetUid {
    let added = prefix(MODULE, "NetworksAdded");
    let keys = ask(rpc, "state_getKeysPaged", rpc_params![hex0x(&added), 100, Json::Null, at]).await;
    let keys: Vec<_> = keys.unwrap().as_array().unwrap().iter().map(decoded).collect();
    NetUid(keys.iter().map(|key| u16::from_le_bytes([key[32], key[33]])).max().unwrap())
}

/// Version 15 of the metadata, or 14 where the runtime has no other.
async fn metadata(rpc: &RpcClient, at: &[u8]) -> ArcMetadata {
    let call = async |method: &str, argument: &[u8]| {
        ask(rpc, "state_call", rpc_params![method, hex0x(argument), hex0x(at)])
            .await
            .map(|answer| decoded(&answer))
    };
    let newest = call("Metadata_metadata_at_version", &15u32.to_le_bytes()).await.ok();
    let newest = newest.filter(|bytes| bytes.first() == Some(&1)).map(|bytes| bytes[1..].to_vec());
    let bytes = match newest {
        Some(bytes) => bytes,
        None => call("Metadata_metadata", &[]).await.unwrap(),
    };
    // A length of four bytes comes first.
    Metadata::decode_from(&bytes[4..]).unwrap().arc()
}

struct Signer<'a>(&'a Keypair);

impl subxt::tx::Signer<SubstrateConfig> for Signer<'_> {
    fn account_id(&self) -> AccountId32 {
        AccountId32(self.0.hotkey().0)
    }

    fn sign(&self, payload: &[u8]) -> MultiSignature {
        MultiSignature::Sr25519(self.0.sign(payload).0)
    }
}
