//! The log as a file: what it looks like, and that no byte of it can change unseen.

use std::path::Path;

use plimsoll_core::Digest;
use plimsoll_wire::evidence::{LogEvent, LogHeader, Record};
use plimsoll_wire::{EvidenceError, EvidenceLog, EvidenceReader};
use proptest::prelude::*;

use crate::story::{header, read, short, whole, write};

fn bytes_of(records: &[Record]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.ndjson");
    write(&path, records);
    std::fs::read(path).unwrap()
}

#[test]
fn a_log_reads_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.ndjson");
    let records = whole();
    write(&path, &records);
    let mut reader = EvidenceReader::open(&path).unwrap();
    assert_eq!(*reader.header(), header());
    for (n, record) in records.iter().enumerate() {
        let entry = reader.next().unwrap().unwrap();
        assert_eq!((entry.line, &entry.record), (n as u64 + 1, record));
    }
    assert!(reader.next().is_none());
}

/// The chain as the documentation tells it, computed without the crate.
#[test]
fn the_chain_is_what_its_documentation_says() {
    let text = String::from_utf8(bytes_of(&whole())).unwrap();
    let mut previous = "0".repeat(64);
    for (n, line) in text.strip_suffix('\n').unwrap().split('\n').enumerate() {
        assert!(
            line.starts_with(&format!(r#"{{"line":{n},"previous":"{previous}","record":{{"kind":"#)),
            "{line}"
        );
        let (head, tail) = line.rsplit_once(",\"digest\":").unwrap();
        assert_eq!(tail, format!("\"{}\"}}", blake3::hash(head.as_bytes()).to_hex()));
        previous = blake3::hash(line.as_bytes()).to_hex().to_string();
    }
}

#[test]
fn the_format_never_changes() {
    let bytes = bytes_of(&short());
    let text = String::from_utf8(bytes).unwrap();
    let opened = text.lines().nth(1).unwrap();
    let record = opened.split_once("\"record\":").unwrap().1.rsplit_once(",\"digest\"").unwrap().0;
    assert_eq!(
        record,
        format!(
            r#"{{"kind":"round-opened","epoch":1,"block":100,"beacon":"{}","secret_digest":"{}"}}"#,
            "be".repeat(32),
            Digest::of(&[0x5E; 32])
        )
    );
    assert_eq!(Digest::of(text.as_bytes()).to_string(), SHORT_LOG_DIGEST);
}

const SHORT_LOG_DIGEST: &str = "1f67774ad2faf67042b6b141455eb69793d2c700662d840c3adfbeedd4c15dc7";

#[test]
fn every_flipped_bit_of_a_short_log_is_found() {
    let good = bytes_of(&short());
    assert!(read(&good).is_ok());
    for at in 0..good.len() {
        for bit in [0, 5] {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            let why = read(&bad).unwrap_err();
            let named = matches!(why, EvidenceError::Broken { .. } | EvidenceError::Torn { .. });
            assert!(named, "byte {at}: {why}");
        }
    }
}

#[test]
fn a_short_log_cut_anywhere_is_a_clean_prefix_or_a_named_break() {
    let good = bytes_of(&short());
    let all = read(&good).unwrap();
    for cut in 0..good.len() {
        let prefix = &good[..cut];
        let whole_lines = prefix.iter().filter(|&&b| b == b'\n').count();
        match read(prefix) {
            Ok(records) => {
                assert!(prefix.ends_with(b"\n"), "byte {cut}");
                assert_eq!(records, all[..whole_lines - 1], "byte {cut}");
            }
            Err(EvidenceError::Empty) => assert_eq!(cut, 0),
            Err(EvidenceError::Torn { line, offset, bytes }) => {
                assert_eq!((line, offset + bytes), (whole_lines as u64, cut as u64));
            }
            Err(why) => panic!("byte {cut}: {why}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_flipped_byte_of_a_whole_log_is_found(at in any::<prop::sample::Index>(), mask in 1u8..) {
        static GOOD: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| bytes_of(&whole()));
        let mut bad = GOOD.clone();
        let at = at.index(bad.len());
        bad[at] ^= mask;
        let why = read(&bad).unwrap_err();
        prop_assert!(matches!(why, EvidenceError::Broken { .. } | EvidenceError::Torn { .. }), "{}", why);
    }

    /// A crash leaves any prefix. Whoever opens it again loses the torn line and nothing else, says so in the
    /// log, and goes on.
    #[test]
    fn a_log_torn_anywhere_is_opened_again(at in any::<prop::sample::Index>()) {
        static GOOD: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| bytes_of(&short()));
        let cut = at.index(GOOD.len());
        reopen_cut(&GOOD, cut);
    }

    #[test]
    fn any_bytes_at_all_are_no_log(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(&bytes).is_err());
    }
}

fn reopen_cut(good: &[u8], cut: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.ndjson");
    std::fs::write(&path, &good[..cut]).unwrap();
    let mut log = EvidenceLog::open(&path, &header()).unwrap();
    let event = Record::Event(LogEvent::RoundAbandoned { epoch: 1.into(), why: "restart".into() });
    log.append(&event).unwrap();
    let (lines, _) = log.head();
    drop(log);
    let bytes = std::fs::read(&path).unwrap();
    let kept = good[..cut].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    assert_eq!(bytes[..kept], good[..kept]);
    let records = read(&bytes).unwrap();
    assert_eq!(records.len() as u64 + 1, lines);
    let torn = (cut - kept) as u64;
    let cut_event = Record::Event(LogEvent::TornLineCut { bytes: torn });
    assert_eq!(records.iter().filter(|r| **r == cut_event).count(), usize::from(torn > 0));
    assert_eq!(records.last(), Some(&event));
}

#[test]
fn a_log_torn_at_its_edges_is_opened_again() {
    let good = bytes_of(&short());
    let first = good.iter().position(|&b| b == b'\n').unwrap();
    for cut in [0, 1, first, first + 1, first + 2, good.len() - 1, good.len()] {
        reopen_cut(&good, cut);
    }
}

#[test]
fn zeros_behind_the_last_line_are_torn_too() {
    let good = bytes_of(&short());
    reopen_cut(&[&good[..], &[0; 5000]].concat(), good.len() + 5000);
}

#[test]
fn a_hole_among_records_that_were_not_synced_is_cut_off_with_what_follows_it() {
    // A registration, a round's beginning, behind which all was synced, and six records that were not.
    let records = whole()[..8].to_vec();
    let good = bytes_of(&records);
    let ends = good.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1);
    let starts: Vec<usize> = std::iter::once(0).chain(ends).collect();
    for line in 1..=records.len() {
        let mut bad = good.clone();
        bad[starts[line] + 10..starts[line] + 60].fill(0);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("evidence.ndjson");
        std::fs::write(&path, &bad).unwrap();
        let opened = EvidenceLog::open(&path, &header());
        if line <= 2 {
            assert!(matches!(opened.unwrap_err(), EvidenceError::Broken { .. }), "line {line} was synced");
            assert_eq!(std::fs::read(&path).unwrap(), bad);
            continue;
        }
        drop(opened.unwrap());
        let kept = read(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(kept[..line - 1], records[..line - 1]);
        let bytes = (good.len() - starts[line]) as u64;
        assert_eq!(kept[line - 1..], [Record::Event(LogEvent::TornLineCut { bytes })]);
    }
}

#[test]
fn a_break_names_the_line_what_was_expected_and_what_was_found() {
    let text = String::from_utf8(bytes_of(&whole())).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| lines.iter().flat_map(|l| [*l, "\n"]).collect::<String>().into_bytes();
    let digest = |line: &str| Digest::of(line.as_bytes());

    let mut missing = lines.clone();
    missing.remove(4);
    assert_eq!(
        read(&joined(&missing)).unwrap_err().to_string(),
        format!(
            "line 4: the chain is broken at the digest of the line before: expected {}, found {}",
            digest(lines[3]),
            digest(lines[4])
        )
    );
    let mut doubled = lines.clone();
    doubled.insert(4, lines[4]);
    assert!(read(&joined(&doubled)).unwrap_err().to_string().starts_with("line 5: the chain is broken"));
    let mut swapped = lines.clone();
    swapped.swap(4, 5);
    assert!(read(&joined(&swapped)).unwrap_err().to_string().starts_with("line 4: the chain is broken"));
    let headless = joined(&lines[1..]);
    assert!(read(&headless).unwrap_err().to_string().starts_with("line 0: the chain is broken"));
    let changed = text.replacen("\"epoch\":1", "\"epoch\":2", 1);
    let why = read(changed.as_bytes()).unwrap_err().to_string();
    assert!(why.starts_with("line 2: the chain is broken at its digest: expected ,\"digest\":\""), "{why}");
}

#[test]
fn a_broken_log_is_not_opened_for_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.ndjson");
    let mut bytes = bytes_of(&short());
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let why = EvidenceLog::open(&path, &header()).unwrap_err();
    assert!(matches!(why, EvidenceError::Broken { line: 2, .. }), "{why}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "nothing is cut off a log that is broken");
}

#[test]
fn a_torn_line_is_named_to_readers_with_its_place() {
    let good = bytes_of(&short());
    let why = read(&good[..good.len() - 1]).unwrap_err().to_string();
    let offset = good[..good.len() - 1].iter().rposition(|&b| b == b'\n').unwrap() + 1;
    let bytes = good.len() - 1 - offset;
    assert_eq!(
        why,
        format!(
            "line 2: {bytes} bytes without a line feed at byte {offset}: the last line is torn; opening the \
             log for writing cuts it off"
        )
    );
}

#[test]
fn a_log_is_opened_again_under_the_same_rules_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.ndjson");
    write(&path, &short());
    let later = LogHeader { memory: b"memory".to_vec(), ..header() };
    let (lines, _) = EvidenceLog::open(&path, &later).unwrap().head();
    assert_eq!(lines, 3);
    let mut other = header();
    other.pins.incentive.plugin = Digest([0xEE; 32]);
    let why = EvidenceLog::open(&path, &other).unwrap_err().to_string();
    let expected = format!(
        "{}: the log's incentive rule is builtin:incentive-ema 05050505 with parameters {{\"alpha\":0.9,\"n\":5}}, \
         expected builtin:incentive-ema eeeeeeee with parameters {{\"alpha\":0.9,\"n\":5}}: begin a new log file",
        path.display()
    );
    assert_eq!(why, expected);
    let future = LogHeader { format: 2, ..header() };
    let path = folder.path().join("future.ndjson");
    drop(EvidenceLog::open(&path, &future).unwrap());
    let why = EvidenceReader::open(&path).unwrap_err().to_string();
    assert_eq!(why, "line 0: the log's format: expected 1, found 2");
}

