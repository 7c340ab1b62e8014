//! Connections that end, nodes that fall silent, answers that are none.

use std::time::{Duration, Instant};

use plimsoll_chain::{Chain as _, ChainError, Fault, Ledger, Refusal};
use plimsoll_core::{BlockNumber, Digest};

use crate::node::{Act, Node};
use crate::support::{NETUID, genesis, key};
use crate::{client, client_with, served};

#[tokio::test]
async fn a_connection_that_ends_in_the_middle_of_a_read_is_made_anew() {
    let server = served().await;
    let chain = client(&server);
    for method in ["chain_getFinalizedHead", "state_getRuntimeVersion", "state_call", "state_call"] {
        server.node.on_next(method, Act::Drop);
    }
    assert_eq!(chain.snapshot(NETUID).await.unwrap().neurons.len(), 4);
    server.node.on_next("chain_getHeader", Act::Drop);
    server.node.ledger.advance(1);
    assert_eq!(chain.head().await.unwrap().block, BlockNumber(1));
}

#[tokio::test]
async fn a_read_is_given_up_after_some_tries_and_says_why() {
    let server = served().await;
    let chain = client(&server);
    chain.head().await.unwrap();
    (0..3).for_each(|_| server.node.on_next("chain_getFinalizedHead", Act::Drop));
    let error = chain.head().await.unwrap_err();
    assert_eq!(error.fault(), Fault::Network);
    let said = error.to_string();
    assert!(said.starts_with(&format!("cannot reach Bittensor at {}: ", server.url())), "{said}");
    assert!(said.ends_with("check the connection, or name another node in chain.endpoint"), "{said}");
    chain.head().await.unwrap();
}

#[tokio::test]
async fn a_node_that_falls_silent_is_left_after_the_time_for_one_call() {
    let server = served().await;
    let chain = client_with(&server, |options| options.call_timeout = Duration::from_secs(1));
    chain.head().await.unwrap();
    server.node.on_next("chain_getFinalizedHead", Act::Stall);
    let begun = Instant::now();
    chain.head().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
    (0..3).for_each(|_| server.node.on_next("chain_getFinalizedHead", Act::Stall));
    let error = chain.head().await.unwrap_err().to_string();
    assert!(error.contains("no answer within 1000 ms"), "{error}");
}

#[tokio::test]
async fn a_node_that_is_not_there_is_tried_until_the_time_is_up() {
    let server = served().await;
    let chain = client_with(&server, |options| {
        options.reach_timeout = Duration::from_millis(300);
        options.call_timeout = Duration::from_secs(1);
    });
    server.stop();
    let error = chain.head().await.unwrap_err();
    assert!(matches!(error, ChainError::NoNode { .. }), "{error}");
    let error = chain.commit(&key(1), NETUID, b"x").await.unwrap_err();
    assert!(matches!(error, ChainError::NoNode { .. }), "nothing was sent: {error}");
}

#[tokio::test]
async fn a_node_that_comes_back_is_found_again() {
    let mut server = served().await;
    let chain = client(&server);
    chain.head().await.unwrap();
    server.stop();
    let node = server.node.clone();
    let later = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.become_node(node).await;
        server
    });
    assert_eq!(chain.head().await.unwrap().block, BlockNumber(0));
    drop(later.await.unwrap());
}

#[tokio::test]
async fn a_transaction_whose_connection_ends_before_a_word_of_it_is_searched_for_and_never_sent_again() {
    const SUBMIT: &str = "author_submitAndWatchExtrinsic";
    let server = served().await;
    let chain = client(&server);
    server.node.ledger.advance(1);
    server.node.on_next(SUBMIT, Act::Swallow);
    chain.commit(&key(1), NETUID, b"a").await.unwrap();
    assert_eq!(server.node.times(SUBMIT), 1);
    // What the chain refuses in its block is refused.
    server.node.on_next(SUBMIT, Act::Swallow);
    let error = chain.commit(&key(50), NETUID, b"x").await.unwrap_err();
    assert!(matches!(error.refusal(), Some(Refusal::NotRegistered { .. })), "{error}");

    let chain = client_with(&server, |options| options.finality_timeout = Duration::from_millis(300));
    server.node.forget();
    server.node.on_next(SUBMIT, Act::Drop);
    let error = chain.commit(&key(1), NETUID, b"b").await.unwrap_err();
    assert!(matches!(error, ChainError::NoAnswer { asked: "a commitment", .. }), "{error}");
    assert!(error.to_string().ends_with("; it may or may not have happened"), "{error}");
    assert_eq!(server.node.times(SUBMIT), 1);
    assert_eq!(chain.commitments(NETUID).await.unwrap()[0].bytes, b"a");
}

