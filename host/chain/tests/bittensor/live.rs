//! A real node, where one is named. Without it these say that they were skipped, and why.
//!
//! - `PLIMSOLL_NODE`: its address, such as `ws://127.0.0.1:9944`, or a network's name;
//! - `PLIMSOLL_NODE_NETUID`: the subnet to look at, 1 if not set;
//! - `PLIMSOLL_NODE_SEED`: 64 hex digits, the seed of a key that is registered there and may be written with.

#![allow(clippy::print_stdout, reason = "a test that is skipped says why")]

use plimsoll_chain::{Bittensor, BittensorOptions, Chain as _, ChainError};
use plimsoll_core::{Keypair, NetUid};

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

#[tokio::test]
async fn a_live_node_is_read() {
    let Some(node) = variable("PLIMSOLL_NODE") else { return };
    let chain = chain(&node);
    let head = chain.head().await.unwrap();
    let (snapshot, commitments) = chain.snapshot_with_commitments(netuid()).await.unwrap();
    assert!(snapshot.block >= head.block);
    assert!(commitments.iter().all(|commitment| snapshot.neuron(&commitment.hotkey).is_some()));
    let subnets = chain.subnets().await.unwrap();
    let listed = subnets.iter().find(|subnet| subnet.netuid == netuid()).unwrap();
    assert_eq!(usize::from(listed.neurons), snapshot.neurons.len());
    chain.weights(netuid()).await.unwrap();
    let spec = chain.spec_version().await.unwrap();
    println!(
        "runtime {spec}, block {}, {} subnets, {} neurons, {} commitments, {} round trips",
        snapshot.block,
        subnets.len(),
        snapshot.neurons.len(),
        commitments.len(),
        chain.round_trips()
    );
}

#[tokio::test]
async fn a_live_node_is_written_to() {
    let Some(node) = variable("PLIMSOLL_NODE") else { return };
    let Some(seed) = variable("PLIMSOLL_NODE_SEED") else { return };
    let seed: [u8; 32] = hex::decode(seed).unwrap().try_into().unwrap();
    let (chain, key, netuid) = (chain(&node), Keypair::from_seed(&seed), netuid());
    chain.commit(&key, netuid, b"plimsoll").await.unwrap();
    let commitments = chain.commitments(netuid).await.unwrap();
    let mine = commitments.iter().find(|commitment| commitment.hotkey == key.hotkey()).unwrap();
    assert_eq!(mine.bytes, b"plimsoll");
    let at = "127.0.0.2:8091".parse().unwrap();
    match chain.serve_axon(&key, netuid, at).await {
        Ok(()) => {}
        Err(ChainError::Refused(refusal)) if refusal.may_pass_later() => println!("skipped: {refusal}"),
        Err(error) => panic!("{error}"),
    }
    let uid = chain.snapshot(netuid).await.unwrap().neuron(&key.hotkey()).unwrap().uid;
    match chain.set_weights(&key, netuid, &[(uid, 1)]).await {
        Ok(()) => assert!(chain.weights(netuid).await.unwrap().iter().any(|(setter, _)| *setter == uid)),
        Err(ChainError::Refused(refusal)) if refusal.may_pass_later() => println!("skipped: {refusal}"),
        Err(error) => panic!("{error}"),
    }
}
