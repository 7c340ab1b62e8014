//! Weights that a subnet hides for a while.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use plimsoll_chain::timelock::{RoundSignature, TimelockedWeights};
use plimsoll_chain::{Bittensor, Chain as _, ChainError, Refusal};
use plimsoll_core::Uid;
use tempfile::TempDir;

use crate::node::{Act, Served, Version, prefix, without_timelock};
use crate::support::{NETUID, key};
use crate::{client, client_with, served};

/// quicknet's signature of round 1000.
const ROUND_1000: &str =
    "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";
const QUICKNET_GENESIS_S: u64 = 1_692_803_367;
const WEIGHTS: [(Uid, u16); 2] = [(Uid(1), 30_000), (Uid(2), 65_535)];

/// A node whose runtime knows no sealed weights, and a client that notes its commits in a folder.
async fn without_sealing() -> (Served, TempDir) {
    let server = served().await;
    server.node.inner().commit_reveal = true;
    server.node.upgrade(|version: &mut Version| version.metadata = without_timelock().into());
    (server, tempfile::tempdir().unwrap())
}

fn noting(server: &Served, folder: &Path) -> Bittensor {
    client_with(server, |options| options.reveals = Some(folder.to_owned()))
}

/// Blocks from `block` to the first of its next epoch: an epoch is (block + netuid + 1) / (tempo + 1).
fn to_next_epoch(block: u64) -> u64 {
    61 - (block + 8) % 61
}

#[tokio::test]
async fn sealed_weights_open_with_the_round_that_is_published_in_the_epoch_that_reveals() {
    let server = served().await;
    server.node.ledger.advance(30);
    server.node.inner().commit_reveal = true;
    let head = server.node.ledger.head().await.unwrap().block.0;
    // By the clock of the chain, three blocks after the next epoch's first are 3000 s after quicknet's genesis.
    let wait_ms = (to_next_epoch(head) + 3) * 12_000;
    let now = (QUICKNET_GENESIS_S + 3000) * 1000 - wait_ms;
    server.node.inner().overlay.insert(prefix("Timestamp", "Now"), now.to_le_bytes().to_vec());
    client(&server).set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap();
    let sealed = std::mem::take(&mut server.node.inner().hidden.sealed);
    let [(bytes, round, version)] = sealed.as_slice() else { panic!("{} commits", sealed.len()) };
    assert_eq!((*round, *version), (1000, 4));
    let signature: RoundSignature = ROUND_1000.parse().unwrap();
    let opened = TimelockedWeights::open(bytes, &signature).unwrap();
    let expected = TimelockedWeights { hotkey: key(0).hotkey(), weights: WEIGHTS.to_vec(), version_key: 0 };
    assert_eq!(opened, expected);
}

#[tokio::test]
async fn a_chain_that_opens_another_version_of_sealing_is_refused_before_anything_is_sent() {
    let server = served().await;
    server.node.inner().commit_reveal = true;
    let entry = prefix("SubtensorModule", "CommitRevealWeightsVersion");
    server.node.inner().overlay.insert(entry, 5u16.to_le_bytes().to_vec());
    let error = client(&server).set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot timelock the weights: the chain opens version 5 of commits, and this program seals version 4: update it"
    );
    assert_eq!(server.node.times("author_submitAndWatchExtrinsic"), 0);
}

#[tokio::test]
async fn a_hash_is_revealed_in_its_epoch_by_a_client_that_was_started_anew() {
    let (server, folder) = without_sealing().await;
    let chain = noting(&server, folder.path());
    chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap();
    assert_eq!(chain.weights(NETUID).await.unwrap(), []);
    let tended = chain.tend(&key(0), NETUID).await.unwrap();
    assert_eq!((tended.waiting, tended.told), (1, vec![]));
    drop(chain);

    let head = server.node.ledger.head().await.unwrap().block.0;
    server.node.ledger.advance(u32::try_from(to_next_epoch(head)).unwrap());
    let chain = noting(&server, folder.path());
    let tended = chain.tend(&key(0), NETUID).await.unwrap();
    assert_eq!(tended.waiting, 0);
    assert!(tended.told[0].ends_with("is revealed: its weights are set"), "{tended:?}");
    assert_eq!(chain.weights(NETUID).await.unwrap(), [(Uid(0), WEIGHTS.to_vec())]);
    // Nothing waits any more, so nothing is asked.
    let before = chain.round_trips();
    assert_eq!(chain.tend(&key(0), NETUID).await.unwrap().told, Vec::<String>::new());
    assert_eq!(chain.round_trips(), before);
}

#[tokio::test]
async fn a_commit_of_which_nobody_knows_is_found_on_the_chain() {
    let (server, folder) = without_sealing().await;
    server.node.ledger.advance(5);
    let chain = noting(&server, folder.path());
    chain.head().await.unwrap();
    // Taken by the node, and the connection breaks before it says so.
    server.node.on_next("author_submitAndWatchExtrinsic", Act::Swallow);
    let error = chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap_err();
    assert!(matches!(error, ChainError::NoAnswer { .. }), "{error}");
    assert_eq!(chain.tend(&key(0), NETUID).await.unwrap().waiting, 1);
    let head = server.node.ledger.head().await.unwrap().block.0;
    server.node.ledger.advance(u32::try_from(to_next_epoch(head)).unwrap());
    assert_eq!(chain.tend(&key(0), NETUID).await.unwrap().waiting, 0);
    assert_eq!(chain.weights(NETUID).await.unwrap(), [(Uid(0), WEIGHTS.to_vec())]);
}

