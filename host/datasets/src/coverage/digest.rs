//! A dataset as a set.

use plimsoll_core::Digest;

use crate::RowId;

/// What the digest is of: other uses of the same ids give other digests.
const CONTEXT: &str = "plimsoll datasets 2026-11-22 set of rows";

/// The BLAKE3 of a dataset's different rows in ascending order of their ids: the same for two datasets that hold the
/// same rows, whatever their order and however often each stands there.
#[must_use]
pub fn set_digest(rows: &[RowId]) -> Digest {
    let mut ids = rows.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    for id in &ids {
        hasher.update(&id.0);
    }
    Digest(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_repetition_do_not_matter_and_the_bytes_are_these() {
        let [one, two] = [RowId([1; 16]), RowId([2; 16])];
        assert_eq!(set_digest(&[one, two]), set_digest(&[two, one, two]));
        assert_ne!(set_digest(&[one, two]), set_digest(&[one]));
        assert_ne!(set_digest(&[one]), set_digest(&[]));
        assert_eq!(set_digest(&[one, two]).to_string(), "0");
    }
}
