use std::collections::BTreeSet;

use plimsoll_datasets::RowId;
use plimsoll_datasets::coverage::{Coverage, EvaluationSet, set_digest};
use proptest::prelude::*;

use super::{id, ids};

fn coverage(set: &[u32], datasets: &[Vec<u32>]) -> (EvaluationSet, Coverage) {
    let set = EvaluationSet::new(ids(set));
    let datasets: Vec<Vec<RowId>> = datasets.iter().map(|rows| ids(rows)).collect();
    let coverage = Coverage::new(&set, datasets.iter().map(Vec::as_slice));
    (set, coverage)
}

#[test]
fn rows_are_found_where_they_first_stand() {
    let (set, coverage) = coverage(&[7, 8, 7, 9, 10], &[vec![9, 1, 7, 9], vec![8, 7], vec![]]);
    assert_eq!((set.rows(), set.n_repeated()), (&ids(&[7, 8, 9, 10])[..], 1));
    assert_eq!((set.place(id(9)), set.place(id(1))), (Some(2), None));
    assert_eq!(coverage.positions(0), [Some(2), None, Some(0), Some(2)]);
    assert_eq!((coverage.held(0), coverage.held(2)), (&[0, 2][..], &[][..]));
    assert_eq!(coverage.n_holders(), [2, 1, 1, 0]);
    assert_eq!(coverage.unused().collect::<Vec<_>>(), [3]);
    // Of three datasets one is a third, two are two thirds.
    assert_eq!(coverage.golden(&[0, 1, 2], 33), [0, 1, 2]);
    assert_eq!(coverage.golden(&[0, 1, 2], 34), [0]);
    assert!(coverage.golden(&[0, 1, 2], 67).is_empty());
    assert_eq!(coverage.golden(&[1, 1], 100), [0, 1]);
    assert!(coverage.golden(&[], 50).is_empty(), "of nobody nothing is golden");
}

#[test]
fn a_set_has_one_digest_for_ever() {
    let [one, two] = [RowId([1; 16]), RowId([2; 16])];
    let digest = "3883d4eab3717c89f3d36ca98b5265ad29c6ac58c9642a4a2dc14c6f3ac08fbd";
    assert_eq!(set_digest(&[two, one, two]).to_string(), digest);
    assert_ne!(set_digest(&[one]), set_digest(&[]));
}

fn numbers() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(0_u32..12, 0..15)
}

proptest! {
    #[test]
    fn coverage_is_what_looking_every_row_up_says(
        set in numbers(),
        datasets in prop::collection::vec(numbers(), 0..6),
        chosen in prop::collection::btree_set(0_usize..6, 0..6),
        percent in 1_u8..=100,
    ) {
        let (of_set, coverage) = coverage(&set, &datasets);
        let mut different = Vec::new();
        set.iter().for_each(|row| if !different.contains(row) { different.push(*row) });
        prop_assert_eq!(of_set.rows(), ids(&different));
        prop_assert_eq!(of_set.n_repeated(), set.len() - different.len());
        let holders = |row: &u32| datasets.iter().filter(|rows| rows.contains(row)).count();
        let counts: Vec<u32> = different.iter().map(|row| holders(row) as u32).collect();
        prop_assert_eq!(coverage.n_holders(), counts);
        let unused: Vec<usize> = (0..different.len()).filter(|at| holders(&different[*at]) == 0).collect();
        prop_assert_eq!(coverage.unused().collect::<Vec<_>>(), unused);
        for (at, rows) in datasets.iter().enumerate() {
            let places: Vec<_> = rows.iter().map(|row| different.iter().position(|of| of == row)).collect();
            prop_assert_eq!(coverage.positions(at), &places[..]);
            let held: BTreeSet<usize> = places.into_iter().flatten().collect();
            prop_assert_eq!(coverage.held(at), held.into_iter().collect::<Vec<_>>());
        }
        let among: Vec<usize> = chosen.into_iter().filter(|at| *at < datasets.len()).collect();
        let is_golden = |at: &usize| {
            let count = among.iter().filter(|of| datasets[**of].contains(&different[*at])).count();
            count > 0 && count as f64 / among.len() as f64 >= f64::from(percent) / 100.0 - 1e-9
        };
        let golden: Vec<usize> = (0..different.len()).filter(is_golden).collect();
        prop_assert_eq!(coverage.golden(&among, percent), golden);
    }

    #[test]
    fn two_datasets_have_one_digest_if_they_are_one_set(left in numbers(), right in numbers()) {
        let set = |rows: &[u32]| rows.iter().copied().collect::<BTreeSet<_>>();
        prop_assert_eq!(set_digest(&ids(&left)) == set_digest(&ids(&right)), set(&left) == set(&right));
        let shuffled: Vec<u32> = left.iter().rev().chain(&left).copied().collect();
        prop_assert_eq!(set_digest(&ids(&left)), set_digest(&ids(&shuffled)));
    }
}
