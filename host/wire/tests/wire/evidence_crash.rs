//! The log when its writer or its disk fails: this binary runs itself again as the writer.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_wire::evidence::{LogEvent, Record};
use plimsoll_wire::{EvidenceError, EvidenceLog};

use crate::story::{header, read};

const LOG: &str = "PLIMSOLL_TEST_EVIDENCE_LOG";

fn event(n: u64) -> Record {
    Record::Event(LogEvent::RoundAbandoned { epoch: n.into(), why: "x".repeat(300 + (n % 977) as usize) })
}

/// This binary, told to run one of its tests alone as the writer of `log`, through a shell that runs `before`.
fn writer(test: &str, before: &str, log: &Path) -> Command {
    let mut command = Command::new("sh");
    let me = std::env::current_exe().unwrap();
    command.args(["-c", &format!("{before} exec \"$0\" --exact \"$1\" --nocapture")]).arg(me).arg(test);
    command.env(LOG, log).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn told_to_write() -> Option<PathBuf> {
    std::env::var_os(LOG).map(PathBuf::from)
}

#[test]
fn a_writer_that_is_killed_leaves_a_log_that_opens_and_holds() {
    if let Some(path) = told_to_write() {
        let mut log = EvidenceLog::open(&path, &header()).unwrap();
        for n in log.head().0.. {
            log.append(&event(n)).unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.ndjson");
    let (mut lines, mut len_bytes) = (0, 0);
    for n in 0..12u64 {
        let test = "evidence_crash::a_writer_that_is_killed_leaves_a_log_that_opens_and_holds";
        let mut child = writer(test, "", &path).spawn().unwrap();
        let started = Instant::now();
        while std::fs::metadata(&path).map_or(0, |file| file.len()) <= len_bytes {
            assert!(started.elapsed() < Duration::from_secs(60), "the writer does not write");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(n * 700));
        child.kill().unwrap();
        child.wait().unwrap();
        let (now, _) = EvidenceLog::open(&path, &header()).unwrap().head();
        assert!(now >= lines, "the log lost whole lines");
        lines = now;
        len_bytes = std::fs::metadata(&path).unwrap().len();
    }
    assert!(lines > 12, "the writers never got to write");
    assert_eq!(read(&std::fs::read(&path).unwrap()).unwrap().len() as u64 + 1, lines);
}

#[test]
fn a_write_that_fails_leaves_no_half_line_and_nothing_is_added_behind_it() {
    if let Some(path) = told_to_write() {
        let mut log = EvidenceLog::open(&path, &header()).unwrap();
        let failed = (0..).find_map(|n| log.append(&event(n)).err()).unwrap();
        assert!(matches!(failed, EvidenceError::Io { action: "write a record", .. }), "{failed}");
        assert!(matches!(log.append(&event(1)), Err(EvidenceError::Poisoned(_))));
        let why = log.sync().unwrap_err().to_string();
        assert!(
            why.ends_with("a write failed before, nothing is added any more: open the log anew"),
            "{why}"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.ndjson");
    let test = "evidence_crash::a_write_that_fails_leaves_no_half_line_and_nothing_is_added_behind_it";
    // Files of this process may grow to 64 blocks of 512 bytes (or 1 KiB), then writes fail.
    let status = writer(test, "trap '' XFSZ; ulimit -f 64;", &path).status().unwrap();
    assert!(status.success());
    let bytes = std::fs::read(&path).unwrap();
    assert!(bytes.len() > 10_000 && bytes.ends_with(b"\n"), "{}", bytes.len());
    assert!(read(&bytes).is_ok());
    EvidenceLog::open(&path, &header()).unwrap().append(&event(0)).unwrap();
}
