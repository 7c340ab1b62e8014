//! What a rule's values become as a chain takes them.

use plimsoll_core::Uid;

const FULL: u128 = u16::MAX as u128;

/// What is wrong with `weights` for `values`, both sorted by uid: the largest must be 65535, everyone's the nearest to
/// `value · 65535 / largest`, and none below that of who has less. Weights of nothing are all zero.
pub(super) fn misshapen(values: &[(Uid, u64)], weights: &[(Uid, u16)]) -> Option<String> {
    if !values.iter().map(|value| value.0).eq(weights.iter().map(|weight| weight.0)) {
        return Some(format!("{} values become {} weights of other uids", values.len(), weights.len()));
    }
    let largest = u128::from(values.iter().map(|value| value.1).max().unwrap_or(0));
    let pairs = || values.iter().zip(weights).map(|(&(uid, value), &(_, weight))| (uid, value, weight));
    for (uid, value, weight) in pairs() {
        if u128::from(value) == largest && u128::from(weight) != FULL.min(largest * FULL) {
            return Some(format!("uid {uid} earns the most, {value}, and its weight is {weight} of 65535"));
        }
        let off = (u128::from(value) * FULL).abs_diff(u128::from(weight) * largest);
        if 2 * off > largest {
            return Some(format!(
                "uid {uid} earns {value} of at most {largest}, and that becomes {weight} of 65535"
            ));
        }
    }
    let mut ascending: Vec<_> = pairs().collect();
    ascending.sort_unstable_by_key(|&(uid, value, weight)| (value, weight, uid));
    ascending.windows(2).find_map(|two| {
        let [(less, value, weight), (more, other_value, other_weight)] = [two[0], two[1]];
        let is_turned = weight > other_weight || (value == other_value && weight != other_weight);
        is_turned.then(|| {
            format!("uid {less} earns {value} and uid {more} {other_value}, their weights are {weight} and {other_weight}")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::normalise_weights;

    fn of<T: Copy>(list: &[T]) -> Vec<(Uid, T)> {
        (0..).map(Uid).zip(list.iter().copied()).collect()
    }

    fn said(values: &[u64], weights: &[u16]) -> String {
        misshapen(&of(values), &of(weights)).unwrap_or_else(|| "nothing".into())
    }

    #[test]
    fn what_the_host_makes_of_values_is_sound() {
        for values in
            [&[][..], &[0, 0], &[1], &[1, 2, 0], &[1, 100_000], &[u64::MAX, u64::MAX - 1, 1], &[7, 7, 14]]
        {
            let values = of(values);
            assert_eq!(misshapen(&values, &normalise_weights(&values)), None, "{values:?}");
        }
    }

    #[test]
    fn every_way_to_make_them_wrong_is_found_out() {
        // Divided by the sum, as a share of it.
        assert_eq!(
            said(&[1, 3], &[16_384, 49_151]),
            "uid 0 earns 1 of at most 3, and that becomes 16384 of 65535"
        );
        assert_eq!(
            said(&[3, 1], &[49_151, 16_384]),
            "uid 0 earns the most, 3, and its weight is 49151 of 65535"
        );
        // Rounded down: 0.66 is nothing then.
        assert_eq!(
            said(&[1, 100_000], &[0, 65_535]),
            "uid 0 earns 1 of at most 100000, and that becomes 0 of 65535"
        );
        assert_eq!(
            said(&[5, 1], &[65_535, 65_535]),
            "uid 1 earns 1 of at most 5, and that becomes 65535 of 65535"
        );
        assert_eq!(said(&[0, 0], &[0, 65_535]), "uid 1 earns the most, 0, and its weight is 65535 of 65535");
        // Halves that are rounded up for one and down for another.
        assert_eq!(
            said(&[1, 2, 1], &[32_767, 65_535, 32_768]),
            "uid 0 earns 1 and uid 2 1, their weights are 32767 and 32768"
        );
        assert_eq!(said(&[1, 2], &[32_768]), "2 values become 1 weights of other uids");
    }
}
