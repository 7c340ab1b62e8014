//! The geometry of a tree: how many leaves, levels and nodes.

use plimsoll_core::{Extent, RegionSpace};

use crate::digests::HashKind;
use crate::error::KernelError;
use crate::puts::check_extent;

/// Bytes of a leaf of the integrity tree that a store keeps over every region (see
/// [`RegionSpace::integrity_nodes`]).
pub const INTEGRITY_LEAF_BYTES: u64 = 64 * 1024;

/// A tree over a run of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tree {
    /// What hashes it.
    pub kind: HashKind,
    /// Bytes of a leaf; the last one may be shorter. For BLAKE3 a power of two, 1024 or more.
    pub leaf_bytes: u64,
    /// The run.
    pub over: Extent,
}

impl Tree {
    /// The integrity tree of a region of `size_bytes`.
    #[must_use]
    pub const fn integrity(size_bytes: u64) -> Self {
        Self {
            kind: HashKind::Blake3,
            leaf_bytes: INTEGRITY_LEAF_BYTES,
            over: Extent { offset: 0, len: size_bytes },
        }
    }

    /// Number of leaves; 0 over nothing.
    #[must_use]
    pub const fn leaves(&self) -> u64 {
        self.over.len.div_ceil(if self.leaf_bytes == 0 { 1 } else { self.leaf_bytes })
    }

    /// Number of levels, leaves and root included: 1 for a single leaf, 0 over nothing.
    #[must_use]
    pub const fn levels(&self) -> u32 {
        levels_of(self.leaves())
    }

    /// Number of nodes of a level; 0 above the top.
    #[must_use]
    pub const fn nodes_at(&self, level: u32) -> u64 {
        nodes_at(self.leaves(), level)
    }

    /// Number of digests in the path of leaf `index`: one a level below the top, but none where the node is
    /// carried up. 0 for a leaf that does not exist.
    #[must_use]
    pub fn path_nodes(&self, index: u64) -> u32 {
        if index < self.leaves() { siblings(self.leaves(), index).count() as u32 } else { 0 }
    }

    /// The bytes of leaf `index` (or of the node `index` of `level`), in the region; of 0 length if there
    /// is none.
    #[must_use]
    pub fn extent_of(&self, level: u32, index: u64) -> Extent {
        let whole = u128::from(self.leaf_bytes) << level.min(64);
        let end = u128::from(self.over.len);
        let from = whole.saturating_mul(u128::from(index)).min(end);
        let to = (from + whole).min(end);
        Extent { offset: self.over.offset + from as u64, len: (to - from) as u64 }
    }

    /// Whether the tree can be: a leaf size that `kind` allows, over at least one byte.
    ///
    /// # Errors
    /// [`KernelError::BadInput`] with what is wrong.
    pub fn check(&self) -> Result<(), KernelError> {
        check_leaf_bytes(self.kind, self.leaf_bytes)?;
        if self.over.len == 0 {
            return Err(KernelError::BadInput("a Merkle tree over 0 bytes has no root".to_owned()));
        }
        Ok(())
    }

    /// As [`Tree::check`], and inside of `region`.
    pub(crate) fn check_in(&self, region: &dyn RegionSpace) -> Result<(), KernelError> {
        self.check()?;
        check_extent(region.size_bytes(), self.over).map(drop)
    }

    /// Whether its upper nodes are nodes of the integrity tree of `region`: a BLAKE3 tree over all of it.
    pub(crate) fn is_over_all(&self, region: &dyn RegionSpace) -> bool {
        self.kind == HashKind::Blake3 && self.over == Extent { offset: 0, len: region.size_bytes() }
    }
}

/// Whether leaves of `leaf_bytes` can be.
pub(super) fn check_leaf_bytes(kind: HashKind, leaf_bytes: u64) -> Result<(), KernelError> {
    let sound = match kind {
        HashKind::Blake3 => leaf_bytes.is_power_of_two() && leaf_bytes >= blake3::CHUNK_LEN as u64,
        HashKind::Sha256 => leaf_bytes > 0,
    };
    if sound {
        return Ok(());
    }
    let rule = match kind {
        HashKind::Blake3 => "a power of two, 1024 or more",
        HashKind::Sha256 => "1 or more",
    };
    Err(KernelError::BadInput(format!("leaf-bytes of a {kind} tree must be {rule}, not {leaf_bytes}")))
}

/// Levels of a tree of `leaves` leaves.
pub(super) const fn levels_of(leaves: u64) -> u32 {
    match leaves {
        0 => 0,
        // 1 + the binary logarithm, rounded up
        _ => 1 + (u64::BITS - (leaves - 1).leading_zeros()),
    }
}

/// Nodes of level `level` of a tree of `leaves` leaves.
pub(super) const fn nodes_at(leaves: u64, level: u32) -> u64 {
    if level >= levels_of(leaves) {
        return 0;
    }
    match 1_u64.checked_shl(level) {
        Some(width) => leaves.div_ceil(width),
        None => 1,
    }
}

/// The path of leaf `index` of `leaves` by place, bottom up: the level and index of each sibling. Where the
/// node is carried up there is none.
pub(super) fn siblings(leaves: u64, index: u64) -> impl Iterator<Item = (u32, u64)> {
    (0..levels_of(leaves).saturating_sub(1))
        .map(move |level| (level, index >> level ^ 1))
        .filter(move |&(level, sibling)| sibling < nodes_at(leaves, level))
}
