//! A small subnet whose datasets share rows.

use std::path::Path;

use plimsoll_core::{BlockNumber, Digest, Hotkey, NetUid, Uid};
use plimsoll_datasets::RowId;
use plimsoll_datasets::archive::{
    Archive, CommitmentNote, Entry, NewFile, Outcome, Place, Put, RawNote, SnapshotFacts, Source, Witness,
};

pub(crate) const CHAIN: Digest = Digest([0x2f; 32]);

pub(crate) fn place(block: u64) -> Place {
    Place { netuid: NetUid(96), block: BlockNumber(block) }
}

/// Row `number` of a pool, about 200 bytes.
pub(crate) fn row(number: u64) -> String {
    let digest = Digest::of(&number.to_le_bytes());
    let words = "the same words in every row of it ".repeat(2);
    format!("{{\"system\": null, \"conversations\": [\"{digest}\", \"{words}\"]}}\n")
}

/// A dataset of these rows of the pool.
pub(crate) fn dataset(rows: impl IntoIterator<Item = u64>) -> Vec<u8> {
    rows.into_iter().map(row).collect::<String>().into_bytes()
}

/// The row of each line that is not blank, by the line's own bytes.
pub(crate) fn rows_of(bytes: &[u8]) -> Vec<(usize, RowId)> {
    let mut rows = Vec::new();
    let mut at = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if line != b"\n" {
            rows.push((at, RowId::of(line.trim_ascii_end())));
        }
        at += line.len();
    }
    rows
}

pub(crate) fn commit_of(uid: u16, version: u64) -> String {
    hex::encode(&Digest::of(format!("{uid} {version}").as_bytes()).0[..20])
}

/// Puts in one file of a batch of its own.
pub(crate) fn put(archive: &mut Archive, bytes: &[u8]) -> Put {
    let rows = rows_of(bytes);
    let mut batch = archive.batch().unwrap();
    let put = batch.put(&NewFile { bytes, rows: &rows, witness: Witness::default(), from: None }).unwrap();
    batch.commit().unwrap();
    put
}

pub(crate) fn entry(uid: u16, version: u64, outcome: Outcome) -> Entry {
    let source = Source {
        namespace: format!("owner-{}/set-{uid}", uid % 5),
        revision: commit_of(uid, version),
        competition: "1".to_owned(),
    };
    let raw = RawNote::of(format!("{}:1:{}", source.namespace, source.revision).as_bytes());
    let note = CommitmentNote { block: BlockNumber(1000 + version), raw, source: Some(source) };
    let hotkey = Hotkey(Digest::of(&uid.to_le_bytes()).0);
    Entry { uid: Uid(uid), hotkey, coldkey: None, commitment: Some(note), outcome }
}

pub(crate) fn kept(put: &Put, bytes: &[u8], uid: u16, version: u64) -> Outcome {
    let rows = rows_of(bytes).len() as u32;
    let commit = hex::decode(commit_of(uid, version)).unwrap().try_into().unwrap();
    Outcome::Kept { object: put.object, bytes: bytes.len() as u64, rows, valid: rows, commit }
}

/// What uid has on a day: a third of the uids change every day.
pub(crate) fn version_of(uid: u16, day: u64) -> u64 {
    (day + u64::from(uid % 3)) / 3
}

/// The dataset of a uid at a version: 20 rows, most of them as the version before.
pub(crate) fn dataset_of(uid: u16, version: u64) -> Vec<u8> {
    dataset((0..20).map(|row| (u64::from(uid) * 7 + row * (1 + version % 2) + version * 2) % 500))
}

/// A day of `miners` miners, put in and committed at block `100 * day`; uid 0 never committed anything.
pub(crate) fn collect(archive: &mut Archive, day: u64, miners: u16) {
    let mut batch = archive.batch().unwrap();
    let mut entries = Vec::new();
    for uid in 1..miners {
        let version = version_of(uid, day);
        let bytes = dataset_of(uid, version);
        let (rows, name, commit) =
            (rows_of(&bytes), format!("owner-{}/set-{uid}", uid % 5), commit_of(uid, version));
        let from = Some((name.as_str(), commit.as_str()));
        let file = NewFile { bytes: &bytes, rows: &rows, witness: Witness::default(), from };
        let put = batch.put(&file).unwrap();
        entries.push(entry(uid, version, kept(&put, &bytes, uid, version)));
    }
    let mut none = entry(0, 0, Outcome::Skipped);
    none.commitment = None;
    entries.push(none);
    batch.snapshot(facts(day * 100, entries), None, 1_700_000_000_000, false).unwrap();
    batch.commit().unwrap();
}

pub(crate) fn facts(block: u64, entries: Vec<Entry>) -> SnapshotFacts {
    let (block_hash, standings) = (Digest([0; 32]), Default::default());
    SnapshotFacts { chain: CHAIN, place: place(block), block_hash, entries, standings }
}

/// That every dataset of a day is there, byte for byte, with its rows.
pub(crate) fn check_day(archive: &Archive, day: u64, miners: u16) {
    let rows = archive.rows(place(day * 100)).unwrap();
    assert_eq!(rows.len(), usize::from(miners) - 1);
    for uid in 1..miners {
        let bytes = dataset_of(uid, version_of(uid, day));
        assert_eq!(archive.restore(place(day * 100), Uid(uid)).unwrap(), bytes, "uid {uid} on day {day}");
        let expected: Vec<RowId> = rows_of(&bytes).into_iter().map(|(_, id)| id).collect();
        assert_eq!(rows[usize::from(uid) - 1].rows, expected);
    }
}

/// All files below a folder with their bytes.
pub(crate) fn files(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}
