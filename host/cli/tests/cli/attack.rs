//! `attack`: what holds, what does not, and the code that says so.

use serde_json::json;

use crate::home::Home;

const QUICK: &str = "--bytes 1MiB --audits 12 --effort 1";

#[test]
fn a_scheme_that_claims_nothing_ends_well_and_is_told_what_succeeds() {
    let home = Home::warm();
    let ran = home.run(&format!("attack proof-stream {QUICK}"));
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.out.contains("builtin:proof-stream, claims nothing"), "{}", ran.out);
    assert!(
        ran.out.contains("not claimed, succeeds") && ran.out.ends_with("no claim was refuted\n"),
        "{}",
        ran.out
    );
    let object = home.run(&format!("attack builtin:proof-stream {QUICK} --json --seed 3")).json();
    let scheme = &object["schemes"][0];
    assert_eq!((&object["refuted"], &object["failed"]), (&json!([]), &json!([])));
    assert_eq!((&scheme["options"]["seed"], &scheme["options"]["deadline_ms"]), (&json!(3), &json!(100.0)));
    let findings = scheme["findings"].as_array().unwrap();
    let regenerate = findings.iter().find(|found| found["attack"] == "regenerate").unwrap();
    assert_eq!((&regenerate["outcome"], &regenerate["succeeded"]), (&json!("not-claimed"), &json!(true)));
    assert!(regenerate["points"][0]["passed"]["low"].is_number(), "{regenerate}");
}

#[test]
fn what_cannot_be_attacked_is_refused_by_name() {
    let home = Home::warm();
    for (line, code, says) in [
        ("attack builtin:proof-straem", 40, "there is no shipped plugin `proof-straem`"),
        ("attack incentive-ema", 40, "needed here"),
        ("attack all --params {}", 2, "--params is for one scheme"),
        ("attack proof-stream --keep 1.5", 2, "1.5 is not from 0 to 1"),
        (r#"attack proof-stream --params {"unit_bytes":7}"#, 3, "unit_bytes"),
    ] {
        let ran = home.run(line);
        assert_eq!(ran.code, code, "{line}: {}", ran.all());
        assert!(ran.err.contains(says), "{line}: {}", ran.err);
    }
}
