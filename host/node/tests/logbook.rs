//! The folder of logs: whose is whose, what follows what, and what a crash leaves.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_core::{Digest, Uid};
use plimsoll_node::miner::{HeldPlot, Prompt};
use plimsoll_node::replay::{ReplayReport, replay, replay_logs};
use plimsoll_node::validator::{Judge, Validator, logs};
use plimsoll_node::{NodeError, PluginChoice, ValidatorPlugins};
use plimsoll_plugin::{Fuel, Host, HostOptions, Limits};
use plimsoll_wire::evidence::{EvidenceLog, LogHeader, Record};
use plimsoll_wire::{EvidenceError, EvidenceReader};
use world::{World, choices, host, plugins};

async fn open(
    world: &World,
    name: &str,
    plugins: ValidatorPlugins,
    folder: &Path,
) -> Result<Validator, NodeError> {
    let mut options = world.validator_options(name);
    options.evidence_dir = folder.to_owned();
    Validator::open(world.chain(), plugins, options).await
}

fn ema() -> ValidatorPlugins {
    let mut ema = choices();
    ema.incentive = PluginChoice::builtin("incentive-ema");
    ema.load_for_validator(host()).unwrap()
}

fn paths(folder: &Path) -> Vec<PathBuf> {
    logs(folder).unwrap().into_iter().map(|(_, path)| path).collect()
}

