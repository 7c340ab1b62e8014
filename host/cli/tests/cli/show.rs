//! `config show`: every value with its origin.

use serde_json::{Value, json};

use crate::home::{Home, Ran};

const OWN: &str =
    "subnet = \"subnet.toml\"\n[space]\nthreshold = 0.5\nworkers = 2\n[wallet]\nname = \"ada\"\n";

fn mixed() -> Home {
    let home = Home::with("plimsoll.toml", OWN);
    home.write("subnet.toml", "# what we agreed on\n[chain]\nnetuid = 64\n");
    home
}

fn entry(ran: &Ran, key: &str) -> Value {
    let report = ran.json();
    let values = report["values"].as_array().unwrap();
    values.iter().find(|value| value["key"] == key).unwrap().clone()
}

#[test]
fn people_see_every_value_and_its_origin() {
    let variables = [("PLIMSOLL_SPACE_WORKERS", "4")];
    let ran = mixed()
        .run_in(&variables, "config show --db_path /plots --subtensor.chain_endpoint local://[::1]:80");
    insta::assert_snapshot!(ran.all());
}

#[test]
fn a_key_in_an_endpoint_is_shown_to_nobody() {
    let home =
        Home::with("plimsoll.toml", "[chain]\nendpoint = \"wss://a.example/v1/s3cret,wss://b.example\"\n");
    let (people, programs) = (home.run("config show"), home.run("config show --json"));
    assert!(people.out.contains("wss://a.example/…,wss://b.example"), "{}", people.all());
    assert_eq!(entry(&programs, "chain.endpoint")["value"], "wss://a.example/…,wss://b.example");
    assert!(!format!("{}{}", people.all(), programs.all()).contains("s3cret"));
}

#[test]
fn programs_see_the_value_and_the_place_of_its_origin() {
    let variables = [("PLIMSOLL_SPACE_WORKERS", "4"), ("PLIMSOLL_SPACE_MAX_SIZE", "2TB")];
    let ran = mixed().run_in(&variables, "config show --json --wallet.hotkey bob --set space.io=direct");
    assert_eq!(ran.code, 0);
    let is = |key: &str, expected: Value| assert_eq!(entry(&ran, key), expected);
    is("space.chunk_size", json!({"key": "space.chunk_size", "value": 100_000, "origin": "default"}));
    is("allocation.blake3", json!({"key": "allocation.blake3", "value": null, "origin": "default"}));
    is(
        "space.threshold",
        json!({"key": "space.threshold", "value": 0.5, "origin": "file", "file": "plimsoll.toml", "line": 3, "column": 13}),
    );
    is(
        "chain.netuid",
        json!({"key": "chain.netuid", "value": 64, "origin": "subnet", "file": "subnet.toml", "line": 3, "column": 10}),
    );
    is(
        "space.workers",
        json!({"key": "space.workers", "value": 4, "origin": "environment", "name": "PLIMSOLL_SPACE_WORKERS"}),
    );
    is(
        "space.max_size",
        json!({"key": "space.max_size", "value": 2_000_000_000_000_u64, "origin": "environment", "name": "PLIMSOLL_SPACE_MAX_SIZE"}),
    );
    is(
        "wallet.hotkey",
        json!({"key": "wallet.hotkey", "value": "bob", "origin": "flag", "name": "--wallet.hotkey"}),
    );
    is("space.io", json!({"key": "space.io", "value": "direct", "origin": "flag", "name": "--set space.io"}));
    let digest = ran.json()["subnet"]["digest"].as_str().unwrap().to_owned();
    assert_eq!(digest.len(), 64);
}

#[test]
fn the_prototype_s_flags_mean_the_same_keys() {
    let line = "config show --json --netuid 5 --threshold 0.25 --db_path /d --chunk_size 50000 --wallet.name w \
                --wallet.hotkey h --wallet.path /p --subtensor.chain_endpoint local://127.0.0.1:1";
    let ran = Home::new().run(line);
    assert_eq!(ran.code, 0, "{}", ran.all());
    for (key, value) in [
        ("chain.netuid", json!(5)),
        ("space.threshold", json!(0.25)),
        ("space.db_path", json!("/d")),
        ("space.chunk_size", json!(50_000)),
        ("wallet.name", json!("w")),
        ("wallet.hotkey", json!("h")),
        ("wallet.path", json!("/p")),
        ("chain.endpoint", json!("local://127.0.0.1:1")),
    ] {
        let entry = entry(&ran, key);
        assert_eq!((&entry["value"], &entry["origin"]), (&value, &json!("flag")), "{key}");
    }
}
