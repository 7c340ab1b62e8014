//! What a row is known by.

use std::fmt;

/// A row's identity: BLAKE3 of its canonical text, cut to 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub [u8; 16]);

impl RowId {
    /// The identity of a canonical text.
    pub fn of(canonical: &[u8]) -> Self {
        let digest = blake3::hash(canonical);
        let (first, _) = digest.as_bytes().split_at(16);
        let mut id = [0; 16];
        id.copy_from_slice(first);
        Self(id)
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowId({self})")
    }
}
