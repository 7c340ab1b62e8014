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
