//! What only this crate can see: each implementation against its twin, and windows against the table.

use plimsoll_core::Digest;
use proptest::prelude::*;

use super::chain::{Chain, chains};
use super::sdr_label::{Label, Labeller, Portable};
use super::sdr_layer::{By, Layer};
use super::sdr_table::{SdrParents, WINDOW_ROWS};
use super::sha_blocks::State;

/// Two layers of two sectors, by one implementation.
fn two_layers(by: By, nodes: u32) -> Vec<Vec<Label>> {
    let parents = SdrParents::new(&Digest([5; 32]), nodes).unwrap();
    let ids = [Digest([1; 32]), Digest([2; 32])];
    let mut all = vec![vec![Label::default(); nodes as usize]; 4];
    let [a, b, c, d] = &mut all[..] else { panic!("four") };
    let layer = |number, below| Layer { parents: &parents, replica_ids: [&ids[0], &ids[1]], number, below };
    layer(1, [&[], &[]]).label(by, &mut [a, b], 0, nodes);
    let middle = nodes / 3;
    layer(2, [a, b]).label(by, &mut [c, d], 0, middle);
    layer(2, [a, b]).label(by, &mut [c, d], middle, nodes);
    all
}

#[test]
fn whole_layers_are_the_same_by_every_implementation() {
    for nodes in [1, 2, 3, 64, 100] {
        assert_eq!(two_layers(By::Best, nodes), two_layers(By::Portable, nodes), "{nodes} nodes");
    }
}

#[test]
fn rows_without_a_table_are_the_rows_of_the_table() {
    let nodes = WINDOW_ROWS + 100;
    let parents = SdrParents::new(&Digest([9; 32]), nodes).unwrap();
    let (mut one, mut other) = (Vec::new(), Vec::new());
    let untabled = SdrParents::untabled(&Digest([9; 32]), nodes).unwrap();
    for (first, count) in [(0, 1), (0, WINDOW_ROWS), (5, 40), (WINDOW_ROWS, 100), (nodes - 1, 1)] {
        assert_eq!(parents.rows(first, count, &mut one), untabled.rows(first, count, &mut other));
    }
    assert_eq!(parents.rows(77, 1, &mut one)[0], parents.graph().parents(77).unwrap());
}

#[test]
fn a_graph_in_use_is_shared_and_another_one_is_not() {
    assert!(SdrParents::in_use(&Digest([7; 32]), 40).is_none());
    let one = SdrParents::shared(&Digest([7; 32]), 40).unwrap();
    let found = SdrParents::in_use(&Digest([7; 32]), 40).unwrap();
    assert!(std::sync::Arc::ptr_eq(&one, &found) && SdrParents::in_use(&Digest([7; 32]), 41).is_none());
    assert!(std::sync::Arc::ptr_eq(&one, &SdrParents::shared(&Digest([7; 32]), 40).unwrap()));
    for other in [SdrParents::shared(&Digest([8; 32]), 40), SdrParents::shared(&Digest([7; 32]), 41)] {
        assert!(!std::sync::Arc::ptr_eq(&one, &other.unwrap()));
    }
    assert_eq!(SdrParents::table_bytes(1 << 22), 56 << 22);
    assert_eq!(SdrParents::table_bytes(1 << 23), 0);
}

/// The labels of `LANES` nodes with `PARENTS` parents, and the states behind the next headers.
fn labelled<const LANES: usize, const PARENTS: usize>(
    by: impl Labeller,
    states: &[State],
    labels: &[Label],
    next: &[[u8; 64]],
) -> (Vec<Label>, Vec<State>) {
    let parents = std::array::from_fn(|lane| std::array::from_fn(|at| &labels[lane * PARENTS + at]));
    let states = std::array::from_fn(|lane| states[lane]);
    let next = std::array::from_fn(|lane| next[lane]);
    let (labels, states) = by.labels::<LANES, PARENTS>(&states, &parents, &next);
    (labels.to_vec(), states.to_vec())
}

prop_compose! {
    fn label()(bytes in any::<[u8; 32]>()) -> Label {
        Label(bytes)
    }
}

#[cfg(target_arch = "x86_64")]
proptest! {
    #[test]
    fn labels_are_the_same_by_every_implementation(
        states in prop::collection::vec(any::<State>(), 3),
        labels in prop::collection::vec(label(), 42),
        next in prop::collection::vec(prop::collection::vec(any::<u8>(), 64), 3),
    ) {
        let next: Vec<[u8; 64]> = next.into_iter().map(|block| block.try_into().unwrap()).collect();
        if let Some(machine) = crate::simd::ShaNi::detect() {
            prop_assert_eq!(labelled::<1, 6>(machine, &states, &labels, &next), labelled::<1, 6>(Portable, &states, &labels, &next));
            prop_assert_eq!(labelled::<1, 14>(machine, &states, &labels, &next), labelled::<1, 14>(Portable, &states, &labels, &next));
            prop_assert_eq!(labelled::<2, 14>(machine, &states, &labels, &next), labelled::<2, 14>(Portable, &states, &labels, &next));
            prop_assert_eq!(labelled::<3, 6>(machine, &states, &labels, &next), labelled::<3, 6>(Portable, &states, &labels, &next));
        }
    }

    #[test]
    fn chains_are_the_same_by_every_implementation(
        layers in 1_u32..5, reverse: bool, seeds: [[u8; 32]; 2], segments in 1_usize..40, old: u8,
    ) {
        let chain = Chain { layers, window: 1, reverse };
        let (mut one, mut other) = (vec![[old; 32]; segments], vec![[!old; 32]; segments]);
        chains(chain, &seeds, [&mut one, &mut other]);
        for (seed, fast) in seeds.iter().zip([one, other]) {
            let mut slow = vec![[7; 32]; segments];
            super::chain::portable(chain, seed, &mut slow);
            prop_assert_eq!(fast, slow);
        }
    }
}
