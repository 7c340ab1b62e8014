//! `config check`: every error at once, with its place.

use crate::home::Home;

/// One error of each sort.
const BAD: &str = r#"subnett = "x"

[wallet]
hotkey = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"

[space]
treshold = 0.5
threshold = 0
max_size = "lots"
netuid = 4
chunk_size = true

[chain]
endpoint = "127.0.0.1:9933"
netuid = 70000

[miner]
listen = "127.0.0.1"

[proof]
scheme = "builtin:proof-straem"
blake3 = "abc"

[incentive]
rule = "builtin:proof-stream"

[allocation.params]
since = 1979-05-27
"#;

#[test]
fn every_error_is_reported_with_line_caret_and_advice() {
    let ran = Home::with("plimsoll.toml", BAD).run("config check");
    insta::assert_snapshot!(ran.all());
}

#[test]
fn every_error_is_in_the_json_with_line_and_column() {
    let ran = Home::with("plimsoll.toml", BAD).run("config check --json");
    assert_eq!(ran.code, 3);
    let report = ran.json();
    assert_eq!(report["ok"], false);
    let problems = report["problems"].as_array().unwrap();
    let lines: Vec<_> = problems
        .iter()
        .map(|p| format!("{}:{} {} {}", p["line"], p["column"], p["code"], p["key"]))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
    assert!(problems.iter().all(|p| p["file"] == "plimsoll.toml" && p["origin"] == "file"));
    assert_eq!(problems[0]["help"], "did you mean `subnet`?");
}

#[test]
fn broken_toml_is_shown_where_it_breaks() {
    let ran = Home::with("plimsoll.toml", "[space\nthreshold = = 3\n[chain]\nnetuid = 1\nnetuid = 2\n")
        .run("config check");
    insta::assert_snapshot!(ran.all());
}

#[test]
fn the_environment_and_flags_are_checked_too() {
    let home = Home::new();
    let variables = [("PLIMSOLL_SPACE_TRESHOLD", "1"), ("PLIMSOLL_CHAIN_NETUID", "x")];
    let ran = home.run_in(&variables, "config check --threshold 30 --set proof.shceme=x");
    insta::assert_snapshot!(ran.all());
}

#[test]
fn where_only_flags_are_wrong_it_is_a_usage_error() {
    let ran = Home::new().run("config check --json --set space.threshold=30");
    assert_eq!(ran.code, 2);
    assert_eq!(ran.json()["problems"][0]["help"], "for 30 % write 0.3");
    let ran = Home::new().run("wallet show --json --set space.threshold");
    assert_eq!((ran.code, &ran.json()["error"]["kind"]), (2, &serde_json::json!("usage")));
}

#[test]
fn an_operator_cannot_override_the_subnet() {
    let home = Home::with("subnet.toml", "[chain]\nnetuid = 64\n[space]\nthreshold = 0.5\n");
    home.write("plimsoll.toml", "subnet = \"subnet.toml\"\n[chain]\nnetuid = 7\n");
    let ran = home.run("config check --netuid 9");
    insta::assert_snapshot!(ran.all());
}

#[test]
fn a_subnet_file_that_is_missing_is_shown_where_it_is_named() {
    let ran = Home::with("plimsoll.toml", "subnet = \"gone.toml\"\n").run("config check");
    insta::assert_snapshot!(ran.all());
}

#[test]
fn other_verbs_end_with_the_same_problems_in_their_error() {
    let ran = Home::with("plimsoll.toml", BAD).run("wallet show --json");
    assert_eq!(ran.code, 3);
    let error = &ran.json()["error"];
    assert_eq!((error["code"].as_u64(), error["kind"].as_str()), (Some(3), Some("config")));
    assert_eq!(error["message"], "the configuration has 14 errors");
    assert_eq!(error["problems"].as_array().unwrap().len(), 14);
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let ran = Home::new().run("--config nowhere.toml config check");
    assert_eq!(ran.code, 10);
    assert_eq!(
        ran.err,
        "error: there is no configuration file nowhere.toml\n help: `plimsoll init nowhere.toml` writes one\n"
    );
    let ran = Home::new().run_in(&[("PLIMSOLL_CONFIG", "nowhere.toml")], "config show --json");
    assert_eq!((ran.code, ran.json()["error"]["kind"].as_str()), (10, Some("not-initialised")));
}

