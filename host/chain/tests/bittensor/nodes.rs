//! Several nodes: which one is asked, and which ones rest.

use std::time::{Duration, Instant};

use plimsoll_chain::{Bittensor, Chain as _, ChainError, Fault};
use plimsoll_core::{BlockNumber, Digest};

use crate::node::Act;
use crate::support::NETUID;
use crate::{client, client_with, served, stage};

#[tokio::test]
async fn when_one_node_falls_the_next_one_is_asked() {
    let (one, two) = (served().await, served().await);
    let chain = Bittensor::new(stage::quick(&format!("{},{}", one.url(), two.url())));
    chain.snapshot(NETUID).await.unwrap();
    assert_eq!(two.node.asked().len(), 0);
    drop(one);
    chain.snapshot(NETUID).await.unwrap();
    assert!(two.node.times("state_call") > 0);
}

#[tokio::test]
async fn what_one_node_has_finalized_is_not_taken_from_another_that_has_not() {
    for follow in [false, true] {
        let (one, two) = (served().await, served().await);
        for node in [&one.node, &two.node] {
            node.ledger.advance(9);
        }
        let mut options = stage::quick(&format!("{},{}", one.url(), two.url()));
        options.follow = follow;
        let chain = Bittensor::new(options);
        assert_eq!(chain.head().await.unwrap().block, BlockNumber(9));
        let fifth = two.node.ledger.block_hash(BlockNumber(5)).await.unwrap().unwrap();
        two.node.inner().head = Some((5, fifth));
        one.node.on_next("chain_getBlockHash", Act::Drop);
        assert_eq!(chain.block_hash(BlockNumber(8)).await.unwrap(), None, "the second node may take it back");
        assert!(two.node.times("chain_getBlockHash") > 0);
        assert_eq!(chain.block_hash(BlockNumber(5)).await.unwrap(), Some(fifth));
    }
}

#[tokio::test]
async fn a_node_that_is_down_from_the_start_is_passed_over() {
    let (one, two) = (served().await, served().await);
    let url = format!("{},{}", one.url(), two.url());
    drop(one);
    let chain = Bittensor::new(stage::quick(&url));
    chain.head().await.unwrap();
    assert_eq!(chain.endpoint(), url);
}

#[tokio::test]
async fn a_node_of_another_chain_is_an_error_that_names_both() {
    let server = served().await;
    let finney: Digest = "2f0555cc76fc2840a25a6ea3b9637146806f1f44b090c175ffde2a7e5ab36c03".parse().unwrap();
    let chain = client_with(&server, |options| options.genesis = Some(finney));
    let error = chain.head().await.unwrap_err();
    assert_eq!(error.fault(), Fault::Caller);
    let said = format!(
        "{} is a node of another chain: its genesis is {}, expected {finney}; name a node of the right network in \
         chain.endpoint, or the right network in chain.network",
        server.url(),
        server.node.ledger.genesis()
    );
    assert_eq!(error.to_string(), said);
}

#[tokio::test]
async fn nothing_is_read_from_or_signed_for_a_second_node_of_another_chain() {
    let (one, two) = (served().await, served().await);
    two.node.inner().genesis = Some(Digest([9; 32]));
    let mut options = stage::quick(&format!("{},{}", one.url(), two.url()));
    options.reach_timeout = Duration::from_millis(300);
    let chain = Bittensor::new(options);
    chain.head().await.unwrap();
    drop(one);
    let error = chain.head().await.unwrap_err();
    let ChainError::OtherChain { endpoint, .. } = error else { panic!("{error}") };
    assert_eq!(endpoint, two.url());
    assert_eq!(two.node.asked(), ["chain_getBlockHash"]);
}

#[tokio::test]
async fn one_node_of_another_chain_among_several_is_passed_over() {
    let (one, two) = (served().await, served().await);
    one.node.inner().genesis = Some(Digest([9; 32]));
    let mut options = stage::quick(&format!("{},{}", one.url(), two.url()));
    options.genesis = Some(two.node.ledger.genesis());
    let chain = Bittensor::new(options);
    chain.snapshot(NETUID).await.unwrap();
    assert_eq!(one.node.asked(), ["chain_getBlockHash"]);
}

#[tokio::test]
async fn a_node_that_has_had_enough_rests_and_the_other_one_is_asked() {
    let (one, two) = (served().await, served().await);
    let chain = Bittensor::new(stage::quick(&format!("{},{}", one.url(), two.url())));
    chain.head().await.unwrap();
    one.node.on_next("chain_getFinalizedHead", Act::Error(-32999, "RPC rate limit"));
    chain.head().await.unwrap();
    assert_eq!(two.node.times("chain_getFinalizedHead"), 1);
}

