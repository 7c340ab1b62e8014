//! How long it took until something happened, where some were not watched to the end.

use serde::{Deserialize, Serialize};

/// Some that were waited for alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Epochs in which it did not happen.
    pub epochs: u64,
    /// Whether it happened in the epoch after those; else nobody looked on.
    pub happened: bool,
    /// How many.
    pub count: u64,
}

/// The least number of epochs after which it had happened to half of them; `None` where it never comes so far.
///
/// Those who were not watched to the end count for as long as they were: half is where the product of 1 - d / n over
/// all epochs so far is at most 1/2, d of n still watched having met it in an epoch (Kaplan and Meier, "Nonparametric
/// estimation from incomplete observations", JASA 53, 1958).
#[must_use]
pub fn median_wait(waits: &[Wait]) -> Option<u64> {
    /// What a product of rounded quotients may be off by.
    const ROUNDING: f64 = 1e-12;
    let mut epochs: Vec<u64> = waits.iter().filter(|wait| wait.happened).map(|wait| wait.epochs).collect();
    epochs.sort_unstable();
    epochs.dedup();
    let mut left = 1.0;
    for epoch in epochs {
        let count = |of: &dyn Fn(&Wait) -> bool| -> u64 {
            waits.iter().filter(|wait| of(wait)).map(|wait| wait.count).sum()
        };
        let met = count(&|wait| wait.happened && wait.epochs == epoch);
        let watched = count(&|wait| wait.epochs > epoch || (wait.happened && wait.epochs == epoch));
        left *= 1.0 - met as f64 / watched.max(1) as f64;
        if left <= 0.5 + ROUNDING {
            return Some(epoch);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wait((epochs, happened): (u64, bool)) -> Wait {
        Wait { epochs, happened, count: 1 }
    }

    #[test]
    fn who_was_not_watched_to_the_end_counts_for_as_long_as_it_was() {
        let median =
            |waits: &[(u64, bool)]| median_wait(&waits.iter().copied().map(wait).collect::<Vec<_>>());
        assert_eq!((median(&[]), median(&[(9, false)]), median(&[(9, true)])), (None, None, Some(9)));
        assert_eq!(median(&[(0, true), (3, true), (60, false), (60, false)]), Some(3));
        assert_eq!(median(&[(0, true), (60, false), (60, false)]), None);
        // 4/5 after epoch 1, where one more was not watched; 4/5 * 2/3 after 5, * 1/2 after 6.
        assert_eq!(median(&[(1, true), (4, false), (5, true), (6, true), (9, false), (1, false)]), Some(6));
        // 2/3, then * 1/2.
        assert_eq!(median(&[(2, true), (5, true), (9, false)]), Some(5));
    }

    proptest! {
        #[test]
        fn where_all_are_watched_it_is_the_plain_median_of_those_below(
            epochs in proptest::collection::vec(0..50u64, 1..40),
        ) {
            let mut sorted = epochs.clone();
            sorted.sort_unstable();
            let waits: Vec<Wait> = epochs.iter().map(|&epochs| wait((epochs, true))).collect();
            prop_assert_eq!(median_wait(&waits), Some(sorted[(sorted.len() - 1) / 2]));
        }
    }
}
