//! A disk that is full at every step: a limit on the size of files makes the same writes fail. Each step runs in a
//! process of its own, for the limit holds for all of one.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use plimsoll_core::{NetUid, Uid};
use plimsoll_datasets::archive::{Archive, ArchiveError, Depth, Retention, Stale};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::support::{check_day, collect, dataset_of, facts, files, place, put, version_of};

const LIMIT: &str = "PLIMSOLL_TEST_FILE_BYTES";
const FOLDER: &str = "PLIMSOLL_TEST_FULL_ARCHIVE";
const STEP: &str = "PLIMSOLL_TEST_FULL_STEP";
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

/// What a role said, which must end well.
fn in_a_process(role: &str, folder: &Path, limit: u64, step: &str) -> String {
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(env::current_exe().unwrap())
        .args(["--exact", &format!("full_disk::{role}"), "--nocapture"])
        .env(FOLDER, folder)
        .env(LIMIT, limit.to_string())
        .env(STEP, step)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "with {limit} bytes: {said}");
    said.into_owned()
}

#[test]
fn a_full_disk_is_told_and_loses_nothing_that_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    collect(&mut Archive::open(folder.path()).unwrap(), 1, MINERS);
    let len = |name: &str| fs::metadata(folder.path().join("archive").join(name)).unwrap().len();
    let (pack, index) = (len("packs/00000000.pack"), len("index.redb"));
    // No byte more in the pack; some of its blocks; all of them, but not the index that grows.
    for limit in [pack, pack + 70_000, index] {
        let said = in_a_process("role_collect_on_a_full_disk", folder.path(), limit, "");
        assert!(said.contains("full\n"), "with {limit} bytes: {said}");
        let archive = Archive::open_to_read(folder.path()).unwrap();
        check_day(&archive, 1, MINERS);
        assert_eq!(archive.newest(NetUid(96)).unwrap().unwrap().place, place(100));
        assert!(archive.fsck(Depth::Objects).unwrap().is_sound());
    }
    let mut archive = Archive::open(folder.path()).unwrap();
    try_to_collect(&mut archive).unwrap();
    check_day(&archive, 1, MINERS);
}

/// A step of the archive's keeper, with files of no more than the parent's limit; tells whether the disk was full.
#[test]
fn role_keep_house_on_a_full_disk() {
    let (Some(folder), Ok(step)) = (env::var_os(FOLDER), env::var(STEP)) else { return };
    let folder = Path::new(&folder);
    let mut archive = Archive::open(folder).unwrap();
    archive.set_pack_bytes(20_000);
    let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
    let limit = env::var(LIMIT).unwrap().parse().unwrap();
    setrlimit(Resource::Fsize, Rlimit { current: Some(limit), maximum }).unwrap();
    let ended = keep_house(&mut archive, folder, &step);
    // What is still on its way to the disk has met the limit too.
    drop(archive);
    setrlimit(Resource::Fsize, Rlimit { current: maximum, maximum }).unwrap();
    match ended {
        Ok(()) => println!("\nenough"),
        Err(error) => {
            assert!(error.is_full_disk(), "{error}");
            println!("\nfull");
        }
    }
}

fn keep_house(archive: &mut Archive, folder: &Path, step: &str) -> Result<(), ArchiveError> {
    match step {
        "let go" => archive.gc(&Retention { last: Some(1), ..Retention::default() }).map(|_| ()),
        "write out" => archive.checkout(place(400), &folder.join("out"), &[], Stale::Keep).map(|_| ()),
        _ => {
            for uid in 1..MINERS {
                let bytes = dataset_of(uid, version_of(uid, 1));
                let file = plimsoll_datasets::archive::NewFile {
                    bytes: &bytes,
                    rows: &crate::support::rows_of(&bytes),
                    witness: Default::default(),
                    from: None,
                };
                let mut batch = archive.batch()?;
                batch.put(&file)?;
                batch.commit()?;
            }
            Ok(())
        }
    }
}

fn four_days(folder: &Path) {
    let mut archive = Archive::open(folder).unwrap();
    archive.set_pack_bytes(20_000);
    (1..=4).for_each(|day| collect(&mut archive, day, MINERS));
}

const HOUSE: &str = "role_keep_house_on_a_full_disk";

