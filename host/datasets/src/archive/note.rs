//! What is recorded of a commitment, so that no secret in one is ever kept in the clear.
//!
//! The rule: raw bytes are never recorded. Their length and the first 8 bytes of their BLAKE3 are, enough to see that
//! one changed. What a source's own grammar read out of them (repository, commit, competition) is recorded in the
//! clear, by the rules for such names that all of the program has: keys of an object store, passwords and whatever else
//! strangers put on the chain are foreign or malformed to that grammar, and so stay a length and a prefix. A secret may
//! fit the grammar all the same. What looks like a key is refused; the name of a branch or tag, and that of a repository
//! that looks like a key, is recorded in the clear only once the hub has shown that there is such a thing:
//! [`CommitmentNote::told`].

use plimsoll_core::{
    BlockNumber, COMPETITION_BYTES, NAMESPACE_BYTES, REVISION_BYTES, is_a_key, is_commit, is_competition,
    is_repository, is_revision, looks_like_a_key,
};

use super::bytes::{Fields, put_text};
use super::error::ArchiveError;

/// What is recorded in the place of a name that is not told begins so. A branch of this very name is told apart by the
/// length and the digest behind it, which are those of another name.
const UNTOLD: &str = "untold";

/// Raw bytes of a commitment, told apart but not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawNote {
    /// How many there were.
    pub bytes: u16,
    /// The first bytes of their BLAKE3.
    pub prefix: [u8; 8],
}

impl RawNote {
    /// Of raw bytes; a length beyond 65,535 is recorded as that.
    #[must_use]
    pub fn of(raw: &[u8]) -> Self {
        let mut prefix = [0; 8];
        prefix.copy_from_slice(&blake3::hash(raw).as_bytes()[..8]);
        Self { bytes: u16::try_from(raw.len()).unwrap_or(u16::MAX), prefix }
    }
}

impl std::fmt::Display for RawNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes, BLAKE3 {}…", self.bytes, hex::encode(self.prefix))
    }
}

/// Where a miner says its dataset is, as its commitment was decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The repository, `owner/name`.
    pub namespace: String,
    /// The revision as committed: 40 lower-case hex digits when pinned, else a branch or a tag.
    pub revision: String,
    /// The competition.
    pub competition: String,
}

impl Source {
    /// Whether the revision names one state for ever.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        is_commit(&self.revision)
    }

    /// Whether it can be recorded.
    ///
    /// # Errors
    /// [`ArchiveError::Facts`] for what such names cannot hold, and for what looks like a key. The text itself is not
    /// repeated.
    pub fn check(&self) -> Result<(), ArchiveError> {
        self.check_form()?;
        for (field, is_key) in [
            ("namespace", is_a_key(&self.namespace)),
            ("revision", looks_like_a_key(&self.revision)),
            ("competition", looks_like_a_key(&self.competition)),
        ] {
            if is_key {
                return Err(wrong(field, "expected a name, found what looks like a key".to_owned()));
            }
        }
        Ok(())
    }

    /// That alone which a record of any time keeps to: what is taken for a key may change.
    pub(super) fn check_form(&self) -> Result<(), ArchiveError> {
        let expected =
            |field, what: &str, most| Err(wrong(field, format!("expected {what} of at most {most} bytes")));
        if !is_repository(&self.namespace) {
            return expected("namespace", "owner/name in letters, digits and -_.", NAMESPACE_BYTES);
        }
        if !is_revision(&self.revision) {
            return expected("revision", "a commit, branch or tag", REVISION_BYTES);
        }
        if !is_competition(&self.competition) {
            return expected("competition", "printable ASCII", COMPETITION_BYTES);
        }
        Ok(())
    }

    /// The same, what may be a secret by its length and the first bytes of its BLAKE3: a branch or tag as `untold/4/…`,
    /// a repository that looks like a key as `untold/30-…`.
    #[must_use]
    pub fn untold(&self) -> Self {
        let revision = if self.is_pinned() { self.revision.clone() } else { untold(&self.revision, '/') };
        Self { namespace: shown_namespace(&self.namespace), revision, competition: self.competition.clone() }
    }

    /// Whether it is the record of `source`, told or not.
    #[must_use]
    pub fn is_of(&self, source: &Self) -> bool {
        self == source || *self == source.untold()
    }
}

