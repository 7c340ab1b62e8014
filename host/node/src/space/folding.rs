//! The root of a tree whose leaves come in any order.

use std::collections::HashMap;

use plimsoll_core::Digest;
use plimsoll_kernels::{HashKind, merkle_parent};

/// A BLAKE3 tree under way: what is complete is folded at once, so that memory grows with the gaps between leaves
/// and not with their number.
#[derive(Debug)]
pub(super) struct Folding {
    leaves: u64,
    /// The tops of complete subtrees, by level and index: none of them has its sibling here.
    tops: HashMap<(u32, u64), Digest>,
    /// A leaf came again that was folded already, or carried up for want of a sibling: nobody knows any more whether
    /// the rest fits it.
    spoilt: bool,
}

impl Folding {
    /// For a tree of `leaves` leaves.
    pub(super) fn new(leaves: u64) -> Self {
        Self { leaves, tops: HashMap::new(), spoilt: false }
    }

    /// Takes leaf `index`, which is below the number of leaves.
    pub(super) fn put(&mut self, index: u64, leaf: Digest) {
        if self.spoilt || (1..=self.height()).any(|level| self.tops.contains_key(&(level, index >> level))) {
            return self.spoil();
        }
        let (mut at, mut top) = ((0, index), leaf);
        while self.nodes_at(at.0) > 1 {
            let (level, index) = at;
            // An odd last node is carried up unchanged.
            if index ^ 1 < self.nodes_at(level) {
                let Some(sibling) = self.tops.remove(&(level, index ^ 1)) else { break };
                let (left, right) = if index % 2 == 0 { (top, sibling) } else { (sibling, top) };
                top = merkle_parent(HashKind::Blake3, &left, &right, self.nodes_at(level) == 2);
            }
            at = (level + 1, index / 2);
        }
        self.tops.insert(at, top);
    }

    /// Gives the root up, and its memory.
    pub(super) fn spoil(&mut self) {
        *self = Self { spoilt: true, ..Self::new(self.leaves) };
    }

    /// Whether there will be no root.
    pub(super) const fn is_spoilt(&self) -> bool {
        self.spoilt
    }

    /// The root, once every leaf came.
    pub(super) fn root(&self) -> Option<Digest> {
        self.tops.get(&(self.height(), 0)).copied()
    }

    const fn nodes_at(&self, level: u32) -> u64 {
        self.leaves.div_ceil(1 << level)
    }

    /// The root's level.
    const fn height(&self) -> u32 {
        u64::BITS - self.leaves.saturating_sub(1).leading_zeros()
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_kernels::MerkleStack;
    use proptest::prelude::*;

    use super::*;

    fn leaf(index: u64) -> Digest {
        Digest::of(&index.to_le_bytes())
    }

    fn known(leaves: u64) -> Option<Digest> {
        let mut stack = MerkleStack::new(HashKind::Blake3, leaves);
        (0..leaves).for_each(|index| stack.push(leaf(index)));
        stack.finish()
    }

    proptest! {
        #[test]
        fn leaves_in_any_order_give_the_root_of_those_in_order(
            order in (1_u64..200).prop_flat_map(|n| Just((0..n).collect::<Vec<_>>()).prop_shuffle()),
        ) {
            let leaves = order.len() as u64;
            let mut folding = Folding::new(leaves);
            for &index in &order {
                prop_assert_eq!(folding.root(), None);
                folding.put(index, leaf(index));
            }
            prop_assert_eq!((folding.root(), folding.tops.len()), (known(leaves), 1));
        }
    }

    #[test]
    fn memory_is_the_height_for_each_run_of_leaves_and_not_their_number() {
        // Four workers, each with every fourth piece of 256 leaves, one a piece behind the other.
        let leaves = 1_u64 << 16;
        let (mut folding, mut most) = (Folding::new(leaves), 0);
        for round in 0..leaves / 1024 {
            for within in 0..256 {
                for worker in [3, 1, 2, 0] {
                    let index = round * 1024 + worker * 256 + within;
                    folding.put(index, leaf(index));
                    most = most.max(folding.tops.len());
                }
            }
        }
        assert_eq!(folding.root(), known(leaves));
        assert!(most <= 4 * 8 + 16, "{most} nodes at once");
    }

    #[test]
    fn a_leaf_may_come_again_before_it_is_folded_and_spoils_the_root_after() {
        let mut folding = Folding::new(3);
        folding.put(0, leaf(9));
        folding.put(0, leaf(0));
        folding.put(1, leaf(1));
        assert!(!folding.is_spoilt());
        folding.put(2, leaf(2));
        assert_eq!(folding.root(), known(3));
        folding.put(1, leaf(1));
        assert_eq!((folding.root(), folding.is_spoilt()), (None, true));
        folding.put(1, leaf(1));
        assert_eq!(folding.root(), None);
    }

    #[test]
    fn an_odd_last_leaf_that_comes_again_spoils_the_root_though_nothing_was_folded_with_it() {
        let mut folding = Folding::new(3);
        folding.put(2, leaf(2));
        assert_eq!((folding.is_spoilt(), folding.tops.len()), (false, 1));
        folding.put(2, leaf(2));
        assert!(folding.is_spoilt());
        (0..3).for_each(|index| folding.put(index, leaf(index)));
        assert_eq!(folding.root(), None);
    }
}
