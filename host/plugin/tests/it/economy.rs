//! A rule or policy that cheaters can win by is found out, with the smallest case, unless it says so itself.

use plimsoll_plugin::{Check, Kind, Report, conform};
use serde_json::{Value, json};

use crate::guests::Guest;
use crate::samples::{host, plugin};
use crate::shipped::builtin;

/// A rule that gives each miner `value`: instructions on `$from`, its standing, and `$i`, its place. What it
/// remembers is `memory_bytes` long: instructions too.
fn paying(value: &str, memory_bytes: &str) -> Guest {
    let body = format!(
        "(local $i i32) (local $from i32) (local $to i32)
        (block $done (loop $next
          (br_if $done (i32.ge_u (local.get $i) (local.get 5)))
          (local.set $from (i32.add (local.get 4) (i32.mul (local.get $i) (i32.const 80))))
          (local.set $to (i32.add (i32.const 2000000) (i32.mul (local.get $i) (i32.const 24))))
          (i32.store16 (local.get $to) (i32.load16_u (local.get $from)))
          (i64.store offset=8 (local.get $to) {value})
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $next)))
        (i32.store offset=4 (i32.const 1990000) (i32.const 2000000))
        (i32.store offset=8 (i32.const 1990000) (local.get 5))
        (i32.store offset=16 (i32.const 1990000) {memory_bytes})
        (i32.const 1990000)"
    );
    Guest::of(Kind::Incentive).memory_pages(60).body("weigh", &body)
}

const PROVEN: &str = "(i64.load offset=32 (local.get $from))";
const NOTHING: &str = "(i32.const 0)";

fn report(guest: Guest) -> Report {
    conform(host(), &plugin(guest.build()), &json!({}))
}

fn broken(report: &Report) -> Vec<&'static str> {
    report.checks.iter().filter(|check| !check.passed).map(|check| check.law.unwrap_or("?")).collect()
}

fn check<'a>(report: &'a Report, law: &str) -> &'a Check {
    report.checks.iter().find(|check| check.law == Some(law)).unwrap()
}

fn why<'a>(report: &'a Report, law: &str) -> &'a str {
    check(report, law).why.as_deref().unwrap()
}

#[test]
fn a_rule_that_pays_what_was_proven_keeps_every_law() {
    let report = report(paying(PROVEN, NOTHING));
    assert_eq!((broken(&report), report.passed()), (vec![], true), "{report:#?}");
    let laws: Vec<_> = report.checks.iter().filter_map(|check| check.law).collect();
    assert_eq!(
        laws,
        [
            "more",
            "failing",
            "unasked",
            "absent",
            "splitting",
            "splitting-coldkey",
            "order",
            "memory",
            "weights"
        ]
    );
}

#[test]
fn a_rule_that_pays_claims_pays_the_absent() {
    let report = report(paying("(i64.load offset=24 (local.get $from))", NOTHING));
    assert_eq!(broken(&report), ["absent"]);
    assert_eq!(why(&report, "absent"), "none of 0 audits passed, and it earns 1073741824 after 1 epoch");
}

#[test]
fn a_rule_that_pays_by_the_head_is_split() {
    let report = report(paying(
        "(i64.extend_i32_u (i64.gt_u (i64.load offset=32 (local.get $from)) (i64.const 0)))",
        NOTHING,
    ));
    assert_eq!(broken(&report), ["splitting", "splitting-coldkey"]);
    let figures = "2 GiB over 2 hotkeys earn 66.7 % of all weight, behind one hotkey 50.0 %: +33.3 %";
    assert_eq!(why(&report, "splitting"), figures);
    let counterexample = check(&report, "splitting").counterexample.as_ref().unwrap();
    assert!(counterexample.file.starts_with("splitting-") && counterexample.file.ends_with(".toml"));
    let standings = |world: &str| counterexample.case[world][0]["standings"].as_array().unwrap().clone();
    assert_eq!((standings("one_hotkey").len(), standings("split").len()), (2, 3));
    let owners = |law: &str| {
        let case = &check(&report, law).counterexample.as_ref().unwrap().case;
        let standings = case["split"][0]["standings"].as_array().unwrap();
        standings[1]["coldkey"] == standings[2]["coldkey"]
    };
    assert_eq!([owners("splitting"), owners("splitting-coldkey")], [false, true]);
}

#[test]
fn a_rule_that_overflows_pays_less_for_more() {
    let square = format!("(i64.mul {PROVEN} {PROVEN})");
    let report = report(paying(&square, NOTHING));
    assert!(broken(&report).contains(&"more"), "{report:#?}");
    assert!(why(&report, "more").contains(" with the same audits "), "{}", why(&report, "more"));
}

#[test]
fn a_rule_that_pays_failures_is_found_out_with_one_failed_audit() {
    let report = report(paying("(i64.load32_u offset=56 (local.get $from))", NOTHING));
    for law in ["failing", "unasked", "absent"] {
        assert!(broken(&report).contains(&law), "{law}: {report:#?}");
    }
    assert_eq!(
        why(&report, "failing"),
        "0 of 1 audits passed earn 1, 1 of 1 audits of as large a plot 0, after 1 epoch"
    );
    assert_eq!(why(&report, "unasked"), "after the same past, 1 failed audits earn 1, and not being asked 0");
}

