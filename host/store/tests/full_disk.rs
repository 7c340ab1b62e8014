//! Disks that are full or read-only: real ones, a small memory disk in a mount namespace of its own. Where the
//! system does not let us mount, a limit on the size of files makes the same writes fail.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use plimsoll_core::{Digest, SpaceError};
use plimsoll_store::scrub::{Depth, ScrubOptions, scrub};
use plimsoll_store::{FillOptions, Filling, Plot, StoreError, free_space};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::{eager, expected_region, fill, fill_rest, sealed, spec};

const DISK: &str = "PLIMSOLL_TEST_DISK";

/// Runs the test `name` again with a memory disk of 8 MiB, or with file limits that can be set; gives the folder
/// to whoever is already inside.
fn on_a_small_disk(name: &str) -> Option<PathBuf> {
    if let Some(folder) = env::var_os(DISK) {
        return Some(folder.into());
    }
    let folder = tempfile::tempdir().unwrap();
    let start = |script: &str, through: &[&str]| {
        let mut words: Vec<&str> = through.to_vec();
        words.extend(["sh", "-c", script, "sh"]);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(env::current_exe().unwrap());
        command.args(["--exact", name, "--nocapture"]).env(DISK, folder.path());
        command
    };
    let mount = "mount -t tmpfs -o size=8m none \"$PLIMSOLL_TEST_DISK\"";
    let can_mount = start(mount, &["unshare", "-rm"]).output().map(|output| output.status);
    let output = if can_mount.is_ok_and(|status| status.success()) {
        start(&format!("{mount} && exec \"$@\""), &["unshare", "-rm"]).output()
    } else {
        // A write beyond the limit then fails instead of ending the process.
        start("trap '' XFSZ; exec \"$@\"", &[]).output()
    };
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "on the small disk: {said}");
    None
}

fn is_mounted(folder: &Path) -> bool {
    free_space(folder).unwrap().total_bytes == 8 << 20
}

/// Leaves about `free_bytes`, or allows files of no more than `file_bytes`.
fn eat_the_disk(folder: &Path, free_bytes: u64, file_bytes: u64) {
    if is_mounted(folder) {
        let eaten = free_space(folder).unwrap().free_bytes - free_bytes;
        fs::write(folder.join("eaten"), vec![1; eaten as usize]).unwrap();
    } else {
        let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
        setrlimit(Resource::Fsize, Rlimit { current: Some(file_bytes), maximum }).unwrap();
    }
}

fn free_the_disk(folder: &Path) {
    if is_mounted(folder) {
        fs::remove_file(folder.join("eaten")).unwrap();
    } else {
        let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
        setrlimit(Resource::Fsize, Rlimit { current: maximum, maximum }).unwrap();
    }
}

#[test]
fn a_plot_larger_than_the_disk_is_refused_before_the_first_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let free = free_space(folder.path()).unwrap().free_bytes;
    let spec = spec(1 << 20, free / (1 << 20) + 100);
    let error = Filling::create_or_resume(&path, &spec, &FillOptions::default()).err().unwrap();
    match &error {
        StoreError::NoSpace { needed_bytes, free_bytes, .. } => assert!(needed_bytes > free_bytes),
        other => panic!("{other}"),
    }
    assert!(error.is_full_disk());
    let text = error.to_string();
    assert!(
        text.contains(": needs ")
            && text.contains(" are free: free ")
            && text.ends_with(" more, or lower the size"),
        "{text}"
    );
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(left, ["a.plot.lock"]);
}

#[test]
fn a_disk_that_has_no_room_at_the_start_is_left_as_it_was() {
    let Some(folder) = on_a_small_disk("a_disk_that_has_no_room_at_the_start_is_left_as_it_was") else {
        return;
    };
    eat_the_disk(&folder, 3 << 20, 3 << 20);
    let path = folder.join("a.plot");
    let error = Filling::create_or_resume(&path, &spec(1 << 20, 4), &FillOptions::default()).err().unwrap();
    if is_mounted(&folder) {
        assert!(matches!(error, StoreError::NoSpace { .. }), "{error}");
    } else {
        assert!(error.to_string().contains("cannot reserve room: File too large"), "{error}");
    }
    assert!(!path.exists() && !folder.join("a.plot.new").exists());
    let filling = Filling::create_or_resume(&path, &spec(1 << 20, 2), &FillOptions::default()).unwrap();
    fill_rest(&filling, 1).unwrap();
    filling.seal(None).unwrap();
}

