//! The root of a run, in memory that grows with the tree's height only.

use plimsoll_core::{Digest, RegionSpace, SpaceError};

use super::nodes::{Leaves, merkle_parent};
use super::tree::Tree;
use crate::digests::{HashKind, Hashing, each_read};
use crate::error::KernelError;

/// A root under way: leaves go in from the left to the right.
#[derive(Debug, Clone)]
pub struct MerkleStack {
    kind: HashKind,
    leaves: u64,
    pushed: u64,
    /// The roots of complete subtrees, the largest first: one a set bit of `pushed`.
    roots: Vec<Digest>,
}

impl MerkleStack {
    /// For a tree of `leaves` leaves.
    #[must_use]
    pub const fn new(kind: HashKind, leaves: u64) -> Self {
        Self { kind, leaves, pushed: 0, roots: Vec::new() }
    }

    /// Adds the next leaf. One too many is not looked at; [`Self::finish`] reports it.
    pub fn push(&mut self, leaf: Digest) {
        if self.pushed < self.leaves {
            self.roots.push(leaf);
            // A complete subtree ends here for each set bit that a carry runs through.
            for level in 0..self.pushed.trailing_ones() {
                self.merge(self.leaves == 2 << level);
            }
        }
        self.pushed = self.pushed.saturating_add(1);
    }

    /// The root, once every leaf has been added; `None` if there were fewer or more, or there are none.
    #[must_use]
    pub fn finish(mut self) -> Option<Digest> {
        if self.pushed != self.leaves {
            return None;
        }
        while self.roots.len() > 1 {
            self.merge(self.roots.len() == 2);
        }
        self.roots.pop()
    }

    /// Makes one of the last two.
    fn merge(&mut self, is_root: bool) {
        if let (Some(right), Some(left)) = (self.roots.pop(), self.roots.pop()) {
            self.roots.push(merkle_parent(self.kind, &left, &right, is_root));
        }
    }
}

/// The root of `tree`; reads 1 MiB at most at a time, or nothing where `region` keeps the answer.
///
/// # Errors
/// [`KernelError::BadInput`] for a tree that cannot be (over nothing, a wrong leaf size);
/// [`KernelError::Space`] if it is not inside of the region, or as the device says.
pub fn merkle_root(region: &dyn RegionSpace, tree: &Tree) -> Result<Digest, KernelError> {
    tree.check_in(region)?;
    let mut buffer = Vec::new();
    match tree.kind {
        HashKind::Blake3 => {
            // The BLAKE3 root is one whatever the leaf size is.
            if tree.is_over_all(region) {
                let top = Tree::integrity(tree.over.len).levels() - 1;
                if let Some(root) = kept_node(region, top, 0)? {
                    return Ok(root);
                }
            }
            let mut hashing = Hashing::new(tree.kind);
            each_read(region, tree.over, &mut buffer, |piece| hashing.update(piece))?;
            Ok(hashing.finish())
        }
        HashKind::Sha256 => sha256_root(region, tree, &mut buffer),
    }
}

/// Hashes leaf by leaf, whatever the reads' borders are.
pub(super) fn sha256_root(
    region: &dyn RegionSpace,
    tree: &Tree,
    buffer: &mut Vec<u8>,
) -> Result<Digest, KernelError> {
    let leaves = Leaves::checked(tree.kind, tree.leaf_bytes, tree.leaves())?;
    let mut stack = MerkleStack::new(tree.kind, tree.leaves());
    let (mut index, mut missing) = (0, tree.extent_of(0, 0).len);
    let mut leaf = leaves.begin(0);
    each_read(region, tree.over, buffer, |piece| {
        let mut rest = piece;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(missing.min(rest.len() as u64) as usize);
            leaf.update(now);
            missing -= now.len() as u64;
            if missing == 0 {
                index += 1;
                missing = tree.extent_of(0, index).len;
                stack.push(std::mem::replace(&mut leaf, leaves.begin(index)).finish());
            }
            rest = later;
        }
    })?;
    // Reads cover the run exactly, and so every leaf was pushed.
    stack.finish().ok_or_else(|| KernelError::BadInput("a Merkle tree over 0 bytes has no root".to_owned()))
}

/// Node `index` of `level` of the integrity tree that `region` keeps, if it keeps one.
pub(super) fn kept_node(
    region: &dyn RegionSpace,
    level: u32,
    index: u64,
) -> Result<Option<Digest>, KernelError> {
    match region.integrity_nodes(level, index, 1) {
        None => Ok(None),
        Some(nodes) => match nodes?.as_slice() {
            [node] => Ok(Some(Digest(*node))),
            other => Err(SpaceError::Refused(format!(
                "asked for node {index} of level {level} of the integrity tree, the space gave {} nodes",
                other.len()
            ))
            .into()),
        },
    }
}
