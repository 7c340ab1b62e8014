//! How sure a mean over few runs is.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::compare::quantile;

/// Resamples behind an interval.
const RESAMPLES: usize = 2_000;

/// The mean of `values`: plainly added up in their order; 0 of none.
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// An interval that holds the mean behind `values` with 95 %: the 2.5 % and 97.5 % quantiles of the means of 2,000
/// resamples, each of as many values drawn with replacement (the percentile bootstrap; Efron and Tibshirani, "An
/// Introduction to the Bootstrap", 1993, chapter 13). Draws come from ChaCha8 under `seed`, so the same values have
/// the same interval everywhere. Of one value it is that value twice and says nothing.
#[must_use]
pub fn bootstrap_mean_ci95(values: &[f64], seed: [u8; 32]) -> [f64; 2] {
    let mut draws = ChaCha8Rng::from_seed(seed);
    let mut resample = || {
        let one = |_| values[below(&mut draws, values.len())];
        (0..values.len()).map(one).sum::<f64>() / values.len().max(1) as f64
    };
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| resample()).collect();
    means.sort_by(f64::total_cmp);
    [quantile(&means, 0.025), quantile(&means, 0.975)]
}

/// Below `n`, by the upper half of a product (Lemire 2019); its bias of n / 2^64 is far below what is estimated.
fn below(draws: &mut ChaCha8Rng, n: usize) -> usize {
    ((u128::from(draws.next_u64()) * n as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_interval_holds_the_mean_and_lies_among_the_values(
            values in proptest::collection::vec(-100.0..100.0f64, 1..30), seed: [u8; 32],
        ) {
            let [low, high] = bootstrap_mean_ci95(&values, seed);
            let (least, most) = values.iter().fold((f64::MAX, f64::MIN), |(a, b), &v| (a.min(v), b.max(v)));
            prop_assert!(least - 1e-9 <= low && low <= high && high <= most + 1e-9);
            prop_assert!(low <= mean(&values) + 1e-9 && mean(&values) - 1e-9 <= high);
            prop_assert_eq!(bootstrap_mean_ci95(&values, seed), [low, high]);
        }
    }

    #[test]
    fn one_value_is_its_own_interval_and_none_has_zeros() {
        assert_eq!(bootstrap_mean_ci95(&[0.7], [1; 32]), [0.7, 0.7]);
        assert_eq!((bootstrap_mean_ci95(&[], [1; 32]), mean(&[])), ([0.0; 2], 0.0));
    }

    #[test]
    fn the_interval_is_as_wide_as_the_normal_law_says() {
        // 0 to 399: the standard deviation is 115.5, that of the mean 5.77; 1.96 of it are 11.3.
        let values: Vec<f64> = (0..400).map(f64::from).collect();
        let [low, high] = bootstrap_mean_ci95(&values, [3; 32]);
        assert!((199.5 - 11.3 - low).abs() < 1.2 && (high - 199.5 - 11.3).abs() < 1.2, "{low} {high}");
    }

    #[test]
    fn it_covers_the_truth_about_as_often_as_promised() {
        let mut draws = ChaCha8Rng::from_seed([9; 32]);
        let covered = (0..200u8).filter(|&trial| {
            let values: Vec<f64> = (0..25).map(|_| below(&mut draws, 1001) as f64).collect();
            let [low, high] = bootstrap_mean_ci95(&values, [trial; 32]);
            low <= 500.0 && 500.0 <= high
        });
        // About 93 % for 25 values; 200 trials miss by 3.6 % at two standard deviations.
        assert!((176..=198).contains(&covered.count()));
    }
}
