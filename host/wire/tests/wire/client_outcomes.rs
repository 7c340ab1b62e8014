//! What a validator makes of what miners answer; real sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::loopback::{self, NETUID, Running, audit_request, miner, registration, stranger, validator};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::response::Response;
use http_body_util::BodyExt;
use plimsoll_core::{Digest, Hotkey, Keypair};
use plimsoll_wire::btauth::AuthHeaders;
use plimsoll_wire::{
    AuditReply, AuditRequest, ClientOptions, Clock, ManualClock, MinerAddress, MinerClient, Outcome,
    RegistrationSet, SignedAnswer, SignedRequest, WireLimits,
};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn client() -> MinerClient {
    MinerClient::new(validator(), ClientOptions::default()).unwrap()
}

fn client_of(running: &Running) -> MinerClient {
    let clock: Arc<dyn Clock> = running.clock.clone();
    MinerClient::with_clock(validator(), ClientOptions::default(), clock).unwrap()
}

fn within(deadline_ms: u32, request: AuditRequest) -> AuditRequest {
    AuditRequest { deadline_ms, ..request }
}

/// Audits whoever listens at `at` as if it were the miner.
async fn audited(at: SocketAddr) -> Outcome<AuditReply> {
    let address = MinerAddress { hotkey: miner().hotkey(), at };
    let request = audit_request(&miner(), b"unit 1");
    client().audit(&address, &request).await.unwrap().outcome
}

#[track_caller]
fn garbage(outcome: Outcome<AuditReply>, with: &str) {
    let Outcome::Garbage { why } = outcome else { panic!("{outcome:?}") };
    assert!(why.contains(with), "{why}");
}

#[track_caller]
fn absent(outcome: Outcome<AuditReply>, with: &str) {
    let Outcome::Absent { why } = outcome else { panic!("{outcome:?}") };
    assert!(why.contains(with), "{why}");
}

#[tokio::test]
async fn a_proof_in_time_comes_with_everything_needed_to_show_it() {
    let running = Running::obedient(WireLimits::default()).await;
    let request = audit_request(&running.key, b"unit 1");
    let exchange = client_of(&running).audit(&running.address(), &request).await.unwrap();
    let Outcome::Answered { content, elapsed_ms, answer } = exchange.outcome else { panic!("{exchange:?}") };
    assert_eq!(content, AuditReply::Proof(b"proof of unit 1".to_vec()));
    assert!(elapsed_ms <= request.deadline_ms);
    assert!(exchange.request.verifies() && answer.verifies());
    assert_eq!(exchange.request.body_sha256.0, <[u8; 32]>::from(Sha256::digest(request.to_bytes())));
    let rebuilt = SignedAnswer::claimed(&exchange.request, 200, answer.body_sha256, answer.signature);
    assert_eq!(rebuilt, answer);
    assert_eq!(answer.responder, miner().hotkey());
}

/// Runs the test above in a process whose environment names a proxy that is not there.
#[test]
fn a_proxy_in_the_environment_is_not_asked() {
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "client_outcomes::a_proof_in_time_comes_with_everything_needed_to_show_it"]);
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        again.env(name, "http://127.0.0.1:9");
    }
    let ran = again.env_remove("NO_PROXY").env_remove("no_proxy").output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn the_longest_challenge_and_the_longest_proof_pass() {
    let running = Running::obedient(WireLimits::default()).await;
    for (challenge, proof_bytes) in [(vec![7; 64 * 1024 - 9], 64 * 1024), (b"most".to_vec(), 64 * 1024)] {
        let request = audit_request(&running.key, &challenge);
        let exchange = client_of(&running).audit(&running.address(), &request).await.unwrap();
        let Outcome::Answered { content: AuditReply::Proof(proof), .. } = exchange.outcome else {
            panic!("{exchange:?}")
        };
        assert_eq!(proof.len(), proof_bytes);
        running.clock.advance_ns(1);
    }
    let request = audit_request(&running.key, &[7; 64 * 1024 + 1]);
    let why = client_of(&running).audit(&running.address(), &request).await.unwrap_err();
    assert_eq!(why.to_string(), "challenge: expected at most 65536 bytes, found 65537");
}

#[tokio::test]
async fn not_eligible_and_refused_are_outcomes_of_their_own() {
    let running = Running::obedient(WireLimits::default()).await;
    let lottery = audit_request(&running.key, b"lottery");
    let exchange = client_of(&running).audit(&running.address(), &lottery).await.unwrap();
    assert!(matches!(exchange.outcome, Outcome::Answered { content: AuditReply::NotEligible, .. }));
    running.clock.advance_ns(1);
    let disk = audit_request(&running.key, b"disk");
    let exchange = client_of(&running).audit(&running.address(), &disk).await.unwrap();
    let Outcome::Refused { status, why, answer, .. } = exchange.outcome else { panic!("{exchange:?}") };
    assert_eq!((status, why.as_str()), (500, "unit 3 cannot be read\\nfrom the disk (fault)"));
    assert!(answer.verifies());
}

