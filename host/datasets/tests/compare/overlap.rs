use std::collections::HashSet;

use plimsoll_datasets::RowId;
use plimsoll_datasets::overlap::{MAX_DATASETS, OverlapError, Overlaps, Pair, Rows, Terms};
use proptest::prelude::*;

fn id(number: u32) -> RowId {
    RowId::of(&number.to_le_bytes())
}

fn rows(block: u64, numbers: &[u32]) -> Rows {
    Rows { block, ids: numbers.iter().map(|number| id(*number)).collect() }
}

/// The slow and obvious way: two sets, their intersection.
fn shared(left: &Rows, right: &Rows) -> u32 {
    let [left, right] = [left, right].map(|rows| rows.ids.iter().collect::<HashSet<_>>());
    left.intersection(&right).count() as u32
}

fn agrees(overlaps: &Overlaps, datasets: &[Rows]) {
    assert_eq!(overlaps.n_datasets(), datasets.len());
    let mut pairs = Vec::new();
    for (left, of_left) in datasets.iter().enumerate() {
        for (right, of_right) in datasets.iter().enumerate() {
            let n_shared = shared(of_left, of_right);
            assert_eq!(overlaps.shared(left, right), n_shared, "{left} and {right}");
            if left < right && n_shared > 0 {
                pairs.push(Pair { left, right, n_shared });
            }
        }
    }
    assert_eq!(overlaps.pairs(0).collect::<Vec<_>>(), pairs);
    let many: Vec<Pair> = pairs.iter().copied().filter(|pair| pair.n_shared >= 3).collect();
    assert_eq!(overlaps.pairs(3).collect::<Vec<_>>(), many);
    let all: HashSet<RowId> = datasets.iter().flat_map(|rows| rows.ids.clone()).collect();
    assert_eq!(overlaps.n_distinct_rows(), all.len());
    for id in all {
        let mut holders: Vec<usize> =
            (0..datasets.len()).filter(|place| datasets[*place].ids.contains(&id)).collect();
        holders.sort_by_key(|place| datasets[*place].block);
        assert_eq!(overlaps.holders(id), holders);
    }
}

/// The subnet's loop, over pairwise intersections: who is in no group gathers those like it that are in none.
fn greedy(datasets: &[Rows], limit: u32, order: &[usize]) -> Vec<Vec<usize>> {
    let mut processed = HashSet::new();
    let mut groups = Vec::new();
    for i in order {
        if processed.contains(i) {
            continue;
        }
        let mut group = vec![*i];
        for j in order {
            if i != j && !processed.contains(j) && shared(&datasets[*i], &datasets[*j]) > limit {
                group.push(*j);
            }
        }
        if group.len() > 1 {
            processed.extend(group.clone());
            group.sort_by_key(|place| datasets[*place].block);
            groups.push(group);
        }
    }
    groups
}

/// Whether two places are linked by a chain of pairs above the limit, by closing the relation.
fn linked(datasets: &[Rows], limit: u32) -> Vec<Vec<bool>> {
    let n = datasets.len();
    let above = |i: usize, j: usize| i == j || shared(&datasets[i], &datasets[j]) > limit;
    let mut linked: Vec<Vec<bool>> = (0..n).map(|i| (0..n).map(|j| above(i, j)).collect()).collect();
    for by in 0..n {
        for i in 0..n {
            for j in 0..n {
                linked[i][j] |= linked[i][by] && linked[by][j];
            }
        }
    }
    linked
}

fn any_datasets() -> impl Strategy<Value = Vec<Rows>> {
    let one = (0..5_u64, prop::collection::vec(0..24_u32, 0..14));
    prop::collection::vec(one.prop_map(|(block, numbers)| rows(block, &numbers)), 0..9)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn counts_are_those_of_set_intersections(datasets in any_datasets()) {
        agrees(&Overlaps::new(datasets.clone()).unwrap(), &datasets);
    }

    #[test]
    fn after_any_updates_counts_are_those_of_starting_anew(
        mut datasets in any_datasets(),
        updates in prop::collection::vec((any::<prop::sample::Index>(), prop::collection::vec(0..24_u32, 0..14)), 0..8),
    ) {
        let mut overlaps = Overlaps::new(datasets.clone()).unwrap();
        for (place, numbers) in updates {
            if datasets.is_empty() {
                break;
            }
            let place = place.index(datasets.len());
            datasets[place] = rows(9, &numbers);
            overlaps.update(place, datasets[place].clone()).unwrap();
        }
        agrees(&overlaps, &datasets);
    }

    #[test]
    fn groups_are_the_subnets_own_and_components_those_of_the_closed_relation(
        datasets in any_datasets(),
        limit in 0..6_u32,
        shuffle in any::<u64>(),
    ) {
        let overlaps = Overlaps::new(datasets.clone()).unwrap();
        let mut order: Vec<usize> = (0..datasets.len()).collect();
        order.sort_by_key(|place| RowId::of(&[&shuffle.to_le_bytes()[..], &place.to_le_bytes()].concat()));
        let groups: Vec<_> = overlaps.greedy_groups(limit, &order).into_iter().map(|group| group.places).collect();
        prop_assert_eq!(groups, greedy(&datasets, limit, &order));

        let linked = linked(&datasets, limit);
        let components = overlaps.components(limit);
        let of = |place| components.iter().position(|group| group.places.contains(&place));
        for (i, links) in linked.iter().enumerate() {
            prop_assert_eq!(of(i).is_some(), links.iter().filter(|linked| **linked).count() > 1);
            for (j, link) in links.iter().enumerate() {
                prop_assert_eq!(i == j || (of(i).is_some() && of(i) == of(j)), *link);
            }
        }
        for group in &components {
            prop_assert!(group.places.is_sorted_by_key(|place| datasets[*place].block));
        }
    }
}

