//! Hidden weights whose reveal is refused, whose round is another one's, or which this client cannot hide.

use std::time::Duration;

use plimsoll_chain::{Chain as _, ChainError, Delivered, Refusal};
use plimsoll_core::{BlockNumber, Uid};

use crate::hidden::{WEIGHTS, delivered, noting, to_next_epoch, without_sealing};
use crate::node::{Act, prefix};
use crate::support::{NETUID, key};
use crate::{client, client_with, served};

const SUBMIT: &str = "author_submitAndWatchExtrinsic";
const OLD: [(Uid, u16); 1] = [(Uid(1), 65_535)];

#[tokio::test]
async fn a_reveal_that_is_refused_is_told_once_and_tried_again_in_the_next_block() {
    let (server, folder) = without_sealing().await;
    let chain = noting(&server, folder.path());
    chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap();
    server.node.ledger.advance(u32::try_from(to_next_epoch(0)).unwrap());
    // Numbers of `CommitBlockNotInRevealRange` and `CommitNotFound`.
    for (count, says) in ["Custom error: 17", "Custom error: 16"].into_iter().enumerate() {
        server.node.inner().queue_says = Some(says);
        let tended = chain.tend(&key(0), NETUID).await.unwrap();
        assert_eq!((tended.waiting, tended.is_lost), (1, false));
        assert_eq!(tended.told.len(), usize::from(count == 0), "{tended:?}");
        if let Some(told) = tended.told.first() {
            let end = "CommitBlockNotInRevealRange; it is tried again as long as this epoch lasts";
            assert!(told.starts_with("the chain does not take the reveal of the commit "), "{told}");
            assert!(told.ends_with(end), "{told}");
        }
        // Once a block at most.
        assert_eq!(chain.tend(&key(0), NETUID).await.unwrap().told, Vec::<String>::new());
        server.node.ledger.advance(1);
    }
    let tended = chain.tend(&key(0), NETUID).await.unwrap();
    assert_eq!((tended.waiting, tended.is_lost), (0, false));
    assert!(tended.told[0].ends_with("is revealed: its weights are set"), "{tended:?}");
    assert_eq!(chain.weights(NETUID).await.unwrap(), [(Uid(0), WEIGHTS.to_vec())]);
}

#[tokio::test]
async fn a_reveal_that_is_refused_to_the_end_is_lost_with_its_epoch() {
    let (server, folder) = without_sealing().await;
    let chain = noting(&server, folder.path());
    chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap();
    server.node.ledger.advance(u32::try_from(to_next_epoch(0)).unwrap());
    server.node.inner().always_says = Some("Custom error: 17");
    chain.tend(&key(0), NETUID).await.unwrap();
    server.node.ledger.advance(60);
    assert_eq!(chain.tend(&key(0), NETUID).await.unwrap().waiting, 1);
    server.node.ledger.advance(1);
    let tended = chain.tend(&key(0), NETUID).await.unwrap();
    assert_eq!((tended.waiting, tended.is_lost), (0, true));
    assert!(tended.told[0].contains(" of epoch 0 could be revealed in epoch 1 only"), "{tended:?}");
}

#[tokio::test]
async fn a_reveal_that_was_taken_unheard_is_seen_in_the_weights() {
    let (server, folder) = without_sealing().await;
    let hears = noting(&server, folder.path());
    hears.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap();
    drop(hears);
    server.node.ledger.advance(u32::try_from(to_next_epoch(0)).unwrap());
    let chain = client_with(&server, |options| {
        options.reveals = Some(folder.path().to_owned());
        options.finality_timeout = Duration::ZERO;
    });
    chain.head().await.unwrap();
    server.node.on_next(SUBMIT, Act::Swallow);
    let tended = chain.tend(&key(0), NETUID).await.unwrap();
    assert!(tended.told[0].contains("… is not revealed yet: "), "{tended:?}");
    server.node.inner().always_says = Some("Custom error: 16");
    let tended = chain.tend(&key(0), NETUID).await.unwrap();
    assert!(tended.told[0].contains("CommitNotFound"), "{tended:?}");
    server.node.ledger.advance(1);
    server.node.forget();
    let tended = chain.tend(&key(0), NETUID).await.unwrap();
    assert_eq!((tended.waiting, tended.is_lost), (0, false));
    assert!(tended.told[0].ends_with("is revealed: its weights are set"), "{tended:?}");
    assert_eq!(server.node.times(SUBMIT), 0, "nothing more is sent for it");
}

