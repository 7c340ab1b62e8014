//! `datasets collect`, killed at many instants: what was complete is not asked for again, what was not is continued, and
//! the end is the same to the byte. `PLIMSOLL_KILLS` says at how many.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_datasets::archive::Archive;
use plimsoll_hub::{Bucket, Fault, Repo, Way};

use crate::datasets::{Stage, commit, commit_of, files, rows};

const FILES: u16 = 6;
const STALLED: u16 = 2;

fn name(uid: u16) -> String {
    format!("keel/set-{uid}")
}

/// 1.3 MB or so each.
fn text(uid: u16) -> String {
    let from = usize::from(uid) * 100_000;
    rows(from..from + 8000)
}

fn collect(stage: &Stage) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("plimsoll"));
    command
        .current_dir(stage.home.path())
        .env_clear()
        .env("HOME", stage.home.path())
        .env("HF_ENDPOINT", stage.hub.address())
        .env("PLIMSOLL_PLUGINS_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/plugin-cache"))
        .args(["datasets", "collect", "--log", "off"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn collected(stage: &Stage) {
    let done = collect(stage).stderr(Stdio::piped()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// What is whole: in the archive, or waiting for it; and which parts have bytes.
fn held(data: &Path) -> (BTreeSet<String>, bool) {
    let mut whole = BTreeSet::new();
    if let Ok(archive) = Archive::open_to_read(data) {
        let has = |uid: &u16| archive.find_source(&name(*uid), &commit_of(&name(*uid))).unwrap().is_some();
        whole.extend((0..FILES).filter(has).map(name));
    }
    let waiting = data.join("incoming/96");
    let mut has_part = false;
    if waiting.is_dir() {
        let texts: BTreeMap<String, String> = (0..FILES).map(|uid| (text(uid), name(uid))).collect();
        for path in files(&waiting) {
            let bytes = std::fs::read_to_string(&path).unwrap_or_default();
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            // A part with all its bytes needs nothing more but its name.
            match texts.get(&bytes) {
                Some(name) => _ = whole.insert(name.clone()),
                None => has_part |= file.ends_with(".part") && !bytes.is_empty(),
            }
        }
    }
    (whole, has_part)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_instant_costs_no_whole_file_and_no_byte_of_the_end() {
    let kills: u32 = std::env::var("PLIMSOLL_KILLS").map_or(12, |text| text.parse().unwrap());
    let repos =
        (0..FILES).map(|uid| Repo::with_dataset(&name(uid), &commit_of(&name(uid)), text(uid), Way::Plain));
    let stage = Stage::new(FILES, repos).await;
    for uid in 0..FILES {
        commit(&stage.ledger, uid, &format!("{}:1:{}", name(uid), commit_of(&name(uid)))).await;
    }
    let began = Instant::now();
    collected(&stage);
    let took = began.elapsed();
    let tree = |stage: &Stage| {
        stage.done("datasets checkout --dir out --remove-stale");
        let out = stage.home.path().join("out");
        files(&out).iter().map(|file| std::fs::read_to_string(file).unwrap()).collect::<Vec<_>>()
    };
    let expected: Vec<String> = (0..FILES).map(text).collect();
    assert_eq!(tree(&stage), expected);
    let (mut interrupted, mut continued) = (0, 0);
    for kill in 0..kills {
        std::fs::remove_dir_all(stage.data()).unwrap();
        for uid in 0..STALLED {
            stage.hub.fail(&name(uid), Fault::Stall(700_000), Some(1));
        }
        let mut child = collect(&stage).spawn().unwrap();
        std::thread::sleep(Duration::from_secs_f64(
            took.as_secs_f64() * f64::from(kill + 1) / f64::from(kills),
        ));
        child.kill().unwrap();
        child.wait().unwrap();
        let (whole, has_part) = held(&stage.data());
        interrupted += u32::from(whole.len() < usize::from(FILES));
        stage.hub.log().clear();
        // The faults that nobody met are over.
        for uid in 0..STALLED {
            stage.hub.forgive(&name(uid));
        }
        collected(&stage);
        let asked = stage.hub.log().all();
        let again = |name: &String| asked.iter().any(|asked| asked.path.contains(name.as_str()));
        let twice: Vec<&String> = whole.iter().filter(|name| again(name)).collect();
        assert!(twice.is_empty(), "after kill {kill}: {twice:?}");
        assert_eq!(stage.hub.log().count(Bucket::Resolvers), usize::from(FILES) - whole.len());
        let ranges = asked.iter().filter(|asked| asked.range.is_some() && asked.if_range.is_some()).count();
        assert!(!has_part || ranges > 0, "after kill {kill}: a part was begun anew");
        continued += ranges;
        assert_eq!(tree(&stage), expected, "after kill {kill}");
        assert_eq!(files(&stage.data().join("incoming")).len(), 0);
    }
    assert!(
        interrupted > 0 && continued > 0,
        "{interrupted} kills came in time, {continued} parts were continued"
    );
}
