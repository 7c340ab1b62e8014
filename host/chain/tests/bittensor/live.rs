//! A real node, where one is named. Without it these say that they were skipped, and why.
//!
//! - `PLIMSOLL_NODE`: its address, such as `ws://127.0.0.1:9944`, or a network's name;
//! - `PLIMSOLL_NODE_NETUID`: the subnet to look at, 1 if not set;
//! - `PLIMSOLL_NODE_SEED`: 64 hex digits, the seed of a key that is registered there and may be written with. Where the
//!   subnet hides weights, this takes as long as it hides them.
//!
//! The same epoch is lived through at the tests' own node, which offers the legacy methods and no others.

#![allow(clippy::print_stdout, reason = "a test that is skipped says why")]

use std::sync::Arc;
use std::time::Duration;

use plimsoll_chain::{Bittensor, BittensorOptions, Chain as _, ChainError, Delivered};
use plimsoll_core::{Keypair, NetUid, Uid};

use crate::node::{Served, without_timelock};
use crate::support::{NETUID, key};
use crate::{client_with, served};

/// Methods of the legacy JSON-RPC, which every node has: those of the newer one begin with the name of a group and a
/// version, such as `chainHead_v1_follow`.
const LEGACY: [&str; 12] = [
    "author_submitAndWatchExtrinsic",
    "author_unwatchExtrinsic",
    "chain_getBlock",
    "chain_getBlockHash",
    "chain_getFinalizedHead",
    "chain_getHeader",
    "chain_subscribeFinalizedHeads",
    "state_call",
    "state_getKeysPaged",
    "state_getRuntimeVersion",
    "state_queryStorageAt",
    "system_accountNextIndex",
];

fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    if value.is_none() {
        println!("skipped: {name} is not set");
    }
    value
}

fn netuid() -> NetUid {
    let number = std::env::var("PLIMSOLL_NODE_NETUID").ok();
    NetUid(number.map_or(1, |number| number.parse().unwrap()))
}

fn chain(places: &str) -> Bittensor {
    Bittensor::new(BittensorOptions::of(places.parse().unwrap()))
}

/// What is read of a subnet, each part against the others.
async fn all_is_read(chain: &Bittensor, netuid: NetUid) {
    let head = chain.head().await.unwrap();
    let (snapshot, commitments) = chain.snapshot_with_commitments(netuid).await.unwrap();
    assert!(snapshot.block >= head.block);
    assert_eq!(chain.block_hash(snapshot.block).await.unwrap(), Some(snapshot.beacon));
    assert!(commitments.iter().all(|commitment| snapshot.neuron(&commitment.hotkey).is_some()));
    let subnets = chain.subnets().await.unwrap();
    let listed = subnets.iter().find(|subnet| subnet.netuid == netuid).unwrap();
    assert_eq!(usize::from(listed.neurons), snapshot.neurons.len());
    chain.weights(netuid).await.unwrap();
    chain.revealed_commitments(netuid).await.unwrap();
    println!(
        "runtime {}, block {}, {} subnets, {} neurons, {} commitments, {} round trips",
        chain.spec_version().await.unwrap(),
        snapshot.block,
        subnets.len(),
        snapshot.neurons.len(),
        commitments.len(),
        chain.round_trips()
    );
}

/// What may wait is said, and the rest goes on.
fn taken(done: Result<(), ChainError>) -> bool {
    match done {
        Ok(()) => true,
        Err(ChainError::Refused(refusal)) if refusal.may_pass_later() => {
            println!("skipped: {refusal}");
            false
        }
        Err(error) => panic!("{error}"),
    }
}

/// An epoch of one key that is a neuron: its axon, its commitment, and its weights until the chain shows them.
async fn whole_epoch(chain: &Bittensor, key: &Keypair, netuid: NetUid, pass: impl AsyncFn()) {
    chain.commit(key, netuid, b"plimsoll").await.unwrap();
    let commitments = chain.commitments(netuid).await.unwrap();
    let mine = commitments.iter().find(|commitment| commitment.hotkey == key.hotkey()).unwrap();
    assert_eq!(mine.bytes, b"plimsoll");
    let at = "127.0.0.2:8091".parse().unwrap();
    let served = taken(chain.serve_axon(key, netuid, at).await);
    let snapshot = chain.snapshot(netuid).await.unwrap();
    let me = snapshot.neuron(&key.hotkey()).unwrap();
    assert!(!served || me.axon == Some(at));

    let weights: [(Uid, u16); 1] = [(me.uid, 1)];
    if !taken(chain.set_weights(key, netuid, &weights).await) {
        return;
    }
    let period_epochs = snapshot.commit_reveal.map_or(0, |hides| hides.period_epochs);
    let last = snapshot.block.0 + (period_epochs + 2) * (snapshot.tempo_blocks + 1);
    loop {
        match chain.delivered(&key.hotkey(), netuid, snapshot.block, &weights).await.unwrap() {
            Delivered::Set => break,
            Delivered::Hidden => assert!(period_epochs > 0, "the subnet hides nothing"),
            other => panic!("{other:?}"),
        }
        let head = chain.head().await.unwrap().block;
        assert!(head.0 <= last, "at block {head} the weights are still hidden");
        pass().await;
        let tended = chain.tend(key, netuid).await.unwrap();
        assert!(!tended.is_lost, "{tended:?}");
    }
    let rows = chain.weights(netuid).await.unwrap();
    assert!(rows.contains(&(me.uid, vec![(me.uid, u16::MAX)])));
}

#[tokio::test]
async fn a_live_node_is_read() {
    let Some(node) = variable("PLIMSOLL_NODE") else { return };
    all_is_read(&chain(&node), netuid()).await;
}

#[tokio::test]
async fn a_live_node_is_written_to_for_a_whole_epoch() {
    let Some(node) = variable("PLIMSOLL_NODE") else { return };
    let Some(seed) = variable("PLIMSOLL_NODE_SEED") else { return };
    let seed: [u8; 32] = hex::decode(seed).unwrap().try_into().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let reveals = Some(folder.path().to_owned());
    let options = BittensorOptions { reveals, ..BittensorOptions::of(node.parse().unwrap()) };
    let pause = async || tokio::time::sleep(Duration::from_secs(2)).await;
    whole_epoch(&Bittensor::new(options), &Keypair::from_seed(&seed), netuid(), pause).await;
}

/// The same at the tests' own node, and what was asked of it.
async fn epoch_at(server: Served) {
    let folder = tempfile::tempdir().unwrap();
    let chain = client_with(&server, |options| options.reveals = Some(folder.path().to_owned()));
    server.node.ledger.advance(5);
    all_is_read(&chain, NETUID).await;
    let ledger = server.node.ledger.clone();
    let pass = async || {
        ledger.advance(7);
    };
    whole_epoch(&chain, &key(0), NETUID, pass).await;
    for method in server.node.asked() {
        assert!(LEGACY.contains(&method.as_str()), "{method} is none of the legacy methods");
    }
    let newer = server.node.answer("chainHead_v1_follow", &[]).await.unwrap_err();
    assert_eq!(newer.message, "Method not found");
}

#[tokio::test]
async fn legacy_methods_alone_are_enough_for_an_epoch_with_open_weights() {
    epoch_at(served().await).await;
}

#[tokio::test]
async fn legacy_methods_alone_are_enough_for_an_epoch_with_hashed_weights_on_an_old_runtime() {
    let server = served().await;
    server.node.inner().commit_reveal = true;
    server.node.upgrade(|version| {
        version.metadata = Arc::new(without_timelock());
        version.has_apis = false;
    });
    epoch_at(server).await;
}
