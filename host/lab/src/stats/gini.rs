//! How unequal amounts are.

/// The Gini coefficient of amounts of 0 or more: 0 where all are alike, (n - 1) / n where one has everything.
///
/// G = sum over i of (2 i - n - 1) x_i / (n sum of x), with the x in ascending order and i from 1 (Gini 1912, in the
/// form of Sen, "On Economic Inequality", 1973). `None` of fewer than two amounts, or where all are zero.
#[must_use]
pub fn gini(amounts: &[f64]) -> Option<f64> {
    let mut sorted = amounts.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (n, sum) = (sorted.len() as f64, sorted.iter().sum::<f64>());
    if sorted.len() < 2 || sum <= 0.0 {
        return None;
    }
    let weighted: f64 = sorted.iter().enumerate().map(|(i, x)| (2.0 * (i + 1) as f64 - n - 1.0) * x).sum();
    // Equals that were rounded differently can come out a hair below zero.
    Some((weighted / (n * sum)).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The definition: half the mean difference of all pairs over the mean.
        #[test]
        fn it_is_the_mean_difference_of_pairs(amounts in proptest::collection::vec(0.0..100.0f64, 2..20)) {
            let n = amounts.len() as f64;
            let mean = amounts.iter().sum::<f64>() / n;
            prop_assume!(mean > 1e-6);
            let pairs: f64 = amounts.iter().flat_map(|a| amounts.iter().map(move |b| (a - b).abs())).sum();
            let found = gini(&amounts).unwrap();
            prop_assert!((found - pairs / (2.0 * n * n * mean)).abs() < 1e-9);
            let doubled: Vec<f64> = amounts.iter().map(|amount| amount * 2.0).collect();
            prop_assert!((found - gini(&doubled).unwrap()).abs() < 1e-9);
        }
    }

    #[test]
    fn equals_have_zero_and_one_who_has_all_has_nearly_one() {
        assert!(gini(&[3.0; 7]).unwrap().abs() < 1e-12);
        for amounts in [[0.1, 0.1, 0.1], [0.3, 0.1 + 0.2, 0.3], [1e-9, 1e-9, 1e-9]] {
            let found = gini(&amounts).unwrap();
            assert!(found.is_sign_positive() && found < 1e-12, "{amounts:?}: {found}");
        }
        assert!((gini(&[0.0, 0.0, 0.0, 5.0]).unwrap() - 0.75).abs() < 1e-12);
        assert_eq!((gini(&[1.0]), gini(&[0.0, 0.0]), gini(&[])), (None, None, None));
    }
}