#[test]
fn a_disk_that_fills_up_on_the_way_pauses_at_a_durable_point() {
    let Some(folder) = on_a_small_disk("a_disk_that_fills_up_on_the_way_pauses_at_a_durable_point") else {
        return;
    };
    let path = folder.join("a.plot");
    let spec = spec(100_000, 50);
    // Room is not reserved, as on a file system that cannot.
    let options = FillOptions { reserve: false, ..eager() };
    let filling = Filling::create_or_resume(&path, &spec, &options).unwrap();
    assert!(!filling.io_method().reserved);
    let space = filling.space();
    let put = |units: std::ops::Range<u64>| -> Result<(), SpaceError> {
        for unit in units {
            let mut bytes = vec![0; 100_000];
            plimsoll_kernels::keystream_at(
                plimsoll_kernels::Keystream::Blake3Xof,
                &support::KEY,
                unit,
                0,
                &mut bytes,
            );
            space.write_at(unit * 100_000, &bytes)?;
            filling.finished(0, plimsoll_core::Span { first: unit, count: 1 }).map_err(|e| match e {
                StoreError::Space(space) => space,
                other => panic!("{other}"),
            })?;
        }
        Ok(())
    };
    put(0..10).unwrap();
    eat_the_disk(&folder, 1_200_000, 2_200_000);
    let error = put(10..50).unwrap_err();
    match &error {
        SpaceError::Device { path: named, reason, .. } => {
            assert_eq!(*named, path.display().to_string());
            assert!(reason.starts_with("the disk is full ("), "{reason}");
            assert!(reason.ends_with("): what is finished is kept; free space, then resume"), "{reason}");
        }
        other => panic!("{other}"),
    }
    assert!(StoreError::from(error).is_full_disk());
    drop((filling, space));
    free_the_disk(&folder);
    let filling = Filling::create_or_resume(&path, &spec, &options).unwrap();
    let missing: u64 = filling.remaining(0).iter().map(|s| s.count).sum();
    assert!((20..=40).contains(&missing), "{missing} of 50 units are missing");
    fill_rest(&filling, 7).unwrap();
    let root = filling.seal(None).unwrap().header().integrity_root;
    assert_eq!(root, Digest::of(&expected_region(&spec)));
}

#[test]
fn the_same_filling_goes_on_once_there_is_room_again() {
    let Some(folder) = on_a_small_disk("the_same_filling_goes_on_once_there_is_room_again") else { return };
    let spec = spec(300_000, 12);
    let options = FillOptions { reserve: false, ..FillOptions::default() };
    let filling = Filling::create_or_resume(&folder.join("a.plot"), &spec, &options).unwrap();
    let space = filling.space();
    eat_the_disk(&folder, 1_200_000, 1_200_000);
    let piece = vec![5; 300_000];
    let failed = (0..12).map(|unit| space.write_at(unit * 300_000, &piece)).find_map(Result::err);
    assert!(matches!(failed, Some(SpaceError::Device { .. })), "{failed:?}");
    free_the_disk(&folder);
    fill(&space, &spec, plimsoll_core::Span { first: 0, count: 12 });
    filling.finished(0, plimsoll_core::Span { first: 0, count: 12 }).unwrap();
    drop(space);
    let root = filling.seal(None).unwrap().header().integrity_root;
    assert_eq!(root, Digest::of(&expected_region(&spec)));
}

#[test]
fn a_read_only_disk_serves_what_it_has_and_takes_nothing() {
    let Some(folder) = on_a_small_disk("a_read_only_disk_serves_what_it_has_and_takes_nothing") else {
        return;
    };
    let path = folder.join("a.plot");
    drop(sealed(&path, &spec(1000, 10)));
    let script = if is_mounted(&folder) { "mount -o remount,bind,ro \"$1\"" } else { "chmod 555 \"$1\"" };
    assert!(Command::new("sh").args(["-c", script, "sh"]).arg(&folder).status().unwrap().success());
    let plot = Plot::open(&path).unwrap();
    let mut bytes = [0; 100];
    plot.region().read_at(9_900, &mut bytes).unwrap();
    assert_eq!(bytes, expected_region(&spec(1000, 10))[9_900..]);
    let report = scrub(&plot, &ScrubOptions::new(Depth::Full)).unwrap();
    assert_eq!(report.findings(), Vec::<String>::new());
    // Modes do not hold root back, but nobody can make a file in /sys.
    let is_bound = is_mounted(&folder) || !rustix::process::geteuid().is_root();
    let new = if is_bound { folder.join("b.plot") } else { "/sys/kernel/b.plot".into() };
    let text =
        Filling::create_or_resume(&new, &spec(1000, 10), &FillOptions::default()).err().unwrap().to_string();
    let _ = Command::new("chmod").arg("755").arg(&folder).status();
    assert!(text.starts_with(&format!("{}.lock: cannot lock: ", new.display())), "{text}");
    assert!(
        text.contains("Read-only file system")
            || text.contains(" not permitted")
            || text.contains("Permission denied"),
        "{text}"
    );
}

#[test]
fn a_missing_folder_is_named() {
    let path = Path::new("/nowhere/at/all/a.plot");
    let text =
        Filling::create_or_resume(path, &spec(1000, 10), &FillOptions::default()).err().unwrap().to_string();
    assert_eq!(text, "folder /nowhere/at/all does not exist: create it, or mount the disk that holds it");
    assert_eq!(Plot::open(path).unwrap_err().to_string(), text);
}
