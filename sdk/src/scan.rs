//! One pass over a region that selects records by a keyed score: what proofs by scanning are made of.
//!
//! A score is the first eight bytes, little-endian, of AES-128 (under the key's first 16 bytes) of a record of
//! 16 bytes, or of keyed BLAKE3 of a record of 1 byte to 64 KiB. [`crate::Region::scan_select`] scans.

use crate::{Digest, Result};

#[cfg(target_family = "wasm")]
use crate::export as played_by;
#[cfg(not(target_family = "wasm"))]
use crate::label_twins as played_by;

/// What scores a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanKind {
    /// AES-128 of records of 16 bytes.
    Aes128,
    /// Keyed BLAKE3 of records of 1 byte to 64 KiB.
    Blake3,
}

/// Which records are wanted; 1 to 4096 of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// The first `limit` whose score is below `threshold`, in the order of records and then of keys.
    Below {
        /// Scores from here on are not selected.
        threshold: u64,
        /// The most hits.
        limit: u32,
    },
    /// The `count` hits of the smallest scores, the smallest first; of equal ones the first records, then keys.
    Least {
        /// How many.
        count: u32,
    },
}

/// A record that was selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Its score.
    pub score: u64,
    /// Its number, from the beginning of what was scanned.
    pub record: u64,
    /// The index of the key.
    pub key: u32,
}

/// The score of one record.
///
/// # Errors
/// [`crate::PluginError::BadInput`] for a record of a size that `kind` does not take.
pub fn scan_score(kind: ScanKind, key: &Digest, record: &[u8]) -> Result<u64> {
    played_by::scan_score(kind, key, record)
}

/// The twin of [`crate::Region::scan_select`]: every score, then the choice.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn select_among(
    kind: ScanKind,
    keys: &[Digest],
    record_bytes: u32,
    bytes: &[u8],
    selection: Selection,
) -> Result<Vec<Hit>> {
    let (Selection::Below { limit: wanted, .. } | Selection::Least { count: wanted }) = selection;
    let in_range = (1..=64).contains(&keys.len()) && (1..=4096).contains(&wanted);
    if !in_range || record_bytes == 0 || !bytes.len().is_multiple_of(record_bytes as usize) {
        return Err(crate::PluginError::BadInput(format!(
            "{} keys, {wanted} hits, {} bytes in records of {record_bytes}: expected 1 to 64 keys, 1 to 4096 hits \
             and whole records",
            keys.len(),
            bytes.len()
        )));
    }
    let mut hits = Vec::new();
    for (record, bytes) in (0..).zip(bytes.chunks(record_bytes as usize)) {
        for (key, of) in (0..).zip(keys) {
            hits.push(Hit { score: scan_score(kind, of, bytes)?, record, key });
        }
    }
    match selection {
        Selection::Below { threshold, .. } => hits.retain(|hit| hit.score < threshold),
        Selection::Least { .. } => hits.sort(),
    }
    hits.truncate(wanted as usize);
    Ok(hits)
}