#[test]
fn a_disk_that_is_full_while_old_days_are_let_go_of_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    four_days(folder.path());
    let index = fs::metadata(folder.path().join("archive/index.redb")).unwrap().len();
    let mut full = 0;
    // No pack can be begun; none can be written; only the index cannot be; all can.
    for limit in [10, 5_000, index - 1, index * 4] {
        let said = in_a_process(HOUSE, folder.path(), limit, "let go");
        let is_full = said.contains("\nfull\n");
        full += u32::from(is_full);
        assert!(is_full || limit > index - 2, "with {limit} bytes: {said}");
        let archive = Archive::open(folder.path()).unwrap();
        let kept = archive.snapshots().unwrap().len() as u64;
        assert!(kept == 4 || (kept == 1 && limit >= index - 1), "with {limit} bytes {kept} are kept");
        (5 - kept..=4).for_each(|day| check_day(&archive, day, MINERS));
        let report = archive.fsck(Depth::Objects).unwrap();
        assert!(report.is_sound() && report.notes.is_empty(), "with {limit} bytes: {report:?}");
    }
    assert!(full >= 2);
    assert_eq!(Archive::open_to_read(folder.path()).unwrap().snapshots().unwrap().len(), 1);
}

#[test]
fn a_disk_that_is_full_while_files_are_written_out_leaves_no_half_of_one() {
    let folder = tempfile::tempdir().unwrap();
    four_days(folder.path());
    let out = folder.path().join("out");
    let archive = Archive::open_to_read(folder.path()).unwrap();
    archive.checkout(place(100), &out, &[], Stale::Keep).unwrap();
    let dataset = |day: u64, uid: u16| archive.restore(place(day * 100), Uid(uid)).unwrap();
    for limit in [0, 1_000] {
        let said = in_a_process(HOUSE, folder.path(), limit, "write out");
        assert!(said.contains("\nfull\n"), "with {limit} bytes: {said}");
        assert_eq!(files(&out).len(), usize::from(MINERS) - 1, "with {limit} bytes");
        for uid in 1..MINERS {
            let path = out.join(format!("miner_datasets/miner_{uid}/data.jsonl"));
            let found = fs::read(path).unwrap();
            assert!(found == dataset(1, uid) || found == dataset(4, uid), "uid {uid} with {limit} bytes");
        }
    }
    assert!(in_a_process(HOUSE, folder.path(), 1 << 30, "write out").contains("\nenough\n"));
    for uid in 1..MINERS {
        let path = out.join(format!("miner_datasets/miner_{uid}/data.jsonl"));
        assert_eq!(fs::read(path).unwrap(), dataset(4, uid));
    }
}

#[test]
fn a_disk_that_is_full_while_damage_is_mended_leaves_it_to_be_mended() {
    let folder = tempfile::tempdir().unwrap();
    collect(&mut Archive::open(folder.path()).unwrap(), 1, MINERS);
    let pack = folder.path().join("archive/packs/00000000.pack");
    let mut bytes = fs::read(&pack).unwrap();
    // In the first block of lines.
    bytes[300] ^= 1;
    fs::write(&pack, &bytes).unwrap();
    let damaged = || Archive::open_to_read(folder.path()).unwrap().fsck(Depth::Objects).unwrap();
    let before = damaged();
    assert!(!before.affected.is_empty());
    // No pack can be begun; blocks have room, but not the index.
    for limit in [0, 5_000] {
        let said = in_a_process(HOUSE, folder.path(), limit, "mend");
        assert!(said.contains("\nfull\n"), "with {limit} bytes: {said}");
        // The next writer cuts off what was not committed.
        drop(Archive::open(folder.path()).unwrap());
        assert_eq!(damaged().damages, before.damages, "with {limit} bytes");
    }
    assert!(in_a_process(HOUSE, folder.path(), 1 << 30, "mend").contains("\nenough\n"));
    let mut archive = Archive::open(folder.path()).unwrap();
    assert!(put(&mut archive, &dataset_of(1, version_of(1, 1))).healed == 0, "it is mended");
    check_day(&archive, 1, MINERS);
    archive.gc(&Retention::default()).unwrap();
    assert!(archive.fsck(Depth::Objects).unwrap().is_sound());
}
