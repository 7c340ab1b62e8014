//! The requests of a node that this program makes, each with its answer as a value.

use std::collections::HashMap;

use plimsoll_core::{BlockNumber, Digest, Hotkey};
use serde::Deserialize;
use subxt_rpcs::client::{RpcSubscription, rpc_params};
use subxt_rpcs::methods::legacy::TransactionStatus;

use super::line::{Line, LineFault, Watch};

/// The most keys, and values, that are asked for in one request.
pub(crate) const PAGE: u32 = 1000;

/// A map of the chain's has never this many pages: a node that goes on for longer goes round in circles.
const MOST_PAGES: usize = 100;

/// Bytes as nodes write them: hex behind `0x`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Hex(pub(crate) Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_prefix("0x").ok_or("bytes that do not begin with 0x")?;
        hex::decode(digits).map(Self).map_err(|error| format!("bytes that are no hex: {error}"))
    }
}

/// A block's header, as far as it is read here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Header {
    number: HexNumber,
}

impl Header {
    pub(crate) const fn number(&self) -> BlockNumber {
        BlockNumber(self.number.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "serde_json::Value")]
struct HexNumber(u64);

impl TryFrom<serde_json::Value> for HexNumber {
    type Error = String;

    fn try_from(value: serde_json::Value) -> Result<Self, String> {
        let from_text = |text: &str| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok();
        let number = value.as_u64().or_else(|| value.as_str().and_then(from_text));
        number.map(Self).ok_or_else(|| format!("a block number of {value}"))
    }
}

/// Which runtime a block has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RuntimeVersion {
    pub(crate) spec_version: u32,
    pub(crate) transaction_version: u32,
}

#[derive(Deserialize)]
struct Changes {
    changes: Vec<(Hex, Option<Hex>)>,
}

#[derive(Deserialize)]
struct Wrapped {
    block: Body,
}

#[derive(Deserialize)]
struct Body {
    extrinsics: Vec<Hex>,
}

/// The status of a transaction that is watched.
pub(crate) type Status = TransactionStatus<Digest>;

fn hash_text(hash: &Digest) -> String {
    format!("0x{hash}")
}

fn hex_text(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// The newest finalized block.
pub(crate) async fn finalized_head(line: &Line) -> Result<Digest, LineFault> {
    line.ask("chain_getFinalizedHead", rpc_params![]).await
}

/// The header of a block that is known to be there.
pub(crate) async fn header(line: &Line, hash: &Digest) -> Result<Header, LineFault> {
    let header: Option<Header> = line.ask("chain_getHeader", rpc_params![hash_text(hash)]).await?;
    header.ok_or_else(|| LineFault::Lost {
        why: format!("the node does not know its own block {}…", hash.short()),
    })
}

/// The hash of a block on the finalized side of the chain; none if it is still to come.
pub(crate) async fn block_hash(line: &Line, block: BlockNumber) -> Result<Option<Digest>, LineFault> {
    line.ask("chain_getBlockHash", rpc_params![block.0]).await
}

/// The newest block, which may not be finalized.
pub(crate) async fn best_head(line: &Line) -> Result<Digest, LineFault> {
    line.ask("chain_getBlockHash", rpc_params![]).await
}

/// Which runtime a block has.
pub(crate) async fn runtime_version(line: &Line, at: &Digest) -> Result<RuntimeVersion, LineFault> {
    line.ask("state_getRuntimeVersion", rpc_params![hash_text(at)]).await
}

/// A call into the runtime.
pub(crate) async fn state_call(
    line: &Line,
    method: &str,
    arguments: &[u8],
    at: &Digest,
) -> Result<Vec<u8>, LineFault> {
    let params = rpc_params![method, hex_text(arguments), hash_text(at)];
    let answer: Hex = line.ask("state_call", params).await?;
    Ok(answer.0)
}

/// The values at `keys`, [`PAGE`] of them a request; those that are not there are left out.
pub(crate) async fn storage(
    line: &Line,
    keys: &[Vec<u8>],
    at: &Digest,
) -> Result<HashMap<Vec<u8>, Vec<u8>>, LineFault> {
    let mut values = HashMap::with_capacity(keys.len());
    for page in keys.chunks(PAGE as usize) {
        let page: Vec<_> = page.iter().map(|key| hex_text(key)).collect();
        let params = rpc_params![page, hash_text(at)];
        let sets: Vec<Changes> = line.ask("state_queryStorageAt", params).await?;
        for (key, value) in sets.into_iter().flat_map(|set| set.changes) {
            if let Some(value) = value {
                values.insert(key.0, value.0);
            }
        }
    }
    Ok(values)
}

/// All keys that begin with `prefix`, in order, [`PAGE`] of them a request.
pub(crate) async fn keys(line: &Line, prefix: &[u8], at: &Digest) -> Result<Vec<Vec<u8>>, LineFault> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for _ in 0..MOST_PAGES {
        let last = all.last().map(|key| hex_text(key));
        let params = rpc_params![hex_text(prefix), PAGE, last, hash_text(at)];
        let page: Vec<Hex> = line.ask("state_getKeysPaged", params).await?;
        let full = page.len() >= PAGE as usize;
        for key in page {
            let in_order = all.last().is_none_or(|last| *last < key.0);
            if !key.0.starts_with(prefix) || !in_order {
                let why = "it lists storage keys that were not asked for, or not in order".into();
                return Err(LineFault::Nonsense { why });
            }
            all.push(key.0);
        }
        if !full {
            return Ok(all);
        }
    }
    Err(LineFault::Nonsense { why: format!("it lists more than {} storage keys", all.len()) })
}