/// The name of a repository of which nobody knows yet that there is one: by its length and digest if it looks like a
/// key.
#[must_use]
pub fn shown_namespace(namespace: &str) -> String {
    if looks_like_a_key(namespace) { untold(namespace, '-') } else { namespace.to_owned() }
}

fn untold(name: &str, between: char) -> String {
    let RawNote { bytes, prefix } = RawNote::of(name.as_bytes());
    format!("{UNTOLD}/{bytes}{between}{}", hex::encode(prefix))
}

fn wrong(field: &'static str, why: String) -> ArchiveError {
    ArchiveError::Facts { field, why }
}

/// What a miner had committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitmentNote {
    /// The block that it was committed in.
    pub block: BlockNumber,
    /// Its raw bytes, not shown.
    pub raw: RawNote,
    /// What they say, if they are of the source's grammar.
    pub source: Option<Source>,
}

impl CommitmentNote {
    /// As it is recorded: where the hub has not shown that there is such a repository and revision, the names that may
    /// be secrets are not told.
    #[must_use]
    pub fn told(self, is_there: bool) -> Self {
        let source = self.source.map(|source| if is_there { source } else { source.untold() });
        Self { source, ..self }
    }

    /// Block (8) ‖ raw bytes (2) ‖ prefix (8) ‖ 1 and the three texts behind their lengths, or 0.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.block.0.to_le_bytes());
        out.extend_from_slice(&self.raw.bytes.to_le_bytes());
        out.extend_from_slice(&self.raw.prefix);
        out.push(u8::from(self.source.is_some()));
        if let Some(source) = &self.source {
            put_text(out, &source.namespace);
            put_text(out, &source.revision);
            put_text(out, &source.competition);
        }
    }

    pub(super) fn decode(fields: &mut Fields<'_>) -> Option<Self> {
        let block = BlockNumber(fields.u64()?);
        let raw = RawNote { bytes: fields.u16()?, prefix: fields.array()? };
        let source = match fields.u8()? {
            0 => None,
            1 => {
                let mut text = || fields.text().map(str::to_owned);
                let source = Source { namespace: text()?, revision: text()?, competition: text()? };
                source.check_form().ok()?;
                Some(source)
            }
            _ => return None,
        };
        Some(Self { block, raw, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(namespace: &str, revision: &str, competition: &str) -> Source {
        Source { namespace: namespace.into(), revision: revision.into(), competition: competition.into() }
    }

    #[test]
    fn a_secret_outside_of_the_grammar_is_refused_and_not_repeated() {
        for bad in [
            source("AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG", "main", "1"),
            source("a/b/c", "main", "1"),
            source("a/..", "main", "1"),
            source("/b", "main", "1"),
            source("a/b", "", "1"),
            source("a/b", "wJalrXUtnFEMI+K7MDENG=", "1"),
            source("a/b", "wJalrXUtnFEMIK7MDENG", "1"),
            source("a/b", "hf_wJalrXUtnFEM", "1"),
            source("a/b", "main", "AKIAIOSFODNN7EXAMPLE"),
            source("AKIAIOSFODNN7EXAMPLE/b", "main", "1"),
            source("a/b", &"f".repeat(129), "1"),
            source("a--c/b", "main", "1"),
            source("a/b", "main", &"1".repeat(65)),
            source("a/b", "main", "one two"),
            source("a/b", "main\n", "1"),
        ] {
            let text = bad.check().unwrap_err().to_string();
            assert!(text.contains("expected") && !text.contains("wJalr") && !text.contains("AKIA"), "{text}");
        }
        source("flock-io/a.b_C-9", "refs/pr/1", "").check().unwrap();
    }

    #[test]
    fn what_was_recorded_is_read_whatever_is_taken_for_a_key_by_now() {
        let source = Some(source("AKIAIOSFODNN7EXAMPLE/b", "main", "1"));
        let note = CommitmentNote { block: BlockNumber(1), raw: RawNote::of(b"x"), source };
        let mut bytes = Vec::new();
        note.encode(&mut bytes);
        assert_eq!(CommitmentNote::decode(&mut Fields::of(&bytes)), Some(note));
    }

    #[test]
    fn a_branch_that_nobody_resolved_is_a_length_and_a_prefix() {
        let note =
            |source| CommitmentNote { block: BlockNumber(1), raw: RawNote::of(b"x"), source: Some(source) };
        let secret = source("a/b", "Tr0ub4dor&3", "1");
        let untold = note(secret.clone()).told(false);
        let prefix = hex::encode(RawNote::of(b"Tr0ub4dor&3").prefix);
        let kept = untold.source.clone().unwrap();
        assert_eq!(kept.revision, format!("untold/11/{prefix}"));
        assert!(!kept.is_pinned() && kept.is_of(&secret) && !kept.is_of(&source("a/b", "main", "1")));
        kept.check().unwrap();
        let mut bytes = Vec::new();
        untold.encode(&mut bytes);
        assert_eq!(CommitmentNote::decode(&mut Fields::of(&bytes)), Some(untold));
        assert_eq!(note(secret.clone()).told(true).source, Some(secret));
        let pinned = note(source("a/b", &"0f".repeat(20), "1"));
        assert_eq!(pinned.clone().told(false), pinned);
    }

    #[test]
    fn a_repository_that_looks_like_a_key_is_told_once_it_is_there() {
        let drawn = source("me/x7k2m9qw4n8r5t3v6z1y", &"0f".repeat(20), "1");
        drawn.check().unwrap();
        let untold = drawn.untold();
        assert!(untold.namespace.starts_with("untold/23-") && untold.is_of(&drawn), "{untold:?}");
        untold.check().unwrap();
        assert_eq!(shown_namespace("me/tides"), "me/tides");
        let long = source(&format!("{}/{}", "x7".repeat(48), "k2".repeat(48)), "main", "1");
        long.untold().check().unwrap();
    }

    #[test]
    fn every_name_that_is_asked_for_can_be_recorded_and_comes_back() {
        let longest = format!("{}/{}", "a".repeat(96), "b".repeat(96));
        let note = CommitmentNote {
            block: BlockNumber(1),
            raw: RawNote::of(b"x"),
            source: Some(source(&longest, &"r".repeat(128), &"c".repeat(64))),
        };
        note.source.as_ref().unwrap().check().unwrap();
        let mut bytes = Vec::new();
        note.encode(&mut bytes);
        assert_eq!(CommitmentNote::decode(&mut Fields::of(&bytes)), Some(note));
    }

    #[test]
    fn forty_lower_case_digits_are_a_pin() {
        assert!(source("a/b", &"0f".repeat(20), "1").is_pinned());
        for revision in ["main", &"0F".repeat(20), &"0f".repeat(19), &"0g".repeat(20)] {
            assert!(!source("a/b", revision, "1").is_pinned(), "{revision}");
        }
    }

    #[test]
    fn raw_bytes_are_a_length_and_a_prefix() {
        let note = RawNote::of(b"key-id:secret:bucket");
        assert_eq!(note.bytes, 20);
        assert!(note.to_string().starts_with("20 bytes, BLAKE3 "), "{note}");
        assert!(!format!("{note:?}{note}").contains("secret"));
        assert_ne!(note, RawNote::of(b"key-id:secreT:bucket"));
    }
}