#[tokio::test]
async fn a_single_node_that_has_had_enough_is_left_alone_for_a_while() {
    let server = served().await;
    let rest = Duration::from_millis(150);
    let chain = client_with(&server, |options| options.rest = rest);
    chain.head().await.unwrap();
    for message in ["429 Too Many Requests", "rate limit exceeded"] {
        server.node.on_next("chain_getFinalizedHead", Act::Error(-32000, message));
        let begun = Instant::now();
        chain.head().await.unwrap();
        assert!(begun.elapsed() >= rest, "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_node_that_stays_busy_is_an_error_after_few_requests() {
    let server = served().await;
    let chain = client(&server);
    chain.head().await.unwrap();
    server.node.forget();
    (0..100)
        .for_each(|_| server.node.on_next("chain_getFinalizedHead", Act::Error(-32999, "RPC rate limit")));
    let error = chain.head().await.unwrap_err();
    assert!(matches!(error, ChainError::Limited { .. }) && error.fault() == Fault::Network);
    let said = format!(
        "{} does not answer this: RPC rate limit (-32999); wait, or name a node of your own in chain.endpoint",
        server.url()
    );
    assert_eq!(error.to_string(), said);
    assert_eq!(server.node.times("chain_getFinalizedHead"), 3);
}

#[tokio::test]
async fn a_handshake_turned_down_with_429_is_waited_out_without_a_rush() {
    let server = served().await;
    server.node.inner().faults.handshakes = Some((2, 429));
    let chain = client_with(&server, |options| options.rest = Duration::from_millis(60));
    let begun = Instant::now();
    chain.head().await.unwrap();
    // A rest, and one of twice its length.
    assert!(begun.elapsed() >= Duration::from_millis(180), "{:?}", begun.elapsed());

    server.node.inner().faults.handshakes = Some((1000, 429));
    let chain = client_with(&server, |options| {
        options.rest = Duration::from_millis(60);
        options.reach_timeout = Duration::from_millis(500);
    });
    let error = chain.head().await.unwrap_err();
    assert!(matches!(error, ChainError::Limited { .. }), "{error}");
    let left = server.node.inner().faults.handshakes.unwrap().0;
    assert!(left > 990, "only {left} handshakes left of 1000");
}

#[tokio::test]
async fn a_request_that_is_too_broad_is_put_to_each_node_once() {
    let (one, two) = (served().await, served().await);
    let chain = Bittensor::new(stage::quick(&format!("{},{}", one.url(), two.url())));
    chain.weights(NETUID).await.unwrap();
    one.node.on_next("state_queryStorageAt", Act::Error(-32004, "query too broad"));
    chain.weights(NETUID).await.unwrap();
    assert_eq!(two.node.times("state_queryStorageAt"), 1);
    let alone = client(&one);
    alone.weights(NETUID).await.unwrap();
    one.node.forget();
    one.node.on_next("state_queryStorageAt", Act::Error(-32004, "query too broad"));
    let error = alone.weights(NETUID).await.unwrap_err();
    assert!(matches!(error, ChainError::Limited { .. }), "{error}");
    assert!(error.to_string().contains("query too broad (-32004)"), "{error}");
    assert_eq!(one.node.times("state_queryStorageAt"), 1, "it will not change its mind");
}

#[tokio::test]
async fn a_node_that_turns_handshakes_down_is_asked_ever_more_rarely() {
    let server = served().await;
    server.node.inner().faults.handshakes = Some((1000, 503));
    let chain = client_with(&server, |options| options.reach_timeout = Duration::from_millis(600));
    let error = chain.head().await.unwrap_err();
    assert!(matches!(error, ChainError::NoNode { .. }), "{error}");
    // After 10, 20, 40 ms and so on: at most seven in 600 ms.
    let left = server.node.inner().faults.handshakes.unwrap().0;
    assert!(left >= 993, "only {left} handshakes left of 1000");
}

#[tokio::test]
async fn a_call_that_a_node_cannot_do_now_is_not_read_from_other_figures() {
    let server = served().await;
    let chain = client(&server);
    let whole = chain.snapshot(NETUID).await.unwrap();
    server.node.on_next("state_call", Act::Error(-32603, "Internal error"));
    assert_eq!(chain.snapshot(NETUID).await.unwrap(), whole);
    (0..3).for_each(|_| server.node.on_next("state_call", Act::Error(-32603, "Internal error")));
    let error = chain.snapshot(NETUID).await.unwrap_err();
    assert!(matches!(error, ChainError::BadAnswer { .. }), "{error}");
    assert_eq!(server.node.times("state_queryStorageAt"), 0);
}

#[tokio::test]
async fn a_key_in_the_address_of_a_node_is_never_shown() {
    let server = served().await;
    let chain = Bittensor::new(stage::quick(&format!("{}/v1/s3cret", server.url())));
    chain.head().await.unwrap();
    let shown = format!("{}/…", server.url());
    assert_eq!((chain.endpoint(), format!("{chain:?}")), (shown.clone(), format!("Bittensor({shown})")));
    server.node.inner().genesis = Some(Digest([9; 32]));
    server.node.on_next("chain_getFinalizedHead", Act::Drop);
    let error = chain.head().await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    assert!(error.to_string().starts_with(&shown), "{error}");
}
