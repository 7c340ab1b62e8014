//! A rule that weighs along: what it says of each round, what it remembers, and that it disturbs nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_core::{IncentiveOutcome, Uid};
use plimsoll_node::miner::{Plots, Prompt, RunningMiner, start_with};
use plimsoll_node::replay::replay;
use plimsoll_node::validator::{Judge, RoundReport, Shadow, Validator};
use plimsoll_plugin::{Fuel, Host, HostOptions, Incentive, Limits};
use serde_json::{Value, json};
use world::{World, host, plugins};

fn ema(host: &Host) -> Incentive {
    let choice = plimsoll_node::PluginChoice::builtin("incentive-ema");
    host.load_incentive(&choice.resolve().unwrap(), &json!({})).unwrap()
}

/// An honest miner, and one that answers with damage.
async fn miners(world: &World) -> [RunningMiner; 2] {
    let good = world.honest("good", "v").await;
    world::damage(&world.plot_of("bad", "v"), 0, world::PLOT_BYTES as usize);
    let mut options = world.miner_options("bad");
    options.side.self_check = false;
    let plots = Plots::new([world.held("bad", "v")]);
    let bad = start_with(world.chain(), world::scheme(), options, plots, Arc::new(Prompt)).await.unwrap();
    [good, bad]
}

