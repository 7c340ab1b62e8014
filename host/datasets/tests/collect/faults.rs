//! Runs that are broken off, and two at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use plimsoll_chain::subnet::SubnetRules;
use plimsoll_chain::{Ledger, LedgerGenesis};
use plimsoll_core::Digest;
use plimsoll_datasets::archive::{Archive, Depth};
use plimsoll_datasets::collect::{Listener, MinerOutcome, Told};
use plimsoll_hub::Fault;

use crate::stage::{NETUID, Stage, commit_of, files, outcome, repo, rows};

fn words(count: u16) -> Vec<String> {
    (0..count).map(|n| format!("a/set{n}")).collect()
}

async fn stage_of(count: u16) -> Stage {
    let words = words(count);
    let stage = Stage::new(count, words.iter().map(|word| repo(word, word, rows(word, 20))));
    for (uid, word) in (0..).zip(&words) {
        stage.name(uid, word, &commit_of(word)).await;
    }
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_miner_has_a_reason_of_its_own_and_the_rest_is_kept() {
    let mut stage = stage_of(7).await;
    stage.caps.stall = Duration::from_millis(200);
    stage.caps.tries = 2;
    for (word, fault) in [
        ("a/set0", Fault::WrongByte(5)),
        ("a/set1", Fault::WrongCommit),
        ("a/set2", Fault::RedirectLoop),
        ("a/set3", Fault::Gzip),
        ("a/set4", Fault::Stall(10)),
    ] {
        stage.hub.fail(word, fault, None);
    }
    stage.caps.file_bytes = 1 << 20;
    stage.hub.put(repo("a/set5", "a/set5", "x".repeat(2 << 20)));
    let summary = stage.collect().await;
    let names: Vec<&str> = (0..7).map(|uid| outcome(&summary, uid)).collect();
    let expected =
        ["wrong-git-blob", "wrong-commit", "redirect-loop", "encoded", "stalled", "too-large", "fetched"];
    assert_eq!(names, expected);
    assert_eq!((summary.downloaded, summary.failed), (1, 6));
    assert!(stage.archive().fsck(Depth::Objects).unwrap().is_sound());
}

/// Stops its run after so many files.
struct Stopping {
    left: AtomicUsize,
    stop: tokio::sync::Notify,
}

impl Listener for Stopping {
    fn told(&self, told: &Told) {
        assert!(matches!(told.outcome, MinerOutcome::Kept(_)), "{told:?}");
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.stop.notify_one();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_broken_off_is_taken_up_without_asking_twice() {
    let stage = stage_of(40).await;
    let stopping = Arc::new(Stopping { left: AtomicUsize::new(15), stop: tokio::sync::Notify::new() });
    let listener: Arc<dyn Listener> = stopping.clone();
    let options = stage.options();
    tokio::select! {
        _ = stage.collect_heard(&options, &listener) => {}
        () = stopping.stop.notified() => {}
    }
    // What a thread had in hand is kept before it lets go of the archive.
    let archive = Archive::open_patiently(stage.data.path(), Duration::from_secs(60)).unwrap();
    drop(archive);
    let summary = stage.collect().await;
    assert_eq!((summary.downloaded, summary.failed), (40, 0));
    let (requests, _) = stage.requests();
    assert!((40..=40 + 32).contains(&requests), "only what was under way is asked for again: {requests}");
    assert_eq!(files(&stage.data.path().join("incoming")).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_collector_is_told_who_is_at_work() {
    let stage = stage_of(1).await;
    let first = Archive::open(stage.data.path()).unwrap();
    let refused = stage.collect_as(&stage.options()).await.unwrap_err().to_string();
    assert!(refused.contains("is in use by") && refused.contains("wait until it has ended"), "{refused}");
    drop(first);
    assert_eq!(stage.collect().await.downloaded, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_another_chain_is_left_alone() {
    let mut stage = stage_of(1).await;
    stage.collect().await;
    let rules = SubnetRules::default();
    stage.ledger = Ledger::new(LedgerGenesis::single(Digest([6; 32]), NETUID, rules, Vec::new())).unwrap();
    let refused = stage.collect_as(&stage.options()).await.unwrap_err().to_string();
    assert!(refused.contains("name another data folder"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_down_is_neither_kept_nor_asked_for_again() {
    let stage = stage_of(2).await;
    let summary = stage.collect().await;
    let object = summary.miners[0].kept.as_ref().unwrap().object;
    Archive::open(stage.data.path()).unwrap().take_down(&object, "asked for by its author").unwrap();
    for _ in 0..2 {
        stage.requests();
        stage.ledger.advance(1);
        let summary = stage.collect().await;
        assert_eq!((outcome(&summary, 0), outcome(&summary, 1)), ("taken-down", "held"));
    }
    assert_eq!(stage.requests(), (0, 0), "that it was taken down is remembered");
}