#[tokio::test]
async fn a_node_that_takes_no_transactions_is_told_apart_from_one_that_may_have_taken_one() {
    let server = served().await;
    server.node.on_next("author_submitAndWatchExtrinsic", Act::Error(-32601, "Method not found"));
    let error = client(&server).commit(&key(1), NETUID, b"a").await.unwrap_err();
    assert!(matches!(error, ChainError::BadAnswer { .. }), "{error}");
    assert!(error.to_string().contains("Method not found"), "{error}");
}

#[tokio::test]
async fn a_transaction_whose_connection_ends_while_it_waits_is_found_in_its_block() {
    let server = served().await;
    let chain = client(&server);
    for (count, bytes) in [(0, &b"a"[..]), (2, b"b")] {
        server.node.ledger.advance(1);
        server.node.forget();
        server.node.on_next("author_submitAndWatchExtrinsic", Act::DropAfter(count));
        chain.commit(&key(1), NETUID, bytes).await.unwrap();
        assert_eq!(server.node.times("author_submitAndWatchExtrinsic"), 1);
        assert_eq!(chain.commitments(NETUID).await.unwrap()[0].bytes, bytes);
    }
    // What the chain refuses is refused however it is found.
    server.node.on_next("author_submitAndWatchExtrinsic", Act::DropAfter(1));
    let error = chain.commit(&key(50), NETUID, b"x").await.unwrap_err();
    assert!(error.refusal().is_some(), "{error}");
}

#[tokio::test]
async fn a_transaction_that_its_node_lost_sight_of_is_found_in_its_block() {
    let server = served().await;
    let chain = client(&server);
    for (lost, bytes) in
        [("dropped", &b"a"[..]), ("invalid", b"b"), ("usurped", b"c"), ("finalityTimeout", b"d")]
    {
        server.node.ledger.advance(1);
        server.node.forget();
        server.node.inner().loses_sight = Some(lost);
        chain.commit(&key(1), NETUID, bytes).await.unwrap();
        assert_eq!(server.node.times("author_submitAndWatchExtrinsic"), 1, "{lost}");
        assert_eq!(chain.commitments(NETUID).await.unwrap()[0].bytes, bytes);
    }
    // What the chain refused is refused however it is found.
    let error = chain.commit(&key(50), NETUID, b"x").await.unwrap_err();
    assert!(error.refusal().is_some(), "{error}");
}

#[tokio::test]
async fn a_transaction_is_watched_on_when_other_requests_leave_its_connection() {
    let server = served().await;
    let chain = client_with(&server, |options| options.call_timeout = Duration::from_secs(2));
    chain.commit(&key(1), NETUID, b"a").await.unwrap();
    server.node.inner().status_pause = Some(Duration::from_millis(1200));
    server.node.forget();
    let other = async {
        while server.node.times("author_submitAndWatchExtrinsic") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Not answered in time, for the connection is busy: it is left.
        chain.head().await
    };
    let key = key(1);
    let (done, head) = tokio::join!(chain.commit(&key, NETUID, b"b"), other);
    done.unwrap();
    head.unwrap();
    // Its block was told, not searched for; and there was a handshake, of the new connection.
    assert_eq!(server.node.times("author_submitAndWatchExtrinsic"), 1);
    assert_eq!(server.node.times("chain_getBlock"), 1);
    assert!(server.node.times("chain_getBlockHash") >= 1);
}