#[tokio::test]
async fn a_hotkey_with_as_many_commits_as_the_chain_keeps_waits() {
    let (server, folder) = without_sealing().await;
    let chain = noting(&server, folder.path());
    server.node.inner().fails_next = Some(Refusal::TooManyCommits { most: 10 });
    let error = chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap_err();
    let said = "the chain refused: 10 commits of this hotkey wait for their reveal already, and the chain keeps no \
                more: wait for the next epoch";
    assert_eq!(error.to_string(), said);
    assert!(error.refusal().unwrap().may_pass_later());
}

#[tokio::test]
async fn an_old_rounds_late_commit_is_not_the_new_rounds() {
    let server = served().await;
    server.node.inner().commit_reveal = true;
    server.node.ledger.advance(30);
    let chain = client_with(&server, |options| options.finality_timeout = Duration::ZERO);
    chain.head().await.unwrap();
    server.node.on_next(SUBMIT, Act::Swallow);
    let error = chain.set_weights(&key(0), NETUID, &OLD).await.unwrap_err();
    assert!(matches!(error, ChainError::NoAnswer { .. }), "{error}");
    let old = chain.delivered(&key(0).hotkey(), NETUID, BlockNumber(30), &OLD).await.unwrap();
    assert_eq!(old, Delivered::Hidden);
    assert_eq!(delivered(&chain, 30).await, Delivered::Unsure { until: BlockNumber(62) });
    server.node.ledger.advance(33);
    assert_eq!(delivered(&chain, 30).await, Delivered::Not);
    let chain = client(&server);
    assert_eq!(delivered(&chain, 30).await, Delivered::Hidden, "who did not seal it has to believe it");
    chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap();
    assert_eq!(delivered(&chain, 30).await, Delivered::Hidden);
    let old = chain.delivered(&key(0).hotkey(), NETUID, BlockNumber(30), &OLD).await.unwrap();
    assert_eq!(old, Delivered::Not, "the newer ones are opened last");
}

#[tokio::test]
async fn a_commit_of_unknown_origin_is_unsure_while_a_transaction_may_still_come() {
    let server = served().await;
    server.node.inner().commit_reveal = true;
    server.node.ledger.advance(25);
    client(&server).set_weights(&key(0), NETUID, &OLD).await.unwrap();
    server.node.ledger.advance(20);
    let chain = client_with(&server, |options| options.finality_timeout = Duration::ZERO);
    chain.head().await.unwrap();
    server.node.on_next(SUBMIT, Act::Drop);
    chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap_err();
    assert_eq!(delivered(&chain, 25).await, Delivered::Unsure { until: BlockNumber(77) });
}

#[tokio::test]
async fn a_hash_of_other_weights_is_not_the_new_rounds() {
    let (server, folder) = without_sealing().await;
    server.node.ledger.advance(5);
    let chain = noting(&server, folder.path());
    chain.set_weights(&key(0), NETUID, &OLD).await.unwrap();
    assert_eq!(delivered(&chain, 5).await, Delivered::Not);
    let old = chain.delivered(&key(0).hotkey(), NETUID, BlockNumber(5), &OLD).await.unwrap();
    assert_eq!(old, Delivered::Hidden);
}

#[tokio::test]
async fn who_cannot_set_weights_as_the_subnet_takes_them_is_told_before() {
    let me = key(0).hotkey();
    let (server, folder) = without_sealing().await;
    let chain = noting(&server, folder.path());
    chain.ready_for_weights(&me, NETUID).await.unwrap();
    let error = client(&server).ready_for_weights(&me, NETUID).await.unwrap_err();
    assert!(error.to_string().ends_with("no folder is given to note them in until then"), "{error}");
    let error = noting(&server, folder.path()).ready_for_weights(&me, NETUID).await.unwrap_err();
    assert!(error.to_string().contains("another process keeps its reveals here"), "{error}");

    let server = served().await;
    let chain = client(&server);
    chain.ready_for_weights(&me, NETUID).await.unwrap();
    server.node.inner().commit_reveal = true;
    chain.ready_for_weights(&me, NETUID).await.unwrap();
    let entry = prefix("SubtensorModule", "CommitRevealWeightsVersion");
    server.node.inner().overlay.insert(entry, 5u16.to_le_bytes().to_vec());
    let error = chain.ready_for_weights(&me, NETUID).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot timelock the weights: the chain opens version 5 of commits, and this program seals version 4: update it"
    );
    assert_eq!(server.node.times(SUBMIT), 0);
}
