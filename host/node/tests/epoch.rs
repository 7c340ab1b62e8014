//! A whole epoch in this process, with all six roles.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use std::sync::Arc;

use plimsoll_node::demo::{DemoOptions, DemoReport, FindingKind, Role, Unheard, demo};
use plimsoll_node::space::Silent;
use plimsoll_node::{Choices, PluginChoice};

async fn played(options: DemoOptions) -> DemoReport {
    demo(world::host(), &options, &Unheard, Arc::new(Silent)).await.unwrap()
}

fn small() -> DemoOptions {
    let choices = Choices {
        allocation: PluginChoice::builtin("allocation-permit"),
        challenge: PluginChoice::builtin("challenge-uniform")
            .with_params(serde_json::json!({ "spread_ms": 0 })),
        ..Choices::default()
    };
    DemoOptions {
        choices,
        plot_bytes: 4 << 20,
        epochs: 2,
        samples: 24,
        deadline_ms: 2_000,
        ..DemoOptions::default()
    }
}

fn find(report: &DemoReport, role: Role) -> &plimsoll_node::demo::MinerRow {
    report.miners.iter().find(|row| row.role == role).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_is_seen_for_what_it_is_and_the_evidence_gives_the_same_weights() {
    let report = played(small()).await;
    assert_eq!((report.scheme.as_str(), report.epochs), ("proof-stream", 2));

    let honest = find(&report, Role::Honest);
    let larger = find(&report, Role::Larger);
    for row in [honest, larger] {
        assert_eq!((row.audits, row.passed), (2, 2), "{row:?}");
        assert_eq!(row.held_bytes, row.claimed_bytes, "{row:?}");
    }
    assert_eq!(larger.weight, u16::MAX);
    // Twice the space but for header and tree, which both pay for.
    assert!(honest.weight.abs_diff(u16::MAX / 2) < 700, "{}", honest.weight);

    let partial = find(&report, Role::Partial);
    assert_eq!((partial.audits, partial.failed, partial.weight), (2, 2, 0), "{partial:?}");
    assert!(partial.held_bytes * 100 <= partial.claimed_bytes * 75, "{partial:?}");

    let regenerator = find(&report, Role::Regenerator);
    assert_eq!((regenerator.held_bytes, regenerator.passed), (0, 2), "{regenerator:?}");
    assert_eq!(regenerator.weight, honest.weight);

    let late = find(&report, Role::Late);
    assert_eq!((late.late, late.passed, late.weight), (2, 0, 0), "{late:?}");
    let offline = find(&report, Role::Offline);
    assert_eq!((offline.absent, offline.passed, offline.weight), (2, 0, 0), "{offline:?}");

    // The first tempo has no weights yet; the two after it bring miners 0.41 alpha a block.
    let earned = |row: &plimsoll_node::demo::MinerRow| row.earned_rao;
    assert!(report.miners.iter().map(earned).sum::<u64>().abs_diff(2 * 20 * 410_002_288) < 1_000);
    assert_eq!((partial.earned_rao, late.earned_rao, offline.earned_rao), (0, 0, 0));
    assert_eq!(regenerator.earned_rao, honest.earned_rao);
    let by_weight = larger.earned_rao / 1_000 * u64::from(honest.weight) / u64::from(larger.weight);
    assert!(by_weight.abs_diff(honest.earned_rao / 1_000) < 100, "{honest:?}");

    let kinds: Vec<FindingKind> = report.findings.iter().map(|finding| finding.kind).collect();
    use FindingKind::{Caught, NotCaught, Paid};
    assert_eq!(kinds, [Paid, Paid, Caught, NotCaught, Caught, Caught]);
    assert!(report.replay.equal);
    assert_eq!(report.replay.rounds, 2);
    // Honest, larger, partial and regenerator sent proofs in time, twice each.
    assert_eq!(report.replay.proofs, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_prototype_s_scheme_plays_the_same_demo() {
    let mut options = small();
    options.choices.scheme = PluginChoice::builtin("proof-seed-v1");
    options.epochs = 1;
    options.plot_bytes = 8 << 20;
    let report = played(options).await;
    assert_eq!(report.scheme, "proof-seed-v1");
    assert_eq!(find(&report, Role::Honest).passed, 1);
    assert_eq!(find(&report, Role::Partial).failed, 1);
    let regenerator = find(&report, Role::Regenerator);
    assert_eq!((regenerator.held_bytes, regenerator.passed), (0, 1));
    assert!(report.replay.equal);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_rule_by_choice_alone_gives_other_weights() {
    let mut options = small();
    options.epochs = 1;
    options.choices.incentive =
        PluginChoice::builtin("incentive-proportional").with_params(serde_json::json!({ "least_audits": 2 }));
    let report = played(options.clone()).await;
    // One round has one audit a miner, and this rule wants two.
    assert!(report.miners.iter().all(|row| row.weight == 0), "{:?}", report.miners);
    assert!(find(&report, Role::Honest).reason.contains("had 1 audits, 2 are needed"));

    options.choices.incentive = PluginChoice::builtin("incentive-tiered");
    let report = played(options).await;
    assert_eq!(report.plugins.incentive, "incentive-tiered");
    assert_eq!(find(&report, Role::Larger).weight, u16::MAX);
    assert!(report.replay.equal);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_demo_leaves_its_files_and_wants_a_new_folder() {
    let folder = tempfile::tempdir().unwrap();
    let keep = folder.path().join("kept");
    let options = DemoOptions { keep: Some(keep.clone()), epochs: 1, plot_bytes: 1 << 20, ..small() };
    played(options.clone()).await;
    assert!(keep.join("evidence/evidence-000001.ndjson").exists());
    assert!(keep.join("demo/honest/partition.json").exists());
    let again = demo(world::host(), &options, &Unheard, Arc::new(Silent)).await;
    let message = again.unwrap_err().to_string();
    assert!(message.ends_with("not empty: name a new folder to keep the demo in"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_not_shipped_is_named_with_those_that_are() {
    let mut options = small();
    options.choices.scheme = PluginChoice::builtin("proof-of-faith");
    let error = demo(world::host(), &options, &Unheard, Arc::new(Silent)).await.unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("there is no shipped plugin `proof-of-faith`: shipped are allocation-even"));
}
