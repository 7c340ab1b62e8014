//! A disk that is full at every step of a run: a limit on the size of files makes the same writes fail. The limit holds
//! for all of a process, so this is one of its own.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{env, fs};

use plimsoll_core::Digest;
use plimsoll_datasets::archive::{Archive, Depth};
use plimsoll_datasets::collect::{CollectError, Summary};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::stage::{Stage, commit_of, files, flock, repo};

const ROLE: &str = "PLIMSOLL_TEST_FULL_COLLECT";
const MINERS: u16 = 4;
const FIRST_LIMIT_BYTES: u64 = 700;
/// Above it the limit grows slowly: there the steps of a run lie.
const INDEX_BYTES: u64 = 1 << 20;
/// No file of a run is so large.
const ENOUGH_BYTES: u64 = 64 << 20;

fn word(uid: u16) -> String {
    format!("a/set{uid}")
}

/// 3 MB each, which no compression makes less than half of: more than the index, less than the pack of all.
fn text(uid: u16) -> &'static str {
    static TEXTS: OnceLock<Vec<String>> = OnceLock::new();
    &TEXTS.get_or_init(|| (0..MINERS).map(made).collect())[usize::from(uid)]
}

fn made(uid: u16) -> String {
    let noise = |row: u32| -> String {
        (0..14).map(|part| Digest::of(format!("{uid} {row} {part}").as_bytes()).to_string()).collect()
    };
    let row = |row| {
        format!(
            r#"{{"system": null, "conversations": [{{"role": "user", "content": "{row}?"}}, {{"role": "assistant", "content": "{}"}}]}}"#,
            noise(row)
        ) + "\n"
    };
    (0..3000).map(row).collect()
}

/// The same, with files of at most `bytes`.
async fn limited(stage: &Stage, bytes: u64) -> Result<Summary, CollectError> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: Some(bytes), maximum }).unwrap();
    let ended = stage.collect_as(&stage.options()).await;
    // What is still on its way to the disk has met the limit too.
    let archive = Archive::open_patiently(stage.data.path(), Duration::from_secs(60));
    setrlimit(Resource::Fsize, Rlimit { current: maximum, maximum }).unwrap();
    drop(archive);
    ended
}

/// The miners whose file is whole on the disk: waiting, or in the archive.
fn whole(stage: &Stage) -> BTreeSet<u16> {
    let archive = Archive::open_to_read(stage.data.path()).ok();
    let is_kept = |uid: &u16| {
        let find = |archive: &Archive| archive.find_source(&word(*uid), &commit_of(&word(*uid)));
        archive.as_ref().is_some_and(|archive| find(archive).unwrap().is_some())
    };
    let incoming = stage.data.path().join("incoming");
    let waiting = if incoming.is_dir() { files(&incoming) } else { Vec::new() };
    let is_waiting = |uid: &u16| {
        let same = |path: &std::path::PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            !name.starts_with('.') && fs::read_to_string(path).is_ok_and(|found| found == text(*uid))
        };
        waiting.iter().any(same)
    };
    (0..MINERS).filter(|uid| is_kept(uid) || is_waiting(uid)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn role_collect_on_a_full_disk() {
    if env::var_os(ROLE).is_none() {
        return;
    }
    // The plugin's compiled code is written now, not later.
    let _loaded = Arc::new(flock());
    let (mut limit, mut full) = (FIRST_LIMIT_BYTES, 0);
    loop {
        let stage = Stage::new(MINERS, (0..MINERS).map(|uid| repo(&word(uid), &word(uid), text(uid))));
        for uid in 0..MINERS {
            stage.name(uid, &word(uid), &commit_of(&word(uid))).await;
        }
        let ended = limited(&stage, limit).await;
        let is_enough = ended.is_ok();
        match ended {
            Ok(summary) => assert_eq!(summary.downloaded, usize::from(MINERS)),
            Err(error) => assert!(error.is_full_disk(), "with {limit} bytes: {error}"),
        }
        let held = whole(&stage);
        stage.requests();
        let summary = stage.collect().await;
        assert_eq!((summary.downloaded, summary.failed), (usize::from(MINERS), 0), "after {limit} bytes");
        assert_eq!(stage.requests(), (usize::from(MINERS) - held.len(), 0), "after {limit} bytes: {held:?}");
        for uid in 0..MINERS {
            assert_eq!(stage.restored(&summary, uid), text(uid), "after {limit} bytes");
        }
        assert!(stage.archive().fsck(Depth::Objects).unwrap().is_sound(), "after {limit} bytes");
        assert_eq!(files(&stage.data.path().join("incoming")).len(), 0, "after {limit} bytes");
        let name = if is_enough { "enough" } else { "full" };
        println!("{limit} bytes: {name}, {} of {MINERS} files were whole", held.len());
        if is_enough {
            break;
        }
        full += 1;
        limit = if limit < INDEX_BYTES { (limit * 11).min(INDEX_BYTES + 1) } else { limit * 6 / 5 };
        assert!(limit < ENOUGH_BYTES, "{limit} bytes are not enough");
    }
    println!("\nfull {full} times");
}

#[test]
fn a_full_disk_at_any_step_of_a_run_is_told_and_costs_no_whole_file() {
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "full_disk::role_collect_on_a_full_disk", "--nocapture"])
        .env(ROLE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("\nfull "), "{said}");
    // While files came, and when all were there.
    for step in ["full, 0 of 4 files were whole", "full, 4 of 4 files were whole", "enough, 4 of 4"] {
        assert!(said.contains(step), "{step}: {said}");
    }
}