fn replayed(folder: &Path, plugins: &ValidatorPlugins) -> Vec<ReplayReport> {
    let judge = |_: &Path| Ok(Judge::new(plugins.clone()));
    replay_logs(&paths(folder), judge).unwrap().into_iter().map(|(_, report)| report).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_validators_share_a_folder_and_each_keeps_its_own_book() {
    let world = World::new(&["v", "w"], &["m"]);
    let plots = vec![world.held("m", "v"), world.held("m", "w")];
    let miner = world.serve("m", plots, Arc::new(Prompt)).await;
    let folder = world.path("evidence");
    for epoch in 0..2 {
        for name in ["v", "w"] {
            let mut validator = open(&world, name, plugins(), &folder).await.unwrap();
            let report = validator.round().await.unwrap();
            assert_eq!(report.round.epoch.0, epoch, "{name} goes on where it was");
        }
    }
    assert_eq!(paths(&folder).len(), 2);
    assert!(replayed(&folder, &plugins()).iter().all(|report| report.equal() && report.rounds.len() == 2));

    // At the same time too; but nobody is one validator twice, not even under other rules.
    let first = open(&world, "v", plugins(), &folder).await.unwrap();
    let second = open(&world, "w", plugins(), &folder).await.unwrap();
    let again = open(&world, "v", ema(), &folder).await.err().unwrap();
    assert!(matches!(again, NodeError::Evidence(EvidenceError::Locked(_))), "{again}");
    drop((first, second));
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_newest_log_is_passed_over_and_the_book_is_kept() {
    let world = World::new(&["v"], &["m"]);
    let miner = world.honest("m", "v").await;
    let folder = world.path("evidence");
    let mut validator = open(&world, "v", ema(), &folder).await.unwrap();
    validator.round().await.unwrap();
    let (book, log) = (validator.book().clone(), validator.log_path().to_owned());
    drop(validator);
    // What a crash left between making the file and writing its header.
    std::fs::write(folder.join("evidence-000002.ndjson"), b"").unwrap();
    let validator = open(&world, "v", ema(), &folder).await.unwrap();
    assert_eq!((validator.book(), validator.log_path()), (&book, log.as_path()));
    drop(validator);
    // Under other rules the next log follows the one that holds something.
    let validator = open(&world, "v", plugins(), &folder).await.unwrap();
    assert_eq!(validator.book().next_epoch(), book.next_epoch());
    assert_eq!(validator.log_path(), folder.join("evidence-000003.ndjson"));
    drop(validator);
    let logs = [log, folder.join("evidence-000003.ndjson")];
    let header = |path: &Path| EvidenceReader::open(path).unwrap().header().clone();
    let mut before = EvidenceReader::open(&logs[0]).unwrap();
    before.by_ref().for_each(|entry| drop(entry.unwrap()));
    let said = header(&logs[1]).predecessor.unwrap();
    assert_eq!((said.lines, said.head), before.head());
    miner.stop().await;
}

/// The log again under another header, its chain of hashes whole.
fn headed(path: &Path, change: impl Fn(&mut LogHeader)) {
    let reader = EvidenceReader::open(path).unwrap();
    let mut header = reader.header().clone();
    change(&mut header);
    let records: Vec<Record> = reader.map(|entry| entry.unwrap().record).collect();
    std::fs::remove_file(path).unwrap();
    let mut copy = EvidenceLog::open(path, &header).unwrap();
    for mut record in records {
        if let Record::RoundClosed(closed) = &mut record {
            closed.memory_before = Digest::of(&header.memory);
        }
        copy.append(&record).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_starts_from_a_forged_memory_is_found_by_the_log_before_it() {
    let world = World::new(&["v"], &["m"]);
    let miner = world.honest("m", "v").await;
    let folder = world.path("evidence");
    open(&world, "v", ema(), &folder).await.unwrap().round().await.unwrap();
    let mut options = world.validator_options("v");
    (options.evidence_dir, options.budget.samples) = (folder.clone(), 5);
    let mut validator = Validator::open(world.chain(), ema(), options).await.unwrap();
    validator.round().await.unwrap();
    let second = validator.log_path().to_owned();
    drop(validator);

    let reports = replayed(&folder, &ema());
    assert!(reports.iter().all(|report| report.equal() && report.notes.is_empty()), "{reports:?}");
    let alone = replay(&second, &Judge::new(ema())).unwrap();
    assert!(alone.equal());
    assert!(
        alone.notes[0].starts_with("it goes on from another log: the incentive rule's memory"),
        "{alone:?}"
    );

    // A memory that is none of the rule's: nobody ever scored.
    headed(&second, |header| header.memory = Vec::new());
    let reports = replayed(&folder, &ema());
    assert!(reports[0].equal());
    let what: Vec<&str> = reports[1].differences.iter().map(|d| d.what.as_str()).collect();
    assert!(what.contains(&"the memory that the log starts from"), "{what:?}");

    // A log whose predecessor was exchanged.
    headed(&second, |header| header.predecessor.as_mut().unwrap().head = Digest([7; 32]));
    let reports = replayed(&folder, &ema());
    let what: Vec<&str> = reports[1].differences.iter().map(|d| d.what.as_str()).collect();
    assert!(what.contains(&"the last line of the log before"), "{what:?}");
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_limits_than_the_validator_s_are_named_by_a_replay() {
    let world = World::new(&["v"], &["m"]);
    let miner = world.honest("m", "v").await;
    let folder = world.path("evidence");
    open(&world, "v", plugins(), &folder).await.unwrap().round().await.unwrap();
    let fuel = Fuel { verify: 4_000_000_000, ..Fuel::default() };
    let limits = Limits { fuel, ..Limits::default() };
    let less = Host::new(HostOptions { limits, ..HostOptions::default() }).unwrap();
    let less = choices().load_for_validator(&less).unwrap();
    let mut validator = open(&world, "v", less.clone(), &folder).await.unwrap();
    validator.round().await.unwrap();
    assert_eq!(paths(&folder).len(), 1, "the book goes on in the same log");
    drop(validator);
    let report = &replayed(&folder, &plugins())[0];
    assert!(report.equal(), "{:?}", report.differences);
    assert_eq!(
        report.notes,
        [
            "the validator's plugins ran under other terms (verify_fuel 4000000000 there, 5000000000 here): a verdict \
          may differ where a limit was hit"
        ]
    );
    assert_eq!(replayed(&folder, &less)[0].notes.len(), 1, "the first round's terms were others");
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_no_proof_could_be_judged_against_is_left_out() {
    let world = World::new(&["v"], &["bare", "renamed", "good"]);
    let good = world.honest("good", "v").await;
    let changed = |miner: &str, change: fn(&mut plimsoll_wire::Registration)| {
        let mut plot = world.held(miner, "v");
        change(&mut plot.registration);
        HeldPlot::serving(plot.registration, plot.region, &plot.path)
    };
    let bare = changed("bare", |registration| registration.commitment = None);
    let bare = world.serve("bare", vec![bare], Arc::new(Prompt)).await;
    let renamed = changed("renamed", |registration| registration.scheme = "proof-of-faith".into());
    let renamed = world.serve("renamed", vec![renamed], Arc::new(Prompt)).await;
    let mut validator = world.validator("v").await;
    let report = validator.round().await.unwrap();
    assert_eq!(report.miners.iter().map(|row| row.standing.uid).collect::<Vec<_>>(), [Uid(3)]);
    let why = |uid: u16| report.left_out.iter().find(|out| out.uid.0 == uid).unwrap().why.clone();
    assert!(why(1).starts_with("the scheme cannot judge proofs against it: "), "{}", why(1));
    assert_eq!(why(2), "the scheme's name is proof-of-faith, expected proof-stream");
    let log = validator.log_path().to_owned();
    drop(validator);
    assert!(replay(&log, &Judge::new(plugins())).unwrap().equal());
    for miner in [good, bare, renamed] {
        miner.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_validator_s_damaged_log_is_passed_over_and_the_own_one_is_an_error() {
    let world = World::new(&["v", "w"], &["m"]);
    let plots = vec![world.held("m", "v"), world.held("m", "w")];
    let miner = world.serve("m", plots, Arc::new(Prompt)).await;
    let folder = world.path("evidence");
    for name in ["v", "w"] {
        open(&world, name, plugins(), &folder).await.unwrap().round().await.unwrap();
    }
    let [own, other]: [PathBuf; 2] = paths(&folder).try_into().unwrap();
    let whole = std::fs::read(&other).unwrap();
    let [mut flipped, mut gone] = [whole.clone(), whole.clone()];
    let header_bytes = whole.iter().position(|byte| *byte == b'\n').unwrap();
    flipped[header_bytes - 20] ^= 1;
    gone[..header_bytes].fill(b'?');
    for damaged in [flipped, gone] {
        std::fs::write(&other, damaged).unwrap();
        let mut validator = open(&world, "v", plugins(), &folder).await.unwrap();
        assert_eq!(validator.log_path(), own);
        validator.round().await.unwrap();
        drop(validator);
        let said = open(&world, "w", plugins(), &folder).await.err().unwrap().to_string();
        let begin = format!("{}: line 0: the chain is broken at its digest: expected ", other.display());
        assert!(said.starts_with(&begin), "{said}");
        assert!(
            said.ends_with(
                "put it back from a copy, or move it out of the folder if it is another validator's"
            ),
            "{said}"
        );
    }
    // Without a note, as older versions left the folder, the header's own words decide.
    std::fs::write(&other, whole).unwrap();
    let mut damaged = std::fs::read(&own).unwrap();
    let header_bytes = damaged.iter().position(|byte| *byte == b'\n').unwrap();
    damaged[header_bytes - 20] ^= 1;
    std::fs::write(&own, damaged).unwrap();
    for lock in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        if lock.extension().is_some_and(|extension| extension == "lock") {
            std::fs::write(lock, b"").unwrap();
        }
    }
    assert_eq!(open(&world, "w", plugins(), &folder).await.unwrap().log_path(), other);
    let said = open(&world, "v", plugins(), &folder).await.err().unwrap();
    assert!(matches!(said, NodeError::DamagedLog { .. }), "{said}");
    miner.stop().await;
}
