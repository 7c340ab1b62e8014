//! Made-up rows and entries of an archive.

use plimsoll_core::{BlockNumber, Digest, Hotkey, Uid};

use super::chance::Chance;
use crate::archive::{CommitmentNote, Entry, Outcome, Place, RawNote, SnapshotFacts, Source};

/// 4,096 words, whose letters are about as frequent as in text.
pub(super) struct Words(Vec<Vec<u8>>);

impl Words {
    pub(super) fn new() -> Self {
        let mut chance = Chance::new(4096);
        let mut letter = || b"etaoinshrdlcumwfgypbvk"[(chance.below(22) * chance.below(22) / 21) as usize];
        let mut word = |at: usize| (0..3 + at % 6).map(|_| letter()).chain([b' ']).collect();
        Self((0..4096).map(&mut word).collect())
    }

    /// Appends the row of a number: about 726 bytes of JSON, the same for the same number.
    pub(super) fn row(&self, number: u64, out: &mut Vec<u8>) {
        let mut chance = Chance::new(number);
        let end = out.len() + 640 + chance.below(100) as usize;
        out.extend_from_slice(
            format!("{{\"system\": null, \"id\": {number}, \"conversations\": [\"").as_bytes(),
        );
        while out.len() < end {
            // Some words are more frequent than others.
            out.extend_from_slice(&self.0[(chance.below(4096) * chance.below(4096) / 4096) as usize]);
        }
        out.extend_from_slice(b"\"]}\n");
    }
}

/// What a miner's dataset is recorded as; `version` makes the commit.
pub(super) fn entry(uid: u16, version: u64, object: Digest, bytes: u64, rows: u32) -> Entry {
    let mut commit = [0; 20];
    commit.copy_from_slice(&Digest::of(format!("{uid} {version}").as_bytes()).0[..20]);
    let source = Source {
        namespace: format!("account-{}/dataset-of-miner-{uid}", uid % 56),
        revision: hex::encode(commit),
        competition: "1".to_owned(),
    };
    let raw = RawNote::of(format!("{}:1:{}", source.namespace, source.revision).as_bytes());
    let commitment = Some(CommitmentNote { block: BlockNumber(version), raw, source: Some(source) });
    let hotkey = Hotkey(Digest::of(&uid.to_le_bytes()).0);
    let outcome = Outcome::Kept { object, bytes, rows, valid: rows, commit };
    Entry { uid: Uid(uid), hotkey, coldkey: None, commitment, outcome }
}

/// A snapshot of a chain that there is not.
pub(super) fn facts(place: Place, entries: Vec<Entry>) -> SnapshotFacts {
    SnapshotFacts {
        chain: Digest([1; 32]),
        place,
        block_hash: Digest::default(),
        entries,
        standings: Default::default(),
    }
}
