use std::collections::BTreeSet;

use plimsoll_datasets::RowId;
use plimsoll_datasets::owners::{Holding, Owned, holdings};
use proptest::prelude::*;

use super::ids;

#[test]
fn rows_are_shared_within_an_owner_and_beyond_it() {
    let rows = [[1, 2, 2], [2, 3, 4], [4, 5, 6]].map(|rows| ids(&rows));
    let owned: Vec<Owned<'_>> =
        [0, 0, 2].into_iter().zip(&rows).map(|(owner, rows)| Owned { owner, rows }).collect();
    let holding = |n_datasets, n_rows, n_distinct, n_shared_within, n_shared_beyond| Holding {
        n_datasets,
        n_rows,
        n_distinct,
        n_shared_within,
        n_shared_beyond,
    };
    let all = [holding(2, 6, 4, 1, 1), Holding::default(), holding(1, 3, 3, 0, 1)];
    assert_eq!(holdings(3, &owned), all);
}

proptest! {
    #[test]
    fn holdings_are_what_comparing_all_datasets_says(
        datasets in prop::collection::vec((0_usize..4, prop::collection::vec(0_u32..20, 0..12)), 0..9),
    ) {
        let rows: Vec<Vec<RowId>> = datasets.iter().map(|(_, rows)| ids(rows)).collect();
        let owned: Vec<Owned<'_>> =
            datasets.iter().zip(&rows).map(|((owner, _), rows)| Owned { owner: *owner, rows }).collect();
        for (owner, found) in holdings(4, &owned).into_iter().enumerate() {
            let own = || datasets.iter().filter(|(of, _)| *of == owner).map(|(_, rows)| rows);
            let others: BTreeSet<u32> =
                datasets.iter().filter(|(of, _)| *of != owner).flat_map(|(_, rows)| rows.clone()).collect();
            let different: BTreeSet<u32> = own().flatten().copied().collect();
            let is_within = |row: &&u32| own().filter(|rows| rows.contains(row)).count() > 1;
            prop_assert_eq!(found, Holding {
                n_datasets: own().count() as u64,
                n_rows: own().flatten().count() as u64,
                n_distinct: different.len() as u64,
                n_shared_within: different.iter().filter(is_within).count() as u64,
                n_shared_beyond: different.intersection(&others).count() as u64,
            });
        }
    }
}