/// The next nonce of an account, those of its waiting transactions counted.
pub(crate) async fn next_nonce(line: &Line, account: &Hotkey) -> Result<u64, LineFault> {
    line.ask("system_accountNextIndex", rpc_params![account.to_ss58()]).await
}

/// Hands a transaction in.
pub(crate) async fn submit(line: &Line, signed: &[u8]) -> Result<Watch<Status>, LineFault> {
    let params = rpc_params![hex_text(signed)];
    line.subscribe("author_submitAndWatchExtrinsic", params, "author_unwatchExtrinsic").await
}

/// The transactions of a block, as they were handed in.
pub(crate) async fn transactions(line: &Line, at: &Digest) -> Result<Vec<Vec<u8>>, LineFault> {
    let block: Option<Wrapped> = line.ask("chain_getBlock", rpc_params![hash_text(at)]).await?;
    let why = || format!("the node does not know block {}… any more", at.short());
    let block = block.ok_or_else(|| LineFault::Lost { why: why() })?.block;
    Ok(block.extrinsics.into_iter().map(|hex| hex.0).collect())
}

/// Tells every newly finalized block.
/// The number is that of the connection it is told over.
pub(crate) async fn follow_heads(
    line: &Line,
) -> Result<(RpcSubscription<serde_json::Value>, u64), LineFault> {
    let heads =
        line.subscribe("chain_subscribeFinalizedHeads", rpc_params![], "chain_unsubscribeFinalizedHeads");
    let heads = heads.await?;
    let generation = heads.generation();
    Ok((heads.loose(), generation))
}

/// Tells the runtime's version now, and whenever it changes.
pub(crate) async fn follow_versions(line: &Line) -> Result<RpcSubscription<RuntimeVersion>, LineFault> {
    let versions =
        line.subscribe("state_subscribeRuntimeVersion", rpc_params![], "state_unsubscribeRuntimeVersion");
    Ok(versions.await?.loose())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_read_with_numbers_of_both_forms() {
        let header = |number: &str| {
            let json =
                format!("{{\"parentHash\":\"0x{}\",\"number\":{number},\"digest\":{{}}}}", "07".repeat(32));
            serde_json::from_str::<Header>(&json)
        };
        assert_eq!(header("\"0x1a\"").unwrap().number(), BlockNumber(26));
        assert_eq!(header("26").unwrap().number(), BlockNumber(26));
        for bad in ["\"1a\"", "\"0xzz\"", "-1", "null", "\"0x1ffffffffffffffff\""] {
            assert!(header(bad).unwrap_err().to_string().starts_with("a block number of"), "{bad}");
        }
    }

    #[test]
    fn bytes_read_as_hex_behind_their_mark_only() {
        assert_eq!(serde_json::from_str::<Hex>("\"0x00ff\"").unwrap(), Hex(vec![0, 255]));
        for bad in ["\"00ff\"", "\"0x0\"", "\"0xgg\"", "7"] {
            assert!(serde_json::from_str::<Hex>(bad).is_err(), "{bad}");
        }
    }
}
