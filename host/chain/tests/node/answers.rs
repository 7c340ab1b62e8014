//! Requests and their answers.

use plimsoll_chain::{Chain as _, Refusal};
use plimsoll_core::{BlockNumber, Digest, Hotkey, NetUid};
use serde_json::{Value, json};

use super::encode::{More, list, metagraph};
use super::{Node, RpcError, compact, prefix};

fn hex0x(bytes: &[u8]) -> Value {
    json!(format!("0x{}", hex::encode(bytes)))
}

fn bytes_of(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().strip_prefix("0x").unwrap()).unwrap()
}

fn digest_of(value: &Value) -> Digest {
    value.as_str().unwrap().parse().unwrap()
}

fn absent(method: &str) -> RpcError {
    let why = format!("Client error: Execution failed: Exported method {method} is not found");
    RpcError::new(4003, &why, None)
}

/// A header of which nothing but the number says anything.
pub(crate) fn header_at(height: u64) -> Value {
    let nothing = format!("0x{}", Digest::default());
    json!({
        "parentHash": nothing,
        "number": format!("{height:#x}"),
        "stateRoot": nothing,
        "extrinsicsRoot": nothing,
        "digest": { "logs": [] },
    })
}

/// The hash of that header: BLAKE2-256 over parent, compact number, two roots, and an empty list.
pub(crate) fn hash_of_header(height: u64) -> Digest {
    let bytes = [vec![0; 32], compact(height), vec![0; 65]].concat();
    Digest(sp_crypto_hashing::blake2_256(&bytes))
}

impl Node {
    /// The result of a request.
    pub(crate) async fn answer(&self, method: &str, params: &[Value]) -> Result<Value, RpcError> {
        match method {
            "chain_getBlockHash" if params.is_empty() => Ok(hex0x(&self.head().await.1.0)),
            "chain_getBlockHash" => Ok(self.hash_at(params[0].as_u64().unwrap()).await),
            "chain_getFinalizedHead" => Ok(hex0x(&self.head().await.1.0)),
            "chain_getHeader" => Ok(self.header(&digest_of(&params[0])).await),
            "chain_getBlock" => {
                let all = self.transactions_of(&digest_of(&params[0]));
                let all: Vec<_> = all.iter().map(|bytes| hex0x(bytes)).collect();
                Ok(json!({ "block": { "extrinsics": all }, "justifications": null }))
            }
            "state_getRuntimeVersion" => Ok(self.version()),
            "chain_unsubscribeFinalizedHeads"
            | "state_unsubscribeRuntimeVersion"
            | "author_unwatchExtrinsic" => Ok(json!(true)),
            "state_call" => {
                let at = digest_of(&params[2]);
                let answer = self.call(params[0].as_str().unwrap(), &bytes_of(&params[1]), &at).await?;
                Ok(hex0x(&answer))
            }
            "state_queryStorageAt" => Ok(self.values(&params[0], &digest_of(&params[1])).await),
            "state_getKeysPaged" => Ok(self.keys(params).await),
            "system_accountNextIndex" => {
                let account: Hotkey = params[0].as_str().unwrap().parse().unwrap();
                Ok(json!(self.nonce(&account)))
            }
            other => Err(RpcError::new(-32601, "Method not found", Some(other))),
        }
    }

    /// The newest finalized block.
    pub(crate) async fn head(&self) -> (u64, Digest) {
        let of_ledger = self.ledger.head().await.unwrap();
        let mut inner = self.inner();
        let (block, hash) = inner.head.unwrap_or((of_ledger.block.0, of_ledger.hash));
        inner.heights.insert(hash, block);
        (block, hash)
    }

    async fn hash_at(&self, block: u64) -> Value {
        let other = self.inner().genesis.filter(|_| block == 0);
        let hash = match other {
            Some(genesis) => Some(genesis),
            None => self.ledger.block_hash(BlockNumber(block)).await.unwrap(),
        };
        hash.map_or(Value::Null, |hash| hex0x(&hash.0))
    }

    async fn header(&self, hash: &Digest) -> Value {
        let height = self.inner().heights.get(hash).copied();
        height.map_or(Value::Null, header_at)
    }

    pub(crate) fn version(&self) -> Value {
        let spec = self.inner().version.spec;
        json!({ "specName": "node-subtensor", "specVersion": spec, "transactionVersion": 1, "apis": [] })
    }

