//! One pass over a region that selects records by a keyed score: what proofs by scanning are made of.
//!
//! The score of a record under a key is the first eight bytes, little-endian, of AES-128(key's first 16
//! bytes, record), for records of 16 bytes, or of keyed BLAKE3(key, record), for any.

use std::collections::BinaryHeap;

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Block};
use plimsoll_core::{Digest, Extent, RegionSpace};
use serde::{Deserialize, Serialize};

use crate::digests::{LARGEST_READ_BYTES, keyed_digest};
use crate::error::KernelError;
use crate::puts::check_extent;

/// What scores a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum ScanKind {
    /// AES-128 of records of 16 bytes.
    Aes128,
    /// Keyed BLAKE3 of records of 1 byte to 64 KiB.
    Blake3,
}

/// Which records are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Selection {
    /// The first `limit` whose score is below `threshold`, in the order of records and then of keys; the scan
    /// ends with the last of them.
    Below {
        /// Scores from here on are not selected.
        threshold: u64,
        /// The most hits.
        limit: u32,
    },
    /// The `count` hits of the smallest scores, the smallest first; of equal scores, the first records and
    /// then the first keys.
    Least {
        /// How many.
        count: u32,
    },
}

/// A record that was selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hit {
    /// Its score.
    pub score: u64,
    /// Its number, from the beginning of what was scanned.
    pub record: u64,
    /// Under which of the keys.
    pub key: u32,
}

/// The most hits of one scan.
pub const LARGEST_HITS: u32 = 4096;
/// The most keys of one scan.
pub const LARGEST_SCAN_KEYS: usize = 64;
/// The largest record.
pub const LARGEST_RECORD_BYTES: u32 = 64 << 10;

/// Records whose scores are computed together.
const BATCH: usize = 128;

/// Keys, ready for use.
enum Scorer {
    Aes128(Box<Aes128>),
    Blake3(Digest),
}

impl Scorer {
    fn new(kind: ScanKind, key: &Digest) -> Self {
        match kind {
            ScanKind::Aes128 => {
                let mut half = [0; 16];
                half.copy_from_slice(&key.as_bytes()[..16]);
                Self::Aes128(Box::new(Aes128::new(&half.into())))
            }
            ScanKind::Blake3 => Self::Blake3(*key),
        }
    }

    /// Gives `each` the scores of at most [`BATCH`] records, in order.
    fn scores(&self, records: &[u8], record_bytes: usize, scores: &mut [u64; BATCH]) {
        match self {
            Self::Aes128(cipher) => {
                let mut images = [Block::default(); BATCH];
                let (blocks, _) = Array::slice_as_chunks(records);
                let images = &mut images[..blocks.len()];
                // Of the same length: nothing else can fail.
                if cipher.encrypt_blocks_b2b(blocks, images).is_ok() {
                    for (score, image) in scores.iter_mut().zip(images) {
                        *score = first_eight(image);
                    }
                }
            }
            Self::Blake3(key) => {
                for (score, record) in scores.iter_mut().zip(records.chunks_exact(record_bytes)) {
                    *score = first_eight(keyed_digest(key, record).as_bytes());
                }
            }
        }
    }
}

fn first_eight(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&bytes[..8]);
    u64::from_le_bytes(first)
}

/// Hits so far, and the score that is too large to be one.
enum Hits {
    Below { threshold: u64, limit: usize, hits: Vec<Hit> },
    Least { count: usize, hits: BinaryHeap<Hit> },
}

impl Hits {
    /// Takes the hits among the scores of one batch of records, whose first is `first`; `scores` has those of
    /// each key.
    fn take(&mut self, first: u64, records: usize, scores: &[[u64; BATCH]]) {
        match self {
            Self::Below { threshold, limit, hits } => {
                let before = hits.len();
                for (key, scores) in (0..).zip(scores) {
                    for (record, &score) in (first..).zip(&scores[..records]) {
                        if score < *threshold {
                            hits.push(Hit { score, record, key });
                        }
                    }
                }
                hits[before..].sort_unstable_by_key(|hit| (hit.record, hit.key));
                hits.truncate(*limit);
            }
            Self::Least { count, hits } => {
                for (key, scores) in (0..).zip(scores) {
                    for (record, &score) in (first..).zip(&scores[..records]) {
                        let is_full = hits.len() == *count;
                        let hit = Hit { score, record, key };
                        if !is_full || hits.peek().is_some_and(|largest| hit < *largest) {
                            if is_full {
                                hits.pop();
                            }
                            hits.push(hit);
                        }
                    }
                }
            }
        }
    }

