//! What a miner's server does with many, slow and silent callers; real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use plimsoll_wire::WireLimits;
use plimsoll_wire::messages::AUDIT_PATH;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::loopback::{LIVEZ, Running, assert_refused, audit_request, hear, http, talk, validator};

/// An audit whose challenge orders the miner about.
fn ordering(running: &Running, challenge: &str) -> Vec<u8> {
    let body = audit_request(&running.key, challenge.as_bytes()).to_bytes();
    let request = http(&running.signed(&validator(), AUDIT_PATH, &body), "", &body);
    running.clock.advance_ns(1);
    request
}

async fn open(at: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

#[tokio::test]
async fn one_address_holds_no_more_connections_than_its_share() {
    let running = Running::obedient(WireLimits { connections_per_address: 2, ..WireLimits::default() }).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = open(running.at, b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await;
        // Answered once, so it is accepted and counted.
        assert!(stream.read(&mut [0; 512]).await.unwrap() > 0);
        held.push(stream);
    }
    // Told so, not just cut off.
    assert_refused(&talk(running.at, LIVEZ).await, 503, "busy", false);
    held.clear();
    // The server notices in its own time.
    let entered = async {
        while !talk(running.at, LIVEZ).await.starts_with("HTTP/1.1 200") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), entered).await.unwrap();
}

#[tokio::test]
async fn a_crowd_of_silent_connections_from_one_address_shuts_nobody_else_out() {
    let limits = WireLimits { connections_per_address: 8, connections: 16, ..WireLimits::default() };
    let running = Running::obedient(limits).await;
    let mut crowd = Vec::new();
    for _ in 0..300 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        crowd.push(socket.connect(running.at).await.unwrap());
    }
    for _ in 0..5 {
        assert!(talk(running.at, &ordering(&running, "x")).await.ends_with("proof of x"));
    }
    assert_eq!(crowd.len(), 300);
}

#[tokio::test]
async fn strangers_that_fill_every_place_shut_nobody_out_who_was_served_before() {
    let hour = Duration::from_secs(3600);
    let limits = WireLimits {
        connections: 8,
        connections_per_address: 8,
        connections_kept_percent: 25,
        head_within: hour,
        stranger_within: hour,
        ..WireLimits::default()
    };
    let running = Running::obedient(limits).await;
    assert!(talk(running.at, &ordering(&running, "x")).await.ends_with("proof of x"));
    let mut crowd = Vec::new();
    for _ in 0..6 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let mut stream = socket.connect(running.at).await.unwrap();
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert!(stream.read(&mut [0; 512]).await.unwrap() > 0);
        crowd.push(stream);
    }
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.3:0".parse().unwrap()).unwrap();
    assert_refused(&hear(&mut socket.connect(running.at).await.unwrap()).await, 503, "busy", false);
    assert!(talk(running.at, &ordering(&running, "x")).await.ends_with("proof of x"));
}

#[tokio::test]
async fn a_connection_of_which_nothing_is_taken_ends_soon_and_one_that_was_served_stays() {
    let day = Duration::from_secs(24 * 3600);
    let limits = WireLimits {
        stranger_within: Duration::from_secs(2),
        connection_within: day,
        head_within: day,
        ..WireLimits::default()
    };
    let running = Running::obedient(limits).await;
    let keeping = |request: Vec<u8>| {
        String::from_utf8(request).unwrap().replace("connection: close", "connection: keep-alive")
    };
    let request = keeping(ordering(&running, "x"));
    let mut served = open(running.at, request.as_bytes()).await;
    let mut answer = [0; 2048];
    let n = served.read(&mut answer).await.unwrap();
    assert!(answer[..n].ends_with(b"proof of x"));
    // Who only repeats what another has signed stays a stranger.
    let mut stranger = open(running.at, request.as_bytes()).await;
    let told = tokio::time::timeout(Duration::from_secs(60), hear(&mut stranger)).await.unwrap();
    assert_refused(&told, 409, "replayed", false);
    served.write_all(&ordering(&running, "x")).await.unwrap();
    assert!(hear(&mut served).await.ends_with("proof of x"));
}

#[tokio::test]
async fn a_caller_that_hangs_up_gives_its_turn_back() {
    let running = Running::obedient(WireLimits { answers_at_once: 1, ..WireLimits::default() }).await;
    let hanging = open(running.at, &ordering(&running, "for ever")).await;
    let next = ordering(&running, "x");
    let waiting = talk(running.at, &next);
    let hang_up = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(hanging);
    };
    let (answer, ()) = tokio::join!(waiting, hang_up);
    assert!(answer.ends_with("proof of x"), "{answer}");
}

