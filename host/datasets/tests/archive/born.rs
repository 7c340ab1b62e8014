//! An archive that is being made when its process is killed: the next one makes it.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use plimsoll_datasets::archive::Archive;

const FOLDER: &str = "PLIMSOLL_TEST_BORN";

/// Makes an archive; a test of its own too.
#[test]
fn role_make_an_archive() {
    let own = tempfile::tempdir().unwrap();
    let folder = env::var_os(FOLDER).map_or(own.path().to_owned(), Into::into);
    Archive::open(&folder).unwrap();
}

#[test]
fn an_archive_whose_maker_was_killed_is_made_by_the_next() {
    let make = |folder: &std::path::Path| {
        Command::new(env::current_exe().unwrap())
            .args(["--exact", "born::role_make_an_archive"])
            .env(FOLDER, folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let first = tempfile::tempdir().unwrap();
    let began = Instant::now();
    assert!(make(first.path()).wait().unwrap().success());
    let took = began.elapsed();
    let mut killed = 0;
    for kill in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let mut child = make(folder.path());
        thread::sleep(Duration::from_secs_f64(took.as_secs_f64() * f64::from(kill) / 40.0));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        let archive = Archive::open(folder.path()).unwrap_or_else(|e| panic!("after kill {kill}: {e}"));
        assert_eq!(archive.snapshots().unwrap(), []);
    }
    assert!(killed > 0);
}

#[test]
fn what_a_killed_maker_left_is_no_index() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("archive")).unwrap();
    fs::write(folder.path().join("archive/index.redb.draft"), [7; 5000]).unwrap();
    drop(Archive::open(folder.path()).unwrap());
    assert!(!folder.path().join("archive/index.redb.draft").exists());
    Archive::open_to_read(folder.path()).unwrap();
}
