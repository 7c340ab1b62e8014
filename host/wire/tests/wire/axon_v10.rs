//! The dendrite and axon form of version 10: what PyPI bittensor 10.5.0 put on the wire, and what its weaknesses
//! come to here.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use plimsoll_core::{Keypair, Signature};
use plimsoll_wire::axon_v10::{AUDIT_V10_PATH, AuditFields, Synapse, Terminal, V10Head, body_hash};
use plimsoll_wire::{ServerOptions, WireLimits};
use serde::Serialize;
use tokio::io::AsyncWriteExt;

use crate::loopback::{
    NETUID, NOW_NS, Running, SECOND_NS, assert_refused, audit_request, hear, http, stranger, talk, validator,
};

const DENDRITE: &str = "5DPsoMA9FifFZwae5DRykVS82eu1DLjTR7vLaC1B1UTALUJB";
const AXON: &str = "5EXc6mRx3KDwwwzdCB1bktpXVUxsUQkUb1TPMkWxvUzyAZgN";
const UUID: &str = "5d04e57e-e4df-11f1-8f2f-02fc00000001";
const HASH: &str = "3d92e01f481fe355b5370db053dcfa666fa04f7508c814795625e4ff88d73d05";
const SIGNATURE: &str = "0xfe7ac00558cf93d5be40dedae1d1a5cb6cc26e5dd76ac02b04176f910fd49307\
    402c22e206142b3fb549ae0a50028f9ab07f93d431b646f1affdcb2777943a81";

fn golden_headers() -> HeaderMap {
    headers(&[
        ("name", "Challenge"),
        ("timeout", "12.0"),
        ("bt_header_axon_ip", "127.0.0.1"),
        ("bt_header_axon_port", "18092"),
        ("bt_header_axon_hotkey", AXON),
        ("bt_header_dendrite_ip", "127.0.0.1"),
        ("bt_header_dendrite_version", "10005000"),
        ("bt_header_dendrite_nonce", "1795178341470548511"),
        ("bt_header_dendrite_uuid", UUID),
        ("bt_header_dendrite_hotkey", DENDRITE),
        ("bt_header_dendrite_signature", SIGNATURE),
        ("header_size", "464"),
        ("total_size", "3077"),
        ("computed_body_hash", HASH),
    ])
}

fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    };
    all.iter().map(pair).collect()
}

#[test]
fn a_request_of_the_python_dendrite_is_read_and_its_signature_verifies() {
    let head = V10Head::parse(&golden_headers(), "Challenge").unwrap();
    assert_eq!(
        head.signed_string(),
        "1795178341470548511.5DPsoMA9FifFZwae5DRykVS82eu1DLjTR7vLaC1B1UTALUJB.\
         5EXc6mRx3KDwwwzdCB1bktpXVUxsUQkUb1TPMkWxvUzyAZgN.5d04e57e-e4df-11f1-8f2f-02fc00000001.\
         3d92e01f481fe355b5370db053dcfa666fa04f7508c814795625e4ff88d73d05"
    );
    assert!(head.verifies());
    let changed = V10Head { body_hash: body_hash(&["8", "abc"]), ..head };
    assert!(!changed.verifies());
}

