//! Datasets as an operator meets them: a ledger and a hub in this process, every verb the real command.

use std::path::{Path, PathBuf};

use plimsoll_chain::{Chain as _, GenesisNeuron, Ledger, LedgerGenesis, LedgerServer, SubnetRules};
use plimsoll_core::{Digest, Hotkey, Keypair, NetUid, StakeRao};
use plimsoll_datasets::archive::Archive;
use plimsoll_hub::shape::{EVALUATION_REPO, Shape};
use plimsoll_hub::{Access, Bucket, Hub, HubOptions, Repo, Way};

use crate::home::{Home, Ran};

pub(crate) const NETUID: NetUid = NetUid(96);

pub(crate) fn key(uid: u16) -> Keypair {
    Keypair::from_seed(&Digest::of(format!("miner {uid}").as_bytes()).0)
}

pub(crate) fn commit_of(word: &str) -> String {
    Digest::of(word.as_bytes()).to_string().chars().take(40).collect()
}

/// Rows as miners write them: of these numbers.
pub(crate) fn rows(numbers: impl IntoIterator<Item = usize>) -> String {
    let row = |n| {
        format!(
            r#"{{"system": null, "conversations": [{{"role": "user", "content": "What is the tide at hour {n}?"}}, {{"role": "assistant", "content": "It stands at {n} feet."}}]}}"#
        ) + "\n"
    };
    numbers.into_iter().map(row).collect()
}

/// A ledger with so many neurons.
pub(crate) fn ledger(neurons: u16) -> Ledger {
    let neuron = |uid| GenesisNeuron {
        hotkey: key(uid).hotkey(),
        coldkey: Hotkey([9; 32]),
        stake_rao: StakeRao(0),
        validator_permit: false,
        axon: None,
    };
    let neurons = (0..neurons).map(neuron).collect();
    let rules = SubnetRules::default();
    let ledger = Ledger::new(LedgerGenesis::single(Digest([5; 32]), NETUID, rules, neurons)).unwrap();
    ledger.advance(1);
    ledger
}

pub(crate) async fn commit(ledger: &Ledger, uid: u16, text: &str) {
    ledger.commit(&key(uid), NETUID, text.as_bytes()).await.unwrap();
    ledger.advance(1);
}

/// A chain, a hub and a home folder.
pub(crate) struct Stage {
    pub(crate) ledger: Ledger,
    pub(crate) hub: Hub,
    pub(crate) home: Home,
    server: LedgerServer,
}

