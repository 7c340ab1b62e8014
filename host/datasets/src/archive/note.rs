//! What is recorded of a commitment, so that no secret in one is ever kept in the clear.
//!
//! The rule: raw bytes are never recorded. Their length and the first 8 bytes of their BLAKE3 are, enough to see that
//! one changed. What a source's own grammar read out of them (repository, commit, competition) is recorded in the
//! clear, and only in the alphabet of such names: keys of an object store, passwords and whatever else strangers put
//! on the chain are foreign or malformed to that grammar, and so stay a length and a prefix.

use plimsoll_core::BlockNumber;

use super::bytes::{Fields, put_text};
use super::error::ArchiveError;

const LONGEST_NAMESPACE: usize = 193;
const LONGEST_REVISION: usize = 64;
const LONGEST_COMPETITION: usize = 32;

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
        self.revision.len() == 40 && self.revision.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    }

    /// Whether it can be recorded.
    ///
    /// # Errors
    /// [`ArchiveError::Facts`] for what such names cannot hold. The text itself is not repeated.
    pub fn check(&self) -> Result<(), ArchiveError> {
        let parts: Vec<&str> = self.namespace.split('/').collect();
        let is_part = |part: &&str| !part.is_empty() && is_name(part, b"-_.") && !part.contains("..");
        if parts.len() != 2 || !parts.iter().all(is_part) || self.namespace.len() > LONGEST_NAMESPACE {
            return Err(wrong(
                "namespace",
                format!(
                    "expected owner/name in letters, digits and -_. of at most {LONGEST_NAMESPACE} bytes"
                ),
            ));
        }
        if self.revision.is_empty()
            || self.revision.len() > LONGEST_REVISION
            || !is_name(&self.revision, b"-_./")
        {
            return Err(wrong(
                "revision",
                format!("expected letters, digits and -_./ of at most {LONGEST_REVISION} bytes"),
            ));
        }
        if self.competition.len() > LONGEST_COMPETITION || !is_name(&self.competition, b"-_.") {
            return Err(wrong(
                "competition",
                format!("expected letters, digits and -_. of at most {LONGEST_COMPETITION} bytes"),
            ));
        }
        Ok(())
    }
}

fn is_name(text: &str, others: &[u8]) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte))
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
                source.check().ok()?;
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
            source("a/b", &"f".repeat(65), "1"),
            source("a/b", "main", "one two"),
            source("a/b", "main\n", "1"),
        ] {
            let text = bad.check().unwrap_err().to_string();
            assert!(text.contains("expected") && !text.contains("wJalr") && !text.contains("AKIA"), "{text}");
        }
        source("flock-io/a.b_C-9", "refs/pr/1", "").check().unwrap();
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
