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
fn a_policy_that_gives_nothing_keeps_every_law_and_a_rule_that_pays_nobody_all_but_one() {
    assert_eq!(broken(Guest::of(Kind::Allocation).build()), [""; 0]);
    let found = broken(Guest::of(Kind::Incentive).build());
    insta::assert_snapshot!(found.join("\n"), @"as 16-bit weights the largest is 65535, the order stays, and rounding moves none by more than half a step: of 1 miners nobody earns anything, though one passed all 1 audits of 1 GiB");
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

/// A plot of 16 units of 64 zeros; every other function is as harmless as can be.
fn scheme() -> Guest {
    const PLAN: &str = "(if (i64.lt_u (local.get 5) (i64.const 1024)) (then (return (i32.const REFUSED))))
        (i32.const PLANNED)";
    const FILL: &str = "(local $unit i64) (local.set $unit (local.get 7))
        (loop $next
          (if (i64.lt_u (local.get $unit) (i64.add (local.get 7) (local.get 8))) (then
            (call $write (local.get 0) (i64.mul (local.get $unit) (i64.const 64))
              (i32.const 0) (i32.const 64) (i32.const 8192))
            (local.set $unit (i64.add (local.get $unit) (i64.const 1)))
            (br $next))))
        (call $drop_plot (local.get 0)) (i32.const 12288)";
    let mut guest = Guest::of(Kind::Proof).with(
        "(import \"plimsoll:plugin/storage@0.1.0\" \"[method]plot.write\"
        (func $write (param i32 i64 i32 i32 i32)))",
    );
    let (name, len) = guest.text(b"fill");
    let mut pass = words(&[name, len]);
    pass.extend(16u64.to_le_bytes());
    pass.extend(words(&[0, 0]));
    let (passes, _) = guest.text(&pass);
    let mut plan = words(&[0, 0, 64, 0]);
    plan.extend([16, 1024, 0].map(u64::to_le_bytes).concat());
    plan.extend(words(&[passes, 1]));
    let (planned, _) = guest.text(&plan);
    let (refused, _) = guest.text(&words(&[1, 0, 1, 0, 0]));
    let plan = PLAN.replace("REFUSED", &refused.to_string()).replace("PLANNED", &planned.to_string());
    guest.body("plan", &plan).body("fill", FILL)
}

#[test]
fn a_scheme_that_is_never_eligible_is_found_out() {
    // Not eligible, whatever is asked: no other law has anything to look at.
    let never = scheme().answer("prove", &words(&[0, 1, 0, 0]));
    insta::assert_snapshot!(broken(never.build()).join("\n"), @"an honest miner can prove something: could prove nothing: not eligible for any of 64 challenges of 1 samples");
}

#[test]
fn a_scheme_that_draws_what_it_cannot_judge_is_found_out() {
    // `verify` says valid under the right statement, and refuses one with a commitment (the last of the flat
    // arguments of a statement that tell it: 1 where there is one).
    let mut guest = scheme();
    let (at, len) = guest.text(b"a commitment");
    let (refusal, _) = guest.text(&words(&[1, 1, at, len]));
    let judging = guest.body(
        "verify",
        &format!("(if (local.get 7) (then (return (i32.const {refusal})))) (i32.const 12288)"),
    );
    let found = broken(judging.build());
    let law = "what it could not judge it does not draw: with a commitment a challenge is drawn that no verdict comes of: plugin `sample.wasm` could not verify: bad input: a commitment";
    assert!(found.iter().any(|broken| broken == law), "{found:#?}");
}

#[test]
fn a_schema_that_lets_misspelt_parameters_pass_is_found_out() {
    let mut guest = Guest::of(Kind::Incentive);
    guest.schema = r#"{"type": "object"}"#.into();
    insta::assert_snapshot!(broken(guest.build())[0], @"a misspelt parameter is refused by its schema: accepted; say `additionalProperties: false` in the schema");
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
