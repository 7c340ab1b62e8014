//! What a miner that was restarted, or killed, takes.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use plimsoll_core::Hotkey;
use plimsoll_wire::btauth::ReplayStore;
use plimsoll_wire::messages::AUDIT_PATH;
use plimsoll_wire::{
    AuthError, ManualClock, MissingLog, Nonce, ReplayKeeping, ServerOptions, miner_router_with_options,
};

use crate::loopback::{
    NOW_NS, Obedient, Running, SECOND_NS, assert_refused, audit_request, http, miner, talk, validator,
};

fn kept_in(folder: &Path) -> ServerOptions {
    let replay = ReplayKeeping::Folder { path: folder.to_owned(), missing: MissingLog::NeverServed };
    ServerOptions { replay, ..ServerOptions::default() }
}

async fn stopped(mut running: Running) {
    running.stop.take().unwrap().send(()).unwrap();
    running.task.await.unwrap().unwrap();
}

fn audit(running: &Running) -> Vec<u8> {
    let body = audit_request(&running.key, b"unit 1").to_bytes();
    http(&running.signed(&validator(), AUDIT_PATH, &body), "", &body)
}

#[tokio::test]
async fn a_restart_within_two_seconds_takes_no_future_dated_request_a_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = Running::with_options(kept_in(folder.path())).await;
    let never_sent = audit(&first);
    first.clock.set_unix_ns(NOW_NS + 2 * SECOND_NS);
    let ahead = audit(&first);
    first.clock.set_unix_ns(NOW_NS);
    assert!(talk(first.at, &ahead).await.starts_with("HTTP/1.1 200"));
    stopped(first).await;

    let second = Running::with_options(kept_in(folder.path())).await;
    assert_refused(&talk(second.at, &ahead).await, 409, "replayed", false);
    // And nobody else is shut out by the restart.
    assert!(talk(second.at, &never_sent).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn two_servers_do_not_share_a_log_of_taken_requests() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Running::with_options(kept_in(folder.path())).await;
    let side = Arc::new(Obedient { key: miner() });
    let clock = Arc::new(ManualClock::at(NOW_NS));
    let second = miner_router_with_options(side, miner(), kept_in(folder.path()), clock);
    assert!(second.unwrap_err().to_string().ends_with("stop that miner, or give this one another folder"));
}

const FOLDER: &str = "PLIMSOLL_TEST_REPLAY_FOLDER";
const ME: Hotkey = Hotkey([0xAA; 32]);
const SENDER: Hotkey = Hotkey([1; 32]);

fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64
}

fn opened(folder: &Path) -> ReplayStore {
    ReplayStore::kept_in(folder, ME, MissingLog::NeverServed, now_ns()).unwrap()
}

/// Run again as the one that takes requests: says each nonce once it is taken.
fn take_for_ever(folder: &Path) {
    let mut store = opened(folder);
    let mut out = std::io::stdout().lock();
    for n in 0.. {
        // Even ones only, and up to two seconds ahead.
        let nonce = (now_ns() + SECOND_NS + n % 1000 * 1_000_000) & !1;
        if store.admit(&SENDER, Nonce(nonce), now_ns()).is_ok() {
            writeln!(out, "taken {nonce}").unwrap();
        }
    }
}

#[test]
fn a_miner_that_is_killed_knows_every_request_that_it_took() {
    if let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) {
        take_for_ever(&folder);
    }
    let folder = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for round in 0..6usize {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "miner_restarts::a_miner_that_is_killed_knows_every_request_that_it_took"])
            .arg("--nocapture")
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        // The first line may follow on what the test harness says.
        let nonces =
            said.lines().filter_map(|line| line.unwrap().rsplit_once("taken ")?.1.parse::<u64>().ok());
        let taken: Vec<u64> = nonces.take(50 + 37 * round).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(taken.len(), 50 + 37 * round);
        all.extend(taken);
        let mut store = opened(folder.path());
        let now = now_ns();
        for &nonce in &all {
            let again = store.admit(&SENDER, Nonce(nonce), now);
            assert!(again.is_err(), "{nonce} is taken twice after kill {round}");
        }
        // A kill is no end of the machine: what was never taken is still taken.
        let fresh = Nonce(all.last().unwrap() | 1);
        assert_eq!(store.admit(&Hotkey([2; 32]), fresh, now), Ok::<(), AuthError>(()));
    }
}
