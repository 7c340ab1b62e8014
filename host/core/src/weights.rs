//! From a rule's values to the weights that a chain takes.

use crate::Uid;

/// Scales values so that the largest becomes 65535, as the chain itself does on arrival: `value · 65535 /
/// largest`, rounded to the nearest, halves upwards. A zero stays in the list as zero, and where all are zero
/// all stay zero. The answer is sorted by uid, so it does not depend on the order of the values.
///
/// Integers only; 128 bits inside, so that no `u64` overflows.
#[must_use]
pub fn normalise_weights(values: &[(Uid, u64)]) -> Vec<(Uid, u16)> {
    let largest = u128::from(values.iter().map(|&(_, value)| value).max().unwrap_or(0));
    let mut weights: Vec<(Uid, u16)> =
        values.iter().map(|&(uid, value)| (uid, scaled(value, largest))).collect();
    weights.sort_unstable();
    weights
}

fn scaled(value: u64, largest: u128) -> u16 {
    if largest == 0 {
        return 0;
    }
    let rounded = (u128::from(value) * u128::from(u16::MAX) + largest / 2) / largest;
    // `value` is at most `largest`, so this is at most 65535 and a half, rounded down.
    u16::try_from(rounded).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Any list of values with distinct uids, large and small mixed.
    fn values() -> impl Strategy<Value = Vec<(Uid, u64)>> {
        let value = prop_oneof![Just(0), 1u64..10, any::<u64>(), Just(u64::MAX)];
        proptest::collection::btree_map((0u16..300).prop_map(Uid), value, 0..40)
            .prop_map(|map| map.into_iter().collect())
    }

    proptest! {
        #[test]
        fn the_order_of_the_values_does_not_matter(
            (values, shuffled) in values().prop_flat_map(|v| (Just(v.clone()), Just(v).prop_shuffle())),
        ) {
            prop_assert_eq!(normalise_weights(&values), normalise_weights(&shuffled));
        }

        #[test]
        fn more_value_is_never_less_weight_and_nobody_is_lost(values in values()) {
            let weights = normalise_weights(&values);
            prop_assert_eq!(weights.len(), values.len());
            for (&(uid, a), &(weighed, x)) in values.iter().zip(&weights) {
                prop_assert_eq!(uid, weighed);
                prop_assert!(a != 0 || x == 0, "a zero stays zero");
                for (&(_, b), &(_, y)) in values.iter().zip(&weights) {
                    prop_assert!(a < b || x >= y, "{} >= {} but {} < {}", a, b, x, y);
                }
            }
        }

        #[test]
        fn the_largest_value_gets_the_full_weight(values in values()) {
            let weights = normalise_weights(&values);
            let largest = values.iter().map(|v| v.1).max().unwrap_or(0);
            for (value, weight) in values.iter().zip(&weights) {
                prop_assert!(value.1 != largest || largest == 0 || weight.1 == u16::MAX);
            }
        }

        #[test]
        fn what_is_normalised_stays_as_it_is(values in values()) {
            let once = normalise_weights(&values);
            let again: Vec<_> = once.iter().map(|&(uid, w)| (uid, u64::from(w))).collect();
            prop_assert_eq!(normalise_weights(&again), once);
        }

        #[test]
        fn each_weight_is_the_nearest_to_the_exact_ratio(values in values()) {
            let largest = values.iter().map(|v| u128::from(v.1)).max().unwrap_or(0);
            prop_assume!(largest > 0);
            for (&(_, value), &(_, weight)) in values.iter().zip(&normalise_weights(&values)) {
                let exact = u128::from(value) * 65535;
                let off = exact.abs_diff(u128::from(weight) * largest);
                prop_assert!(2 * off <= largest, "{} of {} became {}", value, largest, weight);
            }
        }
    }

    #[test]
    fn weights_of_known_values_are_as_the_chain_rounds_them() {
        let weights = |v: &[u64]| -> Vec<u16> {
            let values: Vec<_> = (0u16..).map(Uid).zip(v.iter().copied()).collect();
            normalise_weights(&values).into_iter().map(|(_, w)| w).collect()
        };
        assert!(weights(&[]).is_empty());
        assert_eq!(weights(&[0, 0]), [0, 0]);
        assert_eq!(weights(&[1]), [65535]);
        assert_eq!(weights(&[1, 2, 0]), [32768, 65535, 0]);
        assert_eq!(weights(&[30000, 65535]), [30000, 65535]);
        assert_eq!(weights(&[u64::MAX, u64::MAX - 1, 1]), [65535, 65535, 0]);
        assert_eq!(weights(&[1, 3]), [21845, 65535]);
    }
}
