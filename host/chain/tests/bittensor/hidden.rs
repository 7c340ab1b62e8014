//! Weights that a subnet hides for a while.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use plimsoll_chain::timelock::{RoundSignature, TimelockedWeights};
use plimsoll_chain::{Bittensor, Chain as _, ChainError, Delivered, Refusal};
use plimsoll_core::{BlockNumber, Uid};
use tempfile::TempDir;

use crate::node::{Act, Served, Version, counting_epochs, prefix, without_timelock};
use crate::support::{NETUID, key};
use crate::{client, client_with, served};

/// quicknet's signature of round 1000.
const ROUND_1000: &str =
    "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";
const QUICKNET_GENESIS_S: u64 = 1_692_803_367;
pub(crate) const WEIGHTS: [(Uid, u16); 2] = [(Uid(1), 30_000), (Uid(2), 65_535)];

/// A node whose runtime knows no sealed weights, and a client that notes its commits in a folder.
pub(crate) async fn without_sealing() -> (Served, TempDir) {
    let server = served().await;
    server.node.inner().commit_reveal = true;
    server.node.upgrade(|version: &mut Version| version.metadata = without_timelock().into());
    (server, tempfile::tempdir().unwrap())
}

pub(crate) fn noting(server: &Served, folder: &Path) -> Bittensor {
    client_with(server, |options| options.reveals = Some(folder.to_owned()))
}

/// Hands weights in over a connection that ends before a word of them, for which nobody searches.
async fn unheard(server: &Served, folder: &Path, act: Act) {
    let chain = client_with(server, |options| {
        options.reveals = Some(folder.to_owned());
        options.finality_timeout = Duration::ZERO;
    });
    chain.head().await.unwrap();
    server.node.on_next("author_submitAndWatchExtrinsic", act);
    let error = chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap_err();
    assert!(matches!(error, ChainError::NoAnswer { .. }), "{error}");
}

pub(crate) async fn delivered(chain: &Bittensor, since: u64) -> Delivered {
    chain.delivered(&key(0).hotkey(), NETUID, BlockNumber(since), &WEIGHTS).await.unwrap()
}

/// Blocks from `block` to the first of its next epoch: an epoch is (block + netuid + 1) / (tempo + 1).
pub(crate) fn to_next_epoch(block: u64) -> u64 {
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
    let [sealed] = sealed.as_slice() else { panic!("{} commits", sealed.len()) };
    assert_eq!((sealed.round, sealed.version), (1000, 4));
    let signature: RoundSignature = ROUND_1000.parse().unwrap();
    let opened = TimelockedWeights::open(&sealed.bytes, &signature).unwrap();
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
    unheard(&server, folder.path(), Act::Swallow).await;
    let chain = noting(&server, folder.path());
    assert_eq!(delivered(&chain, 5).await, Delivered::Hidden);
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
    assert_eq!((tended.waiting, tended.is_lost), (0, true));
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
    unheard(&server, folder.path(), Act::Swallow).await;
    server.node.ledger.advance(200);
    let chain = noting(&server, folder.path());
    let tended = chain.tend(&key(0), NETUID).await.unwrap();
    assert!(tended.told[0].contains(" of epoch 0 could be revealed in epoch 1 only"), "{tended:?}");
}

#[tokio::test]
async fn the_salt_is_kept_where_a_node_gave_no_verdict_until_the_commit_cannot_come_any_more() {
    let (server, folder) = without_sealing().await;
    unheard(&server, folder.path(), Act::Error(-32603, "Internal error")).await;
    let chain = noting(&server, folder.path());
    assert_eq!(delivered(&chain, 0).await, Delivered::Unsure { until: BlockNumber(64) });
    assert_eq!(delivered(&chain, 1).await, Delivered::Not, "it is of an earlier round");
    assert_eq!(chain.tend(&key(0), NETUID).await.unwrap().waiting, 1);
    server.node.ledger.advance(64);
    assert_eq!(chain.tend(&key(0), NETUID).await.unwrap().waiting, 1);
    server.node.ledger.advance(1);
    let tended = chain.tend(&key(0), NETUID).await.unwrap();
    assert_eq!(tended.waiting, 0);
    let end = "was sent at block 0 and is not on the chain at block 65: its weights were not set";
    assert!(tended.told[0].ends_with(end) && tended.is_lost, "{tended:?}");
    assert_eq!(delivered(&chain, 0).await, Delivered::Not);
}

