//! One miner in a snapshot, and its canonical bytes.
//!
//! ```text
//! uid (2)  hotkey (32)
//! coldkey:    0, or 1 and 32 bytes
//! commitment: 0, or 1, its block (8), raw bytes (2), their BLAKE3's first bytes (8),
//!             then 0, or 1 and namespace, revision, competition, each behind its length (1)
//! outcome:    0 nothing to fetch
//!             1 object (32), bytes (8), rows (4), valid rows (4), the commit that was served (20)
//!             2 kind, text, each behind its length (1)
//! ```

use plimsoll_core::{Digest, Hotkey, Uid};

use super::bytes::{Fields, put_text};
use super::error::ArchiveError;
use super::note::CommitmentNote;

/// One miner of a subnet at a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub uid: Uid,
    /// Who held the place.
    pub hotkey: Hotkey,
    /// Whose hotkey that is, where it was asked for.
    pub coldkey: Option<Hotkey>,
    /// What it had committed.
    pub commitment: Option<CommitmentNote>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a miner's dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// There was nothing to fetch.
    Skipped,
    /// It is kept.
    Kept {
        /// The file, by the BLAKE3 of its bytes.
        object: Digest,
        /// Its bytes.
        bytes: u64,
        /// Rows of it.
        rows: u32,
        /// Those that the competition counts.
        valid: u32,
        /// The commit that the hub served.
        commit: [u8; 20],
    },
    /// It could not be had.
    Failed {
        /// The sort of failure, in lower-case letters and hyphens.
        kind: String,
        /// A sentence for people; the same failure has the same sentence, so that entries stay the same.
        text: String,
    },
}

impl Entry {
    /// # Errors
    /// [`ArchiveError::Facts`] for what cannot be recorded.
    pub(super) fn check(&self) -> Result<(), ArchiveError> {
        if let Some(source) = self.commitment.as_ref().and_then(|note| note.source.as_ref()) {
            source.check()?;
        }
        self.check_outcome()
    }

    fn check_outcome(&self) -> Result<(), ArchiveError> {
        match &self.outcome {
            Outcome::Skipped => Ok(()),
            Outcome::Kept { rows, valid, .. } if valid <= rows => Ok(()),
            Outcome::Kept { rows, valid, .. } => {
                let why = format!("uid {} has {valid} valid rows of {rows}", self.uid);
                Err(ArchiveError::Facts { field: "rows", why })
            }
            Outcome::Failed { kind, text } => check_failure(kind, text),
        }
    }

    /// The canonical bytes; the entry has been checked.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = self.uid.0.to_le_bytes().to_vec();
        out.extend_from_slice(&self.hotkey.0);
        out.push(u8::from(self.coldkey.is_some()));
        out.extend(self.coldkey.iter().flat_map(|key| key.0));
        out.push(u8::from(self.commitment.is_some()));
        if let Some(note) = &self.commitment {
            note.encode(&mut out);
        }
        match &self.outcome {
            Outcome::Skipped => out.push(0),
            Outcome::Kept { object, bytes, rows, valid, commit } => {
                out.push(1);
                out.extend_from_slice(&object.0);
                out.extend_from_slice(&bytes.to_le_bytes());
                out.extend_from_slice(&rows.to_le_bytes());
                out.extend_from_slice(&valid.to_le_bytes());
                out.extend_from_slice(commit);
            }
            Outcome::Failed { kind, text } => {
                out.push(2);
                put_text(&mut out, kind);
                put_text(&mut out, text);
            }
        }
        out
    }

    /// `None` for bytes that are not an entry's canonical ones.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::of(bytes);
        let (uid, hotkey) = (Uid(fields.u16()?), Hotkey(fields.array()?));
        let coldkey = match fields.u8()? {
            0 => None,
            1 => Some(Hotkey(fields.array()?)),
            _ => return None,
        };
        let commitment = match fields.u8()? {
            0 => None,
            1 => Some(CommitmentNote::decode(&mut fields)?),
            _ => return None,
        };
        let outcome = match fields.u8()? {
            0 => Outcome::Skipped,
            1 => Outcome::Kept {
                object: fields.digest()?,
                bytes: fields.u64()?,
                rows: fields.u32()?,
                valid: fields.u32()?,
                commit: fields.array()?,
            },
            2 => Outcome::Failed { kind: fields.text()?.to_owned(), text: fields.text()?.to_owned() },
            _ => return None,
        };
        let entry = fields.whole(Self { uid, hotkey, coldkey, commitment, outcome })?;
        entry.check_outcome().ok().map(|()| entry)
    }

    /// The kept object.
    #[must_use]
    pub const fn object(&self) -> Option<Digest> {
        match &self.outcome {
            Outcome::Kept { object, .. } => Some(*object),
            _ => None,
        }
    }
}

