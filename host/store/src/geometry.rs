//! Where everything lies in a plot file. All offsets follow from the region's size.

use plimsoll_core::Extent;
use plimsoll_kernels::{INTEGRITY_LEAF_BYTES, Tree};

/// Bytes of the header, and the grain of everything that is written.
pub const PAGE_BYTES: u64 = 4096;
/// Bytes of one node of the integrity tree.
pub const NODE_BYTES: u64 = 32;
/// Bytes of the region that one leaf of the integrity tree covers.
pub const GROUP_BYTES: u64 = INTEGRITY_LEAF_BYTES;

/// The sections of one plot file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Bytes of the region.
    pub region_bytes: u64,
    /// First byte of the region in the file.
    pub region_offset: u64,
    /// First byte of the integrity tree in the file: the region's end, rounded up to a page.
    pub tree_offset: u64,
    /// Bytes of all nodes of the tree, level 0 first.
    pub tree_bytes: u64,
    /// Bytes of the whole file: the tree's end, rounded up to a page.
    pub file_bytes: u64,
}

const fn round_up(bytes: u64, grain: u64) -> u64 {
    bytes.div_ceil(grain) * grain
}

impl Geometry {
    /// For a region of `region_bytes`, at most 1 EiB.
    #[must_use]
    pub fn of(region_bytes: u64) -> Self {
        let region_offset = PAGE_BYTES;
        let tree_offset = round_up(region_offset + region_bytes, PAGE_BYTES);
        let tree = Tree::integrity(region_bytes);
        let nodes: u64 = (0..tree.levels()).map(|level| tree.nodes_at(level)).sum();
        let tree_bytes = nodes * NODE_BYTES;
        let file_bytes = round_up(tree_offset + tree_bytes, PAGE_BYTES);
        Self { region_bytes, region_offset, tree_offset, tree_bytes, file_bytes }
    }

    /// The largest region whose file takes no more than `file_bytes`; 0 where not even one byte's does.
    #[must_use]
    pub fn largest_region(file_bytes: u64) -> u64 {
        // A larger region never has a smaller file.
        let (mut fits, mut too_large) = (0, file_bytes.min(1 << 60) + 1);
        while too_large - fits > 1 {
            let middle = fits + (too_large - fits) / 2;
            if Self::of(middle).file_bytes <= file_bytes {
                fits = middle;
            } else {
                too_large = middle;
            }
        }
        fits
    }

    /// The shape of the integrity tree.
    #[must_use]
    pub const fn tree(&self) -> Tree {
        Tree::integrity(self.region_bytes)
    }

    /// Number of 64 KiB groups, the last of which may be shorter.
    #[must_use]
    pub const fn groups(&self) -> u64 {
        self.region_bytes.div_ceil(GROUP_BYTES)
    }

    /// The bytes of group `index`.
    #[must_use]
    pub fn group(&self, index: u64) -> Extent {
        self.tree().extent_of(0, index)
    }

    /// Bytes of the file that belong to no section and are zero: behind the region and behind the tree.
    #[must_use]
    pub fn padding(&self) -> [Extent; 2] {
        let gap = |from, to| Extent { offset: from, len: to - from };
        [
            gap(self.region_offset + self.region_bytes, self.tree_offset),
            gap(self.tree_offset + self.tree_bytes, self.file_bytes),
        ]
    }

    /// Where node `index` of `level` lies in the file.
    #[must_use]
    pub fn node_offset(&self, level: u32, index: u64) -> u64 {
        let tree = self.tree();
        let below: u64 = (0..level).map(|l| tree.nodes_at(l)).sum();
        self.tree_offset + (below + index) * NODE_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_region_of_one_byte_has_one_node_that_is_the_root() {
        let g = Geometry::of(1);
        assert_eq!((g.tree_offset, g.tree_bytes, g.file_bytes), (8192, 32, 12_288));
    }

    proptest! {
        #[test]
        fn the_largest_region_just_fits(file_bytes in prop_oneof![0u64..100_000, 0u64..1 << 50]) {
            let region = Geometry::largest_region(file_bytes);
            prop_assert!(region == 0 || Geometry::of(region).file_bytes <= file_bytes);
            prop_assert!(Geometry::of(region + 1).file_bytes > file_bytes);
        }

        #[test]
        fn sections_follow_one_another_without_overlap(region_bytes in 1u64..1 << 45) {
            let g = Geometry::of(region_bytes);
            prop_assert!(g.region_offset >= PAGE_BYTES && g.region_offset.is_multiple_of(PAGE_BYTES));
            prop_assert!(g.tree_offset >= g.region_offset + g.region_bytes && g.tree_offset.is_multiple_of(PAGE_BYTES));
            prop_assert!(g.file_bytes >= g.tree_offset + g.tree_bytes && g.file_bytes.is_multiple_of(PAGE_BYTES));
            let top = g.tree().levels() - 1;
            prop_assert_eq!(g.tree().nodes_at(top), 1);
            prop_assert_eq!(g.node_offset(top, 0) + NODE_BYTES, g.tree_offset + g.tree_bytes);
            let covered: u64 = [g.groups() - 1].iter().map(|&last| g.group(last).end().unwrap()).sum();
            prop_assert_eq!(covered, region_bytes);
        }
    }
}