#[tokio::test]
async fn answers_that_are_none_are_named_and_panic_nothing() {
    let server = served().await;
    let chain = client(&server);
    for method in ["chain_getFinalizedHead", "state_getRuntimeVersion", "state_call", "chain_getHeader"] {
        for text in ["", "0x", "0xzz", "moon", "0x00ff"] {
            server.node.on_next(method, Act::Nonsense(text));
            server.node.ledger.advance(1);
            let error = match method {
                "chain_getFinalizedHead" | "chain_getHeader" => chain.head().await.map(drop),
                _ => client(&server).snapshot(NETUID).await.map(drop),
            };
            let Err(error) = error else { panic!("{method} {text:?}") };
            assert!(matches!(error, ChainError::BadAnswer { .. }), "{method} {text:?}: {error}");
        }
    }
}

#[tokio::test]
async fn a_head_that_goes_back_is_named_and_a_node_that_only_lags_is_waited_for() {
    let server = served().await;
    let chain = client(&server);
    server.node.ledger.advance(9);
    chain.head().await.unwrap();
    let eighth = server.node.ledger.block_hash(BlockNumber(8)).await.unwrap().unwrap();
    server.node.inner().head = Some((8, eighth));
    let error = chain.head().await.unwrap_err();
    assert!(matches!(error, ChainError::TakenBack { .. }) && error.fault() == Fault::Network);
    let said = format!(
        "{} takes back what was finalized: its newest finalized block was 9, and now it is 8; a node that lags behind \
         catches up, else name another node in chain.endpoint, and if the chain was begun anew, restart this program",
        server.url()
    );
    assert_eq!(error.to_string(), said);
    let error = chain.snapshot(NETUID).await.unwrap_err();
    assert!(matches!(error, ChainError::TakenBack { .. }), "{error}");
    server.node.inner().head = None;
    chain.head().await.unwrap();
}

#[tokio::test]
async fn a_node_that_is_a_block_behind_for_a_moment_is_waited_for() {
    let server = served().await;
    let chain = client_with(&server, |options| options.redial_every = Duration::from_millis(50));
    server.node.ledger.advance(9);
    chain.head().await.unwrap();
    let eighth = server.node.ledger.block_hash(BlockNumber(8)).await.unwrap().unwrap();
    for whole in [false, true] {
        server.node.inner().head = Some((8, eighth));
        let node = server.node.clone();
        let later = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            node.inner().head = None;
        });
        let block = match whole {
            false => chain.head().await.unwrap().block,
            true => chain.snapshot(NETUID).await.unwrap().block,
        };
        assert_eq!(block, BlockNumber(9));
        later.await.unwrap();
    }
}

#[tokio::test]
async fn another_block_in_the_place_of_a_finalized_one_is_named() {
    let server = served().await;
    let chain = client(&server);
    server.node.ledger.advance(9);
    chain.head().await.unwrap();
    server.node.inner().head = Some((9, Digest([1; 32])));
    let error = chain.head().await.unwrap_err().to_string();
    assert!(error.contains("takes back what was finalized: block 9 was "), "{error}");
    assert!(error.contains(", and now it is 01010101…"), "{error}");
}

#[tokio::test]
async fn a_reorg_below_the_beacon_is_named() {
    let mut one = served().await;
    let chain = client(&one);
    one.node.ledger.advance(5);
    chain.head().await.unwrap();
    // The same chain from its first block on, but with other blocks after it.
    let other = Ledger::new(plimsoll_chain::LedgerGenesis { seed: Digest([77; 32]), ..genesis() }).unwrap();
    other.advance(9);
    let node = Node::around(other, vec![NETUID], vec![]);
    node.inner().genesis = Some(one.node.ledger.genesis());
    one.become_node(node).await;
    assert_eq!(chain.head().await.unwrap().block, BlockNumber(9));
    let error = chain.block_hash(BlockNumber(5)).await.unwrap_err();
    assert!(matches!(error, ChainError::TakenBack { .. }), "{error}");
    assert!(error.to_string().contains("block 5 was "), "{error}");
}
