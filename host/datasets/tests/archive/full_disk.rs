//! A disk that is full at every step: a limit on the size of files makes the same writes fail. Each step runs in a
//! process of its own, for the limit holds for all of one.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use plimsoll_core::NetUid;
use plimsoll_datasets::archive::{Archive, ArchiveError, Depth};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::support::{check_day, collect, facts, place};

const LIMIT: &str = "PLIMSOLL_TEST_FILE_BYTES";
const FOLDER: &str = "PLIMSOLL_TEST_FULL_ARCHIVE";
const MINERS: u16 = 30;

/// Collects a second day with files of no more than the parent's limit, and must say that the disk is full.
#[test]
fn role_collect_on_a_full_disk() {
    let (Some(folder), Ok(limit)) = (env::var_os(FOLDER), env::var(LIMIT)) else { return };
    let folder = Path::new(&folder);
    let mut archive = Archive::open(folder).unwrap();
    let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: Some(limit.parse().unwrap()), maximum }).unwrap();
    let error = try_to_collect(&mut archive).unwrap_err();
    assert!(error.is_full_disk(), "{error}");
    setrlimit(Resource::Fsize, Rlimit { current: maximum, maximum }).unwrap();
    drop(archive);
    println!("\nfull");
}

fn try_to_collect(archive: &mut Archive) -> Result<(), ArchiveError> {
    // More than either file has room for.
    let bytes = crate::support::dataset(10_000..22_000);
    let mut batch = archive.batch()?;
    let file = plimsoll_datasets::archive::NewFile {
        bytes: &bytes,
        rows: &crate::support::rows_of(&bytes),
        witness: Default::default(),
        from: None,
    };
    batch.put(&file)?;
    batch.snapshot(facts(200, Vec::new()), None, 0, false)?;
    batch.commit()
}

#[test]
fn a_full_disk_is_told_and_loses_nothing_that_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    collect(&mut Archive::open(folder.path()).unwrap(), 1, MINERS);
    let len = |name: &str| fs::metadata(folder.path().join("archive").join(name)).unwrap().len();
    let (pack, index) = (len("packs/00000000.pack"), len("index.redb"));
    // No byte more in the pack; some of its blocks; all of them, but not the index that grows.
    for limit in [pack, pack + 70_000, index] {
        let output = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
            .arg(env::current_exe().unwrap())
            .args(["--exact", "full_disk::role_collect_on_a_full_disk", "--nocapture"])
            .env(FOLDER, folder.path())
            .env(LIMIT, limit.to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("full\n"), "with {limit} bytes: {said}");
        let archive = Archive::open_to_read(folder.path()).unwrap();
        check_day(&archive, 1, MINERS);
        assert_eq!(archive.newest(NetUid(96)).unwrap().unwrap().place, place(100));
        assert!(archive.fsck(Depth::Objects).unwrap().is_sound());
    }
    let mut archive = Archive::open(folder.path()).unwrap();
    try_to_collect(&mut archive).unwrap();
    check_day(&archive, 1, MINERS);
}
