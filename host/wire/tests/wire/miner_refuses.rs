//! What a miner's server does with requests that are not what they should be; real sockets.

use std::sync::Arc;
use std::time::Duration;

use crate::loopback::{
    NETUID, NOW_NS, Running, SECOND_NS, assert_refused, audit_request, hear, http, stranger, talk, validator,
};
use plimsoll_wire::limits::MAX_REQUEST_BYTES;
use plimsoll_wire::messages::{AUDIT_PATH, REGISTRATION_PATH};
use plimsoll_wire::{RegistrationRequest, WireLimits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn audit_body(running: &Running) -> Vec<u8> {
    audit_request(&running.key, b"unit 1").to_bytes()
}

/// A whole, good audit on this server's clock.
fn good(running: &Running) -> Vec<u8> {
    let body = audit_body(running);
    http(&running.signed(&validator(), AUDIT_PATH, &body), "", &body)
}

#[tokio::test]
async fn a_good_request_is_answered_and_the_answer_is_signed() {
    let running = Running::obedient(WireLimits::default()).await;
    let answer = talk(running.at, &good(&running)).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("content-type: application/octet-stream"), "{answer}");
    assert!(answer.contains("x-plimsoll-signature: 0x") && answer.ends_with("proof of unit 1"), "{answer}");
}