#[test]
fn a_rule_that_favours_the_first_of_the_list_is_found_out() {
    let first = format!("(i64.shl {PROVEN} (i64.extend_i32_u (i32.eqz (local.get $i))))");
    let report = report(paying(&first, NOTHING));
    assert!(broken(&report).contains(&"order"), "{report:#?}");
    assert!(why(&report, "order").contains(" in one order, "), "{}", why(&report, "order"));
}

#[test]
fn a_memory_that_grows_with_every_epoch_is_found_out_though_it_is_small() {
    let report = report(paying(PROVEN, "(i32.add (local.get 7) (i32.const 1))"));
    assert_eq!(broken(&report), ["memory"]);
    let grown = "with the same 8 hotkeys the memory grows from 40 bytes after 40 epochs to 80 after 80";
    assert_eq!(why(&report, "memory"), grown);
    // All hotkeys that ever were, at 32 bytes each.
    let all = report_of_all_hotkeys();
    assert_eq!(broken(&all), ["memory"]);
    assert_eq!(why(&all, "memory"), "after 33280 hotkeys the memory has more than 1048576 bytes");
}

/// Grows by 32 bytes for each of many miners, and not at all where there are few.
fn report_of_all_hotkeys() -> Report {
    let many = "(i32.add (local.get 7) (i32.mul (i32.const 32)
        (select (local.get 5) (i32.const 0) (i32.gt_u (local.get 5) (i32.const 100)))))";
    report(paying(PROVEN, many))
}

#[test]
fn the_sdk_knows_the_same_laws_by_the_same_names() {
    assert_eq!(plimsoll_sdk::laws::INCENTIVE_LAWS, plimsoll_plugin::INCENTIVE_LAWS);
    assert_eq!(plimsoll_sdk::laws::ALLOCATION_LAWS, plimsoll_plugin::ALLOCATION_LAWS);
}

#[test]
fn what_a_rule_waives_is_reported_with_its_reason_and_is_no_failure() {
    let mut guest = paying("(i64.load offset=24 (local.get $from))", NOTHING);
    guest.references = vec!["A paper, 1999".into(), "waives absent: pays claims on purpose".into()];
    let seen = host().inspect(&plugin(guest.build())).unwrap();
    assert_eq!(seen.descriptor.references, ["A paper, 1999"]);
    assert_eq!(seen.descriptor.waivers[0].law, "absent");
    let mut guest = paying("(i64.load offset=24 (local.get $from))", NOTHING);
    guest.references = vec!["waives absent: pays claims on purpose".into()];
    let report = report(guest);
    assert_eq!((broken(&report), report.passed()), (vec!["absent"], true));
    assert_eq!(check(&report, "absent").waived.as_deref(), Some("pays claims on purpose"));
    assert!(check(&report, "absent").why.is_some() && check(&report, "absent").counterexample.is_some());
}

#[test]
fn a_waiver_of_no_law_is_refused_by_name() {
    let of = |kind: Kind, line: &str| {
        let mut guest = Guest::of(kind);
        guest.references = vec![line.to_owned()];
        let report = report(guest);
        assert!(!report.passed());
        let broken = report.checks.into_iter().find(|check| !check.passed).unwrap();
        assert_eq!(broken.name, "what it waives are economic laws of its kind");
        broken.why.unwrap()
    };
    insta::assert_snapshot!(of(Kind::Allocation, "waives spliting: so"), @"it waives `spliting`, which is no law; the laws are stake, order, splitting, owner");
    insta::assert_snapshot!(of(Kind::Challenge, "waives order: so"), @"it waives `order`; plugins of its kind have no economic laws");
}

#[test]
fn a_counterexample_is_a_scenario_with_the_exact_case_behind_it() {
    let params = json!({"most_gib": 1});
    let report = conform(host(), &builtin("incentive-proportional"), &params);
    assert!(!report.passed());
    assert_eq!(broken(&report), ["splitting", "splitting-coldkey"]);
    let text = &check(&report, "splitting").counterexample.as_ref().unwrap().scenario;
    let scenario: toml::Table = text.parse().unwrap();
    assert_eq!(scenario["plugins"]["rule"].as_str(), Some("incentive-proportional"));
    assert_eq!(scenario["plugins"]["scheme"].as_str(), Some("proof-stream"));
    assert_eq!(scenario["validators"].as_array().unwrap().len(), 1);
    let groups: Vec<_> =
        scenario["miners"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert_eq!(groups, ["one hotkey", "split", "other 1"]);
    let exact = text.lines().last().unwrap().strip_prefix("# ").unwrap();
    let case: Value = serde_json::from_str(exact).unwrap();
    assert_eq!(case, check(&report, "splitting").counterexample.as_ref().unwrap().case);
}

#[test]
fn the_same_laws_find_the_same_cases_in_every_run() {
    let run = || conform(host(), &builtin("allocation-stake"), &json!({}));
    let one = run();
    assert_eq!(one, run());
    assert!(why(&one, "owner").ends_with(" for itself"), "{}", why(&one, "owner"));
    assert!(why(&one, "splitting").contains(" hotkeys get "), "{}", why(&one, "splitting"));
    let text = &check(&one, "owner").counterexample.as_ref().unwrap().scenario;
    let scenario: toml::Table = text.parse().unwrap();
    assert_eq!(scenario["plugins"]["allocation"].as_str(), Some("allocation-stake"));
}
