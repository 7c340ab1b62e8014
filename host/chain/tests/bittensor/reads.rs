//! What is read, and in how many round trips.

use plimsoll_chain::{Chain as _, CommitReveal, CommitmentField, Refusal, SubnetSummary};
use plimsoll_core::{BlockNumber, NetUid, Uid};

use crate::node::{blake2_key, compact, prefix, twox_key};
use crate::support::{NETUID, key};
use crate::{client, client_with, large, served};

const LARGE: NetUid = NetUid(96);

#[tokio::test]
async fn a_subnet_of_256_with_its_commitments_takes_two_round_trips() {
    let server = large(256).await;
    let chain = client(&server);
    chain.head().await.unwrap();
    let before = chain.round_trips();
    server.node.forget();
    let (snapshot, commitments) = chain.snapshot_with_commitments(LARGE).await.unwrap();
    let trips = chain.round_trips() - before;
    // The first read also learns the runtime.
    chain.snapshot_with_commitments(LARGE).await.unwrap();
    let again = chain.round_trips() - before - trips;
    assert_eq!((snapshot.neurons.len(), commitments.len()), (256, 60));
    assert_eq!(again, 2, "{:?}", server.node.asked());
    let of_ledger = server.node.ledger.snapshot(LARGE).await.unwrap();
    assert_eq!(snapshot.neurons, of_ledger.neurons);
    assert_eq!((snapshot.block, snapshot.beacon), (of_ledger.block, of_ledger.beacon));
    assert_eq!(commitments, server.node.ledger.commitments(LARGE).await.unwrap());
}

#[tokio::test]
async fn without_runtime_calls_it_takes_no_more_than_eight() {
    let server = large(256).await;
    server.node.inner().version.metadata = std::sync::Arc::new(crate::node::without_apis());
    server.node.inner().version.has_apis = false;
    let chain = client(&server);
    let whole = chain.snapshot_with_commitments(LARGE).await.unwrap();
    let before = chain.round_trips();
    server.node.forget();
    assert_eq!(chain.snapshot_with_commitments(LARGE).await.unwrap(), whole);
    let trips = chain.round_trips() - before;
    assert!(trips <= 8, "{trips}: {:?}", server.node.asked());
    assert_eq!(trips, 4, "{:?}", server.node.asked());
    assert_eq!(server.node.times("state_call"), 0, "the metadata says that there is nothing to call");
    assert_eq!(whole.0.neurons, server.node.ledger.snapshot(LARGE).await.unwrap().neurons);
    assert_eq!(whole.1, server.node.ledger.commitments(LARGE).await.unwrap());
}

#[tokio::test]
async fn a_subnet_larger_than_one_page_reads_whole_either_way() {
    let server = large(300).await;
    let chain = client(&server);
    let whole = chain.snapshot(LARGE).await.unwrap();
    assert_eq!(whole.neurons.len(), 300);
    server.node.inner().version.has_apis = false;
    assert_eq!(chain.snapshot(LARGE).await.unwrap(), whole);
    assert_eq!(whole.at(Uid(299)).unwrap().axon, Some("10.0.1.43:8091".parse().unwrap()));
}

#[tokio::test]
async fn name_and_hidden_weights_are_part_of_a_snapshot() {
    let server = served().await;
    let chain = client(&server);
    server.node.inner().names.insert(NETUID, "Plimsoll λ".into());
    server.node.inner().commit_reveal = true;
    let snapshot = chain.snapshot(NETUID).await.unwrap();
    assert_eq!(snapshot.name, "Plimsoll λ");
    assert_eq!(snapshot.commit_reveal, Some(CommitReveal { period_epochs: 1 }));
    assert_eq!((snapshot.block_ms, snapshot.tempo_blocks), (12_000, 60));
}