async fn round(world: &World, validator: &mut Validator) -> RoundReport {
    world.ledger.advance(10);
    validator.round().await.unwrap()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn epochs(lines: &[Value]) -> Vec<u64> {
    lines.iter().map(|line| line["epoch"].as_u64().unwrap()).collect()
}

/// What the rule says of these rounds, one after the other with its own memory.
fn alone(rule: &Incentive, reports: &[RoundReport]) -> Vec<IncentiveOutcome> {
    let mut memory = Vec::new();
    let mut weigh = |report: &RoundReport| {
        let standings: Vec<_> = report.miners.iter().map(|row| row.standing.clone()).collect();
        let outcome = rule.instance().unwrap().weigh(&report.round, &standings, &memory).unwrap();
        memory.clone_from(&outcome.memory);
        outcome
    };
    reports.iter().map(&mut weigh).collect()
}

fn memory_file(lines: &Path) -> PathBuf {
    lines.with_extension("memory")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_says_each_round_how_it_would_pay_and_remembers_over_a_restart() {
    let world = World::new(&["v"], &["good", "bad"]);
    let [good, bad] = miners(&world).await;
    let (rule, mut reports) = (ema(host()), Vec::new());
    let mut validator = world.validator("v").await;
    let shadow = Shadow::start(rule.clone(), &validator).unwrap();
    for _ in 0..2 {
        reports.push(round(&world, &mut validator).await);
        shadow.saw(reports.last().unwrap());
    }
    let path = shadow.path().to_path_buf();
    shadow.finish();
    assert_eq!(epochs(&lines(&path)), [0, 1]);
    // A round that was closed, and the process died before the shadow had weighed it.
    reports.push(round(&world, &mut validator).await);
    drop(validator);

    let mut validator = world.validator("v").await;
    let shadow = Shadow::start(rule.clone(), &validator).unwrap();
    reports.push(round(&world, &mut validator).await);
    shadow.saw(reports.last().unwrap());
    shadow.finish();
    let told = lines(&path);
    assert_eq!(epochs(&told), [0, 1, 2, 3]);
    let expected = alone(&rule, &reports);
    for ((line, outcome), report) in told.iter().zip(&expected).zip(&reports) {
        assert_eq!((&line["format"], &line["rule"]["name"]), (&json!(1), &json!("incentive-ema")));
        assert_eq!(line["rule"]["plugin"], json!(rule.digest()));
        for (pair, row) in line["miners"].as_array().unwrap().iter().zip(&report.miners) {
            let ours = outcome.weights.iter().find(|weight| weight.uid == row.standing.uid).unwrap();
            assert_eq!(pair["uid"], json!(row.standing.uid));
            assert_eq!(
                (&pair["live_weight"], &pair["live_reason"]),
                (&json!(row.weight), &json!(row.reason))
            );
            assert_eq!(pair["shadow_reason"], json!(ours.reason));
        }
        assert_eq!(line["total_variation_ppm"], 0, "one miner earns all under both: {line}");
    }
    // Its memory lost, the rule weighs the evidence again and comes to the same.
    let kept = std::fs::read(memory_file(&path)).unwrap();
    std::fs::remove_file(memory_file(&path)).unwrap();
    Shadow::start(rule, &validator).unwrap().finish();
    assert_eq!(std::fs::read(memory_file(&path)).unwrap(), kept);
    assert_eq!(lines(&path), told, "a line was written twice");
    for miner in [good, bad] {
        miner.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_that_pays_otherwise_is_told_with_who_gains_and_who_loses() {
    let world = World::new(&["v"], &["good", "bad"]);
    let good = world.honest("good", "v").await;
    let other = world.honest("bad", "v").await;
    let mut validator = world.validator("v").await;
    // The average remembers the epoch that the second miner was there for; the live rule forgets it at once.
    let shadow = Shadow::start(ema(host()), &validator).unwrap();
    shadow.saw(&round(&world, &mut validator).await);
    other.stop().await;
    let report = round(&world, &mut validator).await;
    shadow.saw(&report);
    let path = shadow.path().to_path_buf();
    shadow.finish();
    let weights: Vec<u16> = report.miners.iter().map(|row| row.weight).collect();
    assert_eq!(weights, [65535, 0]);
    let line = lines(&path).pop().unwrap();
    assert_eq!((&line["gains"], &line["loses"]), (&json!([Uid(2)]), &json!([Uid(1)])));
    assert!(line["total_variation_ppm"].as_u64().unwrap() > 100_000, "{line}");
    assert!(line["miners"][1]["shadow_weight"].as_u64().unwrap() > 0, "{line}");
    good.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_that_breaks_down_leaves_the_round_as_it_is() {
    let world = World::new(&["v"], &["good", "bad"]);
    let [good, bad] = miners(&world).await;
    let limits = Limits { fuel: Fuel { weigh: 1_000, ..Fuel::default() }, ..Limits::default() };
    let poor = Host::new(HostOptions { limits, ..HostOptions::default() }).unwrap();
    let mut validator = world.validator("v").await;
    let shadow = Shadow::start(ema(&poor), &validator).unwrap();
    for _ in 0..2 {
        let report = round(&world, &mut validator).await;
        let weights: Vec<u16> = report.miners.iter().map(|row| row.weight).collect();
        assert_eq!(weights, [65535, 0]);
        shadow.saw(&report);
    }
    let path = shadow.path().to_path_buf();
    shadow.finish();
    let told = lines(&path);
    assert_eq!(epochs(&told), [0, 1]);
    for line in told {
        let error = line["error"].as_str().unwrap();
        assert!(error.contains("out of fuel: it used all 1000 units"), "{error}");
    }
    let report = replay(validator.log_path(), &Judge::new(plugins())).unwrap();
    assert!(report.equal(), "{:?}", report.differences);
    for miner in [good, bad] {
        miner.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_that_comes_late_knows_the_rounds_before_it() {
    let world = World::new(&["v"], &["good", "bad"]);
    let [good, bad] = miners(&world).await;
    let mut validator = world.validator("v").await;
    let mut reports = Vec::new();
    for _ in 0..2 {
        reports.push(round(&world, &mut validator).await);
    }
    let rule = ema(host());
    let shadow = Shadow::start(rule.clone(), &validator).unwrap();
    reports.push(round(&world, &mut validator).await);
    shadow.saw(reports.last().unwrap());
    let path = shadow.path().to_path_buf();
    shadow.finish();
    assert_eq!(epochs(&lines(&path)), [2], "rounds from before it have no line");
    let memory = alone(&rule, &reports).pop().unwrap().memory;
    let kept = std::fs::read(memory_file(&path)).unwrap();
    assert!(!memory.is_empty() && kept.windows(memory.len()).any(|part| part == memory));
    for miner in [good, bad] {
        miner.stop().await;
    }
}
