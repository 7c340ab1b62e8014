//! The served ledger, spoken to as a stranger would, and through bad networks.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use plimsoll_chain::{
    Call, Chain, ChainError, Endpoint, Extrinsic, Fault, Ledger, LedgerClient, LedgerGenesis, LedgerServer,
    LocalAdmin, MAX_EXTRINSIC_BYTES, Refusal, connect, development_key,
};
use plimsoll_core::{Digest, NetUid, StakeRao, Uid};
use serde_json::Value;
use support::{NETUID, genesis, key};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn anywhere() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

async fn serve() -> LedgerServer {
    LedgerServer::start(Ledger::new(genesis()).unwrap(), anywhere()).await.unwrap()
}

async fn post(server: &LedgerServer, body: impl Into<reqwest::Body>) -> (u16, Value) {
    let url = format!("http://{}/v1/extrinsics", server.at());
    let answer = reqwest::Client::new().post(url).body(body).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

async fn get(server: &LedgerServer, path: &str) -> (u16, Value) {
    let answer = reqwest::get(format!("http://{}{path}", server.at())).await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

fn commit(genesis: Digest, nonce: u64) -> Extrinsic {
    let call = Call::Commit { netuid: NETUID, bytes: b"root".to_vec() };
    Extrinsic::sign(&key(1), nonce, genesis, call)
}

fn json(extrinsic: &Extrinsic) -> Vec<u8> {
    serde_json::to_vec(extrinsic).unwrap()
}

#[tokio::test]
async fn forged_replayed_foreign_and_out_of_turn_extrinsics_are_refused_with_sentences() {
    let server = serve().await;
    let good = commit(server.ledger().genesis(), 0);
    assert_eq!(post(&server, json(&good)).await.0, 200);

    let (status, answer) = post(&server, json(&good)).await;
    assert_eq!((status, answer["refusal"]["reason"].as_str()), (422, Some("stale-nonce")));
    assert!(answer["error"].as_str().unwrap().contains("it is a replay or came out of turn"));

    let mut forged = commit(server.ledger().genesis(), 1);
    forged.signature.0[3] ^= 1;
    let (status, answer) = post(&server, json(&forged)).await;
    assert_eq!((status, answer["refusal"]["reason"].as_str()), (403, Some("bad-signature")));
    let sent_back = answer["error"].as_str().unwrap().contains(&forged.signature.to_string());
    assert!(!sent_back, "an error does not repeat a signature");

    let (status, answer) = post(&server, json(&commit(Digest([1; 32]), 1))).await;
    assert_eq!((status, answer["refusal"]["reason"].as_str()), (422, Some("wrong-genesis")));
    assert_eq!(server.ledger().nonce(&key(1).hotkey()), 1);
}

#[tokio::test]
async fn oversize_and_senseless_bodies_are_refused_and_the_server_lives_on() {
    let server = serve().await;
    let (status, answer) = post(&server, vec![b' '; MAX_EXTRINSIC_BYTES + 1]).await;
    assert_eq!(status, 413);
    assert!(answer["error"].as_str().unwrap().contains("at most 131072 bytes"), "{answer}");
    for body in ["", "{}", "[[[[", "null", "{\"call\":{\"call\":\"mint\"}}", "\u{0}\u{1}"] {
        let (status, answer) = post(&server, body).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer["error"].as_str().unwrap().starts_with("the body is no extrinsic: "), "{answer}");
    }
    let long = format!("{{\"{}\":1}}", "x".repeat(10_000));
    assert!(post(&server, long).await.1["error"].as_str().unwrap().len() < 200, "not sent back at length");
    assert_eq!(get(&server, "/v1/head").await.0, 200);
}

#[tokio::test]
async fn every_answer_is_json_whatever_was_asked() {
    let server = serve().await;
    for (path, status, part) in [
        ("/", 404, "a local ledger has no such path"),
        ("/v1/extrinsics", 405, "this path does not take this method"),
        ("/v1/subnets/x", 400, "`x` is no number that is possible here"),
        ("/v1/subnets/65536", 400, "no number"),
        ("/v1/subnets/8", 404, "there is no subnet 8"),
        ("/v1/blocks/-1", 400, "no number"),
        ("/v1/accounts/5Alice", 400, "`5Alice`: "),
    ] {
        let (found, answer) = get(&server, path).await;
        assert_eq!(found, status, "{path}");
        assert!(answer["error"].as_str().unwrap().contains(part), "{path}: {answer}");
    }
    assert_eq!(get(&server, "/v1/blocks/99").await, (200, Value::Null));
}

#[tokio::test]
async fn a_ledger_is_served_and_spoken_to_on_loopback_only() {
    for at in ["0.0.0.0:9933", "192.0.2.1:9933", "[::]:9933"] {
        let at: SocketAddr = at.parse().unwrap();
        let started = LedgerServer::start(Ledger::new(genesis()).unwrap(), at).await;
        let Err(error) = started else { panic!("{at} is open to others") };
        assert_eq!(
            error.to_string(),
            format!(
                "{at} is reachable from other machines: a local ledger is on loopback only, such as 127.0.0.1:9933"
            )
        );
        assert!(matches!(LedgerClient::new(at), Err(ChainError::NotLoopback { .. })));
    }
}

#[tokio::test]
async fn a_port_that_is_taken_says_so() {
    let server = serve().await;
    let started = LedgerServer::start(Ledger::new(genesis()).unwrap(), server.at()).await;
    let Err(error) = started else { panic!("two servers on one port") };
    let said = error.to_string();
    assert!(said.starts_with(&format!("cannot listen on {}: ", server.at())), "{said}");
    assert!(said.ends_with("stop what listens there or choose another port"), "{said}");
}

#[tokio::test]
async fn miner_and_validator_meet_on_a_development_net() {
    let netuid = NetUid(1);
    let development = LedgerGenesis { block_ms: 0, ..LedgerGenesis::development(netuid) };
    let server = LedgerServer::start(Ledger::new(development).unwrap(), anywhere()).await.unwrap();
    let at: Endpoint = server.endpoint().parse().unwrap();
    let Endpoint::Local(address) = at.clone() else { panic!("{at}") };
    let local = LedgerClient::new(address).unwrap();
    let (miner, validator) = (key(1), key(2));
    for key in [&miner, &validator] {
        local.register(key, netuid, key.hotkey()).await.unwrap();
        local.advance_by(&development_key(), 1).await.unwrap();
    }
    local.set_stake(&development_key(), netuid, validator.hotkey(), StakeRao(1), true).await.unwrap();

    let chain = connect(&at, None).unwrap();
    assert_eq!(chain.endpoint(), server.endpoint());
    chain.serve_axon(&miner, netuid, "127.0.0.1:8091".parse().unwrap()).await.unwrap();
    let seen = chain.snapshot(netuid).await.unwrap();
    let uid = seen.neurons.iter().find(|neuron| neuron.axon.is_some()).unwrap().uid;
    chain.set_weights(&validator, netuid, &[(uid, 3)]).await.unwrap();
    assert_eq!(chain.weights(netuid).await.unwrap(), [(Uid(1), vec![(Uid(0), 65535)])]);
}

#[tokio::test]
async fn a_served_ledger_has_a_clock_of_its_own() {
    let quick = LedgerGenesis { block_ms: 2, ..genesis() };
    let server = LedgerServer::start(Ledger::new(quick).unwrap(), anywhere()).await.unwrap();
    let client = LedgerClient::new(server.at()).unwrap();
    while client.head().await.unwrap().block.0 < 5 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(client.snapshot(NETUID).await.unwrap().block_ms, 2);
    let ledger = server.ledger().clone();
    server.stop().await.unwrap();
    let stopped_at = ledger.head().await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(ledger.head().await.unwrap(), stopped_at, "the clock has ended with the server");
}

#[tokio::test]
async fn a_served_ledger_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("localnet.json");
    let start = async |at| LedgerServer::start(Ledger::kept_in(&path, genesis()).unwrap(), at).await.unwrap();
    let server = start(anywhere()).await;
    let at = server.at();
    let client = LedgerClient::new(at).unwrap();
    client.register(&key(20), NETUID, key(20).hotkey()).await.unwrap();
    client.commit(&key(20), NETUID, b"before").await.unwrap();
    server.ledger().advance(12);
    server.stop().await.unwrap();
    let gone = client.head().await.unwrap_err();
    assert_eq!(gone.fault(), Fault::Network);
    let said = gone.to_string();
    assert!(said.starts_with(&format!("cannot reach the chain at local://{at}: ")), "{said}");
    assert!(said.ends_with("is `plimsoll localnet` running there?"), "{said}");

    let server = start(at).await;
    assert_eq!(client.head().await.unwrap().block.0, 12);
    assert_eq!(client.commitments(NETUID).await.unwrap()[0].bytes, b"before");
    client.commit(&key(20), NETUID, b"after").await.unwrap();
    drop(server);
}

