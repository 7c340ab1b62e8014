//! Downloads that are killed at random instants: nothing whole is asked for again, a part goes on where it ended, and
//! the folder is the same in the end. This binary is the judge, and run again it is the one to be killed.

#![expect(clippy::unwrap_used, reason = "what a test builds on must hold, or the test fails")]

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use plimsoll_datasets::fetch::{
    Budget, Endpoint, Fetch, FetchOptions, Namespace, Outcome, Pace, Revision, Wanted,
};
use plimsoll_hub::{Bucket, Hub, HubOptions, Repo, Way};

/// `PLIMSOLL_KILLS` asks for another number.
const KILLS: u32 = 40;
const REPOS: usize = 24;
const JOBS: usize = 4;
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("--child") => child(&arguments[2], Path::new(&arguments[3])),
        Some("--list") => {}
        _ => judge(),
    }
}

fn namespace(n: usize) -> String {
    format!("keel/brine{n}")
}

/// Every sixth is large, so that kills fall into the middle of files too.
fn bytes(n: usize) -> Vec<u8> {
    let len = if n.is_multiple_of(6) { 6 << 20 } else { 181_530 };
    (0..len).map(|at| u8::try_from((at * 7 + at / 251 + n) % 251).unwrap()).collect()
}

fn child(address: &str, folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut options = FetchOptions::new(Endpoint::parse(address).unwrap());
    options.jobs = JOBS;
    let fetch = Arc::new(Fetch::new(options, Arc::new(Budget::new(Pace::Free))).unwrap());
    let wanted = (0..REPOS).map(|n| Wanted {
        repository: Namespace::parse(&namespace(n)).unwrap(),
        revision: Revision::parse(COMMIT).unwrap(),
        path: "data.jsonl".to_owned(),
        folder: folder.to_owned(),
        name: format!("{n}.jsonl"),
    });
    let outcomes = runtime.block_on(fetch.all(wanted.collect(), |_, _| {})).unwrap();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Fetched(_))), "{outcomes:?}");
}

/// What a killed run left: files that are whole, and lengths of parts, by repository.
fn left(folder: &Path) -> (Vec<usize>, BTreeMap<usize, u64>) {
    let (mut whole, mut parts) = (Vec::new(), BTreeMap::new());
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        let number = |text: &str| text.split('.').next().unwrap().parse().unwrap();
        if let Some(rest) = name.strip_prefix('.') {
            if name.ends_with(".part") {
                parts.insert(number(rest), entry.metadata().unwrap().len());
            }
        } else {
            whole.push(number(&name));
        }
    }
    (whole, parts)
}

fn judge() {
    let repos = (0..REPOS).map(|n| Repo::with_dataset(&namespace(n), COMMIT, bytes(n), Way::LargeHere));
    let options = HubOptions { latency: Duration::from_millis(4), ..HubOptions::default() };
    let hub = Hub::start(repos, options).unwrap();
    let mut folder = tempfile::tempdir().unwrap();
    let (mut kills, mut runs, mut continued, mut kept) = (0, 0, 0, 0);
    let asked = std::env::var("PLIMSOLL_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    while kills < asked {
        let (whole, parts) = left(folder.path());
        hub.log().clear();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--child", hub.address()])
            .arg(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let wait_us = RandomState::new().hash_one(kills) % 150_000;
        std::thread::sleep(Duration::from_micros(wait_us));
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        let ended = ended.or(child.wait().ok()).unwrap();
        for asked in hub.log().all() {
            let n: usize =
                asked.path.split('/').nth(3).unwrap().strip_prefix("brine").unwrap().parse().unwrap();
            assert!(!whole.contains(&n), "{n} was whole and is asked for again: {asked:?}");
            let from = parts.get(&n).filter(|len| **len > 0).map(|len| format!("bytes={len}-"));
            assert!(
                asked.range == from || asked.range.is_none() && parts.get(&n) == Some(&0),
                "{asked:?}: {from:?}"
            );
            continued += usize::from(asked.range.is_some());
        }
        kept += whole.len();
        if ended.success() {
            same(folder.path());
            folder = tempfile::tempdir().unwrap();
            runs += 1;
        } else {
            kills += 1;
        }
    }
    // The last folder is brought to its end, so that the last kills are judged too.
    child(hub.address(), folder.path());
    same(folder.path());
    assert!(kept > 0 && continued > 0, "kills must fall behind whole files and into parts");
    let told = format!(
        "{kills} kills, {runs} whole runs between, {continued} parts continued, {kept} whole files kept\n"
    );
    std::io::Write::write_all(&mut std::io::stdout(), told.as_bytes()).unwrap();
    assert_eq!(hub.log().count(Bucket::Api), 0);
}

fn same(folder: &Path) {
    for n in 0..REPOS {
        let path = folder.join(format!("{n}.jsonl"));
        assert!(std::fs::read(&path).unwrap() == bytes(n), "{} differs", path.display());
    }
    let (whole, parts) = left(folder);
    assert_eq!((whole.len(), parts.len()), (REPOS, 0), "nothing else is left");
}