#[tokio::test]
async fn every_form_of_a_commitment_is_told_and_only_raw_ones_have_bytes() {
    let server = served().await;
    server.node.inner().version.has_apis = false;
    let net = NETUID.0.to_le_bytes();
    let put = |byte: u8, fields: &[u8]| {
        let value = [&[0; 8][..], &[9, 0, 0, 0], fields].concat();
        let key = twox_key("Commitments", "CommitmentOf", &net, &key(byte).hotkey().0);
        server.node.inner().overlay.insert(key, value);
    };
    put(0, &[8, 3, b'a', b'b', 136, 8, b'c', b'd']);
    put(1, &[4, 135]);
    put(2, &[4, 200, 1, 2]);
    put(3, &[16, 1, 1, 1, 1]);
    let chain = client(&server);
    let stored = chain.stored_commitments(NETUID).await.unwrap();
    let fields: Vec<_> = stored.into_iter().map(|(hotkey, stored)| (hotkey, stored.fields)).collect();
    let raw = vec![CommitmentField::Raw(b"ab".to_vec()), CommitmentField::BigRaw(b"cd".to_vec())];
    let unknown = CommitmentField::Unknown { tag: 200, rest: vec![1, 2] };
    let expected = [
        (key(0).hotkey(), raw),
        (key(1).hotkey(), vec![CommitmentField::ResetBondsFlag]),
        (key(2).hotkey(), vec![unknown]),
    ];
    assert_eq!(fields, expected, "four fields are one too many, and left out");
    let commitments = chain.commitments(NETUID).await.unwrap();
    assert_eq!(commitments.len(), 1);
    assert_eq!((commitments[0].block, commitments[0].bytes.as_slice()), (BlockNumber(9), &b"abcd"[..]));
}

#[tokio::test]
async fn revealed_commitments_are_told_by_uid_and_age() {
    let server = served().await;
    let net = NETUID.0.to_le_bytes();
    let entry = |text: &[u8], block: u64| {
        let inner = [compact(text.len() as u64), text.to_vec()].concat();
        [compact(inner.len() as u64), inner, block.to_le_bytes().to_vec()].concat()
    };
    let value = [compact(2), entry(b"one", 5), entry(b"two", 6)].concat();
    let at = twox_key("Commitments", "RevealedCommitments", &net, &key(2).hotkey().0);
    server.node.inner().overlay.insert(at, value);
    let revealed = client(&server).revealed_commitments(NETUID).await.unwrap();
    let revealed: Vec<_> = revealed.iter().map(|r| (r.hotkey, r.block.0, r.bytes.as_slice())).collect();
    assert_eq!(revealed, [(key(2).hotkey(), 5, &b"one"[..]), (key(2).hotkey(), 6, b"two")]);
    let chain = client(&server);
    let snapshot = chain.snapshot(NETUID).await.unwrap();
    let before = chain.round_trips();
    assert_eq!(chain.revealed(&snapshot).await.unwrap().len(), 2);
    assert_eq!(chain.round_trips() - before, 1, "at the block of the snapshot, with one request");
}

fn summary(netuid: u16, name: &str, tempo_blocks: u64, neurons: u16) -> SubnetSummary {
    SubnetSummary { netuid: NetUid(netuid), name: name.into(), tempo_blocks, neurons }
}

#[tokio::test]
async fn all_subnets_are_listed_with_names_in_three_round_trips() {
    let server = served().await;
    server.node.inner().names.insert(NETUID, "Plimsoll".into());
    let chain = client(&server);
    assert_eq!(chain.subnets().await.unwrap(), [summary(7, "Plimsoll", 60, 4)]);
    let before = chain.round_trips();
    chain.subnets().await.unwrap();
    assert_eq!(chain.round_trips() - before, 3, "{:?}", server.node.asked());
}