fn check_failure(kind: &str, text: &str) -> Result<(), ArchiveError> {
    let is_kind = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if kind.is_empty() || kind.len() > 40 || !kind.bytes().all(is_kind) {
        let why = "expected at most 40 lower-case letters, digits and hyphens".to_owned();
        return Err(ArchiveError::Facts { field: "kind of failure", why });
    }
    if text.len() > 255 || text.chars().any(char::is_control) {
        let why = "expected at most 255 bytes without control characters".to_owned();
        return Err(ArchiveError::Facts { field: "text of failure", why });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::note::{RawNote, Source};
    use super::*;
    use plimsoll_core::BlockNumber;
    use proptest::prelude::*;

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            Just(Outcome::Skipped),
            any::<([u8; 32], u64, u32, [u8; 20])>().prop_map(|(object, bytes, rows, commit)| Outcome::Kept {
                object: Digest(object),
                bytes,
                rows,
                valid: rows / 2,
                commit
            }),
            ("[a-z-]{1,40}", "[ -~é]{0,100}").prop_map(|(kind, text)| Outcome::Failed { kind, text }),
        ]
    }

    prop_compose! {
        fn entry()(
            uid: u16, hotkey: [u8; 32], coldkey: Option<[u8; 32]>, outcome in outcome(),
            note: Option<(u64, [u8; 9], bool)>, name in "[a-z0-9]{1,9}/[a-zA-Z0-9_]{1,60}",
        ) -> Entry {
            let source = Source { namespace: name, revision: "main".into(), competition: "1".into() };
            let commitment = note.map(|(block, raw, is_ours)| CommitmentNote {
                block: BlockNumber(block),
                raw: RawNote::of(&raw),
                source: is_ours.then_some(source),
            });
            Entry { uid: Uid(uid), hotkey: Hotkey(hotkey), coldkey: coldkey.map(Hotkey), commitment, outcome }
        }
    }

    proptest! {
        #[test]
        fn an_entry_comes_back_and_has_one_form(entry in entry(), at: prop::sample::Index, bit in 0..8) {
            let bytes = entry.encode();
            prop_assert_eq!(Entry::decode(&bytes), Some(entry));
            prop_assert_eq!(Entry::decode(&bytes[..bytes.len() - 1]), None);
            let mut other = bytes.clone();
            other[at.index(bytes.len())] ^= 1u8 << bit;
            if let Some(changed) = Entry::decode(&other) {
                prop_assert_eq!(changed.encode(), other);
            }
        }
    }

    #[test]
    fn a_failure_must_be_printable_and_more_valid_rows_than_rows_are_refused() {
        let entry = |outcome| Entry {
            uid: Uid(7),
            hotkey: Hotkey([1; 32]),
            coldkey: None,
            commitment: None,
            outcome,
        };
        let failed = |kind: &str, text: &str| entry(Outcome::Failed { kind: kind.into(), text: text.into() });
        for bad in
            [failed("", "x"), failed("Gone", "x"), failed("gone", "a\nb"), failed("gone", &"x".repeat(256))]
        {
            assert!(bad.check().is_err(), "{bad:?}");
        }
        let kept = Outcome::Kept { object: Digest([1; 32]), bytes: 1, rows: 2, valid: 3, commit: [0; 20] };
        assert_eq!(entry(kept).check().unwrap_err().to_string(), "rows: uid 7 has 3 valid rows of 2");
        failed("no-file", "the repository has no data.jsonl").check().unwrap();
    }
}
