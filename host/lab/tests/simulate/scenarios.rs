//! Every shipped scenario, lived through.

use plimsoll_lab::simulate::{Run, SCENARIOS, Scenario, SchemeFigures, prepare};

use crate::lab::{HOST, group, json, ready, run, scenario};
use crate::laws::nothing_is_lost;

fn shipped(name: &str) -> Run {
    let shipped = SCENARIOS.iter().find(|shipped| shipped.name == name).unwrap();
    let scenario = Scenario::read(&format!("{name}.toml"), shipped.toml).unwrap();
    let figures = SchemeFigures::shipped(&scenario.plugins.scheme, &scenario.plugins.scheme_params).unwrap();
    run(&prepare(scenario, &HOST, figures).unwrap(), 1)
}

fn per_miner(run: &Run, name: &str) -> f64 {
    group(run, name).earned_rao as f64 / f64::from(group(run, name).count)
}

/// The sentence of a scenario, as a condition.
fn shows_what_it_says(name: &str, run: &Run) {
    let earned = |name: &str| per_miner(run, name);
    let earned_in = |epoch: usize, at: usize| run.rows[epoch].earned_rao[at];
    let roi = |name: &str| group(run, name).roi;
    let shows = match name {
        "honest-only" => (earned("large") / earned("small") - 2.0).abs() < 0.05,
        "free-riders" => {
            earned("keep half") < 0.01 * earned("honest")
                && earned("keep nine tenths") < 0.3 * earned("honest")
                && roi("keep nine tenths") < roi("honest")
        }
        "outsourcers" => {
            roi("store next door") > roi("honest") && earned("store overseas") < 0.01 * earned("honest")
        }
        "sybils" => earned("sybil") < 1.02 * earned("honest"),
        "on-demand" => {
            roi("warm archive") > roi("honest") && earned("cold archive") < 0.01 * earned("honest")
        }
        "churn" => {
            let new = |at: usize| run.miners.iter().filter(move |miner| miner.group == at);
            new(5).all(|miner| miner.joined_epoch == 20 && miner.earned_rao > 0)
                && new(3).filter(|miner| miner.left_epoch == Some(20)).count() == 3
                && run.rows[30..].iter().all(|row| row.stored_bytes[4] == 0)
        }
        "selective-and-clique" => earned("friends") == 0.0 && earned("selective") < 0.95 * earned("honest"),
        "copycats" => {
            earned("free riders") < 0.01 * earned("honest")
                && earned_in(29, 2) == 0
                && (1..20).contains(&(earned_in(59, 0) / earned_in(59, 2).max(1)))
        }
        "rule-beta" => earned_in(31, 2) > earned_in(31, 1) && earned("newcomers") > 0.0,
        "rule-filetao" => earned_in(32, 2) < earned_in(32, 0) / 3 && earned_in(59, 2) > earned_in(32, 2),
        // Told by tests of their own.
        _ => true,
    };
    assert!(shows, "{name}: {}", json(&Run { rows: Vec::new(), miners: Vec::new(), ..run.clone() }));
}

#[test]
fn every_shipped_scenario_lives_to_its_end() {
    for scenario in SCENARIOS {
        let run = shipped(scenario.name);
        nothing_is_lost(&run);
        assert_eq!(run.faults, [], "{}", scenario.name);
        assert!(
            run.miners_rao > 0 && run.groups.iter().all(|group| group.audits.judged() > 0),
            "{}",
            scenario.name
        );
        // A thousandth of the packets is lost, and in two of them disks fail.
        shows_what_it_says(scenario.name, &run);
        let most = if ["churn", "rule-log"].contains(&scenario.name) { 0.2 } else { 0.01 };
        assert!(run.false_punishment_rate < most, "{}: {}", scenario.name, run.false_punishment_rate);
    }
}

#[test]
fn regenerators_beat_proof_stream_and_lose_against_a_sequential_scheme() {
    let regenerators = shipped("regenerators");
    let (found, honest) = (group(&regenerators, "regenerators"), group(&regenerators, "honest"));
    assert!((found.emission_share - 0.2).abs() < 0.01 && found.roi > honest.roi, "{found:?}");
    let sequential = shipped("regenerators-sequential");
    assert!(group(&sequential, "regenerators").emission_share == 0.0);
    assert!(group(&sequential, "honest").roi > group(&sequential, "nearly honest").roi);
}

#[test]
fn rules_of_real_subnets_pay_what_they_are_known_to_pay() {
    let filetao = shipped("rule-filetao");
    let ratio = per_miner(&filetao, "small") / per_miner(&filetao, "large");
    assert!((0.9..1.1).contains(&ratio), "a twentieth of the bytes earns as much: {ratio}");
    let beta = shipped("rule-beta");
    assert!(group(&beta, "hold nothing").emission_share > 0.0, "who never passes rises above newcomers");
    let log = shipped("rule-log");
    let ratio = group(&log, "split").emission_share / group(&log, "whole").emission_share;
    assert!(ratio > 2.0, "a quarter of the bytes, split over sixteen, earns more than all: {ratio}");
    let latency = shipped("rule-latency");
    assert!(per_miner(&latency, "regenerators") > 0.95 * per_miner(&latency, "honest"));
    assert!(per_miner(&latency, "far archive") < per_miner(&latency, "honest"));
}

#[test]
fn a_run_has_the_figures_that_it_always_had() {
    let more = r#"
subnet.tempo_blocks = 10

[[validators]]
name = "v"
count = 2

[[miners]]
name = "honest"
bytes = "1TiB"

[[miners]]
name = "free"
bytes = "1TiB"
strategy.freeloader = { keep = 0.9 }
"#;
    let mut scenario = scenario(more);
    scenario.epochs = 3;
    insta::assert_snapshot!(json(&run(&ready(scenario), 7)));
}
