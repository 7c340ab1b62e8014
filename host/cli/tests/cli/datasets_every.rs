//! `datasets collect --every` as a service: what passes does not end it.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use plimsoll_chain::{GenesisNeuron, Ledger, LedgerGenesis, LedgerServer, SubnetRules};
use plimsoll_core::{Digest, Hotkey, StakeRao};
use plimsoll_hub::{Hub, HubOptions};

use crate::datasets::{NETUID, Stage, config, key};
use crate::home::Home;
use crate::server::free_port;

/// The command under way with its lines.
fn started(home: &Home, endpoint: &str, line: &str) -> std::process::Child {
    Command::new(assert_cmd::cargo::cargo_bin!("plimsoll"))
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .env("HF_ENDPOINT", endpoint)
        .env("PLIMSOLL_PLUGINS_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/plugin-cache"))
        .args(line.split_whitespace())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_chain_that_does_not_answer_is_told_and_asked_again() {
    let home = Home::warm();
    home.write("plimsoll.toml", &config(&format!("local://127.0.0.1:{}", free_port())));
    let hub = Hub::start([], HubOptions::default()).unwrap();
    let once = home.run_in(&[("HF_ENDPOINT", hub.address())], "datasets collect");
    assert_eq!(once.code, 30, "without --every it is the end: {}", once.all());
    let mut child = started(&home, hub.address(), "datasets collect --every 1 --json");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert!(told["failed"].as_str().unwrap().contains("cannot reach the chain"), "{told}");
    assert_eq!((&told["failed_in_a_row"], &told["rounds_succeeded"]), (&1.into(), &0.into()));
    assert_eq!(told["next_in_minutes"], 1);
    assert!(child.try_wait().unwrap().is_none(), "it goes on");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_failed_for_good_is_the_end() {
    let stage = Stage::new(2, []).await;
    stage.done("datasets collect");
    // A date means nothing on a ledger without a pace, a minute later neither.
    let ran = stage.run("datasets collect --every 1 --since 2026-01-01");
    assert!(ran.code == 2 && ran.err.contains("give a block instead"), "{}", ran.all());
    // Another chain's archive stays another chain's.
    let neuron = GenesisNeuron {
        hotkey: key(1).hotkey(),
        coldkey: Hotkey([9; 32]),
        stake_rao: StakeRao(0),
        validator_permit: false,
        axon: None,
    };
    let genesis = LedgerGenesis::single(Digest([6; 32]), NETUID, SubnetRules::default(), vec![neuron]);
    let ledger = Ledger::new(genesis).unwrap();
    let other = LedgerServer::start(ledger, "127.0.0.1:0".parse().unwrap()).await.unwrap();
    stage.home.write("plimsoll.toml", &config(&other.endpoint()));
    let ran = stage.run("datasets collect --every 1");
    assert!(ran.code == 3 && ran.err.contains("name another data folder"), "{}", ran.all());
}