    fn is_complete(&self) -> bool {
        matches!(self, Self::Below { limit, hits, .. } if hits.len() == *limit)
    }
}

/// The score of one record.
///
/// # Errors
/// [`KernelError::BadInput`] for a record of a size that `kind` does not take.
pub fn scan_score(kind: ScanKind, key: &Digest, record: &[u8]) -> Result<u64, KernelError> {
    check_record(kind, u32::try_from(record.len()).unwrap_or(u32::MAX))?;
    let mut scores = [0; BATCH];
    Scorer::new(kind, key).scores(record, record.len(), &mut scores);
    Ok(scores[0])
}

fn check_record(kind: ScanKind, record_bytes: u32) -> Result<(), KernelError> {
    let wrong = |expected: &str| {
        Err(KernelError::BadInput(format!("record-bytes must be {expected}, not {record_bytes}")))
    };
    match kind {
        ScanKind::Aes128 if record_bytes != 16 => wrong("16 for aes128"),
        ScanKind::Blake3 if !(1..=LARGEST_RECORD_BYTES).contains(&record_bytes) => {
            wrong("from 1 to 65536 for blake3")
        }
        _ => Ok(()),
    }
}

/// The records of `over`, each of `record_bytes`, that `selection` wants, scored under each of `keys`. Reads
/// every byte once at most, a mebibyte at a time.
///
/// # Errors
/// [`KernelError::BadInput`] for record sizes that `kind` does not take, a run that is no whole number of
/// records, no or too many keys or hits; [`KernelError::Space`] as the region says.
pub fn scan_select(
    region: &dyn RegionSpace,
    kind: ScanKind,
    keys: &[Digest],
    record_bytes: u32,
    over: Extent,
    selection: Selection,
) -> Result<Vec<Hit>, KernelError> {
    check_record(kind, record_bytes)?;
    let mut hits = check_selection(keys.len(), selection)?;
    check_extent(region.size_bytes(), over)?;
    let each = u64::from(record_bytes);
    if !over.len.is_multiple_of(each) {
        return Err(KernelError::BadInput(format!(
            "{} bytes are no whole number of records of {record_bytes} bytes",
            over.len
        )));
    }
    let scorers: Vec<Scorer> = keys.iter().map(|key| Scorer::new(kind, key)).collect();
    let mut scores = vec![[0; BATCH]; keys.len()];
    let step = LARGEST_READ_BYTES - LARGEST_READ_BYTES % each;
    let mut buffer = vec![0; step.min(over.len) as usize];
    let mut done = 0;
    while done < over.len && !hits.is_complete() {
        let piece = &mut buffer[..step.min(over.len - done) as usize];
        region.read_at(over.offset + done, piece)?;
        for (batch, records) in (0..).zip(piece.chunks(BATCH * record_bytes as usize)) {
            for (scorer, scores) in scorers.iter().zip(&mut scores) {
                scorer.scores(records, record_bytes as usize, scores);
            }
            let first = done / each + batch * BATCH as u64;
            hits.take(first, records.len() / record_bytes as usize, &scores);
            if hits.is_complete() {
                break;
            }
        }
        done += piece.len() as u64;
    }
    Ok(match hits {
        Hits::Below { hits, .. } => hits,
        Hits::Least { hits, .. } => hits.into_sorted_vec(),
    })
}

fn check_selection(keys: usize, selection: Selection) -> Result<Hits, KernelError> {
    if !(1..=LARGEST_SCAN_KEYS).contains(&keys) {
        let text = format!("a scan takes 1 to {LARGEST_SCAN_KEYS} keys, not {keys}");
        return Err(KernelError::BadInput(text));
    }
    let (wanted, hits) = match selection {
        Selection::Below { threshold, limit } => {
            (limit, Hits::Below { threshold, limit: limit as usize, hits: Vec::new() })
        }
        Selection::Least { count } => (count, Hits::Least { count: count as usize, hits: BinaryHeap::new() }),
    };
    if !(1..=LARGEST_HITS).contains(&wanted) {
        let text = format!("a scan gives 1 to {LARGEST_HITS} hits, not {wanted}");
        return Err(KernelError::BadInput(text));
    }
    Ok(hits)
}
