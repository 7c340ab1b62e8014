//! Candidates by bands: rows that agree in a whole band of minima meet in a bucket, all others never meet.

use std::collections::HashSet;

use super::Shingles;
use super::signature::{N_PERMUTATIONS, Signature, mix};

/// Minima a band: 32 bands of 4. A pair of likeness s meets with probability 1 - (1 - s^4)^32: 0.87 at 0.5, 0.99 at
/// 0.6, 0.9999 at 0.7.
const BAND: usize = 4;

/// In a bucket each row meets its first row and this many that follow it. A bucket of thousands of rows that are all
/// alike then costs no square.
const NEIGHBOURS: usize = 64;

/// How far below the threshold an estimate may be for the pair still to be measured: three standard errors.
const SLACK: f64 = 0.13;

/// How many pairs are measured at most.
pub const MAX_MEASURED_PAIRS: usize = 1_000_000;

/// How many bytes of rows are cut in shingles for measuring at most: half a minute of work, whoever wrote the rows.
const MAX_MEASURED_BYTES: usize = 2 << 30;

/// Two rows that are nearly the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearPair {
    /// The lower place in the list of rows.
    pub left: usize,
    /// The higher place.
    pub right: usize,
    /// Their exact likeness.
    pub likeness: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NearDuplicates {
    /// The pairs, by places.
    pub pairs: Vec<NearPair>,
    /// Candidates that were not measured, because too many rows are alike: their rows are linked through others.
    pub n_skipped: usize,
}

/// All pairs of rows of at least this likeness, but those that bands miss. Rows should be different ones: equal rows
/// are what [`crate::overlap`] counts.
pub fn near_duplicates(rows: &[&[u8]], threshold: f64) -> NearDuplicates {
    let signatures: Vec<Signature> = rows.iter().map(|row| Signature::of(&Shingles::of_row(row))).collect();
    let mut found = NearDuplicates::default();
    let candidates = candidates(&signatures, threshold, &mut found.n_skipped);
    let mut last: Option<(usize, Shingles)> = None;
    let mut n_bytes = 0_usize;
    for (left, right) in candidates {
        n_bytes += rows[right].len();
        if n_bytes > MAX_MEASURED_BYTES {
            found.n_skipped += 1;
            continue;
        }
        let of_left = match last.take() {
            Some((place, shingles)) if place == left => shingles,
            _ => Shingles::of_row(rows[left]),
        };
        let likeness = of_left.likeness(&Shingles::of_row(rows[right]));
        if likeness >= threshold {
            found.pairs.push(NearPair { left, right, likeness });
        }
        last = Some((left, of_left));
    }
    found
}

/// Pairs that meet in some bucket and whose estimate is not far below the threshold, sorted.
fn candidates(signatures: &[Signature], threshold: f64, n_skipped: &mut usize) -> Vec<(usize, usize)> {
    let mut pairs: HashSet<(u32, u32)> = HashSet::new();
    for band in 0..N_PERMUTATIONS / BAND {
        let key = |signature: &Signature| {
            let minima = &signature.0[band * BAND..(band + 1) * BAND];
            minima.iter().fold(band as u64, |key, minimum| mix(key ^ u64::from(*minimum)))
        };
        let mut keys: Vec<(u64, u32)> = signatures.iter().map(key).zip(0..).collect();
        keys.sort_unstable();
        for bucket in keys.chunk_by(|left, right| left.0 == right.0) {
            for (place, (_, right)) in bucket.iter().enumerate().skip(1) {
                let met = place.saturating_sub(NEIGHBOURS)..place;
                *n_skipped += met.start.saturating_sub(1);
                let first = (met.start > 0).then_some(0);
                for left in first.into_iter().chain(met).map(|place| bucket[place].1) {
                    let estimate = || signatures[left as usize].likeness(&signatures[*right as usize]);
                    if pairs.contains(&(left, *right)) || estimate() < threshold - SLACK {
                        continue;
                    }
                    if pairs.len() == MAX_MEASURED_PAIRS {
                        *n_skipped += 1;
                    } else {
                        pairs.insert((left, *right));
                    }
                }
            }
        }
    }
    let mut pairs: Vec<_> = pairs.into_iter().map(|(left, right)| (left as usize, right as usize)).collect();
    pairs.sort_unstable();
    pairs
}
