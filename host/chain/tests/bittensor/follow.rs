//! Listening for blocks and versions, in place of asking.

use std::time::{Duration, Instant};

use plimsoll_chain::{Bittensor, Chain as _};
use plimsoll_core::BlockNumber;

use crate::node::{Act, Served, with_commitments_at};
use crate::support::NETUID;
use crate::{client_with, served};

fn listening(server: &Served) -> Bittensor {
    client_with(server, |options| options.follow = true)
}

/// Asks until the head is at `block`; then it is told without being asked for.
async fn until_at(chain: &Bittensor, block: u64) {
    let begun = Instant::now();
    while chain.head().await.unwrap().block != BlockNumber(block) {
        assert!(begun.elapsed() < Duration::from_secs(10), "block {block} is never told");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until asking for the head sends nothing.
async fn until_told(chain: &Bittensor) {
    let begun = Instant::now();
    loop {
        let before = chain.round_trips();
        chain.head().await.unwrap();
        if chain.round_trips() == before {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "the head is never told");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn who_asks_again_is_told_heads_without_asking() {
    let server = served().await;
    let hash = server.node.finalize(10);
    let chain = listening(&server);
    until_told(&chain).await;
    let head = chain.head().await.unwrap();
    assert_eq!((head.block, head.hash), (BlockNumber(10), hash));
    let before = chain.round_trips();
    server.node.finalize(11);
    until_at(&chain, 11).await;
    assert_eq!(chain.round_trips(), before, "{:?}", server.node.asked());
}

#[tokio::test]
async fn a_snapshot_of_one_who_listens_takes_one_round_trip() {
    let server = served().await;
    let chain = listening(&server);
    let hash = server.node.finalize(10);
    until_told(&chain).await;
    // What the ledger says of its height is behind the heads that are told here.
    server.node.ledger.advance(10);
    chain.snapshot(NETUID).await.unwrap();
    let before = chain.round_trips();
    let snapshot = chain.snapshot(NETUID).await.unwrap();
    assert_eq!(chain.round_trips() - before, 1, "{:?}", server.node.asked());
    assert_eq!((snapshot.block, snapshot.beacon), (BlockNumber(10), hash));
}

#[tokio::test]
async fn a_subscription_that_ends_is_made_anew() {
    let server = served().await;
    server.node.finalize(10);
    let chain = listening(&server);
    until_told(&chain).await;
    let times = server.node.times("chain_subscribeFinalizedHeads");
    server.node.on_next("chain_getBlockHash", Act::Drop);
    // This request breaks the connection, and with it the subscriptions.
    let _ = chain.block_hash(BlockNumber(1)).await;
    server.node.finalize(12);
    until_at(&chain, 12).await;
    until_told(&chain).await;
    assert!(server.node.times("chain_subscribeFinalizedHeads") > times);
}

#[tokio::test]
async fn a_connection_that_ends_while_a_subscription_is_made_is_survived() {
    let server = served().await;
    server.node.finalize(10);
    for _ in 0..3 {
        server.node.on_next("chain_subscribeFinalizedHeads", Act::DropAfter(0));
        server.node.on_next("state_subscribeRuntimeVersion", Act::Drop);
    }
    let chain = listening(&server);
    until_told(&chain).await;
    assert_eq!(chain.head().await.unwrap().block, BlockNumber(10));
}

#[tokio::test]
async fn an_upgrade_is_heard_of() {
    let server = served().await;
    server.node.finalize(10);
    server.node.ledger.advance(10);
    let chain = listening(&server);
    until_told(&chain).await;
    assert_eq!(chain.spec_version().await.unwrap(), 365);
    server.node.upgrade(|version| {
        version.spec = 400;
        version.metadata = std::sync::Arc::new(with_commitments_at(99));
    });
    let begun = Instant::now();
    while chain.spec_version().await.unwrap() != 400 {
        assert!(begun.elapsed() < Duration::from_secs(10), "the upgrade is never heard of");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_node_that_tells_nothing_is_asked() {
    let server = served().await;
    server.node.inner().tells = false;
    let chain = listening(&server);
    for block in 1..5 {
        server.node.ledger.advance(1);
        assert_eq!(chain.head().await.unwrap().block, BlockNumber(block));
    }
    assert_eq!(server.node.times("chain_subscribeFinalizedHeads"), 1);
}

#[tokio::test]
async fn nobody_listens_for_who_asks_once() {
    let server = served().await;
    let chain = listening(&server);
    chain.snapshot(NETUID).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.node.times("chain_subscribeFinalizedHeads"), 0);
}
