//! Two collectors at once, and readers beside one.

use plimsoll_core::NetUid;
use plimsoll_datasets::archive::{Archive, ArchiveError};

use crate::support::{check_day, collect};
use std::process::{Command, Stdio};
use std::{env, io::BufRead, io::BufReader, io::Read};

const FOLDER: &str = "PLIMSOLL_TEST_HELD_ARCHIVE";

/// Holds the archive until its input ends.
#[test]
fn role_hold_the_archive() {
    let own = tempfile::tempdir().unwrap();
    let is_child = env::var_os(FOLDER);
    let folder = is_child.clone().map_or(own.path().to_owned(), Into::into);
    let mut archive = Archive::open(&folder).unwrap();
    collect(&mut archive, 1, 5);
    println!("\nheld");
    if is_child.is_some() {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
    }
}

#[test]
fn a_second_collector_is_told_who_has_the_archive_and_a_reader_reads() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "two_processes::role_hold_the_archive", "--nocapture"])
        .env(FOLDER, folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.any(|line| line == "held"));
    let text = Archive::open(folder.path()).unwrap_err().to_string();
    assert!(text.contains(&format!(" is in use by process {} (", child.id())), "{text}");
    let mut reader = Archive::open_to_read(folder.path()).unwrap();
    check_day(&reader, 1, 5);
    assert!(matches!(reader.batch().err().unwrap(), ArchiveError::ReadOnly { .. }));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    // The reader stays open and follows the next collector.
    let mut archive = Archive::open(folder.path()).unwrap();
    collect(&mut archive, 2, 5);
    assert_eq!(reader.newest(NetUid(96)).unwrap().unwrap().place.block.0, 200);
    check_day(&reader, 2, 5);
}