#[tokio::test]
async fn a_registration_set_is_fetched_and_checked() {
    let running = Running::obedient(WireLimits::default()).await;
    let client = client_of(&running);
    let exchange = client.registrations(&running.address(), NETUID, Duration::from_secs(10)).await;
    let Outcome::Answered { content, answer, .. } = exchange.outcome else { panic!("{exchange:?}") };
    assert_eq!(content.own, registration(&running.key, validator().hotkey()));
    assert_eq!(content.digests.len(), 3);
    assert!(answer.verifies());
    running.clock.advance_ns(1);
    let exchange = client.registrations(&running.address(), 9.into(), Duration::from_secs(10)).await;
    assert!(matches!(exchange.outcome, Outcome::Refused { status: 404, .. }), "{exchange:?}");
}

#[tokio::test]
async fn a_signed_answer_after_the_deadline_is_late_and_still_shown() {
    let running = Running::obedient(WireLimits::default()).await;
    let request = within(20, audit_request(&running.key, b"slowly"));
    let exchange = client_of(&running).audit(&running.address(), &request).await.unwrap();
    let Outcome::Late { elapsed_ms, answer } = exchange.outcome else { panic!("{exchange:?}") };
    assert!(elapsed_ms > 20);
    assert!(answer.verifies() && answer.status == 200);
}

#[tokio::test]
async fn who_does_not_answer_before_the_grace_is_over_is_absent() {
    let running = Running::obedient(WireLimits::default()).await;
    let clock: Arc<dyn Clock> = running.clock.clone();
    let options = ClientOptions { grace: Duration::from_millis(50), ..ClientOptions::default() };
    let client = MinerClient::with_clock(validator(), options, clock).unwrap();
    let request = within(50, audit_request(&running.key, b"for ever"));
    let outcome = client.audit(&running.address(), &request).await.unwrap().outcome;
    absent(outcome, "no whole answer after 100 ms");
}

#[tokio::test]
async fn who_cannot_be_reached_is_absent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    absent(audited(at).await, "refused");
}

/// A server that writes `bytes` to whoever asks, then closes.
async fn saying(bytes: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = [0; 4096];
            let _ = stream.read(&mut heard).await;
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
    });
    at
}

#[tokio::test]
async fn who_hangs_up_is_absent() {
    absent(audited(saying(Vec::new()).await).await, "connection closed");
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec();
    absent(audited(saying(half).await).await, "");
}

#[tokio::test]
async fn what_is_not_http_is_garbage() {
    for bytes in [&b"SSH-2.0-OpenSSH_9.6\r\n"[..], &[0xff; 300], b"HTTP/9.9 yes\r\n\r\n"] {
        garbage(audited(saying(bytes.to_vec()).await).await, "no HTTP");
    }
}