#[tokio::test]
async fn whoever_was_away_in_the_epoch_of_the_reveal_is_told_what_is_lost() {
    let (server, folder) = without_sealing().await;
    let chain = noting(&server, folder.path());
    chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap();
    server.node.ledger.advance(200);
    let tended = chain.tend(&key(0), NETUID).await.unwrap();
    assert_eq!(tended.waiting, 0);
    assert!(tended.told[0].ends_with("its weights were not set"), "{tended:?}");
    assert_eq!(chain.weights(NETUID).await.unwrap(), []);
}

#[tokio::test]
async fn a_commit_that_the_chain_refuses_does_not_wait_for_a_reveal() {
    let (server, folder) = without_sealing().await;
    let chain = noting(&server, folder.path());
    server.node.inner().queue_says = Some("Custom error: 77");
    let error = chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap_err();
    assert!(matches!(error.refusal(), Some(Refusal::Unknown { .. })), "{error}");
    assert_eq!(chain.tend(&key(0), NETUID).await.unwrap().waiting, 0);
    let entries = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap());
    let modes: Vec<_> = entries.map(|entry| entry.metadata().unwrap().permissions().mode() & 0o777).collect();
    assert!(!modes.is_empty() && modes.iter().all(|mode| *mode == 0o600), "{modes:?}");
}

#[tokio::test]
async fn a_client_without_a_folder_for_commits_makes_none() {
    let (server, _folder) = without_sealing().await;
    let error = client(&server).set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot commit and reveal weights: this subnet takes a hash of weights first and the weights later, and no folder \
         is given to note them in until then"
    );
    assert_eq!(server.node.times("author_submitAndWatchExtrinsic"), 0);
}

#[tokio::test]
async fn a_commit_that_was_taken_is_found_however_late_it_is_looked_for() {
    let (server, folder) = without_sealing().await;
    let chain = noting(&server, folder.path());
    chain.head().await.unwrap();
    server.node.on_next("author_submitAndWatchExtrinsic", Act::Swallow);
    chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap_err();
    server.node.ledger.advance(200);
    let tended = chain.tend(&key(0), NETUID).await.unwrap();
    assert!(tended.told[0].contains(" of epoch 0 could be revealed in epoch 1 only"), "{tended:?}");
}

#[tokio::test]
async fn the_salt_is_kept_where_a_node_gave_no_verdict_until_the_commit_cannot_come_any_more() {
    let (server, folder) = without_sealing().await;
    let chain = noting(&server, folder.path());
    server.node.on_next("author_submitAndWatchExtrinsic", Act::Error(-32603, "Internal error"));
    let error = chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap_err();
    assert!(matches!(error, ChainError::NoAnswer { .. }), "{error}");
    assert_eq!(chain.tend(&key(0), NETUID).await.unwrap().waiting, 1);
    server.node.ledger.advance(64);
    assert_eq!(chain.tend(&key(0), NETUID).await.unwrap().waiting, 1);
    server.node.ledger.advance(1);
    let tended = chain.tend(&key(0), NETUID).await.unwrap();
    assert_eq!(tended.waiting, 0);
    let end = "was sent at block 0 and is not on the chain at block 65: its weights were not set";
    assert!(tended.told[0].ends_with(end), "{tended:?}");
}

#[tokio::test]
async fn a_reveal_that_gets_no_answer_does_not_keep_the_next_one() {
    let (server, folder) = without_sealing().await;
    let chain = noting(&server, folder.path());
    chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap();
    chain.set_weights(&key(0), NETUID, &[(Uid(1), 65_535)]).await.unwrap();
    let head = server.node.ledger.head().await.unwrap().block.0;
    server.node.ledger.advance(u32::try_from(to_next_epoch(head)).unwrap());
    server.node.on_next("author_submitAndWatchExtrinsic", Act::Drop);
    let tended = chain.tend(&key(0), NETUID).await.unwrap();
    assert_eq!(tended.waiting, 1);
    assert!(tended.told[0].contains("… is not revealed yet: "), "{tended:?}");
    assert!(tended.told[1].ends_with("is revealed: its weights are set"), "{tended:?}");
    assert_eq!(chain.weights(NETUID).await.unwrap(), [(Uid(0), vec![(Uid(1), 65_535)])]);
}

#[tokio::test]
async fn weights_are_not_sealed_in_the_last_blocks_of_an_epoch() {
    let server = served().await;
    server.node.inner().commit_reveal = true;
    server.node.ledger.advance(51);
    let now = (QUICKNET_GENESIS_S + 3000) * 1000;
    server.node.inner().overlay.insert(prefix("Timestamp", "Now"), now.to_le_bytes().to_vec());
    assert_eq!(to_next_epoch(51), 2);
    let ledger = server.node.ledger.clone();
    let later = tokio::spawn(async move {
        for _ in 0..5 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            ledger.advance(1);
        }
    });
    client(&server).set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap();
    later.await.unwrap();
    let round = server.node.inner().hidden.sealed[0].1;
    // A block of 12 s has four rounds: 2 blocks and 3 more would be 20 rounds after 1000, an epoch has 244.
    assert!(round > 1200, "round {round}");
}
