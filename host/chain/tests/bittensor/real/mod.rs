//! The client's calls, done by Bittensor's own runtime in smoldot's executor: what it says of them, and the events it
//! leaves.
//!
//! - `PLIMSOLL_SUBTENSOR_WASM`: a runtime, as WebAssembly, compressed as nodes do it, or either as hex digits;
//! - `PLIMSOLL_SUBTENSOR_GENESIS`: a raw chain specification in JSON, with whose state the chain begins.
//!
//! Without both, these say that they were skipped. With them (as absolute paths), the node of `tests/runtime` is built
//! first, which takes some minutes once; `PLIMSOLL_RUNTIME_NODE_TARGET` is where, if not below this one's own target.
//!
//! They have run against runtime 143, of March 2024, with the raw specification of the test network: its metadata is of
//! version 14, it has open weights and single values only. Newer ones were not to be had.

#![allow(clippy::print_stdout, reason = "a test that is skipped says why")]

mod stage;

use plimsoll_chain::{Chain as _, ChainError, Delivered, Refusal};
use plimsoll_core::{Hotkey, StakeRao, Uid};
use subxt::ext::scale_value::Value;

use crate::support::key;
use stage::Stage;

#[tokio::test]
async fn a_neuron_registers_serves_commits_and_weighs_in_the_real_runtime() {
    let Some(stage) = Stage::from_the_environment().await else { return };
    let (chain, netuid) = (stage.client(), stage.netuid);
    println!("runtime {}, subnet {netuid}", chain.spec_version().await.unwrap());
    assert_eq!(chain.snapshot(netuid).await.unwrap().neurons.len(), 0);

    // A stranger is turned down by the runtime, however that says it.
    let stranger = chain.commit(&key(9), netuid, b"x").await.unwrap_err();
    let hotkey = key(9).hotkey();
    assert_eq!(stranger.refusal(), Some(&Refusal::NotRegistered { netuid, hotkey }), "{stranger}");

    for byte in [1, 2] {
        stage.register(byte).await;
    }
    let snapshot = chain.snapshot(netuid).await.unwrap();
    let hotkeys: Vec<Hotkey> = snapshot.neurons.iter().map(|neuron| neuron.hotkey).collect();
    assert_eq!(hotkeys, [key(1).hotkey(), key(2).hotkey()]);
    assert!(snapshot.neurons.iter().all(|neuron| neuron.coldkey == stage.coldkey()));

    let at = "203.0.113.9:8091".parse().unwrap();
    chain.serve_axon(&key(1), netuid, at).await.unwrap();
    assert_eq!(stage.events().await, ["SubtensorModule.AxonServed"]);
    assert_eq!(chain.snapshot(netuid).await.unwrap().at(Uid(0)).unwrap().axon, Some(at));

    chain.commit(&key(2), netuid, b"namespace:repo:commit").await.unwrap();
    assert_eq!(stage.events().await, ["Commitments.Commitment"]);
    let commitments = chain.commitments(netuid).await.unwrap();
    assert_eq!((commitments.len(), commitments[0].hotkey), (1, key(2).hotkey()));
    assert_eq!(commitments[0].bytes, b"namespace:repo:commit");

    // A weight for another neuron takes a permit, which an epoch gives: the state is changed instead.
    let weights = [(Uid(0), 1), (Uid(1), 2)];
    let refused = chain.set_weights(&key(1), netuid, &weights).await.unwrap_err();
    assert_eq!(refused.refusal(), Some(&Refusal::NoPermit { uid: Uid(0) }), "{refused}");
    stage.may_set_weights(&[true, false]).await;
    let since = chain.head().await.unwrap().block;
    chain.set_weights(&key(1), netuid, &weights).await.unwrap();
    assert_eq!(stage.events().await, ["SubtensorModule.WeightsSet"]);
    assert_eq!(chain.weights(netuid).await.unwrap(), [(Uid(0), vec![(Uid(0), 32_768), (Uid(1), 65_535)])]);
    let delivered = chain.delivered(&key(1).hotkey(), netuid, since, &weights).await.unwrap();
    assert_eq!(delivered, Delivered::Set);
    stage.limit_weights(100).await;
    let again = chain.set_weights(&key(1), netuid, &weights).await.unwrap_err();
    assert_eq!(again.refusal(), Some(&Refusal::RateLimited { wait_blocks: 100 }), "{again}");
    let neuron = chain.snapshot(netuid).await.unwrap().at(Uid(0)).cloned().unwrap();
    assert!(neuron.validator_permit && neuron.last_update > since);
    assert_eq!(neuron.stake_rao, StakeRao(0));
}

#[tokio::test]
async fn the_real_runtimes_refusals_in_a_block_have_their_names() {
    let Some(stage) = Stage::from_the_environment().await else { return };
    let (chain, netuid) = (stage.client(), stage.netuid);
    for byte in [1, 2] {
        stage.register(byte).await;
    }
    stage.may_set_weights(&[true, false]).await;
    // What the client would see coming is handed in without it.
    let weights = |uids: [u16; 2]| {
        let list = |all: [u16; 2]| Value::unnamed_composite(all.map(|one| Value::u128(one.into())));
        vec![Value::u128(netuid.0.into()), list(uids), list([1, 2]), Value::u128(0)]
    };
    let outcome = stage.dispatch(&key(1), "SubtensorModule", "set_weights", weights([0, 0])).await;
    assert_eq!(outcome.unwrap().last().map(String::as_str), Some("System.ExtrinsicFailed: DuplicateUids"));
    assert_eq!(chain.weights(netuid).await.unwrap(), []);
}

#[tokio::test]
async fn one_flipped_byte_of_a_signature_is_a_bad_signature_to_the_real_runtime() {
    let Some(stage) = Stage::from_the_environment().await else { return };
    stage.register(1).await;
    let good = stage.remark(&key(1)).await;
    for place in [0, 31, 63] {
        let mut bad = good.clone();
        // The length, version and account come before the signature.
        let length = if bad[0] & 3 == 0 { 1 } else { 2 };
        bad[length + 1 + 1 + 32 + 1 + place] ^= 1;
        let said = stage.hand_in(&bad).await.unwrap_err();
        assert_eq!(said, "Transaction has a bad signature", "byte {place}");
    }
    stage.hand_in(&good).await.unwrap();
    assert_eq!(stage.hand_in(&good).await.unwrap_err(), "Transaction is outdated", "it is done already");
}

#[tokio::test]
async fn a_client_that_takes_the_chain_for_another_is_refused_before_it_signs() {
    let Some(stage) = Stage::from_the_environment().await else { return };
    let error = stage.client_of_another_chain().commit(&key(1), stage.netuid, b"x").await.unwrap_err();
    assert!(matches!(error, ChainError::OtherChain { .. }), "{error}");
}