#[tokio::test]
async fn an_unsigned_answer_is_garbage_and_its_words_are_told_on_one_line() {
    let plain = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nproof".to_vec();
    garbage(audited(saying(plain).await).await, "status 200: the answer is not signed");
    let body = r#"{"error":"go\naway","code":"busy"}"#;
    let busy = format!("HTTP/1.1 503 Busy\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let with = "status 503: the answer is not signed: go\\naway (busy)";
    garbage(audited(saying(busy.into_bytes()).await).await, with);
    let moved = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_vec();
    garbage(audited(saying(moved).await).await, "status 302: the answer is not signed");
}

#[tokio::test]
async fn an_announced_and_an_endless_answer_are_cut_off_at_the_cap() {
    let announced = b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\nx".to_vec();
    garbage(audited(saying(announced).await).await, "longer than 65536 bytes");
    let mut long = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let piece = [b"1000\r\n".to_vec(), vec![b'x'; 0x1000], b"\r\n".to_vec()].concat();
    (0..4096).for_each(|_| long.extend_from_slice(&piece));
    garbage(audited(saying(long).await).await, "longer than 65536 bytes");
    let refusal = format!("HTTP/1.1 500 No\r\ncontent-length: 5000\r\n\r\n{}", "x".repeat(5000));
    garbage(audited(saying(refusal.into_bytes()).await).await, "longer than 4096 bytes");
}

#[tokio::test]
async fn an_endless_head_is_garbage() {
    let mut head = b"HTTP/1.1 200 OK\r\nx-endless: ".to_vec();
    head.resize(2 << 20, b'a');
    garbage(audited(saying(head).await).await, "no HTTP");
}

/// A server that answers with what `answer` makes of the request.
async fn answering(
    answer: impl Fn(&SignedRequest) -> (SignedAnswer, u16, Vec<u8>) + Clone + Send + Sync + 'static,
) -> SocketAddr {
    let router = Router::new().fallback(move |request: Request| {
        let answer = answer.clone();
        async move {
            let (head, body) = request.into_parts();
            let body: Bytes = body.collect().await.unwrap().to_bytes();
            let headers = AuthHeaders::parse(&head.headers).unwrap();
            let request = SignedRequest {
                method: "POST".into(),
                target: head.uri.path().into(),
                body_sha256: Digest(Sha256::digest(&body).into()),
                nonce: headers.nonce,
                sender: headers.sender,
                receiver: headers.receiver.unwrap(),
                signature: headers.signature,
            };
            let (signed, status, body) = answer(&request);
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = status.try_into().unwrap();
            for (name, value) in signed.headers() {
                response.headers_mut().insert(name, HeaderValue::try_from(value).unwrap());
            }
            response
        }
    });
    let clock = Arc::new(ManualClock::at(0));
    let running = Running::serving(router, miner(), WireLimits::default(), clock).await;
    // Dropping it would stop the server; this one runs as long as the test.
    std::mem::forget(running.stop);
    running.at
}

#[tokio::test]
async fn a_wrong_signer_is_garbage_whether_it_says_so_or_not() {
    let open = answering(|request| (SignedAnswer::sign(&stranger(), request, 200, b"p"), 200, b"p".to_vec()));
    let expected = format!("responder is {}, expected {}", stranger().hotkey(), miner().hotkey());
    garbage(audited(open.await).await, &expected);
    let hidden = answering(|request| {
        let answer = SignedAnswer::sign(&stranger(), request, 200, b"p");
        (SignedAnswer { responder: miner().hotkey(), ..answer }, 200, b"p".to_vec())
    });
    garbage(audited(hidden.await).await, "signature does not verify");
}

#[tokio::test]
async fn another_status_body_or_nonce_than_signed_is_garbage() {
    let status = answering(|r| (SignedAnswer::sign(&miner(), r, 204, b""), 200, Vec::new()));
    garbage(audited(status.await).await, "signature does not verify");
    let body = answering(|r| (SignedAnswer::sign(&miner(), r, 200, b"p"), 200, b"q".to_vec()));
    garbage(audited(body.await).await, "signature does not verify");
    let nonce = answering(|r| {
        let old = SignedRequest { nonce: plimsoll_wire::Nonce(r.nonce.0 - 1), ..r.clone() };
        (SignedAnswer::sign(&miner(), &old, 200, b"p"), 200, b"p".to_vec())
    });
    garbage(audited(nonce.await).await, "the answer's nonce is");
}

#[tokio::test]
async fn signed_nonsense_is_garbage() {
    let created = answering(|r| (SignedAnswer::sign(&miner(), r, 201, b"p"), 201, b"p".to_vec()));
    garbage(audited(created.await).await, "status 201 is no answer to an audit");
    let mute = answering(|r| (SignedAnswer::sign(&miner(), r, 500, b"p"), 500, b"p".to_vec()));
    garbage(audited(mute.await).await, "a refusal with status 500 that says nothing");
}

#[tokio::test]
async fn a_registration_for_another_validator_or_owner_is_garbage() {
    for (owner, validator) in [(miner(), stranger().hotkey()), (stranger(), loopback::validator().hotkey())] {
        let at = answering(move |r| {
            let body = RegistrationSet::new(registration(&owner, validator), []).to_bytes();
            (SignedAnswer::sign(&miner(), r, 200, &body), 200, body)
        });
        let address = MinerAddress { hotkey: miner().hotkey(), at: at.await };
        let exchange = client().registrations(&address, NETUID, Duration::from_secs(5)).await;
        let Outcome::Garbage { why } = exchange.outcome else { panic!("{exchange:?}") };
        assert!(why.starts_with("validator: expected") || why.starts_with("owner: expected"), "{why}");
    }
}

#[tokio::test]
async fn answers_swapped_between_two_miners_fail_for_both() {
    // Each miner sends what the other one signed for a request to itself: same validator, same moment.
    for (asked, other) in [(miner(), stranger()), (stranger(), miner())] {
        let to_other = |r: &SignedRequest, to: Hotkey| SignedRequest { receiver: to, ..r.clone() };
        let (asked_key, other_key): (Keypair, Keypair) = (asked.clone(), other.clone());
        let at = answering(move |r| {
            let theirs = SignedAnswer::sign(&other_key, &to_other(r, other_key.hotkey()), 200, b"proof");
            (SignedAnswer { responder: asked_key.hotkey(), ..theirs }, 200, b"proof".to_vec())
        });
        let address = MinerAddress { hotkey: asked.hotkey(), at: at.await };
        let request = audit_request(&asked, b"unit 1");
        let outcome = client().audit(&address, &request).await.unwrap().outcome;
        garbage(outcome, "signature does not verify");
    }
}
