//! `plugin`: what is shipped, what a file is, and the way from an idea to a pinned component.

use serde_json::{Value, json};

use crate::home::Home;

#[test]
fn every_shipped_plugin_is_listed_with_kind_and_digest() {
    let home = Home::warm();
    let ran = home.run("plugin list --json");
    assert_eq!(ran.code, 0, "{}", ran.all());
    let plugins = ran.json()["plugins"].as_array().unwrap().clone();
    for plugin in &plugins {
        let (name, kind) = (plugin["name"].as_str().unwrap(), plugin["kind"].as_str().unwrap());
        assert!(name.starts_with(&format!("builtin:{kind}-")), "{name} is of kind {kind}");
        assert_eq!(plugin["blake3"].as_str().unwrap().len(), 64);
        assert!(plugin["summary"].as_str().unwrap().len() > 10 && plugin["bytes"].as_u64().unwrap() > 1000);
    }
    let names: Vec<&str> = plugins.iter().map(|plugin| plugin["name"].as_str().unwrap()).collect();
    for name in ["allocation-stake", "challenge-uniform", "proof-seed-v1", "proof-stream", "incentive-ema"] {
        assert!(names.contains(&format!("builtin:{name}").as_str()), "{name} of {names:?}");
    }
    let table = home.run("plugin list proof").out;
    assert_eq!(table.lines().next().map(|line| line.starts_with("plugin ")), Some(true));
    assert!(table.contains("builtin:proof-stream") && !table.contains("incentive"), "{table}");
    assert_eq!(home.run("plugin list scoring").code, 2);
}

#[test]
fn a_plugin_says_what_it_is_and_what_it_takes() {
    let home = Home::warm();
    let ran = home.run("plugin inspect builtin:incentive-ema");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("an incentive rule") && ran.out.contains("parameter "), "{}", ran.out);
    let object = home.run("plugin inspect builtin:proof-stream --json").json();
    assert_eq!((&object["kind"], &object["plugin"]), (&json!("proof"), &json!("builtin:proof-stream")));
    assert!(object["claims"].is_object() && object["descriptor"]["config_schema"].is_object(), "{object}");
}

#[test]
fn a_pin_is_the_line_that_a_configuration_needs() {
    let home = Home::warm();
    let line = home.run("plugin pin builtin:proof-stream").out;
    assert!(line.starts_with("blake3 = \"") && line.ends_with("\"\n"), "{line}");
    home.write("plimsoll.toml", &format!("[proof]\nscheme = \"builtin:proof-stream\"\n{line}"));
    assert_eq!(home.run("config check").code, 0);
    let agreed = format!("[proof]\nscheme = \"builtin:proof-stream\"\n{line}[chain]\nnetuid = 64\n");
    home.write("subnet.toml", &agreed);
    home.write("plimsoll.toml", "subnet = \"subnet.toml\"\n");
    let ran = home.run("config check");
    assert!(ran.out.contains("subnet.toml is sound, its digest is "), "{}", ran.all());
}

#[test]
fn what_is_no_plugin_is_rejected_in_one_sentence() {
    let home = Home::warm();
    home.write("junk.wasm", "not wasm at all");
    for line in [
        "plugin inspect junk.wasm",
        "plugin pin junk.wasm",
        "plugin inspect gone.wasm",
        "plugin pin builtin:proof-straem",
    ] {
        let ran = home.run(&format!("{line} --json"));
        let error = ran.json()["error"].clone();
        assert_eq!((ran.code, &error["kind"]), (40, &json!("plugin-rejected")), "{line}: {error}");
        assert!(!error["message"].as_str().unwrap().contains('\n'), "{error}");
    }
}

#[test]
fn the_laws_of_a_kind_are_tried_on_a_component() {
    let home = Home::warm();
    home.write("junk.wasm", "not wasm at all");
    let ran = home.run("plugin test builtin:incentive-proportional --json");
    assert_eq!(ran.code, 0, "{}", ran.all());
    let report = ran.json();
    assert_eq!(report["ok"], true);
    assert!(report["laws"].as_array().unwrap().iter().all(|law| law["passed"] == true));
    let ran = home.run("plugin test junk.wasm");
    assert_eq!((ran.code, ran.err.as_str()), (40, ""));
    assert!(ran.out.starts_with("FAIL ") && ran.out.contains("laws do not hold"), "{}", ran.out);
    assert_eq!(home.run("plugin test junk.wasm --params {").code, 2);
}