#[tokio::test]
async fn callers_wait_for_their_turn_and_all_are_answered() {
    let running = Running::obedient(WireLimits { answers_at_once: 1, ..WireLimits::default() }).await;
    let (a, b) = (ordering(&running, "slowly"), ordering(&running, "slowly"));
    let (a, b) = tokio::join!(talk(running.at, &a), talk(running.at, &b));
    assert!(a.ends_with("slow proof") && b.ends_with("slow proof"), "{a}\n{b}");
}

#[tokio::test]
async fn a_connection_lives_no_longer_than_its_time() {
    let limits = WireLimits { connection_within: Duration::from_millis(100), ..WireLimits::default() };
    let running = Running::obedient(limits).await;
    assert_eq!(talk(running.at, &ordering(&running, "for ever")).await, "");
}

#[tokio::test]
async fn a_connection_that_asks_nothing_more_is_closed() {
    let limits = WireLimits { head_within: Duration::from_millis(100), ..WireLimits::default() };
    let running = Running::obedient(limits).await;
    let mut idle = open(running.at, b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let answer = hear(&mut idle).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn whoever_is_turned_away_is_told_so_and_whoever_is_in_is_served() {
    let limits = WireLimits { connections: 3, connections_per_address: 3, ..WireLimits::default() };
    let running = Running::obedient(limits).await;
    let mut inside = Vec::new();
    for _ in 0..3 {
        let mut stream = open(running.at, b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(stream.read(&mut [0; 512]).await.unwrap() > 0);
        inside.push(stream);
    }
    let crowd = (0..40).map(|_| tokio::spawn(talk(running.at, LIVEZ)));
    for told in crowd.collect::<Vec<_>>() {
        assert_refused(&told.await.unwrap(), 503, "busy", false);
    }
    for stream in &mut inside {
        stream.write_all(&ordering(&running, "x")).await.unwrap();
        assert!(hear(stream).await.ends_with("proof of x"));
    }
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_ends_what_is_open_and_takes_nothing_new() {
    let mut running = Running::obedient(WireLimits::default()).await;
    let mut working = open(running.at, &ordering(&running, "slowly")).await;
    let mut idle = open(running.at, b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(idle.read(&mut [0; 512]).await.unwrap() > 0);
    running.stop.take().unwrap().send(()).unwrap();
    assert!(hear(&mut working).await.ends_with("slow proof"));
    assert_eq!(hear(&mut idle).await, "");
    running.task.await.unwrap().unwrap();
    assert!(TcpStream::connect(running.at).await.is_err());
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_cuts_off_who_does_not_end() {
    let limits = WireLimits { drain_within: Duration::from_millis(50), ..WireLimits::default() };
    let mut running = Running::obedient(limits).await;
    let mut working = open(running.at, &ordering(&running, "for ever")).await;
    let mut half = open(running.at, b"POST /v1/audit HTTP/1.1\r\nhost:").await;
    running.stop.take().unwrap().send(()).unwrap();
    running.task.await.unwrap().unwrap();
    assert_eq!((hear(&mut working).await, hear(&mut half).await), (String::new(), String::new()));
}

#[test]
fn any_bytes_at_all_get_a_typed_refusal_or_a_closed_connection_and_the_server_goes_on() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let limits = WireLimits { head_within: Duration::from_millis(100), ..WireLimits::default() };
    let running = runtime.block_on(Running::obedient(limits));
    let good = String::from_utf8(ordering(&running, "x")).unwrap();
    let mangled =
        (any::<prop::sample::Index>(), "[ -~\r\n]{1,30}", 0usize..40).prop_map(move |(at, new, cut)| {
            let at = at.index(good.len());
            let end = (at + cut).min(good.len());
            let mut bytes = [&good.as_bytes()[..at], new.as_bytes(), &good.as_bytes()[end..]].concat();
            bytes.extend_from_slice(b"\r\n\r\n");
            bytes
        });
    let bytes = prop_oneof![mangled, proptest::collection::vec(any::<u8>(), 0..400)];
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(150));
    let outcome = runner.run(&bytes, |bytes| {
        let answer = runtime.block_on(async {
            let mut stream = TcpStream::connect(running.at).await.unwrap();
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            hear(&mut stream).await
        });
        // A mangled blank or host header leaves the request what it was; after the first, it is a replay.
        let status = answer.get(9..12).unwrap_or_default();
        prop_assert!(answer.is_empty() || status.starts_with('4') || status == "200", "{}", answer);
        prop_assert!(!answer.contains("panicked"));
        Ok(())
    });
    outcome.unwrap();
    assert!(runtime.block_on(talk(running.at, LIVEZ)).starts_with("HTTP/1.1 200"));
}
