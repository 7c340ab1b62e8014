//! A validator that is killed in the middle of a round: a process of its own, and a real SIGKILL.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use plimsoll_chain::{LedgerClient, LedgerServer};
use plimsoll_core::Hotkey;
use plimsoll_node::miner::Habit;
use plimsoll_node::replay::replay;
use plimsoll_node::validator::{Judge, Validator};
use plimsoll_wire::AuditRequest;
use tokio::sync::Notify;
use world::{World, hotkey, plugins};

const LEDGER: &str = "PLIMSOLL_TEST_LEDGER";
const ITSELF: &str =
    "a_validator_killed_in_mid_round_goes_on_with_the_next_epoch_and_the_round_counts_for_nothing";
const FOLDER: &str = "PLIMSOLL_TEST_FOLDER";

/// Answers the first audit at once, keeps the second one waiting for longer than the test lasts, and answers
/// all others at once.
#[derive(Default)]
struct SlowSecond {
    audits: AtomicU32,
    asked_twice: Notify,
}

#[async_trait]
impl Habit for SlowSecond {
    async fn before_reply(&self, _caller: &Hotkey, _request: &AuditRequest) {
        if self.audits.fetch_add(1, Ordering::SeqCst) == 1 {
            self.asked_twice.notify_one();
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    }
}

/// What the test below runs in a process of its own, until it is killed.
async fn child_validator(ledger: String, folder: String) {
    let chain = LedgerClient::new(ledger.parse::<SocketAddr>().unwrap()).unwrap();
    let world = World::new(&["v"], &["m"]);
    let mut options = world.validator_options("v");
    options.evidence_dir = PathBuf::from(folder);
    options.budget.deadline_ms = 50_000;
    let mut validator = Validator::open(Arc::new(chain), plugins(), options).await.unwrap();
    loop {
        validator.round().await.unwrap();
        validator.deliver().await.unwrap();
    }
}

fn lines_with(log: &Path, what: &str) -> usize {
    std::fs::read_to_string(log).map_or(0, |text| text.lines().filter(|line| line.contains(what)).count())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_killed_in_mid_round_goes_on_with_the_next_epoch_and_the_round_counts_for_nothing() {
    if let (Ok(ledger), Ok(folder)) = (std::env::var(LEDGER), std::env::var(FOLDER)) {
        return child_validator(ledger, folder).await;
    }
    let world = World::new(&["v"], &["m"]);
    let server = LedgerServer::start(world.ledger.clone(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let habit = Arc::new(SlowSecond::default());
    let miner = world.serve("m", vec![world.held("m", "v")], Arc::clone(&habit) as _).await;
    let folder = world.path("evidence");
    let log = folder.join("evidence-000001.ndjson");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", ITSELF])
        .env(LEDGER, server.at().to_string())
        .env(FOLDER, &folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    tokio::time::timeout(Duration::from_secs(60), habit.asked_twice.notified()).await.unwrap();
    assert_eq!(lines_with(&log, "\"round-opened\""), 2);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(lines_with(&log, "\"round-closed\""), 1);
    assert_eq!(world.weights_of("v").await, [65535]);

    // What a crash of the whole machine may leave: half a line.
    let mut torn = std::fs::read(&log).unwrap();
    torn.extend_from_slice(b"{\"line\":99,\"prev");
    std::fs::write(&log, torn).unwrap();

    let mut options = world.validator_options("v");
    options.evidence_dir = folder;
    options.budget.deadline_ms = 50_000;
    let mut validator = Validator::open(world.chain(), plugins(), options).await.unwrap();
    assert_eq!(validator.void_rounds(), 1);
    assert_eq!(validator.log_path(), log);
    let report = validator.round().await.unwrap();
    assert_eq!(report.round.epoch.0, 2);
    let history = validator.book().history(&hotkey("m")).unwrap();
    assert_eq!((history.issued, history.passed), (2, 2));
    assert_eq!(lines_with(&log, "torn-line-cut"), 1);

    let report = replay(&log, &Judge::new(plugins())).unwrap();
    assert!(report.equal(), "{:?}", report.differences);
    assert_eq!((report.rounds.len(), report.void_rounds), (2, 1));
    drop(miner);
    server.stop().await.unwrap();
}
