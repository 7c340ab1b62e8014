//! The log: what a replay proves, what it finds, and what a validator takes over from it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_core::Uid;
use plimsoll_node::replay::replay;
use plimsoll_node::validator::{Judge, Validator, recall};
use plimsoll_node::{NodeError, PluginChoice};
use plimsoll_wire::evidence::{EvidenceLog, Record, Ruling};
use plimsoll_wire::{EvidenceError, EvidenceReader};
use world::{World, choices, host, plugins};

/// Two rounds over an honest miner and one that lost everything.
async fn two_rounds(world: &World) -> PathBuf {
    let good = world.honest("good", "v").await;
    world::damage(&world.plot_of("bad", "v"), 0, world::PLOT_BYTES as usize);
    let mut options = world.miner_options("bad");
    options.side.self_check = false;
    let plots = plimsoll_node::miner::Plots::new([world.held("bad", "v")]);
    let bad = plimsoll_node::miner::start_with(
        world.chain(),
        world::scheme(),
        options,
        plots,
        Arc::new(plimsoll_node::miner::Prompt),
    );
    let bad = bad.await.unwrap();
    let mut validator = world.validator("v").await;
    for _ in 0..2 {
        world.ledger.advance(10);
        let report = validator.round().await.unwrap();
        let weights: Vec<u16> = report.miners.iter().map(|row| row.weight).collect();
        assert_eq!(weights, [65535, 0]);
    }
    good.stop().await;
    bad.stop().await;
    validator.log_path().to_path_buf()
}

