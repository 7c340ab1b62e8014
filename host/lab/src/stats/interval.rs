//! A share that was counted, and how sure it is.

use serde::Serialize;

/// The confidence of every interval here: 99.9 %, so that of some hundred intervals hardly one is wrong.
pub const CONFIDENCE: f64 = 0.999;
/// Halvings of an interval: more than the digits of a double.
const HALVINGS: u32 = 60;

/// `hits` of `trials`, with the exact interval of Clopper and Pearson ("The use of confidence or fiducial limits",
/// Biometrika 26, 1934): `low` is the least probability under which so many hits or more are not rarer than half
/// of what the confidence leaves, `high` the same for so many or fewer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// How often it happened.
    pub hits: u64,
    /// Of how many.
    pub trials: u64,
    /// Their ratio; 0 of nothing.
    pub rate: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

impl Rate {
    /// `hits` of `trials`, with an interval of [`CONFIDENCE`].
    #[must_use]
    pub fn of(hits: u64, trials: u64) -> Self {
        let hits = hits.min(trials);
        let tail = (1.0 - CONFIDENCE) / 2.0;
        let low = if hits == 0 { 0.0 } else { solve(|p| at_least(hits, trials, p) < tail) };
        let high = if hits == trials { 1.0 } else { solve(|p| 1.0 - at_least(hits + 1, trials, p) > tail) };
        let rate = if trials == 0 { 0.0 } else { hits as f64 / trials as f64 };
        Self { hits, trials, rate, low, high }
    }

    /// Whether a true probability of `p` is compatible with what was counted.
    #[must_use]
    pub fn admits(&self, p: f64) -> bool {
        // A probability of 1 - 10^-16 is one.
        (self.low - 1e-12..=self.high + 1e-12).contains(&p)
    }

    /// Whether it is surely more than `p`.
    #[must_use]
    pub fn exceeds(&self, p: f64) -> bool {
        self.low > p
    }
}

/// Where `is_below` turns false on its way from 0 to 1.
fn solve(is_below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if is_below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The probability of `k` hits or more in `n` trials of probability `p`, which is not 0 or 1.
fn at_least(k: u64, n: u64, p: f64) -> f64 {
    let odds = (p / (1.0 - p)).ln();
    let mut ln_term = n as f64 * (-p).ln_1p();
    let (mut below, mut above) = (0.0, 0.0);
    for j in 0..=n {
        if j < k {
            below += ln_term.exp();
        } else {
            above += ln_term.exp();
        }
        ln_term += ((n - j) as f64 / (j + 1) as f64).ln() + odds;
    }
    // The two sum to one: the smaller has the digits.
    if below < above { 1.0 - below } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The tail of the binomial law, term by term.
    fn exact_at_least(k: u64, n: u64, p: f64) -> f64 {
        let term = |j: u64| {
            let choose = (0..j).fold(1.0, |c, i| c * (n - i) as f64 / (i + 1) as f64);
            choose * p.powi(j as i32) * (1.0 - p).powi((n - j) as i32)
        };
        (k..=n).map(term).sum()
    }

    proptest! {
        #[test]
        fn the_interval_solves_its_defining_equations(trials in 1u64..120, hits in 0u64..120) {
            let hits = hits.min(trials);
            let rate = Rate::of(hits, trials);
            prop_assert!(rate.low <= rate.rate && rate.rate <= rate.high);
            if hits > 0 {
                let tail = exact_at_least(hits, trials, rate.low);
                prop_assert!((tail - 0.0005).abs() < 1e-9, "{tail}");
            }
            if hits < trials {
                let tail = 1.0 - exact_at_least(hits + 1, trials, rate.high);
                prop_assert!((tail - 0.0005).abs() < 1e-9, "{tail}");
            }
        }

        #[test]
        fn the_interval_covers_the_truth_as_often_as_promised(trials in 1u64..60, p in 0.01f64..0.99) {
            let covered: f64 = (0..=trials)
                .filter(|&hits| Rate::of(hits, trials).admits(p))
                .map(|hits| exact_at_least(hits, trials, p) - exact_at_least(hits + 1, trials, p))
                .sum();
            prop_assert!(covered >= CONFIDENCE - 1e-9, "{covered}");
        }
    }

    #[test]
    fn without_any_hit_the_upper_end_has_a_closed_form() {
        let rate = Rate::of(0, 200);
        assert_eq!((rate.low, rate.rate), (0.0, 0.0));
        assert!((rate.high - (1.0 - 0.0005f64.powf(1.0 / 200.0))).abs() < 1e-12);
        assert!(rate.admits(0.0) && !rate.exceeds(0.0));
        assert!(Rate::of(200, 200).exceeds(0.9) && Rate::of(200, 200).admits(1.0));
        assert!(Rate::of(0, 0).admits(0.3));
    }

    #[test]
    fn large_counts_lose_no_digits() {
        let rate = Rate::of(50_000, 100_000);
        // The normal law is near here: 3.2905 standard errors.
        assert!((rate.high - 0.5 - 3.2905 * 0.5 / 100_000f64.sqrt()).abs() < 2e-5, "{rate:?}");
    }
}