#[tokio::test]
async fn nothing_is_signed_for_a_ledger_that_took_anothers_place() {
    let server = serve().await;
    let at = server.at();
    let client = LedgerClient::new(at).unwrap();
    client.commit(&key(1), NETUID, b"x").await.unwrap();
    server.stop().await.unwrap();
    let other = LedgerGenesis { seed: Digest([6; 32]), ..genesis() };
    let server = LedgerServer::start(Ledger::new(other).unwrap(), at).await.unwrap();
    let error = client.commit(&key(1), NETUID, b"x").await.unwrap_err();
    assert!(matches!(error.refusal(), Some(Refusal::WrongGenesis { .. })), "{error}");
    assert_eq!(server.ledger().nonce(&key(1).hotkey()), 0);
}

/// A server that treats the n-th connection as the n-th of `answers`: `None` hangs up, `Some` is sent.
async fn crooked(answers: Vec<Option<Vec<u8>>>) -> SocketAddr {
    let listener = TcpListener::bind(anywhere()).await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for answer in answers {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = connection.read(&mut request).await;
            if let Some(answer) = answer {
                let _ = connection.write_all(&answer).await;
            }
        }
    });
    at
}

fn ok(body: &str) -> Option<Vec<u8>> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    Some([head.as_bytes(), body.as_bytes()].concat())
}

