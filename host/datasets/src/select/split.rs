//! Parts of a choice, such as those to train with and to test with.

use std::str::FromStr;

use crate::RowId;

/// Shares are counted in millionths.
const WHOLE: u32 = 1_000_000;
const MOST_PARTS: usize = 16;
const MOST_NAME_BYTES: usize = 32;
/// What the hash decides.
const CONTEXT: &str = "plimsoll datasets 2026-11-22 part of a split";

/// Parts with their shares: `train=0.9,test=0.1`. A row's part follows from its identity alone, so no row that was in
/// one part is ever in another, with whatever seed and however many rows there come to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Each part's name and the millionths of it and all before it.
    parts: Vec<(String, u32)>,
}

/// What is wrong in a split's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// A part is not `name=share`.
    #[error("split `{part}`: expected name=share, as in train=0.9,test=0.1")]
    NoShare {
        /// The part.
        part: String,
    },
    /// A part's name is part of a file's name.
    #[error(
        "split `{name}`: expected a name of at most {MOST_NAME_BYTES} lower-case letters, digits, `-` and `_`"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// A name stands there twice.
    #[error("split `{name}`: given twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// A share is no number that there is room for.
    #[error(
        "split `{name}`: expected a share above 0 and at most 1 with at most 6 decimals, found `{found}`"
    )]
    Share {
        /// The name.
        name: String,
        /// The share.
        found: String,
    },
    /// The shares are not the whole.
    #[error("the split's shares make {millionths} millionths, expected 1000000: they must add up to 1")]
    Sum {
        /// What they make.
        millionths: u64,
    },
    /// There are too many parts.
    #[error("a split of {n_parts} parts, at most {MOST_PARTS}")]
    TooMany {
        /// How many there are.
        n_parts: usize,
    },
}

impl Split {
    /// The parts' names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|(name, _)| &**name)
    }

    /// The part that a row belongs to, by its place among the names.
    #[must_use]
    pub fn part(&self, id: RowId) -> usize {
        let hash = blake3::derive_key(CONTEXT, &id.0);
        let [a, b, c, d, e, f, g, h, ..] = hash;
        let drawn = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let millionth = (u128::from(drawn) * u128::from(WHOLE)) >> 64;
        self.parts.partition_point(|(_, until)| u128::from(*until) <= millionth)
    }
}

impl FromStr for Split {
    type Err = SplitError;

    fn from_str(text: &str) -> Result<Self, SplitError> {
        let n_parts = text.split(',').count();
        if n_parts > MOST_PARTS {
            return Err(SplitError::TooMany { n_parts });
        }
        let (mut parts, mut until): (Vec<(String, u32)>, u64) = (Vec::new(), 0);
        for part in text.split(',') {
            let (name, share) = named(part)?;
            if parts.iter().any(|(before, _)| before == name) {
                return Err(SplitError::Twice { name: name.to_owned() });
            }
            until += u64::from(share);
            parts.push((name.to_owned(), u32::try_from(until).unwrap_or(u32::MAX)));
        }
        if until == u64::from(WHOLE) {
            Ok(Self { parts })
        } else {
            Err(SplitError::Sum { millionths: until })
        }
    }
}

fn named(part: &str) -> Result<(&str, u32), SplitError> {
    let parts = part.trim().split_once('=');
    let (name, share) = parts.ok_or_else(|| SplitError::NoShare { part: part.to_owned() })?;
    let is_plain = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    if name.is_empty() || name.len() > MOST_NAME_BYTES || !name.bytes().all(is_plain) {
        return Err(SplitError::Name { name: name.to_owned() });
    }
    let wrong = || SplitError::Share { name: name.to_owned(), found: share.to_owned() };
    millionths(share).map(|share| (name, share)).ok_or_else(wrong)
}

/// `0.25` as 250,000: exactly, without a float in between.
fn millionths(share: &str) -> Option<u32> {
    let (whole, decimals) = share.split_once('.').unwrap_or((share, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = digits(whole) && digits(decimals) && !(whole.is_empty() && decimals.is_empty());
    if !is_number || whole.len() > 1 || decimals.len() > 6 {
        return None;
    }
    let number: u32 = format!("{whole}{decimals:0<6}").parse().ok()?;
    (1..=WHOLE).contains(&number).then_some(number)
}