    async fn call(&self, method: &str, arguments: &[u8], at: &Digest) -> Result<Vec<u8>, RpcError> {
        if let Some(canned) = self.inner().canned.get(method) {
            return Ok(canned.clone());
        }
        let version = self.inner().version.clone();
        match method {
            "Metadata_metadata" => {
                Ok([compact(version.metadata.len() as u64), version.metadata.to_vec()].concat())
            }
            _ if version.is_old => Err(absent(method)),
            "Metadata_metadata_versions" => Ok(vec![4, 16, 0, 0, 0]),
            "Metadata_metadata_at_version" => {
                assert_eq!(arguments, [16, 0, 0, 0]);
                let length = compact(version.metadata.len() as u64);
                Ok([vec![1], length, version.metadata.to_vec()].concat())
            }
            _ if !version.has_apis => Err(absent(method)),
            "SubnetInfoRuntimeApi_get_selective_metagraph" => Ok(self.metagraph(arguments, at).await),
            "SubnetInfoRuntimeApi_get_all_dynamic_info" => Ok(self.all_subnets().await),
            other => Err(absent(other)),
        }
    }

    async fn metagraph(&self, arguments: &[u8], at: &Digest) -> Vec<u8> {
        let word = |at: usize| u16::from_le_bytes([arguments[at], arguments[at + 1]]);
        let netuid = NetUid(word(0));
        let asked: Vec<u16> = (3..arguments.len()).step_by(2).map(word).collect();
        assert_eq!(usize::from(arguments[2]), asked.len() << 2, "a short list");
        let mut snapshot = match self.ledger.snapshot(netuid).await {
            Ok(snapshot) => snapshot,
            Err(error) if matches!(error.refusal(), Some(Refusal::NoSubnet { .. })) => return vec![0],
            Err(error) => panic!("{error}"),
        };
        let commitments = self.ledger.commitments(netuid).await.unwrap();
        for neuron in &mut snapshot.neurons {
            neuron.last_update.0 = self.last_update(neuron.hotkey, netuid, neuron.last_update.0);
        }
        let inner = self.inner();
        // Blocks may have passed since the head was asked for: what is told is of now, under the block's own number.
        snapshot.block = inner.heights.get(at).map_or(snapshot.block, |&height| BlockNumber(height));
        let name = inner.names.get(&netuid).map_or("", String::as_str);
        metagraph(&snapshot, &commitments, &asked, &More { name, commit_reveal: inner.commit_reveal })
    }

    /// `Vec<Option<DynamicInfo>>`.
    async fn all_subnets(&self) -> Vec<u8> {
        let netuids = self.inner().netuids.clone();
        let mut all = vec![vec![0]];
        for netuid in netuids {
            let tempo = self.ledger.snapshot(netuid).await.unwrap().tempo_blocks;
            let name = self.inner().names.get(&netuid).cloned().unwrap_or_default();
            all.push([vec![1], super::encode::dynamic_info(netuid, &name, tempo)].concat());
        }
        list(all, |one| one)
    }

    async fn values(&self, keys: &Value, at: &Digest) -> Value {
        let mut all = self.storage().await;
        if let Some(&height) = self.inner().heights.get(at) {
            all.insert(prefix("System", "Number"), (height as u32).to_le_bytes().to_vec());
        }
        let events = prefix("System", "Events");
        let keys = keys.as_array().unwrap();
        assert!(keys.len() <= 1000, "{} keys in one request", keys.len());
        let changes: Vec<_> = keys
            .iter()
            .map(|key| {
                let bytes = bytes_of(key);
                let value = if bytes == events { Some(self.events_of(at)) } else { all.get(&bytes).cloned() };
                json!([key, value.map(|value| hex0x(&value))])
            })
            .collect();
        json!([{ "block": format!("0x{at}"), "changes": changes }])
    }

    async fn keys(&self, params: &[Value]) -> Value {
        let (prefix, count) = (bytes_of(&params[0]), params[1].as_u64().unwrap() as usize);
        assert!(count <= 1000, "a page of {count}");
        let after = params[2].as_str().map(|_| bytes_of(&params[2]));
        let all = self.storage().await;
        let page = all.keys().filter(|key| key.starts_with(&prefix));
        let page = page.filter(|key| after.as_ref().is_none_or(|after| *key > after)).take(count);
        Value::Array(page.map(|key| hex0x(key)).collect())
    }
}
