//! Reading a proof whose shape is known: every part has its length, and nothing may be left over.

use crate::Digest;
use crate::pure::{HashKind, merkle_depth, merkle_leaf, merkle_verify};

/// The bytes of a proof that were not read yet.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    /// All of `bytes`.
    #[must_use]
    pub const fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `len` bytes, or `None` where there are fewer.
    pub fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (part, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(part)
    }

    /// The next `N` bytes, or `None` where there are fewer.
    pub fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (part, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(part)
    }

    /// The next digest.
    pub fn digest(&mut self) -> Option<&'a Digest> {
        self.array()
    }

    /// The Merkle path of leaf `index` of `leaves`.
    pub fn merkle_path(&mut self, leaves: u64, index: u64) -> Option<&'a [u8]> {
        self.take(32 * merkle_depth(leaves, index) as usize)
    }

    /// A whole leaf that [`crate::Region::merkle_openings`] opened, after its path was found to lead from leaf
    /// `index` of `leaves` to `root`.
    ///
    /// # Errors
    /// A reason against the proof.
    pub fn merkle_opening(
        &mut self,
        kind: HashKind,
        leaf_bytes: u32,
        leaves: u64,
        index: u64,
        root: &Digest,
    ) -> Result<&'a [u8], String> {
        let bytes = self.take(leaf_bytes as usize).ok_or_else(|| format!("ends within leaf {index}"))?;
        let path =
            self.merkle_path(leaves, index).ok_or_else(|| format!("ends within the path of {index}"))?;
        let leaf = merkle_leaf(kind, leaf_bytes, leaves, index, bytes);
        if merkle_verify(kind, root, leaves, index, &leaf, path) {
            return Ok(bytes);
        }
        Err(format!("the path of leaf {index} misses the commitment"))
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// A reason against the proof where something is left.
    pub fn end(&self) -> Result<(), String> {
        if self.0.is_empty() { Ok(()) } else { Err(format!("{} bytes too many", self.0.len())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_not_there_takes_nothing() {
        let mut parts = Parts::of(&[7; 40]);
        assert_eq!(parts.digest(), Some(&[7; 32]));
        assert_eq!(parts.take(9), None);
        assert_eq!(parts.array::<8>(), Some(&[7; 8]));
        assert_eq!(parts.end(), Ok(()));
        assert_eq!(Parts::of(&[7]).end(), Err("1 bytes too many".into()));
    }
}
