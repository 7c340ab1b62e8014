//! What the commitments pallet stores.
//!
//! ```text
//! CommitmentOf:         deposit u64 | block u32 | compact count (at most 3) | count x field
//! RevealedCommitments:  compact count | count x (bytes behind their length | block u64)
//! field, by its first byte:
//!   0                nothing
//!   1 to 129         raw, of 0 to 128 bytes
//!   130 .. 133       BLAKE2-256, SHA-256, Keccak-256, SHA3-256: 32 bytes
//!   134              timelocked: bytes behind their length (at most 1024) | drand round u64
//!   135              the flag that resets the caller's bonds; never written by this program
//!   136              long raw: bytes behind their length (at most 512)
//! ```

use plimsoll_core::BlockNumber;

use super::{Cursor, Garbled};

/// The most fields of one commitment; the runtime's own limit, which the bytes alone do not show.
const MAX_FIELDS: usize = 3;
const MAX_TIMELOCKED_BYTES: usize = 1024;
const MAX_BIG_RAW_BYTES: usize = 512;

/// One field of a commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommitmentField {
    /// Nothing.
    None,
    /// At most 128 bytes as they are.
    Raw(Vec<u8>),
    /// At most 512 bytes as they are.
    BigRaw(Vec<u8>),
    /// A BLAKE2-256 digest of something.
    BlakeTwo256([u8; 32]),
    /// A SHA-256 digest of something.
    Sha256([u8; 32]),
    /// A Keccak-256 digest of something.
    Keccak256([u8; 32]),
    /// A SHA3-256 digest of something.
    ShaThree256([u8; 32]),
    /// Something that opens with the signature of a drand round.
    Timelocked {
        /// The sealed bytes.
        sealed: Vec<u8>,
        /// The round.
        round: u64,
    },
    /// A flag by which the committer's bonds are reset.
    ResetBondsFlag,
    /// A form that this version does not know, and all that follows it: nobody knows where it ends.
    Unknown {
        /// Its first byte.
        tag: u8,
        /// What follows.
        rest: Vec<u8>,
    },
}

/// A commitment as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCommitment {
    /// What lies behind it, in rao.
    pub deposit_rao: u64,
    /// When it was made.
    pub block: BlockNumber,
    /// What it says.
    pub fields: Vec<CommitmentField>,
}

impl StoredCommitment {
    /// The raw fields one after the other; `None` where there are none.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let raw = |field: &CommitmentField| match field {
            CommitmentField::Raw(bytes) | CommitmentField::BigRaw(bytes) => Some(bytes.clone()),
            _ => None,
        };
        self.fields.iter().filter_map(raw).reduce(|mut all, more| {
            all.extend(more);
            all
        })
    }
}

/// The value of `CommitmentOf`.
pub(crate) fn commitment_of(value: &[u8]) -> Result<StoredCommitment, Garbled> {
    let mut cursor = Cursor::new(value);
    let deposit_rao = cursor.u64()?;
    let block = BlockNumber(u64::from(cursor.u32()?));
    let count = cursor.length(1)?;
    if count > MAX_FIELDS {
        return Err(Garbled(format!("a commitment of {count} fields, the most is {MAX_FIELDS}")));
    }
    let mut fields = Vec::with_capacity(count);
    for _ in 0..count {
        let field = field(&mut cursor)?;
        let unknown = matches!(field, CommitmentField::Unknown { .. });
        fields.push(field);
        if unknown {
            return Ok(StoredCommitment { deposit_rao, block, fields });
        }
    }
    cursor.end()?;
    Ok(StoredCommitment { deposit_rao, block, fields })
}

fn field(cursor: &mut Cursor<'_>) -> Result<CommitmentField, Garbled> {
    Ok(match cursor.u8()? {
        0 => CommitmentField::None,
        tag @ 1..=129 => CommitmentField::Raw(cursor.bytes(usize::from(tag) - 1)?.to_vec()),
        130 => CommitmentField::BlakeTwo256(cursor.array()?),
        131 => CommitmentField::Sha256(cursor.array()?),
        132 => CommitmentField::Keccak256(cursor.array()?),
        133 => CommitmentField::ShaThree256(cursor.array()?),
        134 => {
            let sealed = bounded(cursor, MAX_TIMELOCKED_BYTES)?;
            CommitmentField::Timelocked { sealed, round: cursor.u64()? }
        }
        135 => CommitmentField::ResetBondsFlag,
        136 => CommitmentField::BigRaw(bounded(cursor, MAX_BIG_RAW_BYTES)?),
        tag => CommitmentField::Unknown { tag, rest: cursor.bytes(cursor.left())?.to_vec() },
    })
}

fn bounded(cursor: &mut Cursor<'_>, most: usize) -> Result<Vec<u8>, Garbled> {
    let bytes = cursor.blob()?;
    if bytes.len() > most {
        return Err(Garbled(format!("a field of {} bytes, the most is {most}", bytes.len())));
    }
    Ok(bytes.to_vec())
}

/// The value of `RevealedCommitments`: what was revealed, and when. The runtime keeps the bytes with their own
/// length before them, which is taken off.
pub(crate) fn revealed_of(value: &[u8]) -> Result<Vec<(Vec<u8>, BlockNumber)>, Garbled> {
    let mut cursor = Cursor::new(value);
    let all = cursor.list(9, |cursor| {
        let bytes = cursor.blob()?;
        Ok((without_length(bytes).to_vec(), BlockNumber(cursor.u64()?)))
    })?;
    cursor.end()?;
    Ok(all)
}

fn without_length(bytes: &[u8]) -> &[u8] {
    let mut inner = Cursor::new(bytes);
    match inner.blob() {
        Ok(content) if inner.left() == 0 => content,
        _ => bytes,
    }
}

#[cfg(test)]
#[path = "commitment_tests.rs"]
mod tests;
