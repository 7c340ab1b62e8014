//! Runtimes that change while the program runs.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_chain::{Bittensor, Chain as _};
use plimsoll_core::Uid;

use crate::node::{Node, Served, older, with_commitments_at, without_apis};
use crate::support::{NETUID, key};
use crate::{client, client_with, served};

fn moved(node: &Node) {
    node.upgrade(|version| {
        version.spec = 400;
        version.metadata = Arc::new(with_commitments_at(99));
        version.commitments_index = 99;
    });
}

async fn writes_and_reads(chain: &Bittensor, server: &Served, bytes: &[u8]) {
    chain.commit(&key(1), NETUID, bytes).await.unwrap();
    let commitments = chain.commitments(NETUID).await.unwrap();
    assert_eq!(commitments[0].bytes, bytes);
    assert_eq!(server.node.ledger.commitments(NETUID).await.unwrap(), commitments);
}

#[tokio::test]
async fn a_pallet_that_moves_between_two_calls_is_found_again() {
    let server = served().await;
    let chain = client(&server);
    writes_and_reads(&chain, &server, b"before").await;
    assert_eq!(chain.spec_version().await.unwrap(), 365);
    moved(&server.node);
    writes_and_reads(&chain, &server, b"after").await;
    assert_eq!(chain.spec_version().await.unwrap(), 400);
}

#[tokio::test]
async fn metadata_is_read_once_a_version() {
    let server = served().await;
    let chain = client_with(&server, |options| options.version_age = Duration::ZERO);
    for _ in 0..3 {
        chain.snapshot(NETUID).await.unwrap();
    }
    // Two calls for the metadata, and three for the subnet.
    assert_eq!(server.node.times("state_call"), 5);
    moved(&server.node);
    for _ in 0..3 {
        chain.snapshot(NETUID).await.unwrap();
    }
    assert_eq!(server.node.times("state_call"), 10);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_any_more_makes_the_runtime_be_looked_at_again() {
    let server = served().await;
    let chain = client(&server);
    let whole = chain.snapshot(NETUID).await.unwrap();
    // The new runtime's calls answer something else, and single values are still where they were.
    server.node.upgrade(|version| {
        version.spec = 401;
        version.metadata = Arc::new(without_apis());
    });
    let method = "SubnetInfoRuntimeApi_get_selective_metagraph";
    server.node.inner().canned.insert(method.into(), vec![1, 2, 3]);
    assert_eq!(chain.snapshot(NETUID).await.unwrap(), whole);
    assert_eq!(chain.spec_version().await.unwrap(), 401);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_under_the_same_runtime_is_an_error() {
    let server = served().await;
    let chain = client(&server);
    chain.snapshot(NETUID).await.unwrap();
    let method = "SubnetInfoRuntimeApi_get_selective_metagraph";
    server.node.inner().canned.insert(method.into(), vec![1, 2, 3]);
    let error = chain.snapshot(NETUID).await.unwrap_err().to_string();
    assert!(error.contains("gave an answer that makes no sense"), "{error}");
}

#[tokio::test]
async fn an_old_runtime_that_gives_one_metadata_only_works_too() {
    let server = served().await;
    let whole = client(&server).snapshot(NETUID).await.unwrap();
    server.node.upgrade(|version| {
        version.spec = 143;
        version.metadata = Arc::new(older());
        version.commitments_index = 17;
        version.is_old = true;
    });
    let chain = client(&server);
    assert_eq!(chain.snapshot(NETUID).await.unwrap(), whole);
    assert_eq!(chain.spec_version().await.unwrap(), 143);
    writes_and_reads(&chain, &server, b"old").await;
    chain.set_weights(&key(0), NETUID, &[(Uid(1), 1)]).await.unwrap();
}
