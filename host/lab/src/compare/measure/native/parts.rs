//! Reading a proof from its front, and the openings of Merkle trees in it.

use plimsoll_core::Digest;
use plimsoll_kernels::{HashKind, merkle_leaf, merkle_verify};

use super::DIGEST_BYTES;

/// What is left of a proof.
pub(super) struct Parts<'a>(pub(super) &'a [u8]);

/// A tree over leaves of one size, and its root.
#[derive(Clone, Copy)]
pub(super) struct Over<'a> {
    pub(super) kind: HashKind,
    pub(super) leaf_bytes: u32,
    pub(super) leaves: u64,
    pub(super) root: &'a Digest,
}

impl<'a> Parts<'a> {
    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (part, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(part)
    }

    pub(super) fn digest(&mut self) -> Option<Digest> {
        Digest::from_slice(self.take(DIGEST_BYTES)?)
    }

    pub(super) fn path(&mut self, leaves: u64, index: u64) -> Option<&'a [u8]> {
        self.take(DIGEST_BYTES * depth(leaves, index))
    }

    /// The bytes of a leaf whose path leads to the root, and the path.
    pub(super) fn opening(&mut self, tree: Over<'_>, index: u64) -> Option<(&'a [u8], &'a [u8])> {
        let Over { kind, leaf_bytes, leaves, root } = tree;
        let bytes = self.take(leaf_bytes as usize)?;
        let path = self.path(leaves, index)?;
        let leaf = merkle_leaf(kind, leaf_bytes.into(), leaves, index, bytes).ok()?;
        merkle_verify(kind, root, leaves, index, &leaf, path).then_some((bytes, path))
    }

    pub(super) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// Levels between leaf `index` of `leaves` and the root.
pub(super) fn depth(leaves: u64, index: u64) -> usize {
    let (mut leaves, mut index, mut depth) = (leaves, index, 0);
    while leaves > 1 {
        let left = 1 << (leaves - 1).ilog2();
        (leaves, index) = if index < left { (left, index) } else { (leaves - left, index - left) };
        depth += 1;
    }
    depth
}
