//! Transactions: what they say, and what becomes of them.

use std::time::Duration;

use plimsoll_chain::{Chain as _, ChainError, Refusal};
use plimsoll_core::{Digest, Uid};

use crate::node::{Act, TurnDown, prefix};
use crate::support::{NETUID, key};
use crate::{client, client_with, served};

#[tokio::test]
async fn a_write_takes_these_requests_and_no_more() {
    let server = served().await;
    let chain = client(&server);
    chain.head().await.unwrap();
    chain.commit(&key(1), NETUID, b"a").await.unwrap();
    server.node.forget();
    chain.commit(&key(1), NETUID, b"b").await.unwrap();
    let mut asked = server.node.asked();
    // Sent by the connection itself when a subscription is let go.
    asked.retain(|method| method != "author_unwatchExtrinsic");
    assert_eq!(
        asked,
        [
            "chain_getFinalizedHead",
            "state_getRuntimeVersion",
            "system_accountNextIndex",
            "author_submitAndWatchExtrinsic",
            "chain_getBlock",
            "state_queryStorageAt",
        ]
    );
}

#[tokio::test]
async fn an_address_that_the_chain_does_not_take_is_refused_before_anything_is_sent() {
    let server = served().await;
    let chain = client(&server);
    for at in ["127.0.0.1:8091", "[::1]:8091"] {
        let error = chain.serve_axon(&key(1), NETUID, at.parse().unwrap()).await.unwrap_err();
        let said = format!(
            "the chain refused: {at} cannot be an axon: the chain takes neither 127.0.0.1 nor ::1; give the address \
             that others reach this machine at"
        );
        assert_eq!(error.to_string(), said);
    }
    let error = chain.serve_axon(&key(1), NETUID, "8.8.8.8:0".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error.refusal(), Some(Refusal::AxonAddress { .. })));
    chain.commit(&key(1), NETUID, &[0; 129]).await.unwrap_err();
    assert_eq!(chain.round_trips(), 0);
}

#[tokio::test]
async fn weights_that_the_chain_would_surely_refuse_are_not_sent() {
    let server = served().await;
    let chain = client(&server);
    server.node.ledger.advance(1);
    let weights = [(Uid(1), 1), (Uid(2), 1)];
    let refused = chain.set_weights(&key(2), NETUID, &weights).await.unwrap_err();
    assert_eq!(refused.refusal(), Some(&Refusal::NoPermit { uid: Uid(2) }));
    let advice = chain.advice(NETUID, refused.refusal().unwrap()).unwrap();
    assert!(advice.contains("`btcli stake add --netuid 7 --wallet-name WALLET --hotkey HOTKEY"), "{advice}");
    chain.set_weights(&key(0), NETUID, &weights).await.unwrap();
    let refused = chain.set_weights(&key(0), NETUID, &weights).await.unwrap_err();
    assert_eq!(refused.refusal(), Some(&Refusal::RateLimited { wait_blocks: 20 }));
    assert_eq!(server.node.times("author_submitAndWatchExtrinsic"), 1);
}

#[tokio::test]
async fn a_stranger_is_told_the_command_that_registers_it() {
    let server = served().await;
    let chain = client(&server);
    for turn_down in [TurnDown::InBlock, TurnDown::InQueue] {
        server.node.inner().turn_down = turn_down;
        let error = chain.commit(&key(50), NETUID, b"x").await.unwrap_err();
        let refusal = error.refusal().unwrap();
        assert_eq!(*refusal, Refusal::NotRegistered { netuid: NETUID, hotkey: key(50).hotkey() });
        let advice = chain.advice(NETUID, refusal).unwrap();
        let command = "register it with `btcli subnets register --netuid 7 --wallet-name WALLET --hotkey HOTKEY \
                       --network ws://127.0.0.1:";
        assert!(advice.starts_with(command), "{advice}");
    }
}

#[tokio::test]
async fn too_little_stake_is_told_with_what_it_takes() {
    let server = served().await;
    let chain = client_with(&server, |options| options.finality_timeout = Duration::from_millis(300));
    let key_of = prefix("SubtensorModule", "StakeThreshold");
    server.node.inner().overlay.insert(key_of, 1_000_000u64.to_le_bytes().to_vec());
    server.node.on_next("author_submitAndWatchExtrinsic", Act::Error(1010, "Custom error: 1"));
    // The number is part of the details, not of the message.
    let error = chain.set_weights(&key(0), NETUID, &[(Uid(1), 1)]).await.unwrap_err();
    assert!(matches!(error, ChainError::NoAnswer { .. }), "{error}");
    server.node.inner().queue_says = Some("Custom error: 1");
    let error = chain.set_weights(&key(0), NETUID, &[(Uid(1), 1)]).await.unwrap_err();
    let expected = Refusal::StakeTooLow { found_rao: 5000, least_rao: 1_000_000 };
    assert_eq!(error.refusal(), Some(&expected));
}

#[tokio::test]
async fn reasons_of_the_queue_become_ours() {
    let server = served().await;
    let chain = client(&server);
    let said = async |details: &'static str, axon: bool| {
        server.node.inner().queue_says = Some(details);
        let done = if axon {
            chain.serve_axon(&key(1), NETUID, "10.0.0.1:1".parse().unwrap()).await
        } else {
            chain.commit(&key(1), NETUID, b"x").await
        };
        done.unwrap_err().to_string()
    };
    let too_soon = "the chain refused: this hotkey said where it serves too recently: the subnet takes that every 50 \
                    blocks";
    assert_eq!(said("Custom error: 12", true).await, too_soon);
    assert!(said("Custom error: 11", true).await.contains("10.0.0.1:1 cannot be an axon"));
    let unknown = "the chain refused: custom error 77";
    assert_eq!(said("Custom error: 77", false).await, unknown);
    let fees = "the chain refused: Invalid Transaction: Inability to pay some fees";
    assert_eq!(said("Inability to pay some fees", false).await, fees);
}