/// The log again with its records changed, its chain of hashes whole.
fn forged(log: &Path, change: impl Fn(&mut Record)) -> PathBuf {
    let reader = EvidenceReader::open(log).unwrap();
    let path = log.with_file_name("forged.ndjson");
    let _ = std::fs::remove_file(&path);
    let mut copy = EvidenceLog::open(&path, reader.header()).unwrap();
    for entry in reader {
        let mut record = entry.unwrap().record;
        change(&mut record);
        copy.append(&record).unwrap();
    }
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_comes_to_the_same_weights_byte_for_byte_and_finds_every_forgery() {
    let world = World::new(&["v"], &["good", "bad"]);
    let log = two_rounds(&world).await;
    let judge = Judge::new(plugins());

    let report = replay(&log, &judge).unwrap();
    assert!(report.equal(), "{:?}", report.differences);
    assert_eq!((report.rounds.len(), report.proofs, report.registrations, report.void_rounds), (2, 4, 2, 0));
    assert_eq!(report.rounds[1].weights, [(Uid(1), 65535), (Uid(2), 0)]);

    // A changed byte breaks the chain of hashes.
    let mut bytes = std::fs::read(&log).unwrap();
    let at = String::from_utf8_lossy(&bytes).rfind("\"weights\":[[1,65535]").unwrap() + 14;
    bytes[at] ^= 1;
    let broken = log.with_file_name("broken.ndjson");
    std::fs::write(&broken, &bytes).unwrap();
    let error = replay(&broken, &judge).unwrap_err();
    assert!(matches!(error, NodeError::Evidence(EvidenceError::Broken { .. })), "{error}");

    // Weights that do not follow are named with round and uid, though the chain of hashes is whole.
    let paid = forged(&log, |record| {
        if let Record::RoundClosed(closed) = record
            && closed.epoch.0 == 1
        {
            closed.weights[1].1 = 30000;
        }
    });
    let report = replay(&paid, &judge).unwrap();
    assert_eq!(report.differences.len(), 1);
    let difference = &report.differences[0];
    assert_eq!((difference.epoch.map(|e| e.0), difference.uid), (Some(1), Some(Uid(2))));
    assert_eq!(
        (difference.what.as_str(), difference.expected.as_str(), difference.found.as_str()),
        ("the weight", "0", "30000")
    );
    assert!(report.rounds[0].equal && !report.rounds[1].equal);

    // A verdict that is turned around.
    let turned = forged(&log, |record| {
        if let Record::AuditOutcome(outcome) = record
            && outcome.uid == Uid(2)
        {
            outcome.ruling = Ruling::Passed;
        }
    });
    let report = replay(&turned, &judge).unwrap();
    assert_eq!(
        report.differences.iter().filter(|d| d.what == "the ruling" && d.uid == Some(Uid(2))).count(),
        2
    );

    // Somebody else's words in a miner's mouth.
    let swapped = forged(&log, |record| {
        if let Record::AuditOutcome(outcome) = record
            && outcome.uid == Uid(2)
            && let plimsoll_wire::evidence::Response::Proof { proof, .. } = &mut outcome.response
        {
            proof[0] ^= 1;
        }
    });
    let error = replay(&swapped, &judge).unwrap_err();
    assert!(
        matches!(error, NodeError::Evidence(EvidenceError::Signature { whose: "miner's", .. })),
        "{error}"
    );

    // An audit that is hushed up.
    let mut hushed_nonce = None;
    let log_reader = EvidenceReader::open(&log).unwrap();
    let path = log.with_file_name("hushed.ndjson");
    let mut copy = EvidenceLog::open(&path, log_reader.header()).unwrap();
    for entry in log_reader {
        let record = entry.unwrap().record;
        match &record {
            Record::AuditSent(sent) if sent.uid == Uid(2) => hushed_nonce = Some(sent.request.nonce),
            Record::AuditOutcome(outcome) if Some(outcome.nonce) == hushed_nonce => {}
            _ => copy.append(&record).unwrap(),
        }
    }
    let report = replay(&path, &judge).unwrap();
    assert!(
        report.differences.iter().any(|d| d.what == "an audit" && d.uid == Some(Uid(2)) && d.found == "none")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn other_plugins_than_the_pinned_ones_are_refused_with_both_digests() {
    let world = World::new(&["v"], &["good", "bad"]);
    let log = two_rounds(&world).await;
    let mut other = choices();
    other.incentive = PluginChoice::builtin("incentive-ema");
    let error = replay(&log, &Judge::new(other.load_for_validator(host()).unwrap())).unwrap_err().to_string();
    assert!(error.starts_with("the digest of the incentive rule of the evidence is "), "{error}");
    assert!(error.contains("(incentive-proportional)") && error.contains("(incentive-ema)"), "{error}");

    let mut tuned = choices();
    tuned.scheme = tuned.scheme.with_params(serde_json::json!({ "unit_bytes": 4096 }));
    let error = replay(&log, &Judge::new(tuned.load_for_validator(host()).unwrap())).unwrap_err().to_string();
    assert!(
        error.starts_with("the parameters of the proof scheme `proof-stream` of the evidence is {}"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_takes_over_its_own_book_and_goes_on() {
    let world = World::new(&["v"], &["good", "bad"]);
    let log = two_rounds(&world).await;
    let book = recall(&log, &Judge::new(plugins())).unwrap().book;
    let good = world.honest("good", "v").await;
    let mut validator = world.validator("v").await;
    assert_eq!(validator.book(), &book);
    assert_eq!(validator.log_path(), log);
    // The weights of the last round were never set: its validator died before.
    validator.deliver().await.unwrap();
    assert_eq!(world.weights_of("v").await, [65535, 0]);
    world.ledger.advance(10);
    let report = validator.round().await.unwrap();
    assert_eq!(report.round.epoch.0, 2);
    assert_eq!(validator.book().history(&world::hotkey("good")).unwrap().passed, 3);
    assert!(replay(&log, &Judge::new(plugins())).unwrap().equal());
    good.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_rule_begins_another_log_and_epochs_go_on() {
    let world = World::new(&["v"], &["good", "bad"]);
    let log = two_rounds(&world).await;
    let mut other = choices();
    other.incentive = PluginChoice::builtin("incentive-ema");
    let good = world.honest("good", "v").await;
    let mut validator = world.validator_with("v", other.load_for_validator(host()).unwrap()).await;
    assert_eq!(validator.log_path(), log.with_file_name("evidence-000002.ndjson"));
    let first = validator.round().await.unwrap();
    assert_eq!(first.round.epoch.0, 2);
    drop(validator);

    // The same rule under another budget keeps its memory.
    let mut options = world.validator_options("v");
    options.budget.samples = 5;
    let plugins = other.load_for_validator(host()).unwrap();
    let mut validator = Validator::open(world.chain(), plugins.clone(), options).await.unwrap();
    assert_eq!(validator.log_path(), log.with_file_name("evidence-000003.ndjson"));
    let second = validator.round().await.unwrap();
    assert_eq!(second.round.epoch.0, 3);
    let score = |report: &plimsoll_node::validator::RoundReport| report.miners[0].reason.clone();
    assert!(score(&first).starts_with("score 0 became 104857"), "{}", score(&first));
    assert!(score(&second).starts_with("score 104857 became 199"), "{}", score(&second));
    for name in ["evidence-000002.ndjson", "evidence-000003.ndjson"] {
        let report = replay(&log.with_file_name(name), &Judge::new(plugins.clone())).unwrap();
        assert!(report.equal(), "{name}: {:?}", report.differences);
    }
    good.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_whose_future_is_dropped_is_void() {
    let world = World::new(&["v"], &["good", "bad"]);
    let log = two_rounds(&world).await;
    let asked = Arc::new(tokio::sync::Notify::new());
    let slow = Arc::new(Slow(Arc::clone(&asked)));
    let good = world.serve("good", vec![world.held("good", "v")], slow).await;
    let mut validator = world.validator("v").await;
    let before = validator.book().clone();
    tokio::select! {
        ended = validator.round() => panic!("the round should still wait for its answer: {ended:?}"),
        () = asked.notified() => {}
    }
    drop(validator);
    let text = std::fs::read_to_string(&log).unwrap();
    let lines = |what: &str| text.lines().filter(|line| line.contains(what)).count();
    let (sent, ended) =
        (lines("\"kind\":\"audit-sent\",\"uid\":1,"), lines("\"kind\":\"audit-outcome\",\"uid\":1,"));
    assert_eq!((sent, ended), (3, 2), "what was asked is in the log before it is sent");
    let recalled = recall(&log, &Judge::new(plugins())).unwrap();
    assert_eq!(recalled.void_rounds, 1);
    assert_eq!(recalled.book.next_epoch().0, before.next_epoch().0 + 1);
    let hotkey = world::hotkey("good");
    assert_eq!(recalled.book.history(&hotkey), before.history(&hotkey));
    good.stop().await;
}

/// Says that it was asked, and keeps whoever asked waiting.
struct Slow(Arc<tokio::sync::Notify>);

#[async_trait::async_trait]
impl plimsoll_node::miner::Habit for Slow {
    async fn before_reply(&self, _caller: &plimsoll_core::Hotkey, _request: &plimsoll_wire::AuditRequest) {
        self.0.notify_one();
        tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    }
}
