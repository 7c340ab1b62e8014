//! Numbers counted: their percentiles are exact, in whatever order and portions they came.

use std::collections::BTreeMap;

/// How often each number was seen. Memory follows how many different ones there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spread {
    counts: BTreeMap<u64, u64>,
    n: u64,
    sum: u128,
}

impl Spread {
    /// Counts a number.
    pub fn add(&mut self, number: u64) {
        *self.counts.entry(number).or_default() += 1;
        self.n += 1;
        self.sum += u128::from(number);
    }

    /// Counts all that another has counted.
    pub fn join(&mut self, other: &Self) {
        for (number, count) in &other.counts {
            *self.counts.entry(*number).or_default() += count;
        }
        self.n += other.n;
        self.sum += other.sum;
    }

    /// How many there were.
    #[must_use]
    pub const fn n(&self) -> u64 {
        self.n
    }

    /// All of them together.
    #[must_use]
    pub const fn sum(&self) -> u128 {
        self.sum
    }

    /// All of them together, divided by how many there were.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum as f64 / self.n as f64)
    }

    /// By nearest rank: the smallest that `percent` of a hundred are no larger than. 100 and more mean the largest.
    #[must_use]
    pub fn percentile(&self, percent: u8) -> Option<u64> {
        let rank = (u128::from(self.n) * u128::from(percent.min(100))).div_ceil(100).max(1);
        let mut passed = 0;
        self.counts.iter().find_map(|(number, count)| {
            passed += u128::from(*count);
            (passed >= rank).then_some(*number)
        })
    }

    /// The largest.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        self.counts.keys().next_back().copied()
    }
}