/// Rows that nearly all hold are counted another way than rows that few hold.
#[test]
fn frequent_and_rare_rows_are_counted_alike() {
    let dataset = |miner: u32| {
        let frequent = (0..150).filter(|row| !(row * 7 + miner).is_multiple_of(5));
        let rare = (1_000..1_060).filter(|row| (row + miner).is_multiple_of(31));
        rows(u64::from(miner % 4), &frequent.chain(rare).collect::<Vec<_>>())
    };
    let datasets: Vec<Rows> = (0..40).map(dataset).collect();
    agrees(&Overlaps::new(datasets.clone()).unwrap(), &datasets);
    let same = vec![datasets[0].clone(); 70];
    agrees(&Overlaps::new(same.clone()).unwrap(), &same);
}

#[test]
fn a_chain_is_one_component_and_two_greedy_groups() {
    // 0 and 1 share two rows, 1 and 2, 2 and 3 likewise; nobody else shares any.
    let chain = [rows(40, &[1, 2]), rows(30, &[1, 2, 3, 4]), rows(20, &[3, 4, 5, 6]), rows(10, &[5, 6])];
    let overlaps = Overlaps::new(chain.to_vec()).unwrap();
    let places = |groups: Vec<plimsoll_datasets::overlap::Group>| {
        groups.into_iter().map(|group| group.places).collect::<Vec<_>>()
    };
    assert_eq!(places(overlaps.components(1)), [[3, 2, 1, 0]]);
    assert_eq!(places(overlaps.greedy_groups(1, &[0, 1, 2, 3])), [[1, 0], [3, 2]]);
    assert_eq!(places(overlaps.greedy_groups(1, &[1, 0, 2, 3])), [[2, 1, 0]]);
    assert_eq!(places(overlaps.greedy_groups(2, &[0, 1, 2, 3])), [[0; 2]; 0]);
}

#[test]
fn the_limit_itself_is_still_allowed_and_who_committed_first_is_no_copy() {
    let at_limit: Vec<u32> = (0..100).collect();
    let over: Vec<u32> = (0..101).collect();
    let all: Vec<u32> = (0..250).collect();
    let terms =
        Terms { evaluation: Some(all.iter().map(|number| id(*number)).collect()), duplicate_limit: 100 };
    let judged = |rows: Vec<Rows>| {
        let order: Vec<usize> = (0..rows.len()).collect();
        Overlaps::new(rows).unwrap().judge(&terms, &order)
    };
    let fair = judged(vec![rows(2, &all), rows(1, &at_limit)]);
    assert!(fair.iter().all(|judged| judged.copy_of.is_none() && judged.only_evaluation_rows == Some(true)));
    assert_eq!(fair[0].closest, Some((1, 100)));
    let copied = judged(vec![rows(2, &all), rows(1, &over)]);
    assert_eq!((copied[0].copy_of, copied[1].copy_of), (Some(1), None));
}

#[test]
fn a_repeated_or_foreign_row_breaks_the_first_rule() {
    let terms = Terms { evaluation: Some((0..10).map(id).collect()), duplicate_limit: 5 };
    let datasets = vec![rows(1, &[1, 2, 3]), rows(1, &[1, 2, 2]), rows(1, &[1, 2, 99]), rows(1, &[])];
    let judged = Overlaps::new(datasets).unwrap().judge(&terms, &[0, 1, 2, 3]);
    let kept: Vec<_> = judged.iter().map(|judged| judged.only_evaluation_rows.unwrap()).collect();
    assert_eq!(kept, [true, false, false, true]);
    assert_eq!(judged[1].n_in_evaluation, Some(2));
    assert_eq!(judged[3].closest, None);
    let unknown = Overlaps::new(vec![rows(1, &[1])]).unwrap().judge(&Terms::default(), &[0]);
    assert_eq!(unknown[0].only_evaluation_rows, None);
}

#[test]
fn the_matrix_is_symmetric_with_each_datasets_different_rows_on_its_diagonal() {
    let overlaps = Overlaps::new(vec![rows(1, &[1, 1, 2]), rows(2, &[2, 3, 4]), rows(3, &[])]).unwrap();
    assert_eq!(overlaps.matrix().collect::<Vec<_>>(), [[2, 1, 0], [1, 3, 0], [0, 0, 0]]);
    assert_eq!((overlaps.n_rows(0), overlaps.n_different_rows(0), overlaps.block(1)), (3, 2, 2));
}

#[test]
fn what_cannot_be_compared_is_refused_with_numbers() {
    let mut overlaps = Overlaps::new(vec![Rows::default(); MAX_DATASETS]).unwrap();
    let error = overlaps.push(Rows::default()).unwrap_err();
    assert_eq!(error.to_string(), "4097 datasets to compare, at most 4096: choose fewer by a filter");
    let too_many = vec![Rows::default(); MAX_DATASETS + 1];
    assert_eq!(Overlaps::new(too_many).unwrap_err(), error);
    let error = overlaps.update(4_096, Rows::default()).unwrap_err();
    assert_eq!(error, OverlapError::NoSuchPlace { place: 4_096, n_datasets: 4_096 });
    assert_eq!(error.to_string(), "no dataset has place 4096: there are 4096");
}