#[test]
fn a_log_has_its_name_only_once_its_header_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.ndjson");
    let unfinished = folder.path().join("evidence.ndjson.new");
    // What a crash while it was begun leaves.
    std::fs::write(&unfinished, b"{\"line\":0,").unwrap();
    let log = EvidenceLog::open(&path, &header()).unwrap();
    assert!(!unfinished.exists());
    assert_eq!(log.path(), path);
    let whole = EvidenceReader::open(&path).unwrap();
    assert_eq!((whole.header(), whole.head()), (&header(), log.head()));

    // While somebody begins it, nobody else does.
    let path = folder.path().join("other.ndjson");
    let held = std::fs::File::create(folder.path().join("other.ndjson.new")).unwrap();
    held.lock().unwrap();
    let why = EvidenceLog::open(&path, &header()).unwrap_err();
    assert!(matches!(why, EvidenceError::Locked(_)), "{why}");
    assert!(!path.exists());
}

#[test]
fn two_processes_do_not_write_one_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.ndjson");
    let first = EvidenceLog::open(&path, &header()).unwrap();
    let why = EvidenceLog::open(&path, &header()).unwrap_err();
    assert_eq!(
        why.to_string(),
        format!("{}: another process holds the log; stop it or choose another file", path.display())
    );
    drop(first);
    assert!(EvidenceLog::open(&path, &header()).is_ok());
}

#[test]
fn what_is_no_file_is_no_log() {
    let why = EvidenceLog::open(Path::new("/dev/full"), &header()).unwrap_err().to_string();
    assert_eq!(why, "/dev/full: could not open the log: it is no regular file");
    let why = EvidenceReader::open(Path::new("/nowhere/log")).unwrap_err().to_string();
    assert!(why.starts_with("/nowhere/log: could not open the log: "), "{why}");
}

#[test]
fn a_record_beyond_the_cap_is_refused_and_the_log_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.ndjson");
    let mut log = EvidenceLog::open(&path, &header()).unwrap();
    let long = |why| Record::Event(LogEvent::RoundAbandoned { epoch: 1.into(), why });
    let why = log.append(&long("x".repeat(8 << 20))).unwrap_err().to_string();
    assert!(why.starts_with("a record of 8388") && why.ends_with("is too long: at most 8388608"), "{why}");
    log.append(&long("short".into())).unwrap();
    drop(log);
    assert_eq!(read(&std::fs::read(&path).unwrap()).unwrap(), [long("short".into())]);
}