impl Stage {
    pub(crate) async fn new(neurons: u16, repos: impl IntoIterator<Item = Repo>) -> Self {
        let ledger = ledger(neurons);
        let server = LedgerServer::start(ledger.clone(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let hub = Hub::start(repos, HubOptions::default()).unwrap();
        let home = Home::warm();
        home.write("plimsoll.toml", &config(&server.endpoint()));
        Self { ledger, hub, home, server }
    }

    pub(crate) fn run(&self, line: &str) -> Ran {
        let ran = self.home.run_in(&[("HF_ENDPOINT", self.hub.address())], line);
        let hide = |text: &str| {
            text.replace(self.hub.address(), "[HUB]").replace(&self.server.endpoint(), "[CHAIN]")
        };
        Ran { code: ran.code, out: hide(&ran.out), err: hide(&ran.err) }
    }

    pub(crate) fn done(&self, line: &str) -> String {
        let ran = self.run(line);
        assert_eq!(ran.code, 0, "{line}\n{}", ran.all());
        ran.out
    }

    pub(crate) fn json(&self, line: &str) -> serde_json::Value {
        let ran = self.run(&format!("{line} --json"));
        assert_eq!(ran.code, 0, "{line}\n{}", ran.all());
        ran.json()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }
}

pub(crate) fn config(endpoint: &str) -> String {
    format!("[chain]\nendpoint = \"{endpoint}\"\nnetuid = 96\n[dataset]\ndata_dir = \"data\"\njobs = 32\n")
}

/// Every file below a folder, by its path in it.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Eight neurons: two copies, one changed copy, a gated repository, none, a stranger's commitment, a branch, a bad file.
async fn small() -> Stage {
    let repo = |name: &str, text: String| Repo::with_dataset(name, &commit_of(name), text, Way::Plain);
    let repos = vec![
        repo("orca/tides", rows(0..150)),
        repo("lumen/tides", rows(10..160)),
        repo("north/own", rows(1000..1020)),
        Repo { access: Access::Gated { accepted: false }, ..repo("keel/closed", rows(0..5)) },
        repo("brine/moves", rows(2000..2010)),
        repo("tidal/broken", rows(3000..3002) + "{\"conversations\": [\n"),
    ];
    let stage = Stage::new(8, repos).await;
    for (uid, name) in
        [(1, "orca/tides"), (2, "lumen/tides"), (3, "north/own"), (4, "keel/closed"), (7, "tidal/broken")]
    {
        commit(&stage.ledger, uid, &format!("{name}:1:{}", commit_of(name))).await;
    }
    commit(&stage.ledger, 5, "key-AKIAIOSFODNN7EXAMPLE-secret-wJalrXUtnFEMIK7MDENG").await;
    commit(&stage.ledger, 6, "brine/moves:1:main").await;
    stage
}

/// How long it took is another matter every time.
fn timeless(text: &str) -> String {
    let line = |line: &str| match line.rsplit_once(" new in the archive, ") {
        Some((before, _)) => format!("{before} new in the archive, [TIME]"),
        None => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_is_collected_and_shown() {
    let stage = small().await;
    let ran = stage.run("datasets collect --dry-run");
    assert_eq!((ran.code, stage.hub.log().all().len()), (0, 0));
    insta::assert_snapshot!("datasets_dry_run", ran.all());
    let ran = stage.run("datasets collect --min-rows 50");
    insta::assert_snapshot!("datasets_collect", timeless(&ran.all()));
    insta::assert_snapshot!("datasets_list", stage.done("datasets list"));
    insta::assert_snapshot!("datasets_show", stage.done("datasets show 1 --rows 1"));
    insta::assert_snapshot!("datasets_show_foreign", stage.done("datasets show 5"));
    insta::assert_snapshot!("datasets_overlap", stage.done("datasets overlap"));
    insta::assert_snapshot!("datasets_validate", stage.done("datasets validate"));
    assert_eq!(stage.run("datasets validate --strict").code, 1);
    assert_eq!(stage.done("datasets list --filter account=orca").lines().count(), 3);
    let filtered = stage.json("datasets list --filter overlap=100..");
    let uids: Vec<u64> =
        filtered["miners"].as_array().unwrap().iter().map(|miner| miner["uid"].as_u64().unwrap()).collect();
    assert_eq!(uids, [1, 2]);

    let commit_two = commit_of("two");
    stage.hub.put(Repo::with_dataset("north/own", &commit_two, rows(1000..1025), Way::Plain));
    commit(&stage.ledger, 3, &format!("north/own:1:{commit_two}")).await;
    let ran = stage.json("datasets collect --uid 3");
    assert_eq!(
        (&ran["fetched"], &ran["downloaded"], &ran["resolver_requests"]),
        (&1.into(), &5.into(), &1.into())
    );
    insta::assert_snapshot!("datasets_history", stage.done("datasets history 3"));
    insta::assert_snapshot!("datasets_snapshots", stage.done("datasets list --snapshots"));
    let blocks: Vec<u64> = stage.json("datasets list --snapshots")["snapshots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|snapshot| snapshot["block"].as_u64().unwrap())
        .collect();
    let [before, after] = blocks[..] else { panic!("{blocks:?}") };
    insta::assert_snapshot!("datasets_diff", stage.done(&format!("datasets diff {before} {after} --rows")));
    let rows = stage.json(&format!("datasets diff uid:3@{before} uid:3"))["rows"].clone();
    assert_eq!((rows["added"].as_array().unwrap().len(), &rows["unchanged"]), (5, &20.into()));
    let rows = stage.json(&format!(
        "datasets diff orca/tides@{} lumen/tides@{}",
        commit_of("orca/tides"),
        commit_of("lumen/tides")
    ));
    assert_eq!(rows["rows"]["unchanged"], 140);
    assert_eq!(stage.run(&format!("datasets diff {before} uid:3")).code, 2);
    assert_eq!(stage.run("datasets diff x y").code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_written_out_let_go_of_checked_and_mended() {
    let stage = small().await;
    assert_eq!(stage.run("datasets list").code, 10, "nothing is kept yet");
    stage.done("datasets collect");
    stage.done("datasets checkout");
    let tree = stage.data().join("miner_datasets");
    assert_eq!(std::fs::read_to_string(tree.join("miner_1/data.jsonl")).unwrap(), rows(0..150));
    assert_eq!(files(&tree).len(), 5);
    for format in ["jsonl", "csv", "parquet"] {
        let told = stage.json(&format!("datasets export --format {format} --out rows.{format}"));
        // The broken file has two rows and a line that is none.
        assert_eq!(
            (&told["rows"], &told["datasets"]),
            (&(150 + 150 + 20 + 10 + 2).into(), &5.into()),
            "{format}"
        );
    }
    assert_eq!(stage.done("datasets export --filter uid=1").lines().count(), 150);
    assert_eq!(stage.done("datasets export --filter uid=1..2 --distinct").lines().count(), 160);
    assert_eq!(stage.run("datasets export --filter uid").code, 2);
    assert_eq!(stage.run("datasets export --json").code, 2);

    assert!(stage.done("datasets fsck --deep").contains(": sound"));
    let pack = files(&stage.data().join("archive/packs")).remove(0);
    let mut bytes = std::fs::read(&pack).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 1;
    std::fs::write(&pack, &bytes).unwrap();
    let ran = stage.run("datasets fsck");
    assert_eq!(ran.code, 20, "{}", ran.all());
    assert!(ran.out.contains("damaged: ") && ran.out.contains("concerns subnet 96 uid "), "{}", ran.out);
    let before = stage.hub.log().count(Bucket::Resolvers);
    let ran = stage.run("datasets fsck --repair");
    assert!(
        stage.hub.log().count(Bucket::Resolvers) > before && ran.out.contains("fetched again"),
        "{}",
        ran.all()
    );
    let ran = stage.run("datasets fsck --deep");
    assert!(ran.code == 0, "{}", ran.all());

    for _ in 0..3 {
        stage.ledger.advance(10);
        stage.done("datasets collect");
    }
    let refused = stage.run("datasets gc --last 1");
    assert_eq!(refused.code, 2, "{}", refused.all());
    let told = stage.json("datasets gc --last 1 --yes");
    assert_eq!(told["snapshots"], 3);
    assert_eq!(stage.json("datasets list --snapshots")["snapshots"].as_array().unwrap().len(), 1);
    assert_eq!(
        stage.json("datasets collect")["resolver_requests"],
        1,
        "what failed is asked for again, nothing else"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_collector_waits_its_turn_and_a_wallet_signs() {
    let stage = small().await;
    let held = Archive::open(&stage.data()).unwrap();
    let ran = stage.run("datasets collect");
    assert_eq!(ran.code, 11, "{}", ran.all());
    assert!(ran.err.contains("is in use by") && ran.err.contains("wait until it has ended"), "{}", ran.err);
    drop(held);
    let ran = stage.run("datasets collect --sign");
    assert_eq!(ran.code, 12, "there is no wallet: {}", ran.all());
    stage.done("wallet new");
    let signer = stage.json("datasets collect --sign")["signer"].clone();
    assert_eq!(stage.json("datasets list")["signer"], signer);
    assert_eq!(stage.json("wallet show")["address"], signer);
    for (line, code, said) in [
        ("datasets collect --uid 99", 2, "has no uid 99"),
        ("datasets collect --since soon", 2, "neither a block nor a day"),
        ("datasets collect --since 2026-01-01", 2, "give a block instead"),
        ("datasets collect --source nothing", 2, "builtin:dataset-nothing"),
        ("datasets show 99", 2, "had no uid 99"),
        ("datasets list --block 1", 10, "there is no snapshot of subnet 96 at block 1"),
    ] {
        let ran = stage.run(line);
        assert!(ran.code == code && ran.err.contains(said), "{line}: {}", ran.all());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_subnet_is_found_and_the_choice_explained() {
    let stage = small().await;
    let ran = stage.run("subnets find --source flock");
    assert_eq!(ran.code, 0, "{}", ran.all());
    insta::assert_snapshot!("subnets_find", ran.all());
    assert!(stage.hub.log().all().iter().all(|asked| asked.method == "HEAD"));
    let object = stage.json("subnets find --offline");
    assert_eq!((&object["netuid"], &object["candidates"][0]["datasets"]), (&96.into(), &6.into()));
    // Nobody has committed to anything.
    let empty = Stage::new(3, []).await;
    let ran = empty.run("subnets find");
    assert!(ran.code == 1 && ran.err.contains("no subnet looks like one of"), "{}", ran.all());
    // Without a netuid, collecting finds it.
    let config = config(&stage.server.endpoint()).replace("netuid = 96\n", "");
    stage.home.write("plimsoll.toml", &config);
    let note = stage.data().join("found.json");
    stage.done("datasets collect --dry-run");
    assert!(!note.exists(), "a dry run remembers nothing");
    let ran = stage.run("datasets collect");
    assert!(ran.code == 0 && ran.err.contains("found subnet 96: 6 of 7 commitments"), "{}", ran.all());
    assert!(note.exists());
    stage.hub.log().clear();
    let ran = stage.run("datasets collect");
    let remembered = "score 400 of 1000: found at block 8, and still so";
    assert!(ran.code == 0 && ran.err.contains(remembered), "{}", ran.all());
    assert!(stage.hub.log().all().iter().all(|asked| asked.method != "HEAD"), "no sample is asked for");
    for uid in 1..8 {
        commit(&stage.ledger, uid, "no dataset at all").await;
    }
    let ran = stage.run("datasets collect");
    assert!(ran.code == 1 && ran.err.contains("is not it any more, so all are asked"), "{}", ran.all());
    assert!(ran.err.contains("no subnet looks like one of"), "{}", ran.all());
}

/// Twelve bytes in a row of the secret.
fn leaks(text: &[u8]) -> bool {
    let secret = b"key-AKIAIOSFODNN7EXAMPLE-secret-wJalrXUtnFEMIK7MDENG";
    secret.windows(12).any(|part| text.windows(12).any(|seen| seen == part))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_on_the_chain_and_the_hubs_token_are_in_no_output_and_no_file() {
    let stage = small().await;
    let token = "hf_QwErTyUiOpAsDfGhJkLzXcVbNm";
    stage.home.write(".env", &format!("HF_TOKEN={token}\n"));
    for line in [
        "datasets collect -vvv",
        "datasets collect --json",
        "datasets list",
        "datasets list --json",
        "datasets show 5 --json",
        "datasets history 5",
        "datasets validate --json",
        "datasets export --sourced",
        "subnets find --json",
        "datasets fsck --json",
    ] {
        let ran = stage.run(line);
        assert_eq!(ran.code, 0, "{}", ran.all());
        let text = ran.all();
        assert!(!leaks(text.as_bytes()) && !text.contains(token), "{line}\n{text}");
    }
    assert!(stage.hub.log().all().iter().any(|asked| asked.had_token));
    for file in files(stage.home.path()).iter().filter(|file| !file.ends_with(".env")) {
        let bytes = std::fs::read(file).unwrap();
        let has_token = bytes.windows(token.len()).any(|part| part == token.as_bytes());
        assert!(!leaks(&bytes) && !has_token, "{}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_subnet_costs_one_request_a_dataset_and_none_the_second_time() {
    let shape = Shape::new(1);
    let stage = Stage::new(256, shape.repos(Way::Plain)).await;
    for miner in &shape.miners {
        if let Some(commitment) = &miner.commitment {
            commit(&stage.ledger, miner.uid, commitment).await;
        }
    }
    let first = stage.json("datasets collect");
    let count = |name: &str| first[name].as_u64().unwrap();
    assert_eq!(
        (count("total_miners"), count("downloaded"), count("failed"), count("skipped")),
        (256, 252, 0, 4)
    );
    let log = stage.hub.log();
    assert_eq!((log.count(Bucket::Resolvers), log.count(Bucket::Api)), (252, 0));
    let told = stage.done("datasets collect");
    for line in ["Total miners: 256", "Successfully downloaded: 252", "Failed: 0", "Skipped (no metadata): 4"]
    {
        assert!(told.lines().any(|told| told == line), "{told}");
    }
    assert_eq!(log.count(Bucket::Resolvers), 252, "the second run asks for nothing");
    let set = stage.json("datasets evaluation");
    assert_eq!(
        (&set["namespace"], &set["rows"], &set["was_held"]),
        (&EVALUATION_REPO.into(), &5301.into(), &false.into())
    );
    assert!(stage.done(&format!("datasets evaluation {EVALUATION_REPO}@main")).contains("held already"));
    let ran = stage.run("datasets evaluation --competition none");
    assert!(
        ran.code == 2 && ran.err.contains("names no evaluation set for competition `none`"),
        "{}",
        ran.all()
    );
    let ran = stage.run("datasets evaluation nobody/nothing");
    assert!(ran.code == 1 && ran.err.contains("the evaluation set nobody/nothing: "), "{}", ran.all());
    let overlap = stage.json("datasets overlap --min 1");
    assert_eq!((&overlap["datasets"], &overlap["distinct_rows"]), (&252.into(), &2125.into()));
}

#[test]
fn the_bench_of_datasets_counts_every_request_and_leaves_nothing_behind() {
    let home = Home::warm();
    let line = "bench datasets --miners 6 --jobs 4 --latency-ms 5 --repeats 2 --large 8 --days 2 --change rows --json";
    let ran = home.run(line);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let figures = ran.json();
    let number = |name: &str| figures[name].as_f64().unwrap();
    assert_eq!((number("datasets"), number("resolver_requests"), number("api_requests")), (6.0, 6.0, 0.0));
    assert_eq!((number("second_run_requests"), number("faulty_too_early")), (0.0, 0.0));
    assert!(number("faulty_requests") >= 6.0 && number("faulty_request_ratio") >= 1.0, "{figures}");
    // Two turns of four and two requests, each of which waits.
    assert!(number("floor_seconds") >= 0.01 && number("collect_seconds") >= 0.01, "{figures}");
    // Uids 0 and 5 name copies here.
    assert_eq!((number("overlap_datasets"), number("overlap_large_datasets")), (4.0, 8.0));
    for positive in ["overlap_seconds", "overlap_large_ratio", "update_seconds", "network_bytes"] {
        assert!(number(positive) > 0.0, "{positive}: {figures}");
    }
    assert!(number("peak_rss_bytes") >= number("collect_peak_rss_bytes"));
    let year = &figures["year"];
    assert_eq!((&year["days"], &year["miners"], &year["change"]), (&2.into(), &6.into(), &"rows".into()));
    assert!(year["distinct_rows"].as_u64().unwrap() > 1500 && year["restore_ms"].as_f64().unwrap() > 0.0);
    let left: Vec<_> =
        std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
    let told = home.run("bench datasets --miners 1");
    assert_eq!(told.code, 2, "{}", told.err);
}
