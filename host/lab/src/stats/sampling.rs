//! Sampling without replacement.

/// The probability that `drawn` distinct units of `units`, each set as likely as another, hold at most
/// `forgiven` of those that are not among the `kept`.
///
/// The hypergeometric law: sum over j from 0 to `forgiven` of C(units - kept, j) C(kept, drawn - j) / C(units,
/// drawn). For many units and none forgiven it is f^q, with f = kept / units and q = drawn; `forgiven` is what a
/// prover regenerates within the deadline ([`super::Remaking::in_time`]).
#[must_use]
pub fn pass_probability(units: u64, kept: u64, drawn: u64, forgiven: u64) -> f64 {
    let (kept, drawn) = (kept.min(units), drawn.min(units));
    let lost = units - kept;
    // Fewer misses than this cannot be.
    let fewest = drawn.saturating_sub(kept);
    let most = forgiven.min(lost).min(drawn);
    if fewest > most {
        return 0.0;
    }
    if most == lost.min(drawn) {
        return 1.0;
    }
    // In logarithms, because the first terms of a sum near one may be too small for a double.
    let mut ln_term = ln_choose(lost, fewest) + ln_choose(kept, drawn - fewest) - ln_choose(units, drawn);
    let mut sum = ln_term.exp();
    for j in fewest..most {
        // The ratio of two neighbours; `kept + j + 1 - drawn` is at least 1, because j is at least `fewest`.
        let up = (lost - j) as f64 * (drawn - j) as f64;
        let down = (j + 1) as f64 * (kept + j + 1 - drawn) as f64;
        ln_term += (up / down).ln();
        sum += ln_term.exp();
    }
    sum.min(1.0)
}

/// The natural logarithm of C(n, k), in as many steps as the smaller of k and n - k.
fn ln_choose(n: u64, k: u64) -> f64 {
    (0..k.min(n - k)).map(|i| ((n - i) as f64 / (i + 1) as f64).ln()).sum()
}

/// The least number of units to draw, so that a prover that lost the share `missing` of a large plot passes with
/// at most the probability `miss`: ceil(ln miss / ln(1 - missing)). `None` where no number is enough.
#[must_use]
pub fn samples_to_detect(missing: f64, miss: f64) -> Option<u64> {
    if !(missing > 0.0 && miss > 0.0) {
        return None;
    }
    if missing >= 1.0 || miss >= 1.0 {
        return Some(u64::from(miss < 1.0));
    }
    // -ln_1p keeps the digits of a small share; the slack keeps a whole number whole; a cast saturates.
    Some((miss.ln() / (-missing).ln_1p() - 1e-9).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// C(n, k), exactly.
    fn choose(n: u64, k: u64) -> u128 {
        if k > n {
            return 0;
        }
        (0..k).fold(1, |c, i| c * u128::from(n - i) / u128::from(i + 1))
    }

    /// The same law counted out in whole numbers.
    fn exact(units: u64, kept: u64, drawn: u64, forgiven: u64) -> f64 {
        let ways = |j| choose(units - kept, j) * if j > drawn { 0 } else { choose(kept, drawn - j) };
        (0..=forgiven.min(drawn)).map(ways).sum::<u128>() as f64 / choose(units, drawn) as f64
    }

    proptest! {
        #[test]
        fn the_law_agrees_with_counting(
            units in 1u64..60, kept in 0u64..60, drawn in 0u64..60, forgiven in 0u64..60,
        ) {
            let (kept, drawn) = (kept.min(units), drawn.min(units));
            let (fast, slow) =
                (pass_probability(units, kept, drawn, forgiven), exact(units, kept, drawn, forgiven));
            prop_assert!((fast - slow).abs() <= 1e-12 + 1e-10 * slow, "{fast} against {slow}");
        }

        #[test]
        fn keeping_more_or_forgiving_more_never_hurts(
            units in 2u64..5_000, kept in 0u64..5_000, drawn in 1u64..200, forgiven in 0u64..20,
        ) {
            let of = |kept: u64, forgiven| pass_probability(units, kept, drawn, forgiven);
            let kept = kept % units;
            prop_assert!(of(kept + 1, forgiven) >= of(kept, forgiven) - 1e-12);
            prop_assert!(of(kept, forgiven + 1) >= of(kept, forgiven) - 1e-12);
        }

        #[test]
        fn the_number_of_samples_is_the_least_that_is_enough(missing in 0.001f64..0.9, bits in 1i32..60) {
            let miss = 2f64.powi(-bits);
            let q = samples_to_detect(missing, miss).unwrap() as i32;
            prop_assert!((1.0 - missing).powi(q) <= miss * (1.0 + 1e-9));
            prop_assert!((1.0 - missing).powi(q - 1) >= miss * (1.0 - 1e-9));
        }
    }

    #[test]
    fn every_set_of_a_small_plot_is_counted() {
        // Units 0..5 are kept of 8; each of the 2^8 sets with three members is as likely as another.
        let sets: Vec<u32> = (0u32..256).filter(|set| set.count_ones() == 3).collect();
        for forgiven in 0..=3 {
            let pass = sets.iter().filter(|&&set| (set >> 5).count_ones() <= forgiven).count();
            let law = pass_probability(8, 5, 3, u64::from(forgiven));
            assert!((law - pass as f64 / sets.len() as f64).abs() < 1e-12);
        }
    }

    #[test]
    fn a_sum_whose_first_terms_vanish_is_not_lost() {
        // On average 2048 of 4096 are missing, give or take 32.
        assert!((pass_probability(100_000, 50_000, 4096, 2300) - 1.0).abs() < 1e-9);
        assert!((pass_probability(100_000, 50_000, 4096, 2048) - 0.5).abs() < 0.02);
    }

    #[test]
    fn in_a_large_plot_the_law_is_f_to_the_q() {
        let law = pass_probability(1 << 40, (1 << 40) / 10 * 9, 20, 0);
        assert!((law - 0.9f64.powi(20)).abs() < 1e-9, "{law}");
    }

    /// Published: the table of `f`, `q` for 2^-10, 2^-20, 2^-40 and 99 % detection.
    #[test]
    fn the_usual_numbers_of_samples_come_out() {
        let table = [
            (0.5, [10, 20, 40, 7]),
            (0.75, [25, 49, 97, 17]),
            (0.9, [66, 132, 264, 44]),
            (0.95, [136, 271, 541, 90]),
            (0.99, [690, 1380, 2759, 459]),
            (0.999, [6929, 13857, 27713, 4603]),
        ];
        for (kept, samples) in table {
            let miss = [2f64.powi(-10), 2f64.powi(-20), 2f64.powi(-40), 0.01];
            let found = miss.map(|miss| samples_to_detect(1.0 - kept, miss).unwrap());
            assert_eq!(found, samples, "{kept}");
        }
        assert_eq!(samples_to_detect(0.0, 0.5), None);
        assert_eq!(samples_to_detect(1.0, 0.5), Some(1));
    }
}