#[test]
fn a_broken_economic_law_is_told_with_figures_and_saved_as_a_scenario() {
    let home = Home::warm();
    let line = "plugin test builtin:incentive-proportional --params {\"most_gib\":1}";
    let ran = home.run(line);
    assert_eq!((ran.code, ran.err.as_str()), (40, ""));
    let figures = "2 GiB over 2 hotkeys earn 66.7 % of all weight, behind one hotkey 50.0 %: +33.3 %";
    assert!(ran.out.contains(figures) && ran.out.contains("2 of "), "{}", ran.out);
    let saved = "minimal counterexample saved: tests/regressions/splitting-";
    assert!(ran.out.contains(saved), "{}", ran.out);
    let report = home.run(&format!("{line} --json")).json();
    let broken =
        report["laws"].as_array().unwrap().iter().find(|law| law["law"] == "splitting").unwrap().clone();
    assert_eq!(broken["passed"], false);
    assert!(
        broken["counterexample"]["case"]["split"][0]["standings"][0]["proven_bytes"].is_u64(),
        "{broken}"
    );
    let file = home.path().join(broken["saved"].as_str().unwrap());
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.starts_with("# Written by `plimsoll plugin test`: 2 GiB over 2 hotkeys earn"), "{text}");
    let scenario: toml::Table = text.parse().unwrap();
    assert_eq!(scenario["plugins"]["rule"].as_str(), Some("incentive-proportional"));
    assert_eq!(scenario["plugins"]["rule_params"]["most_gib"].as_integer(), Some(1));
    let miners = scenario["miners"].as_array().unwrap();
    let groups = miners
        .iter()
        .map(|group| (group["bytes"].as_str(), group.get("hotkeys").map(|hotkeys| hotkeys.as_integer())));
    let groups: Vec<_> = groups.collect();
    assert_eq!(groups[..2], [(Some("2GiB"), None), (Some("2GiB"), Some(Some(2)))]);
}

#[test]
fn a_waived_law_is_shown_with_its_reason_and_is_no_failure() {
    let home = Home::warm();
    let ran = home.run("plugin test builtin:incentive-log");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(ran.out.contains("waived splitting a plot over hotkeys of one coldkey"), "{}", ran.out);
    assert!(
        ran.out.contains("waived as `splitting-coldkey`: ") && ran.out.ends_with("2 are waived\n"),
        "{}",
        ran.out
    );
    assert!(!home.path().join("tests").exists());
    assert_eq!(home.run("plugin test builtin:incentive-log --save kept").code, 0);
    assert_eq!(std::fs::read_dir(home.path().join("kept")).unwrap().count(), 2);
    let shown = home.run("plugin inspect builtin:incentive-log");
    assert!(shown.out.contains("waives    splitting: "), "{}", shown.out);
}

#[test]
fn a_new_plugin_is_a_crate_of_its_own() {
    let home = Home::warm();
    let ran = home.run("plugin new incentive my-rule --json");
    assert_eq!(ran.code, 0, "{}", ran.all());
    let made = ran.json();
    let files: Vec<&str> =
        made["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
    assert_eq!(made["dir"], "./my-rule");
    for file in ["./my-rule/Cargo.toml", "./my-rule/src/lib.rs"] {
        assert!(files.contains(&file) && home.path().join(file).is_file(), "{file} of {files:?}");
    }
    let again = home.run("plugin new incentive my-rule");
    assert!(again.code == 1 && again.err.contains("there already"), "{}", again.err);
    assert_eq!(home.run("plugin new incentive My_Rule").code, 1);
    assert_eq!(home.run("plugin new scoring my-rule").code, 2);
    let empty = home.run("plugin build --json");
    assert_eq!((empty.code, &empty.json()["error"]["code"]), (1, &Value::from(1)));
}

#[test]
fn a_new_plugin_in_python_says_what_its_build_needs() {
    let home = Home::warm();
    let ran = home.run("plugin new --lang python incentive-rule my-rule");
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(
        ran.out,
        "made ./my-rule: edit ./my-rule/app.py, then run\n  \
         python3 -m venv ./my-rule/.venv && ./my-rule/.venv/bin/pip install componentize-py==0.25.1\n  \
         plimsoll plugin build ./my-rule\n  \
         plimsoll plugin test ./my-rule/target/plimsoll/my-rule.wasm --set plugins.allow=interpreted\n"
    );
    assert!(home.path().join("my-rule/app.py").is_file());
    let built = home.run_in(&[("PATH", "/nowhere")], "plugin build my-rule");
    assert_eq!(built.code, 1);
    assert!(
        built.err.contains(
            "componentize-py was not found; in this folder run \
             `python3 -m venv .venv && .venv/bin/pip install componentize-py==0.25.1`"
        ),
        "{}",
        built.err
    );
    let refused = home.run("plugin new --lang python proof-scheme my-scheme");
    assert!(
        refused.code == 1 && refused.err.contains("a proof scheme cannot be written in Python"),
        "{}",
        refused.err
    );
    assert_eq!(home.run("plugin new --lang perl incentive my-other").code, 2);
}

#[test]
fn inspecting_measures_what_a_plugin_costs_where_asked() {
    let home = Home::warm();
    let plain = home.run("plugin inspect builtin:incentive-proportional --json").json();
    assert_eq!(plain["bench"], Value::Null);
    let ran = home.run("plugin inspect builtin:incentive-proportional --bench --json").json();
    for figure in
        ["call_overhead_ns", "fresh_call_ns", "warm_start_ms", "cold_start_ms", "two_thread_speedup"]
    {
        assert!(ran["bench"][figure].as_f64().unwrap() > 0.0, "{figure}: {ran}");
    }
    assert_eq!(home.run("plugin inspect builtin:incentive-proportional --params {}").code, 2);
}