#[tokio::test]
async fn livez_says_that_the_server_runs_and_nothing_of_the_host() {
    let running = Running::obedient(WireLimits::default()).await;
    let answer = talk(running.at, b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(!answer.contains("server:") && !answer.contains(&running.key.hotkey().to_ss58()), "{answer}");
}

#[tokio::test]
async fn unknown_routes_and_methods_are_typed_refusals() {
    let running = Running::obedient(WireLimits::default()).await;
    let ask = |line: &str| format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").into_bytes();
    assert_refused(&talk(running.at, &ask("GET /")).await, 404, "unknown-route", false);
    assert_refused(&talk(running.at, &ask("GET /v1/audit")).await, 405, "wrong-method", false);
    assert_refused(&talk(running.at, &ask("POST /livez")).await, 405, "wrong-method", false);
}

#[tokio::test]
async fn a_request_without_signature_is_refused_before_its_body_is_read() {
    let running = Running::obedient(WireLimits::default()).await;
    let bare = b"POST /v1/audit HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n";
    assert_refused(&talk(running.at, bare).await, 400, "bad-request", false);
}

#[tokio::test]
async fn forged_requests_are_refused_unsigned() {
    let running = Running::obedient(WireLimits::default()).await;
    let body = audit_body(&running);
    let honest = running.signed(&validator(), AUDIT_PATH, &body);
    let mut claimed = running.signed(&stranger(), AUDIT_PATH, &body);
    claimed.sender = validator().hotkey();
    let mut zeros = honest.clone();
    zeros.signature.0 = [0; 64];
    let other_body = audit_request(&running.key, b"unit 2").to_bytes();
    let mut other_route = honest.clone();
    other_route.target = REGISTRATION_PATH.into();
    for (request, body) in [(&claimed, &body), (&zeros, &body), (&honest, &other_body), (&other_route, &body)]
    {
        assert_refused(&talk(running.at, &http(request, "", body)).await, 401, "unauthenticated", false);
    }
    let query = http(&honest, "", &body);
    let query = String::from_utf8(query).unwrap().replace("/v1/audit ", "/v1/audit?x=1 ");
    assert_refused(&talk(running.at, query.as_bytes()).await, 401, "unauthenticated", false);
}

#[tokio::test]
async fn an_empty_signature_is_refused() {
    let running = Running::obedient(WireLimits::default()).await;
    let body = audit_body(&running);
    let text = String::from_utf8(good(&running)).unwrap();
    let signature = text.split("x-bittensor-signature: ").nth(1).unwrap();
    let empty = text.replace(&signature[..130], "");
    assert!(
        empty.contains("x-bittensor-signature: \r\n") && empty.ends_with(std::str::from_utf8(&body).unwrap())
    );
    assert_refused(&talk(running.at, empty.as_bytes()).await, 400, "bad-request", false);
}

#[tokio::test]
async fn a_replayed_request_is_refused_and_the_refusal_is_not_signed() {
    let running = Running::obedient(WireLimits::default()).await;
    let request = good(&running);
    assert!(talk(running.at, &request).await.starts_with("HTTP/1.1 200"));
    assert_refused(&talk(running.at, &request).await, 409, "replayed", false);
}

#[tokio::test]
async fn a_replay_after_a_restart_is_refused() {
    let first = Running::obedient(WireLimits::default()).await;
    let request = good(&first);
    assert!(talk(first.at, &request).await.starts_with("HTTP/1.1 200"));
    first.clock.advance_ns(SECOND_NS);
    let second = Running::with_clock(WireLimits::default(), Arc::clone(&first.clock)).await;
    let answer = talk(second.at, &request).await;
    assert_refused(&answer, 401, "unauthenticated", false);
    assert!(answer.contains("this side takes what was signed after 1795178913.000000000"), "{answer}");
}

#[tokio::test]
async fn stale_and_future_dated_requests_are_refused_with_both_times() {
    let running = Running::obedient(WireLimits::default()).await;
    let request = good(&running);
    running.clock.set_unix_ns(NOW_NS + 10 * SECOND_NS + 1);
    let answer = talk(running.at, &request).await;
    assert_refused(&answer, 401, "unauthenticated", false);
    assert!(
        answer.contains("signed at 1795178912.000000000 and it is 1795178922.000000001 here"),
        "{answer}"
    );
    running.clock.set_unix_ns(NOW_NS - 2 * SECOND_NS - 1);
    let answer = talk(running.at, &request).await;
    assert_refused(&answer, 401, "unauthenticated", false);
    assert!(answer.contains("2.000000001 s ahead"), "{answer}");
    running.clock.set_unix_ns(NOW_NS - 2 * SECOND_NS);
    assert!(talk(running.at, &request).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_request_for_another_miner_is_refused() {
    let running = Running::obedient(WireLimits::default()).await;
    let elsewhere = Running { key: stranger(), ..Running::obedient(WireLimits::default()).await };
    let body = audit_body(&running);
    let request = elsewhere.signed(&validator(), AUDIT_PATH, &body);
    assert_refused(&talk(running.at, &http(&request, "", &body)).await, 421, "misaddressed", false);
}

#[tokio::test]
async fn a_key_without_a_permit_is_refused_by_its_head_and_costs_no_signature() {
    let running = Running::obedient(WireLimits::default()).await;
    let body = audit_body(&running);
    let signed = running.signed(&stranger(), AUDIT_PATH, &body);
    let mut forged = signed.clone();
    forged.signature.0 = [0; 64];
    for request in [&signed, &signed, &forged] {
        let whole = http(request, "", &body);
        let head = &whole[..whole.len() - body.len()];
        let answer = talk(running.at, head).await;
        assert_refused(&answer, 403, "not-permitted", false);
        assert!(answer.contains("is no validator with a permit on this miner's metagraph"), "{answer}");
    }
}

#[tokio::test]
async fn a_body_beyond_the_cap_is_refused_by_its_announcement() {
    let running = Running::obedient(WireLimits::default()).await;
    let body = vec![b'x'; MAX_REQUEST_BYTES + 1];
    let request = running.signed(&validator(), AUDIT_PATH, &body);
    let head = http(&request, "", &body);
    let head = &head[..head.len() - body.len()];
    assert_refused(&talk(running.at, head).await, 413, "too-large", false);
}

#[tokio::test]
async fn an_endless_body_is_cut_off_at_the_cap() {
    let running = Running::obedient(WireLimits::default()).await;
    let request = running.signed(&validator(), AUDIT_PATH, b"");
    let head = String::from_utf8(http(&request, "transfer-encoding: chunked\r\n", b"")).unwrap();
    let mut stream = TcpStream::connect(running.at).await.unwrap();
    stream.write_all(head.replace("content-length: 0\r\n", "").as_bytes()).await.unwrap();
    let (mut from, mut to) = stream.split();
    let piece = [b"1000\r\n".to_vec(), vec![b'x'; 0x1000], b"\r\n".to_vec()].concat();
    let endless = async {
        let mut sent = 0usize;
        while to.write_all(&piece).await.is_ok() {
            sent += 0x1000;
            assert!(sent < 64 << 20, "the server goes on reading");
        }
        std::future::pending::<()>().await;
    };
    let mut answer = vec![0; 4096];
    let n = tokio::select! {
        n = from.read(&mut answer) => n.unwrap(),
        () = endless => unreachable!(),
    };
    assert_refused(&String::from_utf8_lossy(&answer[..n]), 413, "too-large", false);
}

#[tokio::test]
async fn a_compressed_body_is_refused_unopened() {
    let running = Running::obedient(WireLimits::default()).await;
    let body = audit_body(&running);
    let request = running.signed(&validator(), AUDIT_PATH, &body);
    let request = http(&request, "content-encoding: gzip\r\n", &body);
    assert_refused(&talk(running.at, &request).await, 415, "encoded", false);
}

#[tokio::test]
async fn a_slow_head_loses_its_connection() {
    let limits = WireLimits { head_within: Duration::from_millis(100), ..WireLimits::default() };
    let running = Running::obedient(limits).await;
    for start in [&b""[..], b"POST /v1/audit HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let mut stream = TcpStream::connect(running.at).await.unwrap();
        stream.write_all(start).await.unwrap();
        let answer = hear(&mut stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
}

#[tokio::test]
async fn a_head_beyond_the_cap_is_refused() {
    let running = Running::obedient(WireLimits { head_bytes: 8 * 1024, ..WireLimits::default() }).await;
    let long = format!("GET /livez HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "a".repeat(64 * 1024));
    let answer = talk(running.at, long.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let many = format!("GET /livez HTTP/1.1\r\nhost: x\r\n{}\r\n", "x-a: b\r\n".repeat(100));
    assert!(talk(running.at, many.as_bytes()).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn a_slow_body_is_refused() {
    let running =
        Running::obedient(WireLimits { body_within: Duration::from_millis(100), ..WireLimits::default() })
            .await;
    let request = good(&running);
    assert_refused(&talk(running.at, &request[..request.len() - 5]).await, 408, "too-slow", false);
}

#[tokio::test]
async fn a_body_that_ends_early_leaves_the_server_well() {
    let running = Running::obedient(WireLimits::default()).await;
    let request = good(&running);
    let mut stream = TcpStream::connect(running.at).await.unwrap();
    stream.write_all(&request[..request.len() - 5]).await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = hear(&mut stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(talk(running.at, &request).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn one_hotkey_that_floods_is_slowed_down_and_nobody_else() {
    let refill = Duration::from_secs(60);
    let running = Running::obedient(WireLimits { burst: 2, refill, ..WireLimits::default() }).await;
    for _ in 0..2 {
        assert!(talk(running.at, &good(&running)).await.starts_with("HTTP/1.1 200"));
        running.clock.advance_ns(1);
    }
    let answer = talk(running.at, &good(&running)).await;
    assert_refused(&answer, 429, "too-many", true);
    running.clock.advance_ns(60 * SECOND_NS);
    assert!(talk(running.at, &good(&running)).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn an_address_that_sends_forgeries_is_slowed_down_before_they_are_checked() {
    let running = Running::obedient(WireLimits::default()).await;
    let body = audit_body(&running);
    let forged = || {
        let mut claimed = running.signed(&stranger(), AUDIT_PATH, &body);
        claimed.sender = validator().hotkey();
        http(&claimed, "", &body)
    };
    for _ in 0..64 {
        assert_refused(&talk(running.at, &forged()).await, 401, "unauthenticated", false);
    }
    let answer = talk(running.at, &forged()).await;
    assert_refused(&answer, 429, "too-many", false);
    let why = "too many requests from this address were not signed by who they say, or were sent twice: the next one \
               in 1000 ms";
    assert!(answer.contains(why), "{answer}");
    // Who is not served for what it claims is told so, as before: that costs no signature.
    let other = http(&running.signed(&stranger(), AUDIT_PATH, &body), "", &body);
    assert_refused(&talk(running.at, &other).await, 403, "not-permitted", false);
    running.clock.advance_ns(SECOND_NS);
    assert_refused(&talk(running.at, &forged()).await, 401, "unauthenticated", false);
    assert_refused(&talk(running.at, &forged()).await, 429, "too-many", false);
    running.clock.advance_ns(SECOND_NS);
    assert!(talk(running.at, &good(&running)).await.starts_with("HTTP/1.1 200"));
    // One of those who share this address was served: the others cannot shut it out.
    for _ in 0..70 {
        assert_refused(&talk(running.at, &forged()).await, 401, "unauthenticated", false);
    }
    running.clock.advance_ns(1);
    assert!(talk(running.at, &good(&running)).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn what_the_miner_cannot_answer_is_a_signed_refusal() {
    let limits = WireLimits { answer_within: Duration::from_millis(100), ..WireLimits::default() };
    let running = Running::obedient(limits).await;
    for (challenge, status, code) in
        [("disk", 500, "fault"), ("too much", 500, "fault"), ("for ever", 503, "busy")]
    {
        let body = audit_request(&running.key, challenge.as_bytes()).to_bytes();
        let request = http(&running.signed(&validator(), AUDIT_PATH, &body), "", &body);
        assert_refused(&talk(running.at, &request).await, status, code, true);
        running.clock.advance_ns(1);
    }
    for body in [&b"{}"[..], b"", b"\xff\xfe", b"[1]"] {
        let request = http(&running.signed(&validator(), AUDIT_PATH, body), "", body);
        assert_refused(&talk(running.at, &request).await, 400, "bad-request", true);
        running.clock.advance_ns(1);
    }
    let body = RegistrationRequest { netuid: (NETUID.0 + 1).into() }.to_bytes();
    let request = http(&running.signed(&validator(), REGISTRATION_PATH, &body), "", &body);
    assert_refused(&talk(running.at, &request).await, 404, "unknown-registration", true);
}