#[test]
fn the_body_hash_is_the_one_that_the_python_side_computes() {
    assert_eq!(body_hash(&["7", "abc"]), HASH);
    assert_eq!(body_hash(&[]), "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
    assert_ne!(body_hash(&["7a", "bc"]), HASH, "fields do not run together");
}

#[derive(Serialize)]
struct Challenge {
    chunk: u32,
    seed: &'static str,
    proof: &'static str,
}

#[test]
fn an_answer_has_the_body_and_the_headers_that_the_python_axon_sends() {
    let head = V10Head::parse(&golden_headers(), "Challenge").unwrap();
    let fields = Challenge { chunk: 7, seed: "abc", proof: "proof-7-abc" };
    let ours = Synapse::success(&head, fields, 0.000_143_289_566_040_039_06);
    // What an axon knows of addresses, and sizes that mean nothing, are left out by ours.
    let at = |terminal: Terminal, port| Terminal { ip: Some("127.0.0.1".into()), port, ..terminal };
    let (dendrite, axon) = (at(ours.dendrite.clone(), None), at(ours.axon.clone(), Some(18092)));
    let whole = Synapse { total_size: 3077, dendrite, axon, ..ours };
    let golden = concat!(
        r#"{"name":"Challenge","timeout":12.0,"total_size":3077,"header_size":0,"dendrite":{"status_code":null,"#,
        r#""status_message":null,"process_time":null,"ip":"127.0.0.1","port":null,"version":10005000,"#,
        r#""nonce":1795178341470548511,"uuid":"5d04e57e-e4df-11f1-8f2f-02fc00000001","#,
        r#""hotkey":"5DPsoMA9FifFZwae5DRykVS82eu1DLjTR7vLaC1B1UTALUJB","#,
        r#""signature":"0xfe7ac00558cf93d5be40dedae1d1a5cb6cc26e5dd76ac02b04176f910fd49307402c22e206142b3fb549ae"#,
        r#"0a50028f9ab07f93d431b646f1affdcb2777943a81"},"axon":{"status_code":200,"status_message":"Success","#,
        r#""process_time":0.00014328956604003906,"ip":"127.0.0.1","port":18092,"version":null,"nonce":null,"#,
        r#""uuid":null,"hotkey":"5EXc6mRx3KDwwwzdCB1bktpXVUxsUQkUb1TPMkWxvUzyAZgN","signature":null},"#,
        r#""computed_body_hash":"","chunk":7,"seed":"abc","proof":"proof-7-abc"}"#,
    );
    assert_eq!(serde_json::to_string(&whole).unwrap(), golden);
    let expected = [
        ("name", "Challenge"),
        ("timeout", "12.0"),
        ("bt_header_axon_status_code", "200"),
        ("bt_header_axon_status_message", "Success"),
        ("bt_header_axon_process_time", "0.00014328956604003906"),
        ("bt_header_axon_ip", "127.0.0.1"),
        ("bt_header_axon_port", "18092"),
        ("bt_header_axon_hotkey", AXON),
        ("bt_header_dendrite_ip", "127.0.0.1"),
        ("bt_header_dendrite_version", "10005000"),
        ("bt_header_dendrite_nonce", "1795178341470548511"),
        ("bt_header_dendrite_uuid", UUID),
        ("bt_header_dendrite_hotkey", DENDRITE),
        ("bt_header_dendrite_signature", SIGNATURE),
        ("computed_body_hash", HASH),
    ];
    assert_eq!(whole.headers(HASH), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn a_header_that_is_not_what_it_should_be_is_named() {
    let said = |name: &'static str, value: &str| {
        let mut headers = golden_headers();
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        V10Head::parse(&headers, "Challenge").unwrap_err().to_string()
    };
    assert_eq!(said("name", "Audit"), "header name: expected Challenge, the only synapse on this path");
    assert!(
        said("computed_body_hash", "").starts_with("header computed_body_hash: expected 64 lower-case hex")
    );
    assert!(said("computed_body_hash", &HASH.to_uppercase()).starts_with("header computed_body_hash"));
    assert!(said("bt_header_dendrite_uuid", "a.b").starts_with("header bt_header_dendrite_uuid"));
    assert!(said("bt_header_dendrite_nonce", "1795178341.5").starts_with("header bt_header_dendrite_nonce"));
    assert!(said("timeout", "nan").starts_with("header timeout"));
    for name in golden_headers().keys() {
        let mut headers = golden_headers();
        headers.remove(name);
        let echoed = [
            "bt_header_axon_ip",
            "bt_header_axon_port",
            "bt_header_dendrite_ip",
            "header_size",
            "total_size",
        ];
        let whole = V10Head::parse(&headers, "Challenge").is_ok();
        assert_eq!(whole, echoed.contains(&name.as_str()), "{name}");
    }
}

/// A dendrite in a few lines.
struct Dendrite {
    key: Keypair,
    nonce_ns: u64,
    uuid: &'static str,
    fields: serde_json::Value,
    /// What is signed for; the hash of the fields where it is not said.
    hash: Option<String>,
}

impl Dendrite {
    fn asking(running: &Running, challenge: &str) -> Self {
        let audit = audit_request(&running.key, challenge.as_bytes());
        let fields = serde_json::json!({
            "netuid": NETUID.0, "epoch": audit.epoch.0, "block": audit.block.0,
            "registration": audit.registration.to_string(), "challenge": hex::encode(&audit.challenge),
            "deadline_ms": audit.deadline_ms, "proof": null, "eligible": null,
        });
        Self { key: validator(), nonce_ns: NOW_NS, uuid: UUID, fields, hash: None }
    }

    fn head(&self, running: &Running) -> V10Head {
        let text = |name: &str| match &self.fields[name] {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let names = ["netuid", "epoch", "block", "registration", "challenge", "deadline_ms"].map(text);
        let hash = self.hash.clone().unwrap_or_else(|| body_hash(&names.each_ref().map(String::as_str)));
        let mut head = V10Head {
            name: "Audit".into(),
            timeout_s: 12.0,
            dendrite: self.key.hotkey(),
            axon: running.key.hotkey(),
            nonce: plimsoll_wire::Nonce(self.nonce_ns),
            uuid: self.uuid.into(),
            version: 10_005_000,
            body_hash: hash,
            signature: Signature([0; 64]),
        };
        head.signature = self.key.sign(head.signed_string().as_bytes());
        head
    }

    fn http(&self, running: &Running) -> Vec<u8> {
        let head = self.head(running);
        let mut body = self.fields.clone();
        body["name"] = "Audit".into();
        body["dendrite"] = serde_json::json!({"hotkey": "whoever", "nonce": 1});
        let body = body.to_string();
        let text = format!(
            "POST {AUDIT_V10_PATH} HTTP/1.1\r\nhost: miner\r\nconnection: close\r\nname: Audit\r\ntimeout: 12.0\r\n\
             bt_header_axon_hotkey: {}\r\nbt_header_dendrite_nonce: {}\r\nbt_header_dendrite_uuid: {}\r\n\
             bt_header_dendrite_hotkey: {}\r\nbt_header_dendrite_signature: 0x{}\r\n\
             bt_header_dendrite_version: 10005000\r\ncomputed_body_hash: {}\r\ncontent-length: {}\r\n\r\n{body}",
            head.axon,
            head.nonce,
            head.uuid,
            head.dendrite,
            head.signature,
            head.body_hash,
            body.len()
        );
        text.into_bytes()
    }

    async fn ask(&self, running: &Running) -> String {
        talk(running.at, &self.http(running)).await
    }
}

async fn compatible() -> Running {
    Running::with_options(ServerOptions { axon_v10: true, ..ServerOptions::default() }).await
}

fn parted(answer: &str) -> (HeaderMap, serde_json::Value) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let pairs = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let pair = |(name, value): (&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    (pairs.map(pair).collect(), serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn an_audit_of_version_10_is_answered_and_the_answer_is_signed() {
    let running = compatible().await;
    let dendrite = Dendrite::asking(&running, "unit 1");
    let answer = dendrite.ask(&running).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let (headers, body) = parted(&answer);
    assert_eq!(body["proof"], hex::encode("proof of unit 1"));
    assert_eq!((&body["eligible"], &body["axon"]["status_code"]), (&true.into(), &200.into()));
    assert_eq!(headers["bt_header_axon_status_message"], "Success");
    let bytes = answer.split_once("\r\n\r\n").unwrap().1.as_bytes();
    let head = dendrite.head(&running);
    head.verify_answer(&headers, 200, bytes).unwrap();
    assert!(head.verify_answer(&headers, 200, b"{}").is_err());
    let lottery = Dendrite { nonce_ns: NOW_NS + 1, ..Dendrite::asking(&running, "lottery") };
    let (_, body) = parted(&lottery.ask(&running).await);
    assert_eq!((&body["proof"], &body["eligible"]), (&serde_json::Value::Null, &false.into()));
}

#[tokio::test]
async fn without_the_switch_there_is_no_such_route() {
    let running = Running::obedient(WireLimits::default()).await;
    let answer = Dendrite::asking(&running, "unit 1").ask(&running).await;
    assert_refused(&answer, 404, "unknown-route", false);
}

#[tokio::test]
async fn a_replay_is_refused_and_a_new_uuid_changes_nothing() {
    let running = compatible().await;
    let dendrite = Dendrite::asking(&running, "unit 1");
    assert!(dendrite.ask(&running).await.starts_with("HTTP/1.1 200"));
    assert_refused(&dendrite.ask(&running).await, 409, "replayed", false);
    let restarted = Dendrite { uuid: "6d04e57e-e4df-11f1-8f2f-02fc00000001", ..dendrite };
    assert_refused(&restarted.ask(&running).await, 409, "replayed", false);
    // Nor is a nonce good for one request in each form.
    let body = audit_request(&running.key, b"unit 1").to_bytes();
    let request = http(&running.signed(&validator(), "/v1/audit", &body), "", &body);
    assert_refused(&talk(running.at, &request).await, 409, "replayed", false);
}

#[tokio::test]
async fn a_nonce_from_the_future_or_the_past_is_refused_with_both_times() {
    let running = compatible().await;
    for (nonce_ns, why) in [
        (NOW_NS + 3600 * SECOND_NS, "3600.000000000 s ahead"),
        (NOW_NS + 2 * SECOND_NS + 1, "2.000000001 s ahead"),
        (NOW_NS - 10 * SECOND_NS - 1, "10.000000001 s old"),
    ] {
        let answer = Dendrite { nonce_ns, ..Dendrite::asking(&running, "x") }.ask(&running).await;
        assert_refused(&answer, 401, "unauthenticated", false);
        assert!(answer.contains(why), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_signed_for_in_full_is_refused() {
    let running = compatible().await;
    let empty = "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a".to_owned();
    let unhashed = Dendrite { hash: Some(empty), ..Dendrite::asking(&running, "unit 1") };
    let answer = unhashed.ask(&running).await;
    assert_refused(&answer, 400, "bad-request", false);
    assert!(answer.contains("required_hash_fields must name all of them"), "{answer}");
    // Every field, changed behind the signature.
    let honest = Dendrite::asking(&running, "unit 1");
    let hash = Some(honest.head(&running).body_hash);
    for (field, value) in [
        ("netuid", serde_json::json!(4)),
        ("epoch", 8.into()),
        ("block", 701.into()),
        ("registration", "00".repeat(32).into()),
        ("challenge", "00".into()),
        ("deadline_ms", 9.into()),
    ] {
        let mut changed = Dendrite { hash: hash.clone(), ..Dendrite::asking(&running, "unit 1") };
        changed.fields[field] = value;
        assert_refused(&changed.ask(&running).await, 400, "bad-request", false);
    }
    assert!(honest.ask(&running).await.starts_with("HTTP/1.1 200"), "none of these used up the nonce");
}

#[tokio::test]
async fn a_forged_signature_is_refused_before_the_body_is_read() {
    let running = compatible().await;
    let request = Dendrite::asking(&running, "unit 1").http(&running);
    let text = String::from_utf8(request).unwrap().replace("-02fc00000001", "-02fc00000002");
    let head = text.split_once("\r\n\r\n").unwrap().0.to_owned() + "\r\n\r\n";
    let mut stream = tokio::net::TcpStream::connect(running.at).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_refused(&hear(&mut stream).await, 401, "unauthenticated", false);
}

#[tokio::test]
async fn refusals_carry_the_message_that_a_dendrite_shows() {
    let running = compatible().await;
    let unpermitted = Dendrite { key: stranger(), ..Dendrite::asking(&running, "unit 1") };
    let answer = unpermitted.ask(&running).await;
    assert_refused(&answer, 403, "not-permitted", false);
    let (headers, body) = parted(&answer);
    assert_eq!(body["message"], body["error"]);
    assert_eq!(headers["bt_header_axon_status_code"], "403");
    let elsewhere = Running { key: stranger(), ..compatible().await };
    let answer = Dendrite::asking(&elsewhere, "unit 1").ask(&elsewhere).await;
    assert_refused(&answer, 421, "misaddressed", false);
    let faulty = Dendrite { nonce_ns: NOW_NS + 5, ..Dendrite::asking(&running, "disk") };
    assert_refused(&faulty.ask(&running).await, 500, "fault", true);
}

#[test]
fn an_answer_in_a_question_is_refused() {
    let body =
        br#"{"netuid":3,"epoch":7,"block":1,"registration":"","challenge":"","deadline_ms":5,"proof":"00"}"#;
    let why = AuditFields::of_body(body).unwrap_err().to_string();
    assert_eq!(
        why,
        "the synapse Audit is malformed: proof and eligible are the miner's to say: expected null"
    );
}
