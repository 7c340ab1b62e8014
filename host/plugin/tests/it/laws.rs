//! A plugin that breaks a law is found out by `plugin test`.

use plimsoll_plugin::{Kind, Report, conform};
use serde_json::json;

use crate::guests::{Guest, words};
use crate::samples::{host, plugin};

fn broken(component: Vec<u8>) -> Vec<String> {
    let report: Report = conform(host(), &plugin(component), &json!({}));
    assert_eq!(report.passed(), report.checks.iter().all(|check| check.why.is_none()));
    let broken = report.checks.iter().filter(|check| !check.passed);
    broken.map(|check| format!("{}: {}", check.name, check.why.as_deref().unwrap_or("?"))).collect()
}

#[test]
fn a_rule_that_pays_nobody_keeps_every_law() {
    assert_eq!(broken(Guest::of(Kind::Incentive).build()), [""; 0]);
    assert_eq!(broken(Guest::of(Kind::Allocation).build()), [""; 0]);
}

#[test]
fn a_strategy_that_can_be_foreseen_is_found_out() {
    insta::assert_snapshot!(broken(Guest::of(Kind::Challenge).build()).join("\n"), @"whom it audits cannot be foreseen without the randomness: one audit among 20 equals fell on 0 of them in 30 draws");
}

#[test]
fn a_rule_that_pays_those_who_passed_nothing_is_found_out() {
    // The same weight for uid 0 alone, whatever it did; in the first epoch nobody is there to be weighed.
    let mut guest = Guest::of(Kind::Incentive);
    let mut weight = words(&[0, 0]);
    weight.extend(7u64.to_le_bytes());
    weight.extend(words(&[0, 0]));
    let (at, _) = guest.text(&weight);
    let found = broken(guest.answer("weigh", &words(&[0, at, 1, 0, 0])).build());
    insta::assert_snapshot!(found[0], @"its weights name known miners once, epoch after epoch with its own memory: epoch 0: plugin `sample.wasm` breaks its contract in `weigh`: a weight for uid 0, which has no standing");
}

#[test]
fn a_schema_that_lets_misspelt_parameters_pass_is_found_out() {
    let mut guest = Guest::of(Kind::Incentive);
    guest.schema = r#"{"type": "object"}"#.into();
    insta::assert_snapshot!(broken(guest.build()).join("\n"), @"a misspelt parameter is refused by its schema: accepted; say `additionalProperties: false` in the schema");
}

/// Whatever it remembers between calls cannot change what it decides: every decision has a fresh instance.
#[test]
fn a_plugin_that_counts_its_calls_decides_the_same_every_time() {
    let guest = Guest::of(Kind::Allocation).with("(global $calls (mut i32) (i32.const 0))").body(
        "allocate",
        "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            (if (i32.gt_u (global.get $calls) (i32.const 1)) (then (unreachable)))
            (i32.const 1536)",
    );
    assert_eq!(broken(guest.build()), [""; 0]);
}

#[test]
fn a_file_that_is_no_plugin_has_one_broken_law() {
    insta::assert_snapshot!(broken(b"nothing".to_vec()).join("\n"), @"it is a plugin of plimsoll:plugin@0.1 and describes itself: plugin `sample.wasm` is rejected: it is no WebAssembly: a plugin is a component file as `plimsoll plugin build` writes it");
}

#[test]
fn a_report_is_plain_json() {
    let report = conform(host(), &plugin(b"nothing".to_vec()), &json!({}));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["kind"], json!(null));
    assert_eq!(json["checks"][0]["passed"], json!(false));
}
