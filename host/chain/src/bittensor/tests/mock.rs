//! The client over subxt's mock of a connection, with a ledger behind it.

use std::time::Duration;

use async_trait::async_trait;
use plimsoll_core::{Digest, Hotkey, Keypair, NetUid, StakeRao, Uid};
use serde_json::Value;
use serde_json::value::RawValue;
use subxt_rpcs::client::mock_rpc_client::Json;
use subxt_rpcs::client::{MockRpcClient, RpcClient};
use subxt_rpcs::{Error, UserError};

use super::node::{Node, RpcError, statuses};
use crate::bittensor::line::{Dial, LineFault};
use crate::bittensor::{Bittensor, BittensorOptions, Places};
use crate::{Chain as _, GenesisNeuron, Ledger, LedgerGenesis, SubnetRules};

pub(super) const NETUID: NetUid = NetUid(7);

pub(super) fn key(byte: u8) -> Keypair {
    Keypair::from_seed(&[byte; 32])
}

/// A ledger with a validator and two miners.
fn ledger() -> Ledger {
    let neuron = |byte: u8| GenesisNeuron {
        hotkey: key(byte).hotkey(),
        coldkey: Hotkey([byte; 32]),
        stake_rao: StakeRao(100),
        validator_permit: byte == 0,
        axon: None,
    };
    let neurons = (0..3).map(neuron).collect();
    Ledger::new(LedgerGenesis::single(Digest([5; 32]), NETUID, SubnetRules::default(), neurons)).unwrap()
}

struct Mock(Node);

fn failed(error: RpcError) -> Error {
    let data = error.data.map(|data| serde_json::value::to_raw_value(&data).unwrap());
    Error::User(UserError { code: error.code, message: error.message, data })
}

fn params_of(params: Option<Box<RawValue>>) -> Vec<Value> {
    params.map(|params| serde_json::from_str(params.get()).unwrap()).unwrap_or_default()
}

#[async_trait]
impl Dial for Mock {
    async fn dial(&self, _place: &str) -> Result<RpcClient, LineFault> {
        let (asked, watched) = (self.0.clone(), self.0.clone());
        let mock = MockRpcClient::builder()
            .method_fallback(move |method, params| {
                let node = asked.clone();
                async move {
                    node.inner().asked.push(method.clone());
                    node.answer(&method, &params_of(params)).await.map(Json).map_err(failed)
                }
            })
            .subscription_fallback(move |method, params, _| {
                let node = watched.clone();
                async move {
                    assert_eq!(method, "author_submitAndWatchExtrinsic");
                    let bytes = hex::decode(&params_of(params)[0].as_str().unwrap()[2..]).unwrap();
                    let block = node.take(&bytes).await.map_err(failed)?;
                    let all: Vec<_> = statuses(&node, block).into_iter().map(Json).collect();
                    Ok::<_, Error>(all)
                }
            })
            .build();
        Ok(RpcClient::new(mock))
    }
}

fn stage() -> (Bittensor, Node) {
    stage_with(|_| {})
}

pub(super) fn stage_with(change: impl FnOnce(&mut BittensorOptions)) -> (Bittensor, Node) {
    let node = Node::around(ledger(), vec![NETUID], (0..3).map(key).collect());
    let places: Places = "ws://127.0.0.1:9944".parse().unwrap();
    let mut options = BittensorOptions {
        follow: false,
        redial_every: Duration::from_millis(1),
        version_age: Duration::ZERO,
        ..BittensorOptions::of(places)
    };
    change(&mut options);
    (Bittensor::over(options, Box::new(Mock(node.clone()))), node)
}

#[tokio::test]
async fn head_and_snapshot_come_over_a_mocked_connection() {
    let (chain, node) = stage();
    node.ledger.advance(5);
    let head = chain.head().await.unwrap();
    assert_eq!(head, node.ledger.head().await.unwrap());
    assert_eq!(chain.block_hash(0.into()).await.unwrap(), Some(node.ledger.genesis()));
    let mut expected = node.ledger.snapshot(NETUID).await.unwrap();
    expected.block_ms = 12_000;
    assert_eq!(chain.snapshot(NETUID).await.unwrap(), expected);
}

#[tokio::test]
async fn every_write_reaches_the_ledger_over_a_mocked_connection() {
    let (chain, node) = stage();
    node.ledger.advance(3);
    chain.serve_axon(&key(1), NETUID, "10.0.0.1:80".parse().unwrap()).await.unwrap();
    chain.commit(&key(1), NETUID, b"root").await.unwrap();
    chain.set_weights(&key(0), NETUID, &[(Uid(1), 3), (Uid(2), 1)]).await.unwrap();
    let of_ledger = node.ledger.snapshot(NETUID).await.unwrap();
    assert_eq!(of_ledger.at(Uid(1)).unwrap().axon, Some("10.0.0.1:80".parse().unwrap()));
    assert_eq!(node.ledger.commitments(NETUID).await.unwrap()[0].bytes, b"root");
    assert_eq!(node.ledger.weights(NETUID).await.unwrap(), chain.weights(NETUID).await.unwrap());
    assert_eq!(chain.commitments(NETUID).await.unwrap(), node.ledger.commitments(NETUID).await.unwrap());
}

#[tokio::test]
async fn what_is_read_over_single_values_is_what_is_read_in_one_call() {
    let (chain, node) = stage();
    node.ledger.advance(3);
    chain.serve_axon(&key(1), NETUID, "[2001:db8::1]:443".parse().unwrap()).await.unwrap();
    chain.commit(&key(2), NETUID, b"root").await.unwrap();
    let whole = chain.snapshot_with_commitments(NETUID).await.unwrap();
    node.inner().version.has_apis = false;
    assert_eq!(chain.snapshot_with_commitments(NETUID).await.unwrap(), whole);
    assert!(node.times("state_queryStorageAt") > 0);
}
