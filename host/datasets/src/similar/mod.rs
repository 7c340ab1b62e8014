//! Rows that nearly say the same: what exact overlap misses when a copier changes a word.
//!
//! A row is what its strings say, in shingles of five characters; likeness is the shingle sets' Jaccard index.
//! MinHash with bands finds candidates (A. Broder, "On the resemblance and containment of documents", 1997), each is
//! then measured exactly, so that no pair is reported below the threshold. In reading order:
//!
//! - [`Shingles`]: a row's set and the likeness of two;
//! - [`Signature`]: 128 minima that estimate it;
//! - [`near_duplicates`]: all pairs of a list of rows.

mod bands;
mod shingles;
mod signature;

pub use bands::{MAX_MEASURED_PAIRS, NearDuplicates, NearPair, near_duplicates};
pub(crate) use shingles::ratio;
pub use shingles::{SHINGLE_CHARS, Shingles};
pub use signature::{N_PERMUTATIONS, Signature};
