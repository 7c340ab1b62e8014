use std::convert::Infallible;

use plimsoll_datasets::RowId;
use plimsoll_datasets::select::{Choice, Split, Written};
use proptest::prelude::*;

use super::id;

/// Chooses among rows, each known by the place at which it is offered.
fn choose(seed: u64, n_rows: usize, offered: &[u32]) -> Vec<(RowId, usize)> {
    let mut choice = Choice::new(seed, n_rows);
    for (place, number) in offered.iter().enumerate() {
        choice.offer(id(*number), || Ok::<_, Infallible>(place)).unwrap();
    }
    choice.into_rows().collect()
}

fn chosen(seed: u64, n_rows: usize, offered: &[u32]) -> Vec<RowId> {
    choose(seed, n_rows, offered).into_iter().map(|(id, _)| id).collect()
}

#[test]
fn the_same_seed_chooses_the_same_rows_for_ever() {
    let all: Vec<u32> = (0..1000).collect();
    let numbers = |seed| {
        let place = |row: RowId| all.iter().position(|number| id(*number) == row).unwrap();
        chosen(seed, 6, &all).into_iter().map(place).collect::<Vec<_>>()
    };
    assert_eq!(numbers(1), [280, 134, 734, 756, 978, 423]);
    assert_eq!(numbers(u64::MAX), [816, 218, 844, 941, 641, 738]);
}

#[test]
fn every_row_is_as_likely_as_any_other() {
    let all: Vec<u32> = (0..40).collect();
    let mut counts = [0_u32; 40];
    for seed in 0..4_000 {
        for (_, place) in choose(seed, 10, &all) {
            counts[place] += 1;
        }
    }
    // A thousand each, give or take 27; six deviations are one in five hundred million.
    assert!(counts.iter().all(|count| (836..=1_164).contains(count)), "{counts:?}");
}

#[test]
fn a_row_that_cannot_be_kept_was_never_offered() {
    let mut choice = Choice::new(3, 2);
    assert_eq!(choice.offer(id(1), || Err("broken")), Err("broken"));
    assert_eq!(choice.offer(id(1), || Ok::<_, &str>("whole")), Ok(()));
    assert_eq!(choice.offer(id(1), || Err("not asked")), Ok(()));
    assert_eq!(choice.into_rows().collect::<Vec<_>>(), [(id(1), "whole")]);
    let mut none = Choice::<()>::new(3, 0);
    assert_eq!(none.offer(id(1), || Err("not asked")), Ok(()));
    assert_eq!((none.len(), Choice::<()>::new(3, 5).is_empty()), (0, true));
}

proptest! {
    #[test]
    fn a_choice_follows_from_rows_and_seed_alone(
        seed: u64,
        offered in prop::collection::vec(0_u32..60, 0..80),
        n_rows in 0_usize..40,
        turned: prop::sample::Index,
    ) {
        let few = chosen(seed, n_rows, &offered);
        let mut different = offered.clone();
        different.sort_unstable();
        different.dedup();
        prop_assert_eq!(few.len(), n_rows.min(different.len()));
        prop_assert_eq!(&few, &chosen(seed, n_rows, &different), "neither order nor repetition counts");
        // The slow way: all of them, then cut.
        let all = chosen(seed, usize::MAX, &offered);
        prop_assert_eq!(&few[..], &all[..few.len()]);
        for (row, place) in choose(seed, n_rows, &offered) {
            prop_assert_eq!(offered.iter().position(|number| id(*number) == row), Some(place), "the first counts");
        }
        // New rows push out no more than they are.
        let (old, new) = different.split_at(turned.index(different.len() + 1));
        let kept = chosen(seed, n_rows, old);
        let n_lost = kept.iter().filter(|row| !few.contains(row)).count();
        prop_assert!(n_lost <= new.len());
    }
}

#[test]
fn the_part_of_a_row_follows_from_the_row_alone() {
    let split: Split = "train=0.9,test=0.1".parse().unwrap();
    assert_eq!(split.names().collect::<Vec<_>>(), ["train", "test"]);
    let tested: Vec<u32> = (0..24).filter(|number| split.part(id(*number)) == 1).collect();
    assert_eq!(tested, [11, 13], "for ever");
    let n_test = (0..100_000).filter(|number| split.part(id(*number)) == 1).count();
    // 95 is a deviation.
    assert!((9_500..=10_500).contains(&n_test), "{n_test}");
    let whole: Split = "all=1".parse().unwrap();
    assert!((0..1_000).all(|number| whole.part(id(number)) == 0));
    // A part that is cut in two leaves all others as they were.
    let finer: Split = "train=0.9,test=0.05,check=0.05".parse().unwrap();
    for number in 0..1_000 {
        assert_eq!(finer.part(id(number)) == 0, split.part(id(number)) == 0);
        assert!(finer.part(id(number)) < 3);
    }
}

#[test]
fn a_split_is_read_exactly_and_what_is_none_is_told() {
    for good in
        ["a=1", "a=1.0,b=0", "a=.5,b=0.5", " a=0.333333, b=0.333333,c=0.333334", "x_1-y=0.999999,z=0.000001"]
    {
        assert_eq!(good.parse::<Split>().is_ok(), !good.ends_with("b=0"), "{good}");
    }
    let share = "expected a share above 0 and at most 1 with at most 6 decimals, found";
    for (text, told) in [
        ("", "split ``: expected name=share, as in train=0.9,test=0.1".to_owned()),
        ("train", "split `train`: expected name=share, as in train=0.9,test=0.1".to_owned()),
        (
            "a=0.5,../b=0.5",
            "split `../b`: expected a name of at most 32 lower-case letters, digits, `-` and `_`".to_owned(),
        ),
        ("=1", "split ``: expected a name of at most 32 lower-case letters, digits, `-` and `_`".to_owned()),
        ("a=0.5,a=0.5", "split `a`: given twice".to_owned()),
        (
            "a=0.9,b=0.2",
            "the split's shares make 1100000 millionths, expected 1000000: they must add up to 1".to_owned(),
        ),
        ("a=0", format!("split `a`: {share} `0`")),
        ("a=1.000001", format!("split `a`: {share} `1.000001`")),
        ("a=0.1234567", format!("split `a`: {share} `0.1234567`")),
        ("a=+1", format!("split `a`: {share} `+1`")),
        ("a=.", format!("split `a`: {share} `.`")),
        ("a=1e0", format!("split `a`: {share} `1e0`")),
    ] {
        assert_eq!(text.parse::<Split>().unwrap_err().to_string(), told, "{text}");
    }
    let many = (0..17).map(|part| format!("p{part}=0.01")).collect::<Vec<_>>().join(",");
    assert_eq!(many.parse::<Split>().unwrap_err().to_string(), "a split of 17 parts, at most 16");
}

#[test]
fn what_was_written_is_known_by_its_bytes() {
    let mut written = Written::default();
    written.add(b"one\n");
    written.add(b"two\n");
    assert_eq!((written.n_rows(), written.n_bytes()), (2, 8));
    assert_eq!(written.digest(), plimsoll_core::Digest::of(b"one\ntwo\n"));
}