#[test]
fn a_sound_configuration_says_so() {
    let home = Home::warm();
    let ran = home.run("config check");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.all());
    assert_eq!(ran.out, "there is no plimsoll.toml here: every value is a default, and sound\n");
    home.run("init");
    assert_eq!(home.run("config check").out, "plimsoll.toml is sound\n");
    let report = home.run("config check --json").json();
    assert_eq!((&report["ok"], &report["problems"]), (&true.into(), &serde_json::json!([])));
}

#[test]
fn plugins_are_held_against_their_pins_and_parameters() {
    let text = "[incentive]\nrule = \"builtin:incentive-ema\"\n\n[incentive.params]\nalhpa = 3\n\n\
                [proof]\nblake3 = \"1111111111111111111111111111111111111111111111111111111111111111\"\n\n\
                [challenge]\nstrategy = \"mine/gone.wasm\"\n\n[allocation]\npolicy = \"junk.wasm\"\n";
    let home = Home::warm();
    home.write("plimsoll.toml", text);
    home.write("junk.wasm", "not wasm at all");
    let ran = home.run("config check --json");
    assert_eq!(ran.code, 3);
    let report = ran.json();
    let problems = report["problems"].as_array().unwrap();
    let shown: Vec<_> = problems
        .iter()
        .map(|p| {
            format!(
                "{}:{} {} {} {}\n  {} ({})",
                p["file"], p["line"], p["column"], p["code"], p["key"], p["message"], p["help"]
            )
        })
        .collect();
    let proof_digest = home.run("plugin pin builtin:proof-stream --json").json()["blake3"].clone();
    insta::assert_snapshot!(shown.join("\n").replace(proof_digest.as_str().unwrap(), "[DIGEST]"));
}

#[test]
fn every_example_configuration_has_no_problem() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/configs");
    let mut seen = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // Copied into the home folder: a line of words has no room for a path with spaces.
        let home = Home::warm();
        home.write("plimsoll.toml", &std::fs::read_to_string(&path).unwrap());
        let ran = home.run("config check --json");
        assert_eq!(ran.code, 0, "{}: {}", path.display(), ran.out);
        assert_eq!(ran.json()["problems"], serde_json::json!([]), "{}", path.display());
        seen.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
    }
    seen.sort();
    assert_eq!(seen, ["seed-compatible", "strict-audits", "windows"]);
}

/// The prototype's counts are only asked for where the file says so.
#[test]
fn the_seed_compatible_example_counts_space_as_the_prototype_did() {
    let home = Home::with("plimsoll.toml", include_str!("../../../../examples/configs/seed-compatible.toml"));
    let shown = home.run("config show --json").json();
    let values = shown["values"].as_array().unwrap();
    let params = values.iter().find(|value| value["key"] == "allocation.params").unwrap();
    assert_eq!(params["value"], serde_json::json!({"compat": true}));
}

#[test]
fn a_shadow_is_read_from_its_own_file_and_refused_by_its_line() {
    let home = Home::warm();
    let refused = |text: &str| {
        home.write("other.toml", text);
        let ran = home.run("validator --shadow other.toml");
        (ran.code, ran.err)
    };
    let (code, text) = refused("[incentive]\nrul = \"builtin:incentive-ema\"\n");
    assert!(code == 3 && text.contains("`incentive.rul` is no key of other.toml"), "{text}");
    let (code, text) = refused("[chain]\nnetuid = 3\n");
    assert!(code == 3 && text.contains("other.toml has no table [incentive]"), "{text}");
    let (code, text) =
        refused("[incentive]\nrule = \"builtin:incentive-ema\"\n[incentive.params]\nalpha = 1\n");
    assert!(code == 3 && text.contains("unknown parameter `alpha`"), "{text}");
    assert!(text.contains("other.toml:4:"), "{text}");
    // The file is sound: what is missing next is the validator's own.
    assert_eq!(refused("[incentive]\nrule = \"builtin:incentive-ema\"\n").0, 12);
    let gone = home.run("validator --shadow gone.toml");
    assert!(gone.code == 3 && gone.err.contains("cannot read gone.toml"), "{}", gone.err);
}
