//! Whether counts look uniform.

/// The probability that counts at least as uneven as these come from rounds that each draw `drawn` distinct places
/// of `sizes.sum()`, every set as likely as another. `counts[i]` is how often one of the `sizes[i]` places of
/// bucket i was drawn in all rounds.
///
/// Pearson's statistic, sum of (count - expected)^2 / expected, times (N - 1) / (N - q) for drawing without
/// replacement, against the chi-square law (multivariate hypergeometric counts have the multinomial's covariance
/// times (N - q) / (N - 1)). `None` where that law says nothing: fewer than three buckets, an even number of them
/// (so that the law has the closed form for even degrees), an expected count below 5, or all places drawn.
#[must_use]
pub fn uniformity(counts: &[u64], sizes: &[u64], drawn: u64) -> Option<f64> {
    let places: u64 = sizes.iter().sum();
    let total: u64 = counts.iter().sum();
    if sizes.len() != counts.len() || sizes.len() < 3 || sizes.len().is_multiple_of(2) || drawn >= places {
        return None;
    }
    let mut statistic = 0.0;
    for (&count, &size) in counts.iter().zip(sizes) {
        let expected = total as f64 * size as f64 / places as f64;
        if expected < 5.0 {
            return None;
        }
        statistic += (count as f64 - expected).powi(2) / expected;
    }
    statistic *= (places - 1) as f64 / (places - drawn) as f64;
    Some(chi_square_above(statistic, sizes.len() / 2))
}

/// The probability that a chi-square variable of 2 `half_degrees` degrees exceeds `x`:
/// e^(-x/2) times the sum over i < `half_degrees` of (x/2)^i / i!.
fn chi_square_above(x: f64, half_degrees: usize) -> f64 {
    let half = x / 2.0;
    let mut ln_term = -half;
    let mut sum = 0.0;
    for i in 0..half_degrees {
        sum += ln_term.exp();
        ln_term += half.ln() - ((i + 1) as f64).ln();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_law_has_its_published_quantiles() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.4: upper critical values.
        for (degrees, x, tail) in [
            (2, 5.991, 0.05),
            (4, 13.277, 0.01),
            (10, 18.307, 0.05),
            (20, 45.315, 0.001),
            (100, 124.342, 0.05),
        ] {
            let found = chi_square_above(x, degrees / 2);
            assert!((found - tail).abs() < tail * 2e-3, "{degrees}: {found}");
        }
        assert_eq!(chi_square_above(0.0, 3), 1.0);
    }

    /// A generator that is good enough for counts: splitmix64.
    fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Counts of `rounds` rounds that shuffle `places` places and take the first `drawn`.
    fn drawn_counts(state: &mut u64, places: usize, sizes: &[u64], drawn: usize, rounds: u32) -> Vec<u64> {
        let bucket: Vec<usize> =
            sizes.iter().enumerate().flat_map(|(i, &size)| vec![i; size as usize]).collect();
        let mut counts = vec![0; sizes.len()];
        for _ in 0..rounds {
            let mut order: Vec<usize> = (0..places).collect();
            for i in 0..drawn {
                let other = i + (next(state) % (places - i) as u64) as usize;
                order.swap(i, other);
                counts[bucket[order[i]]] += 1;
            }
        }
        counts
    }

    #[test]
    fn uniform_draws_without_replacement_give_every_probability_alike() {
        let (mut state, sizes) = (7, [10, 10, 10, 10, 9]);
        let mut tenths = [0u32; 10];
        for _ in 0..500 {
            let counts = drawn_counts(&mut state, 49, &sizes, 30, 40);
            let p = uniformity(&counts, &sizes, 30).unwrap();
            tenths[((p * 10.0) as usize).min(9)] += 1;
        }
        // 50 are expected in each tenth, give or take 7; without the correction most would be near one.
        assert!(tenths.iter().all(|&n| (20..=85).contains(&n)), "{tenths:?}");
    }

    #[test]
    fn a_window_is_found() {
        let counts = [0, 0, 0, 0, 400];
        assert!(uniformity(&counts, &[10, 10, 10, 10, 9], 8).unwrap() < 1e-100);
    }

    #[test]
    fn where_the_law_says_nothing_neither_do_we() {
        assert_eq!(uniformity(&[1, 1, 1], &[1, 1, 1], 1), None, "too few");
        assert_eq!(uniformity(&[50, 50, 50], &[1, 1, 1], 3), None, "all are drawn");
        assert_eq!(uniformity(&[50, 50], &[1, 1], 1), None, "an even number");
        assert_eq!(uniformity(&[], &[], 0), None);
    }
}
