//! What the figures of a run mean: who is caught, who is honest and punished, who has no return.

use plimsoll_lab::simulate::Run;
use plimsoll_lab::stats::Wait;
use plimsoll_lab::sweep::SeedOutcome;

use crate::lab::{group, lived, ready, run, scenario};

const VALIDATORS: &str = "[[validators]]\nname = \"v\"\ncount = 3\n";

fn miners(name: &str, count: u32, more: &str) -> String {
    format!("[[miners]]\nname = \"{name}\"\ncount = {count}\nbytes = \"1TiB\"\n{more}\n")
}

/// So many epochs under a rule on lines that lose so much.
fn under(rule: &str, epochs: u64, loss: f64, miners: &str) -> Run {
    let mut scenario = scenario(&(VALIDATORS.to_owned() + miners));
    scenario.plugins.rule = rule.into();
    (scenario.epochs, scenario.network.loss) = (epochs, loss);
    run(&ready(scenario), 3)
}

#[test]
fn false_punishment_is_the_rules_and_lost_packets_are_not() {
    let of = |rule| under(rule, 60, 0.05, &miners("honest", 10, "")).honest;
    let (by_bytes, average, tiers) =
        (of("incentive-proportional"), of("incentive-ema"), of("incentive-tiered"));
    for honest in [by_bytes, average, tiers] {
        assert_eq!((honest.paid_epochs, honest.audits.judged()), (600, 1_800));
        let lost = honest.audits.not_passed() as f64 / 1_800.0;
        assert!((0.035..0.065).contains(&lost), "the same lines under every rule: {lost}");
    }
    let rate = |honest: plimsoll_lab::simulate::Honest| honest.false_punishment_rate().unwrap();
    // Whose answer one of three validators misses gets two thirds: 1 - 0.95^3 = 14 %.
    assert!((0.1..0.19).contains(&rate(by_bytes)), "{}", rate(by_bytes));
    assert!(rate(average) < rate(by_bytes) / 3.0, "an average forgives: {}", rate(average));
    // Of one audit a round, a tier pays for all or nothing.
    assert!((rate(tiers) - rate(by_bytes)).abs() < 0.02, "{} and {}", rate(tiers), rate(by_bytes));
}

#[test]
fn who_is_paid_nothing_while_others_are_is_punished() {
    // The rule pays small plots as large ones, so large ones get less than their part by bytes.
    let sized =
        "[[miners]]\nname = \"large\"\ncount = 2\nbytes = \"4TiB\"\n".to_owned() + &miners("small", 2, "");
    let run = under("incentive-log", 12, 0.0, &sized);
    assert_eq!(run.honest.false_punishment_rate(), Some(0.5));
    let nobody = under("incentive-log", 12, 0.0, &miners("free", 2, "strategy.freeloader = { keep = 0.0 }"));
    assert_eq!(nobody.honest.false_punishment_rate(), None);
}

#[test]
fn lost_packets_and_leaving_catch_nobody_and_wrong_late_or_refused_answers_do() {
    let keeps_nothing = "strategy.regenerator = { cores = 8 }";
    let found = miners("in time", 3, keeps_nothing)
        + &miners("leaves", 1, &format!("leaves_epoch = 5\n{keeps_nothing}"))
        + &miners("wrong", 1, "strategy.freeloader = { keep = 0.0 }")
        + &miners(
            "late",
            1,
            "strategy.on-demand = { rtt_ms = 9_000, bytes_per_s = 1_000_000, usd_per_tib_month = 1.0 }",
        )
        + &miners("silent", 1, "strategy.selective = { stake_from = 0.9 }")
        + &miners("honest", 2, "")
        + &miners("never joins", 1, &format!("joins_epoch = 99\n{keeps_nothing}"));
    let run = under("incentive-proportional", 20, 0.3, &found);
    let waits = |name: &str| group(&run, name).detections.clone();
    let wait = |epochs, happened| Wait { epochs, happened, count: 1 };
    assert!(group(&run, "in time").audits.absent > 30, "much is lost");
    assert_eq!(waits("in time"), vec![wait(20, false); 3]);
    assert_eq!(waits("leaves"), [wait(5, false)]);
    assert_eq!(group(&run, "leaves").audits.judged(), 3 * 5);
    for name in ["wrong", "late", "silent"] {
        assert!(waits(name)[0].happened && waits(name)[0].epochs < 3, "{name}: {:?}", waits(name));
    }
    assert_eq!((waits("honest"), waits("never joins")), (vec![], vec![]));
}

#[test]
fn where_nothing_is_paid_or_audited_there_is_no_return_and_no_rate() {
    let run =
        lived(&(VALIDATORS.to_owned() + &miners("honest", 2, "") + &miners("late", 1, "joins_epoch = 50")));
    let never = group(&run, "late");
    assert_eq!((never.roi, never.audits.pass_rate(), never.earned_usd), (None, None, 0.0));
    let honest = group(&run, "honest");
    assert!(honest.roi.is_some() && honest.audits.pass_rate() == Some(1.0));
    let told = serde_json::to_value(&run).unwrap();
    assert!(told["groups"][1]["roi"].is_null() && told["groups"][0]["roi"].is_number());
}

#[test]
fn when_pay_falls_below_half_of_the_claims_is_the_rules_to_say() {
    // One answer in three is wrong.
    let found = miners("honest", 5, "") + &miners("free", 1, "strategy.freeloader = { keep = 0.98 }");
    let of = |rule, groups: &str| SeedOutcome::of(&under(rule, 60, 0.0, groups)).groups[1].underpaid.unwrap();
    let (by_bytes, average) = (of("incentive-proportional", &found), of("incentive-ema", &found));
    assert!(by_bytes.happened, "{by_bytes:?}");
    assert!(average.epochs > by_bytes.epochs, "{average:?} after {by_bytes:?}");
    let nothing = found.replace("0.98", "0.0");
    assert_eq!(of("incentive-ema", &nothing), Wait { epochs: 0, happened: true, count: 1 });
}