#[tokio::test]
async fn without_runtime_calls_subnets_are_listed_by_pages_of_a_thousand() {
    let server = served().await;
    server.node.inner().version.has_apis = false;
    for netuid in 100..1300u16 {
        let at = [prefix("SubtensorModule", "NetworksAdded"), netuid.to_le_bytes().to_vec()].concat();
        // The last ones are subnets that are gone.
        server.node.inner().overlay.insert(at, vec![u8::from(netuid < 1298)]);
    }
    let chain = client(&server);
    chain.head().await.unwrap();
    let all = chain.subnets().await.unwrap();
    assert_eq!(all.len(), 1 + 1198);
    assert_eq!(all[0], summary(7, "", 60, 4));
    // What was never written is what the runtime says: no neurons, and its own tempo.
    assert_eq!((all[1].netuid, all[1].neurons), (NetUid(100), 0));
    assert_eq!(all.last().unwrap().netuid, NetUid(1297));
    assert_eq!(server.node.times("state_getKeysPaged"), 2);
}

#[tokio::test]
async fn rows_of_weights_take_two_round_trips_and_a_strange_row_is_an_error() {
    let server = large(256).await;
    let chain = client(&server);
    chain.weights(LARGE).await.unwrap();
    let before = chain.round_trips();
    assert_eq!(chain.weights(LARGE).await.unwrap(), []);
    assert_eq!(chain.round_trips() - before, 2);
    let at = [prefix("SubtensorModule", "Weights"), vec![96, 0, 5, 0]].concat();
    server.node.inner().overlay.insert(at.clone(), vec![8, 1, 0, 2, 0, 0, 0, 3, 0]);
    assert_eq!(chain.weights(LARGE).await.unwrap(), [(Uid(5), vec![(Uid(0), 3), (Uid(1), 2)])]);
    server.node.inner().overlay.insert(at, vec![200]);
    let error = chain.weights(LARGE).await.unwrap_err().to_string();
    assert!(error.contains("gave an answer that makes no sense"), "{error}");
}

#[tokio::test]
async fn an_axon_that_is_no_axon_costs_the_answer_and_says_so() {
    let server = served().await;
    server.node.inner().version.has_apis = false;
    let at = blake2_key("Axons", &NETUID.0.to_le_bytes(), &key(1).hotkey().0);
    server.node.inner().overlay.insert(at, vec![1, 2, 3]);
    let error = client(&server).snapshot(NETUID).await.unwrap_err().to_string();
    let at = server.url();
    assert_eq!(error, format!("{at} gave an answer that makes no sense: it ends 5 bytes too early"));
}

#[tokio::test]
async fn a_hash_is_told_of_finalized_blocks_only() {
    let server = served().await;
    server.node.ledger.advance(10);
    let chain = client(&server);
    server.node.inner().head =
        Some((7, server.node.ledger.block_hash(BlockNumber(7)).await.unwrap().unwrap()));
    assert!(chain.block_hash(BlockNumber(7)).await.unwrap().is_some());
    assert_eq!(chain.block_hash(BlockNumber(8)).await.unwrap(), None, "there, but not final");
    server.node.inner().head = None;
    assert!(chain.block_hash(BlockNumber(8)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_subnet_that_is_not_there_is_refused_either_way_with_a_command() {
    let server = served().await;
    let chain = client(&server);
    for has_apis in [true, false] {
        server.node.inner().version.has_apis = has_apis;
        let error = chain.snapshot(NetUid(9)).await.unwrap_err();
        assert_eq!(error.refusal(), Some(&Refusal::NoSubnet { netuid: NetUid(9) }));
        let advice = chain.advice(NetUid(9), error.refusal().unwrap()).unwrap();
        assert!(advice.starts_with("`btcli subnets list --network ws://127.0.0.1:"), "{advice}");
    }
}

#[tokio::test]
async fn one_request_every_so_often_is_the_pace() {
    let server = served().await;
    let every = std::time::Duration::from_millis(40);
    let chain = client_with(&server, |options| options.request_every = Some(every));
    let begun = std::time::Instant::now();
    chain.head().await.unwrap();
    chain.snapshot(NETUID).await.unwrap();
    let trips = u32::try_from(chain.round_trips()).unwrap();
    // The first is free.
    assert!(begun.elapsed() >= every * (trips - 1), "{trips} in {:?}", begun.elapsed());
}