#[tokio::test]
async fn a_reveal_that_gets_no_answer_does_not_keep_the_next_one() {
    let (server, folder) = without_sealing().await;
    let chain = client_with(&server, |options| {
        options.reveals = Some(folder.path().to_owned());
        options.finality_timeout = Duration::from_secs(2);
    });
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
            tokio::time::sleep(Duration::from_millis(50)).await;
            ledger.advance(1);
        }
    });
    client(&server).set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap();
    later.await.unwrap();
    let round = server.node.inner().hidden.sealed[0].round;
    // A block of 12 s has four rounds: 2 blocks and 3 more would be 20 rounds after 1000, an epoch has 244.
    assert!(round > 1200, "round {round}");
}

#[tokio::test]
async fn sealed_weights_are_delivered_while_the_chain_has_them_and_owed_again_when_it_has_not() {
    let server = served().await;
    server.node.inner().commit_reveal = true;
    server.node.ledger.advance(30);
    let chain = client(&server);
    assert_eq!(delivered(&chain, 30).await, Delivered::Not);
    chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap();
    assert_eq!(
        [delivered(&chain, 30).await, delivered(&chain, 31).await],
        [Delivered::Hidden, Delivered::Not]
    );
    // The chain could not open them, and has dropped them: that they were committed is still to be seen.
    let sealed = std::mem::take(&mut server.node.inner().hidden.sealed);
    assert_eq!(delivered(&chain, 30).await, Delivered::Not);
    server.node.inner().hidden.sealed = sealed;
    server.node.ledger.advance(200);
    assert_eq!(delivered(&chain, 30).await, Delivered::Not, "its epoch has passed");
    server.node.ledger.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap();
    assert_eq!(delivered(&chain, 30).await, Delivered::Set);
}

#[tokio::test]
async fn sealed_weights_that_nobody_answered_for_are_unsure_until_no_block_can_take_them() {
    let server = served().await;
    server.node.inner().commit_reveal = true;
    server.node.ledger.advance(30);
    let chain = client_with(&server, |options| options.finality_timeout = Duration::from_millis(300));
    server.node.on_next("author_submitAndWatchExtrinsic", Act::Drop);
    let error = chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap_err();
    assert!(matches!(error, ChainError::NoAnswer { .. }), "{error}");
    assert_eq!(delivered(&chain, 30).await, Delivered::Unsure { until: BlockNumber(62) });
    server.node.ledger.advance(33);
    assert_eq!(delivered(&chain, 30).await, Delivered::Not);
}

#[tokio::test]
async fn a_hash_is_delivered_only_to_who_can_still_reveal_it() {
    let (server, folder) = without_sealing().await;
    server.node.ledger.advance(5);
    let chain = noting(&server, folder.path());
    assert_eq!(delivered(&chain, 5).await, Delivered::Not);
    chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap();
    assert_eq!([delivered(&chain, 5).await, delivered(&chain, 6).await], [Delivered::Hidden, Delivered::Not]);
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(delivered(&noting(&server, empty.path()), 5).await, Delivered::Not, "nobody knows the salt");
    assert_eq!(delivered(&client(&server), 5).await, Delivered::Not);
    // On to its epoch, and past it.
    server.node.ledger.advance(u32::try_from(to_next_epoch(5)).unwrap());
    assert_eq!(delivered(&chain, 5).await, Delivered::Hidden);
    server.node.ledger.advance(61);
    assert_eq!(delivered(&chain, 5).await, Delivered::Not);
}

#[tokio::test]
async fn where_epochs_are_counted_the_chains_own_count_says_when_to_reveal() {
    let (server, folder) = without_sealing().await;
    server.node.upgrade(|version: &mut Version| {
        version.metadata = counting_epochs().into();
        version.counts_epochs = true;
    });
    server.node.ledger.advance(100);
    unheard(&server, folder.path(), Act::Swallow).await;
    let chain = noting(&server, folder.path());
    let tended = chain.tend(&key(0), NETUID).await.unwrap();
    assert_eq!((tended.waiting, tended.told), (1, vec![]));
    assert_eq!(delivered(&chain, 100).await, Delivered::Hidden);
    server.node.ledger.advance(u32::try_from(to_next_epoch(100)).unwrap());
    let tended = chain.tend(&key(0), NETUID).await.unwrap();
    assert_eq!((tended.waiting, tended.is_lost), (0, false), "{tended:?}");
    assert_eq!(delivered(&chain, 100).await, Delivered::Set);
}
