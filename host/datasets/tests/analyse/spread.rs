use plimsoll_datasets::analyse::Spread;
use proptest::prelude::*;

fn spread(numbers: &[u64]) -> Spread {
    let mut spread = Spread::default();
    numbers.iter().for_each(|number| spread.add(*number));
    spread
}

#[test]
fn percentiles_are_the_numbers_at_their_nearest_rank() {
    let tens = spread(&[15, 20, 35, 40, 50]);
    let at = [0, 5, 20, 21, 30, 40, 50, 95, 100, 255].map(|percent| tens.percentile(percent).unwrap());
    assert_eq!(at, [15, 15, 15, 20, 20, 20, 35, 50, 50, 50]);
    let nothing = Spread::default();
    assert_eq!((nothing.percentile(50), nothing.max(), nothing.mean()), (None, None, None));
}

proptest! {
    #[test]
    fn a_spread_is_what_sorting_all_numbers_says(
        numbers in prop::collection::vec(prop_oneof![0_u64..9, any::<u64>()], 1..80),
        percent in 0_u8..=100,
        cut: prop::sample::Index,
    ) {
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        let no_larger = |number: &&u64| {
            let count = sorted.iter().filter(|other| other <= number).count();
            count * 100 >= usize::from(percent) * sorted.len()
        };
        let whole = spread(&numbers);
        prop_assert_eq!(whole.percentile(percent), sorted.iter().find(no_larger).copied());
        prop_assert_eq!((whole.n(), whole.max()), (numbers.len() as u64, sorted.last().copied()));
        prop_assert_eq!(whole.sum(), numbers.iter().map(|number| u128::from(*number)).sum::<u128>());
        let (left, right) = numbers.split_at(cut.index(numbers.len()));
        let mut joined = spread(right);
        joined.join(&spread(left));
        prop_assert_eq!(joined, whole);
    }
}
