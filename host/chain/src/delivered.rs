//! What became of weights, asked for afterwards.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{BlockNumber, Uid, normalise_weights};

/// What became of weights since some block, as [`Chain::delivered`](crate::Chain::delivered) tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivered {
    /// The chain does not have them, or can never show them: set them, or set them again.
    Not,
    /// A transaction that nobody answered for may still bring them: ask again once this block is final, or sooner.
    Unsure {
        /// The last block that can take it.
        until: BlockNumber,
    },
    /// The chain has them and shows them later; whoever set them goes on with [`Chain::tend`](crate::Chain::tend), and
    /// asks again.
    Hidden,
    /// The chain shows them.
    Set,
}

/// Whether two lists give the same to everyone once the largest of each is 65535. The chain rounds in its own way, so
/// one part in 65535 is no difference; who is not in a list gets nothing.
pub(crate) fn weigh_the_same(one: &[(Uid, u16)], other: &[(Uid, u16)]) -> bool {
    let scaled = |weights: &[(Uid, u16)]| {
        let wide: Vec<_> = weights.iter().map(|&(uid, weight)| (uid, u64::from(weight))).collect();
        normalise_weights(&wide).into_iter().collect::<BTreeMap<_, _>>()
    };
    let (one, other) = (scaled(one), scaled(other));
    let uids: BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let of = |weights: &BTreeMap<Uid, u16>, uid: &Uid| weights.get(uid).copied().unwrap_or(0);
    uids.into_iter().all(|uid| of(&one, uid).abs_diff(of(&other, uid)) <= 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn weights(list: &[(u16, u16)]) -> Vec<(Uid, u16)> {
        list.iter().map(|&(uid, weight)| (Uid(uid), weight)).collect()
    }

    #[test]
    fn scale_order_zeros_and_the_last_bit_make_no_difference_and_all_else_does() {
        let same = |one: &[(u16, u16)], other: &[(u16, u16)]| weigh_the_same(&weights(one), &weights(other));
        assert!(same(&[(1, 2), (3, 1), (5, 0)], &[(3, 32_767), (1, 65_535)]));
        assert!(same(&[], &[(9, 0)]));
        assert!(!same(&[(1, 2), (3, 1)], &[(1, 1), (3, 2)]));
        assert!(!same(&[(1, 2), (3, 1)], &[(1, 2)]));
        assert!(!same(&[(1, 65_535), (3, 100)], &[(1, 65_535), (3, 102)]));
        assert!(!same(&[], &[(9, 1)]));
    }

    proptest! {
        #[test]
        fn a_list_weighs_the_same_as_itself_scaled_by_the_chain(
            list in proptest::collection::btree_map(any::<u16>(), any::<u16>(), 0..20),
        ) {
            let list: Vec<_> = list.into_iter().map(|(uid, weight)| (Uid(uid), weight)).collect();
            let wide: Vec<_> = list.iter().map(|&(uid, weight)| (uid, u64::from(weight))).collect();
            prop_assert!(weigh_the_same(&list, &normalise_weights(&wide)));
            prop_assert!(weigh_the_same(&normalise_weights(&wide), &list));
        }
    }
}
