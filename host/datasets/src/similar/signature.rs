//! MinHash: the smallest of a set's fingerprints under each of 128 shufflings.

use super::Shingles;

/// How many shufflings. The estimate's standard error is at most `0.5 / sqrt(128)`, 0.044.
pub const N_PERMUTATIONS: usize = 128;

/// A set's minima, one a shuffling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub(super) [u32; N_PERMUTATIONS]);

/// Shuffling `i` is `x -> (a_i * x + b_i) >> 32`, `a_i` odd: multiply-shift. The numbers are drawn from a fixed seed, so
/// every run finds the same pairs.
const SHUFFLINGS: [(u64, u64); N_PERMUTATIONS] = {
    let mut all = [(0, 0); N_PERMUTATIONS];
    let mut at = 0;
    while at < N_PERMUTATIONS {
        let number = at as u64 * 2;
        all[at] = (mix(number) | 1, mix(number + 1));
        at += 1;
    }
    all
};

impl Signature {
    /// The signature of a set. An empty set's minima are all the largest number.
    pub fn of(shingles: &Shingles) -> Self {
        let mut minima = [u32::MAX; N_PERMUTATIONS];
        for print in shingles.fingerprints() {
            for (minimum, (a, b)) in minima.iter_mut().zip(&SHUFFLINGS) {
                let shuffled = a.wrapping_mul(*print).wrapping_add(*b) >> 32;
                *minimum = (*minimum).min(shuffled as u32);
            }
        }
        Self(minima)
    }

    /// The estimate of two sets' likeness: the share of equal minima.
    pub fn likeness(&self, other: &Self) -> f64 {
        let n_equal = self.0.iter().zip(&other.0).filter(|(left, right)| left == right).count();
        n_equal as f64 / N_PERMUTATIONS as f64
    }
}

/// SplitMix64's output function of the given state.
pub(super) const fn mix(state: u64) -> u64 {
    let z = state.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sets of a known likeness: 300 numbers, a share of them common.
    #[test]
    fn the_estimate_stays_within_four_standard_errors() {
        for percent in [10_usize, 30, 50, 70, 90] {
            let n_common = 600 * percent / (100 + percent);
            let word = |number: usize| format!("{:05}", mix(number as u64) % 100_000);
            let text = |own: usize| {
                let words = (0..n_common).chain(own..own + 300 - n_common).map(word);
                Shingles::of_text(&words.collect::<Vec<_>>().join("·····"))
            };
            let (left, right) = (text(1_000), text(2_000));
            let exact = left.likeness(&right);
            let estimate = Signature::of(&left).likeness(&Signature::of(&right));
            let error = (exact * (1.0 - exact) / N_PERMUTATIONS as f64).sqrt();
            assert!((estimate - exact).abs() <= 4.0 * error, "{estimate} for {exact}");
        }
    }

    #[test]
    fn the_same_set_has_the_same_signature_and_an_empty_one_the_largest() {
        let shingles = Shingles::of_text("the same words");
        assert_eq!(Signature::of(&shingles).likeness(&Signature::of(&shingles.clone())), 1.0);
        assert_eq!(Signature::of(&Shingles::default()).0, [u32::MAX; N_PERMUTATIONS]);
    }
}