#[tokio::test]
async fn a_read_survives_dropped_connections() {
    let head = format!("{{\"block\":3,\"hash\":\"{}\"}}", Digest([4; 32]));
    let client = LedgerClient::new(crooked(vec![None, None, ok(&head)]).await).unwrap();
    assert_eq!(client.head().await.unwrap().block.0, 3);
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_not_repeated_and_says_that_it_may_have_happened() {
    let turn = format!("{{\"genesis\":\"{}\",\"nonce\":0}}", Digest([4; 32]));
    // Were the write repeated, it would find the answer that is left.
    let receipt = ok("{\"block\":1,\"uid\":null}");
    let client = LedgerClient::new(crooked(vec![ok(&turn), None, receipt]).await).unwrap();
    let error = client.commit(&key(1), NETUID, b"x").await.unwrap_err();
    assert!(matches!(error, ChainError::NoAnswer { asked: "a commitment", .. }), "{error}");
    assert!(error.to_string().ends_with("it may or may not have happened"), "{error}");
    assert_eq!(error.fault(), Fault::Network);
}

#[tokio::test]
async fn a_server_that_never_answers_ends_in_an_error() {
    let listener = TcpListener::bind(anywhere()).await.unwrap();
    let at = listener.local_addr().unwrap();
    let client = LedgerClient::with_timeout(at, Duration::from_millis(150)).unwrap();
    let read = client.head().await.unwrap_err();
    assert!(matches!(read, ChainError::Unreachable { .. }), "{read}");
    let write = client.submit(&commit(Digest([1; 32]), 0)).await.unwrap_err();
    assert!(matches!(write, ChainError::NoAnswer { .. }), "{write}");
}

#[tokio::test]
async fn answers_that_make_no_sense_are_told_from_silence() {
    let neuron = |uid: u16| {
        let hotkey = key(1).hotkey();
        format!(
            "{{\"uid\":{uid},\"hotkey\":\"{hotkey}\",\"coldkey\":\"{hotkey}\",\"stake_rao\":0,\
             \"validator_permit\":false,\"axon\":null,\"last_update\":0}}"
        )
    };
    let snapshot = |netuid: u16, neurons: String| {
        format!(
            "{{\"netuid\":{netuid},\"block\":1,\"beacon\":\"{}\",\"tempo_blocks\":1,\
             \"weights_rate_limit_blocks\":1,\"block_ms\":1,\"neurons\":[{neurons}]}}",
            Digest([4; 32])
        )
    };
    for (answer, part) in [
        (ok("<html>"), "expected value"),
        (ok(&snapshot(8, neuron(0))), "subnet 8 in place of subnet 7"),
        (ok(&snapshot(7, format!("{},{}", neuron(1), neuron(1)))), "not in the order of their uids"),
        (ok(&format!("[{}]", "1,".repeat(9 << 20))), "more than 16777216 bytes"),
        (Some(b"HTTP/1.1 500 Oops\r\ncontent-length: 1\r\n\r\nx".to_vec()), "status 500 without a reason"),
    ] {
        let client = LedgerClient::new(crooked(vec![answer]).await).unwrap();
        let error = client.snapshot(NETUID).await.unwrap_err();
        assert!(matches!(error, ChainError::BadAnswer { .. }), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}
