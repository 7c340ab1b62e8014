//! What sampling proves: the formulas of the table, each from `COLUMNS.md`.
//!
//! f is the fraction that is kept, q the samples of one audit, D the deadline after the round trip, P the cores
//! of a cheater and t the time of regenerating one unit.

use crate::stats::{self, Remaking};

/// Seconds of a mean month of the Gregorian calendar: 365.2425 / 12 days.
pub const SECONDS_A_MONTH: f64 = 365.2425 / 12.0 * SECONDS_A_DAY;
/// Seconds of a day.
pub const SECONDS_A_DAY: f64 = 86_400.0;
const SECONDS_AN_HOUR: f64 = 3_600.0;
const TEBIBYTE: f64 = (1u64 << 40) as f64;

/// What it takes to make a unit again from nothing but the seed and what lies beside it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regeneration {
    /// Time of one core: on the wall, or CPU time where a kernel used several cores at once, and of filling everything.
    pub seconds: f64,
    /// Whether one unit can be made without the others. If not, `seconds` is of all of them together.
    pub alone: bool,
}

/// Who audits, how fast an answer must come, and how many cores a cheater has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Audit {
    /// q: units of one challenge.
    pub samples: u32,
    /// D: time for regenerating, after the round trip.
    pub deadline_seconds: f64,
    /// P.
    pub cores: u32,
}

/// Probability that at most `misses` of `samples` independent draws miss, each with probability 1 - `kept`:
/// the sum over j of C(q, j) (1 - f)^j f^(q - j).
#[must_use]
pub fn pass_probability(kept: f64, samples: u32, misses: u64) -> f64 {
    if misses >= u64::from(samples) || kept >= 1.0 {
        return 1.0;
    }
    if kept <= 0.0 {
        return 0.0;
    }
    // Each term from the one before, in logarithms: the first may be far below the least double.
    let (ln_kept, ln_missing) = (kept.ln(), (1.0 - kept).ln());
    let mut ln_choose = 0.0;
    let mut sum = 0.0;
    for j in 0..=misses {
        let (taken, q) = (j as f64, f64::from(samples));
        if j > 0 {
            ln_choose += ((q - taken + 1.0) / taken).ln();
        }
        sum += (ln_choose + taken * ln_missing + (q - taken) * ln_kept).exp();
    }
    sum.min(1.0)
}

/// Units that a cheater makes again within the deadline, as [`Remaking::in_time`] counts them: floor(P D / t), for
/// nothing says that cores cannot share a unit. Where units cannot be made alone, all that are asked for or none.
#[must_use]
pub fn regenerated_in_time(regeneration: &Regeneration, audit: &Audit) -> u64 {
    let Regeneration { seconds, alone } = *regeneration;
    let remaking = if alone { Remaking::Shared } else { Remaking::Together };
    remaking.in_time(seconds, audit.deadline_seconds, audit.cores).min(audit.samples.into())
}

/// f_min(D, P) for many samples, [`crate::stats::least_kept`]: max(0, 1 - M / q). Where not one unit is ready in time
/// it is 1: only the sampling bound is left, which [`least_kept_at_half`] gives.
#[must_use]
pub fn least_kept(regeneration: &Regeneration, audit: &Audit) -> f64 {
    stats::least_kept(audit.samples.into(), regenerated_in_time(regeneration, audit))
}

/// The least f with which an audit is passed at least every second time, exactly: the f where
/// [`pass_probability`] with [`regenerated_in_time`] is 1/2.
#[must_use]
pub fn least_kept_at_half(regeneration: &Regeneration, audit: &Audit) -> f64 {
    let misses = regenerated_in_time(regeneration, audit);
    if misses >= u64::from(audit.samples) {
        return 0.0;
    }
    // Passing grows with what is kept.
    let (mut fails, mut passes) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(fails, passes);
        if pass_probability(middle, audit.samples, misses) < 0.5 {
            fails = middle;
        } else {
            passes = middle;
        }
    }
    passes
}

/// What computing and storing cost.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Prices {
    /// One core for one hour.
    pub usd_per_core_hour: f64,
    /// One tebibyte for one month.
    pub usd_per_tib_month: f64,
}

impl Prices {
    /// The interval between audits at which storing `stored_bytes` costs as much as `cpu_seconds` of computing
    /// at each audit: T* = t c_cpu / (S c_store). Who is asked less often earns by dropping the bytes.
    #[must_use]
    pub fn break_even_days(&self, cpu_seconds: f64, stored_bytes: f64) -> f64 {
        let compute = cpu_seconds * self.usd_per_core_hour / SECONDS_AN_HOUR;
        let store_a_second = stored_bytes / TEBIBYTE * self.usd_per_tib_month / SECONDS_A_MONTH;
        compute / store_a_second / SECONDS_A_DAY
    }
}

/// The interval that holds the true share of `hits` in `trials` with 95 %: Wilson (1927), JASA 22, 209-212.
#[must_use]
pub fn wilson_interval(hits: u64, trials: u64) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    if trials == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (trials as f64, hits as f64 / trials as f64);
    let middle = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0))
}