#[tokio::test]
async fn a_nonce_that_another_took_is_fetched_anew_and_not_for_ever() {
    let server = served().await;
    let chain = client(&server);
    server.node.inner().queue_says = Some("Transaction is outdated");
    chain.commit(&key(1), NETUID, b"x").await.unwrap();
    assert_eq!(server.node.times("system_accountNextIndex"), 2);
    server.node.inner().always_says = Some("Transaction is outdated");
    let error = chain.commit(&key(1), NETUID, b"y").await.unwrap_err().to_string();
    assert!(error.contains("Transaction is outdated"), "{error}");
    assert_eq!(server.node.times("system_accountNextIndex"), 10);
}

#[tokio::test]
async fn a_node_without_room_is_asked_again_and_its_own_faults_are_no_verdict() {
    const SUBMIT: &str = "author_submitAndWatchExtrinsic";
    let server = served().await;
    let chain = client(&server);
    for code in [1011, 1016] {
        server.node.forget();
        server.node.on_next(SUBMIT, Act::Error(code, "not now"));
        chain.commit(&key(1), NETUID, b"x").await.unwrap();
        assert_eq!(server.node.times(SUBMIT), 2, "{code}");
    }
    let chain = client_with(&server, |options| options.finality_timeout = Duration::from_millis(300));
    for (code, message) in [(-32603, "Internal error"), (504, "Gateway Timeout"), (-32999, "RPC rate limit")]
    {
        server.node.forget();
        server.node.on_next(SUBMIT, Act::Error(code, message));
        let error = chain.commit(&key(1), NETUID, b"y").await.unwrap_err();
        assert!(matches!(error, ChainError::NoAnswer { .. }), "{error}");
        assert_eq!(server.node.times(SUBMIT), 1, "{message}");
    }
}

#[tokio::test]
async fn a_transaction_that_is_never_final_may_have_happened() {
    let server = served().await;
    server.node.inner().never_final = true;
    let chain = client_with(&server, |options| options.finality_timeout = Duration::from_secs(2));
    let error = chain.commit(&key(1), NETUID, b"x").await.unwrap_err();
    assert!(matches!(error, ChainError::NoAnswer { .. }));
    let at = server.url();
    let said = format!(
        "{at} gave no answer to a commitment: after 2 s it is in a block that is not final and not in a finalized \
         block; it may or may not have happened"
    );
    assert_eq!(error.to_string(), said);
}

#[tokio::test]
async fn other_transactions_of_the_block_say_nothing_about_ours() {
    let server = served().await;
    server.node.stranger().await;
    client(&server).commit(&key(1), NETUID, b"x").await.unwrap();
    let error = client(&server).commit(&key(50), NETUID, b"x").await.unwrap_err();
    assert!(matches!(error.refusal(), Some(Refusal::NotRegistered { .. })));
}

#[tokio::test]
async fn a_signature_for_another_chain_is_turned_down_by_the_node() {
    let server = served().await;
    let chain = client(&server);
    chain.head().await.unwrap();
    // From now on the node checks for another genesis than the one that it told.
    server.node.inner().genesis = Some(Digest([9; 32]));
    let error = chain.commit(&key(1), NETUID, b"x").await.unwrap_err().to_string();
    assert!(error.contains("Transaction has a bad signature"), "{error}");
    assert_eq!(server.node.ledger.commitments(NETUID).await.unwrap(), []);
}

#[tokio::test]
async fn weights_are_sent_once_more_where_a_setting_of_the_subnet_changed_on_the_way() {
    const SUBMIT: &str = "author_submitAndWatchExtrinsic";
    let weights = [(Uid(1), 65_535)];
    let server = served().await;
    let chain = client(&server);
    server.node.ledger.advance(1);
    // Numbers of `CommitRevealEnabled`, `CommitRevealDisabled`, `IncorrectCommitRevealVersion`.
    for says in ["Custom error: 25", "Custom error: 26", "Custom error: 29"] {
        server.node.ledger.advance(30);
        server.node.forget();
        server.node.inner().queue_says = Some(says);
        chain.set_weights(&key(0), NETUID, &weights).await.unwrap();
        assert_eq!(server.node.times(SUBMIT), 2, "{says}");
    }
    server.node.ledger.advance(30);
    server.node.inner().fails_next = Some(Refusal::WeightsVersion { least: 7 });
    chain.set_weights(&key(0), NETUID, &weights).await.unwrap();

    server.node.forget();
    server.node.ledger.advance(30);
    server.node.inner().always_says = Some("Custom error: 25");
    let error = chain.set_weights(&key(0), NETUID, &weights).await.unwrap_err();
    let said = "the chain refused: the subnet has just changed whether weights are hidden for a while: the same weights \
                may be taken in a few blocks";
    assert_eq!(error.to_string(), said);
    assert!(error.refusal().unwrap().may_pass_later());
    assert_eq!(server.node.times(SUBMIT), 2, "once more, and no more");
}

#[tokio::test]
async fn a_version_of_weights_that_the_operator_has_set_is_not_sent_twice() {
    let server = served().await;
    server.node.ledger.advance(1);
    let chain = client_with(&server, |options| options.weights_version_key = Some(3));
    server.node.inner().fails_next = Some(Refusal::WeightsVersion { least: 7 });
    let error = chain.set_weights(&key(0), NETUID, &[(Uid(1), 1)]).await.unwrap_err();
    assert!(matches!(error.refusal(), Some(Refusal::WeightsVersion { .. })), "{error}");
    assert_eq!(server.node.times("author_submitAndWatchExtrinsic"), 1);
}
