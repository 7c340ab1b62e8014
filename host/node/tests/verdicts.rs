//! A plugin that breaks down while it judges costs no miner anything.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use std::sync::Arc;

use plimsoll_core::{
    AuditBudget, BlockNumber, Candidate, Digest, Epoch, Hotkey, Identity, Round, Statement, Uid,
};
use plimsoll_node::miner::{HeldPlot, Prompt};
use plimsoll_node::replay::replay;
use plimsoll_node::validator::{Judge, PlannedAudit, RoundSecret, Validator};
use plimsoll_node::{Choices, NodeError, PluginChoice, ValidatorPlugins};
use plimsoll_plugin::{Fuel, Host, HostOptions, Limits};
use world::{World, choices, plugins};

/// The same plugins under a host that gives `verify` so little fuel that it breaks down.
fn starved(verify: u64) -> ValidatorPlugins {
    let fuel = Fuel { verify, ..Fuel::default() };
    let limits = Limits { fuel, ..Limits::default() };
    let host = Host::new(HostOptions { limits, ..HostOptions::default() }).unwrap();
    choices().load_for_validator(&host).unwrap()
}

/// Fuel that a proof with a wrong first answer, and a right proof, take.
fn fuel_of_a_wrong_and_a_right_proof(plot: &HeldPlot) -> (u64, u64) {
    let statement = plot.registration.statement();
    let mut scheme = world::scheme().instance().unwrap();
    let challenge = scheme.draw(&statement, &Digest([1; 32]), 12, None).unwrap();
    let answer = scheme.prove(Arc::clone(&plot.region), &statement, &challenge).unwrap();
    let plimsoll_core::Answer::Proof(right) = answer else { panic!("not eligible") };
    scheme.verify(&statement, &challenge, &right).unwrap();
    let right_fuel = scheme.fuel_used();
    let mut wrong = right;
    wrong[0] ^= 1;
    scheme.verify(&statement, &challenge, &wrong).unwrap();
    (scheme.fuel_used(), right_fuel)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_that_breaks_down_for_everyone_voids_the_round_and_the_weights_stand() {
    let world = World::new(&["v"], &["a", "b"]);
    let miners = [world.honest("a", "v").await, world.honest("b", "v").await];
    let mut validator = world.validator("v").await;
    validator.round().await.unwrap();
    validator.deliver().await.unwrap();
    let weights = world.weights_of("v").await;
    assert_eq!(weights, [65535, 65535]);
    let book = validator.book().clone();
    drop(validator);

    let mut validator = world.validator_with("v", starved(10_000)).await;
    let error = validator.round().await.unwrap_err();
    assert!(matches!(error, NodeError::NoVerdict { .. }), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("epoch 1 is void, and the weights stay as they are: none of 2 audits got a verdict")
    );
    validator.deliver().await.unwrap();
    assert_eq!(world.weights_of("v").await, weights);
    for name in ["a", "b"] {
        assert_eq!(validator.book().history(&world::hotkey(name)), book.history(&world::hotkey(name)));
    }
    let log = validator.log_path().to_path_buf();
    drop(validator);
    // The evidence keeps what broke down, under the same pins, and the next round is like any other.
    assert!(std::fs::read_to_string(&log).unwrap().contains("out of fuel"));
    let mut validator = world.validator("v").await;
    assert_eq!(validator.round().await.unwrap().round.epoch.0, 2);
    assert!(replay(&log, &Judge::new(plugins())).unwrap().equal());
    for miner in miners {
        miner.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_that_breaks_down_for_one_leaves_that_one_where_it_stood() {
    let world = World::new(&["v"], &["good", "bad"]);
    let good = world.honest("good", "v").await;
    world::damage(&world.plot_of("bad", "v"), 0, world::PLOT_BYTES as usize);
    let mut options = world.miner_options("bad");
    options.side.self_check = false;
    let plots = plimsoll_node::miner::Plots::new([world.held("bad", "v")]);
    let bad =
        plimsoll_node::miner::start_with(world.chain(), world::scheme(), options, plots, Arc::new(Prompt));
    let bad = bad.await.unwrap();
    let mut validator = world.validator("v").await;
    let before = validator.round().await.unwrap();
    drop(validator);

    let (wrong, right) = fuel_of_a_wrong_and_a_right_proof(&world.held("good", "v"));
    assert!(wrong * 2 < right, "{wrong} {right}");
    let plugins = starved(wrong + (right - wrong) / 2);
    let mut validator = Validator::open(world.chain(), plugins, world.validator_options("v")).await.unwrap();
    let after = validator.round().await.unwrap();
    assert_eq!(after.miners[0].no_verdict, 1);
    assert_eq!(after.miners[0].standing, before.miners[0].standing);
    assert_eq!((after.miners[0].weight, after.miners[1].weight), (65535, 0));
    assert_eq!(after.miners[1].standing.failed, 1);
    let log = validator.log_path().to_path_buf();
    drop(validator);

    // Whoever can tell says so: the log calls undecided what is not.
    let report = replay(&log, &Judge::new(world::plugins())).unwrap();
    assert_eq!(report.differences[0].what, "the ruling");
    assert_eq!(report.differences[0].expected, "passed");
    good.stop().await;
    bad.stop().await;
}

#[test]
fn an_audit_has_as_many_samples_as_the_scheme_draws_and_the_evidence_has_their_number() {
    let chain = Choices { scheme: PluginChoice::builtin("proof-seed-v1"), ..choices() };
    let judge = Judge::new(chain.load_for_validator(world::host()).unwrap());
    let secret = RoundSecret::revealed(Digest([5; 32]));
    let (hotkey, validator) = (Hotkey([1; 32]), Hotkey([2; 32]));
    let plan = |units, commitment| -> PlannedAudit {
        let identity = Identity { netuid: world::NETUID, owner: hotkey, validator };
        let statement = Statement { identity, unit_bytes: 100_000, units, commitment };
        let (uid, claimed_bytes) = (Uid(4), statement.claimed_bytes());
        let (issued, passed, failed, late, absent, last_epoch) = (0, 0, 0, 0, 0, None);
        let candidate =
            Candidate { uid, hotkey, claimed_bytes, units, issued, passed, failed, late, absent, last_epoch };
        let budget = AuditBudget { audits: 1, samples: 90, verify_ms: 60_000, deadline_ms: 5_000 };
        let round = Round { epoch: Epoch(3), block: BlockNumber(9), beacon: Digest([4; 32]) };
        let statements = [(uid, statement)].into();
        judge.plan(&round, &secret, &[candidate], &statements, &budget).unwrap().remove(0)
    };
    // Two rows a sample with paths of 20 digests: 45 of them fill 64 KiB.
    let large = plan(1 << 20, Some(Digest([3; 32])));
    assert_eq!((large.audit.samples, large.challenge.unwrap().len()), (45, 32 + 45 * 8));
    let small = plan(1000, Some(Digest([3; 32])));
    assert_eq!((small.audit.samples, small.challenge.unwrap().len()), (81, 32 + 81 * 8));
    // A plot without a commitment cannot be judged: no audit is sent that no verdict could come of.
    let why = plan(1000, None).challenge.unwrap_err().to_string();
    assert!(why.ends_with("could not draw: bad input: the statement has no commitment"), "{why}");
}
