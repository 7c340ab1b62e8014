//! Every shipped scenario, lived through.

use plimsoll_lab::simulate::{Run, SCENARIOS, Scenario, SchemeFigures, prepare};

use crate::lab::{HOST, group, json, ready, run, scenario};
use crate::laws::nothing_is_lost;

fn shipped(name: &str) -> Run {
    under(name, None)
}

/// A shipped scenario, under another rule where one is given.
fn under(name: &str, rule: Option<&str>) -> Run {
    let shipped = SCENARIOS.iter().find(|shipped| shipped.name == name).unwrap();
    let mut scenario = Scenario::read(&format!("{name}.toml"), shipped.toml).unwrap();
    if let Some(rule) = rule {
        scenario.plugins.rule = rule.into();
    }
    let figures = SchemeFigures::shipped(&scenario.plugins.scheme, &scenario.plugins.scheme_params).unwrap();
    run(&prepare(scenario, &HOST, figures).unwrap(), 1)
}

fn per_miner(run: &Run, name: &str) -> f64 {
    group(run, name).earned_rao as f64 / f64::from(group(run, name).count)
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
        // A thousandth of the packets is lost, in one of them a fiftieth; broken disks do not count.
        let most = if scenario.name == "rule-ema" { 0.03 } else { 0.005 };
        let lost = 1.0 - run.honest.audits.pass_rate().unwrap();
        assert!(lost < most, "{}: {lost}", scenario.name);
        // Rules that pay by bytes and averages of them do so nearly always.
        let others = ["churn", "copycats", "rule-beta", "rule-ema", "rule-filetao", "rule-log"];
        let rate = run.honest.false_punishment_rate().unwrap();
        assert!(others.contains(&scenario.name) || rate < 0.02, "{}: {rate}", scenario.name);
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
    let newcomers = |epoch: usize| filetao.rows[epoch].earned_rao[2];
    assert!(newcomers(32) < filetao.rows[32].earned_rao[0] / 3 && newcomers(59) > newcomers(32));
    let beta = shipped("rule-beta");
    for row in &beta.rows[30..35] {
        let [_, newcomers, nothing] = row.earned_rao[..] else { panic!("three groups") };
        assert!(nothing > newcomers, "who never passes stands above newcomers: {nothing} and {newcomers}");
    }
    let average = shipped("rule-ema");
    let part = |epoch: usize, at: usize| {
        average.rows[epoch].earned_rao[at] as f64 / average.miners_rao as f64 * 60.0
    };
    // Four of sixteen honest miners join in epoch 20: a quarter is theirs.
    assert!(part(20, 1) / (part(20, 0) + part(20, 1)) < 0.05, "{}", part(20, 1));
    let at_last = part(59, 1) / (part(59, 0) + part(59, 1));
    assert!((at_last - 0.25).abs() < 0.02, "{at_last}");
    let plain = under("rule-ema", Some("incentive-proportional"));
    // Once newcomers have arrived.
    let settled = |run: &Run| run.rows[45..].iter().map(|row| row.honest.underpaid_epochs).sum::<u64>();
    assert!(settled(&plain) > 5, "{}", settled(&plain));
    assert!(settled(&average) * 3 < settled(&plain), "a lost answer costs little: {}", settled(&average));
    let log = shipped("rule-log");
    let ratio = group(&log, "split").emission_share / group(&log, "whole").emission_share;
    assert!(ratio > 2.0, "a quarter of the bytes, split over sixteen, earns more than all: {ratio}");
    let latency = shipped("rule-latency");
    assert!(per_miner(&latency, "regenerators") > 0.95 * per_miner(&latency, "honest"));
    assert!(per_miner(&latency, "far archive") < per_miner(&latency, "honest"));
}

#[test]
fn honest_miners_are_paid_by_bytes_and_free_riders_next_to_nothing() {
    let honest = shipped("honest-only");
    let ratio = per_miner(&honest, "large") / per_miner(&honest, "small");
    assert!((ratio - 2.0).abs() < 0.02, "{ratio}");
    let free = shipped("free-riders");
    for (name, most) in [("keep nine tenths", 0.1), ("keep half", 0.001)] {
        let ratio = per_miner(&free, name) / per_miner(&free, "honest");
        assert!(ratio < most && group(&free, name).roi.unwrap() < 0.0, "{name}: {ratio}");
        assert!(group(&free, name).detections.iter().all(|wait| wait.happened && wait.epochs < 3));
    }
}

#[test]
fn stores_elsewhere_pay_while_they_are_near_enough() {
    let outsourcers = shipped("outsourcers");
    let roi = |run: &Run, name: &str| group(run, name).roi.unwrap();
    assert!(roi(&outsourcers, "store next door") > roi(&outsourcers, "honest"));
    assert!(group(&outsourcers, "store overseas").emission_share < 0.001);
    let archives = shipped("on-demand");
    assert!(roi(&archives, "warm archive") > roi(&archives, "honest"));
    assert!(group(&archives, "cold archive").emission_share < 0.001);
    let sybils = shipped("sybils");
    let ratio = per_miner(&sybils, "sybil") / per_miner(&sybils, "honest");
    assert!((ratio - 1.0).abs() < 0.05, "eight hotkeys and one copy earn as one: {ratio}");
}

#[test]
fn on_a_full_subnet_newcomers_take_the_places_of_who_earns_least() {
    let churn = shipped("churn");
    let of = |name: &str| {
        let at = churn.groups.iter().position(|group| group.name == name).unwrap();
        churn.miners.iter().filter(move |miner| miner.group == at)
    };
    assert!(of("newcomers").all(|miner| miner.joined_epoch == 20 && miner.earned_rao > 0));
    let gone: Vec<_> = of("half empty").filter_map(|miner| miner.left_epoch).collect();
    assert!(gone.len() >= 2 && gone.iter().all(|&epoch| epoch >= 20), "{gone:?}");
    assert!(of("honest").all(|miner| miner.left_epoch.is_none()));
    assert_eq!(churn.rows[30].claimed_bytes[4], 0, "who leaves at half-time is gone");
    let claims = |epoch: usize| churn.rows[epoch].claimed_bytes[1];
    assert!(claims(59) > 5 * claims(0), "the growing grow");
    assert!(churn.rows.iter().any(|row| row.stored_bytes[2] < row.claimed_bytes[2]), "disks break");
}

#[test]
fn copying_pays_validators_and_voting_for_friends_does_not() {
    let copycats = shipped("copycats");
    let [honest, copies] = &copycats.validators[..] else { panic!("two groups") };
    assert!(copies.dividend_share > 0.4 && copies.roi.is_none() && honest.roi.is_some(), "{copies:?}");
    assert!(group(&copycats, "free riders").emission_share < 0.001);
    assert_eq!(copycats.rows[29].earned_rao[2], 0, "who turns up late is paid from then on");
    assert!(copycats.rows[59].earned_rao[2] > 0);
    let clique = shipped("selective-and-clique");
    let per_stake: Vec<f64> =
        clique.validators.iter().map(|group| group.dividend_share / group.stake_share).collect();
    assert!(per_stake[2] < 0.1 * per_stake[0], "large, small and the clique: {per_stake:?}");
    assert!(group(&clique, "friends").emission_share < 0.001);
    assert!(per_miner(&clique, "selective") < per_miner(&clique, "honest"));
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
