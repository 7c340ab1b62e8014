//! The formulas of the table against slow and exact versions.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use plimsoll_lab::compare::formulas::{
    Audit, Prices, Regeneration, SECONDS_A_DAY, least_kept, least_kept_at_half, pass_probability,
    regenerated_in_time, wilson_interval,
};
use plimsoll_lab::stats::{self, samples_to_detect};
use proptest::prelude::*;

/// The probability of at most `misses` misses, by going through the draws one by one.
fn pass_by_dynamic_programming(kept: f64, samples: u32, misses: u64) -> f64 {
    let mut by_misses = vec![1.0];
    for _ in 0..samples {
        let mut next = vec![0.0; by_misses.len() + 1];
        for (missed, share) in by_misses.iter().enumerate() {
            next[missed] += share * kept;
            next[missed + 1] += share * (1.0 - kept);
        }
        by_misses = next;
    }
    by_misses.iter().take(misses as usize + 1).sum()
}

/// A small generator for Monte Carlo: xorshift64*, Vigna 2016.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn passing_is_the_binomial_sum(kept in 0.0..=1.0f64, samples in 1u32..200, misses in 0u64..210) {
        let (fast, slow) = (
            pass_probability(kept, samples, misses),
            pass_by_dynamic_programming(kept, samples, misses),
        );
        prop_assert!((fast - slow).abs() < 1e-9, "{fast} and {slow}");
    }

    #[test]
    fn detection_of_many_units_is_one_minus_f_to_the_q(missing in 0u64..1 << 40, samples in 1u32..1000) {
        let units = 1u64 << 40;
        let kept = 1.0 - missing as f64 / units as f64;
        let found = 1.0 - stats::pass_probability(units, units - missing, samples.into(), 0);
        prop_assert!((found - (1.0 - kept.powi(samples as i32))).abs() < 1e-6);
    }

    #[test]
    fn the_samples_asked_for_are_enough_and_one_less_is_not(bits in 1u32..80, missing in 0.0005..0.95f64) {
        let samples = samples_to_detect(missing, 2f64.powi(-(bits as i32))).unwrap() as f64;
        let (kept, bound) = (1.0 - missing, -f64::from(bits));
        prop_assert!(samples * kept.log2() <= bound + 1e-6, "{samples} are too few");
        prop_assert!(samples == 1.0 || (samples - 1.0) * kept.log2() > bound - 1e-6, "{samples} are too many");
    }

    #[test]
    fn at_f_min_a_cheater_passes_every_second_audit(
        samples in 1u32..120, seconds in 0.001..2.0f64, deadline_seconds in 0.01..2.0f64, cores in 1u32..9,
    ) {
        let (regeneration, audit) =
            (Regeneration { seconds, alone: true }, Audit { samples, deadline_seconds, cores });
        let kept = least_kept_at_half(&regeneration, &audit);
        let misses = regenerated_in_time(&regeneration, &audit);
        if misses >= u64::from(samples) {
            prop_assert_eq!(kept, 0.0);
        } else {
            let pass = pass_by_dynamic_programming(kept, samples, misses);
            prop_assert!((pass - 0.5).abs() < 1e-6, "{pass} at {kept}");
            let less = pass_by_dynamic_programming(kept * 0.99, samples, misses);
            prop_assert!(less < 0.5, "{less} with less");
        }
    }

    #[test]
    fn for_many_samples_both_f_min_agree(
        samples in 2_000u32..20_000, share in 0.05..0.95f64, cores in 1u32..64,
    ) {
        // t is such that exactly `share` of the samples are made again in time.
        let each_core = (f64::from(samples) * share / f64::from(cores)).floor().max(1.0);
        let audit = Audit { samples, deadline_seconds: 0.5, cores };
        let regeneration = Regeneration { seconds: 0.5 / (each_core + 1e-6), alone: true };
        let (fluid, exact) = (least_kept(&regeneration, &audit), least_kept_at_half(&regeneration, &audit));
        prop_assert!((fluid - exact).abs() < 2.0 / f64::from(samples).sqrt(), "{fluid} and {exact}");
    }

    #[test]
    fn a_wilson_interval_holds_the_share_and_shrinks(hits in 0u64..1000, more in 0u64..1000) {
        let trials = hits + more + 1;
        let (low, high) = wilson_interval(hits, trials);
        let share = hits as f64 / trials as f64;
        prop_assert!(0.0 <= low && low <= share + 1e-12 && share <= high + 1e-12 && high <= 1.0);
        let (narrow_low, narrow_high) = wilson_interval(hits * 100, trials * 100);
        prop_assert!(narrow_high - narrow_low < high - low);
    }
}

#[test]
fn monte_carlo_finds_the_same_f_min() {
    // A cheater with 2 cores, 0.5 s and 0.1 s a unit makes ten of twenty units again.
    let audit = Audit { samples: 20, deadline_seconds: 0.5, cores: 2 };
    let regeneration = Regeneration { seconds: 0.1, alone: true };
    let kept = least_kept_at_half(&regeneration, &audit);
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let trials = 200_000u64;
    let passed = (0..trials)
        .filter(|_| {
            let missed = (0..audit.samples).filter(|_| dice.share() >= kept).count();
            missed <= 10
        })
        .count();
    let share = passed as f64 / trials as f64;
    assert!((share - 0.5).abs() < 0.006, "{share} at {kept}");
}

#[test]
fn the_samples_of_the_reference_table_come_out() {
    // f, then q for 2^-10, 2^-20 and 2^-40.
    let table: [(f64, [u64; 3]); 6] = [
        (0.5, [10, 20, 40]),
        (0.75, [25, 49, 97]),
        (0.9, [66, 132, 264]),
        (0.95, [136, 271, 541]),
        (0.99, [690, 1380, 2759]),
        (0.999, [6929, 13857, 27713]),
    ];
    for (kept, expected) in table {
        let found = [10, 20, 40].map(|bits| samples_to_detect(1.0 - kept, 2f64.powi(-bits)).unwrap());
        assert_eq!(found, expected, "f = {kept}");
    }
    assert_eq!((samples_to_detect(0.0, 1e-12), samples_to_detect(1.0, 1e-12)), (None, Some(1)));
}

#[test]
fn the_examples_of_the_reference_come_out() {
    let audit = Audit { samples: 20, deadline_seconds: 0.5, cores: 1 };
    let regeneration = |seconds| Regeneration { seconds, alone: true };
    // Twenty units of a keystream are made in 12 us; eleven of Burst's nonces in half a second.
    assert_eq!(least_kept(&regeneration(0.6e-6), &audit), 0.0);
    assert_eq!(least_kept(&regeneration(0.045), &audit), 0.45);
    // Not one scrypt unit is ready in time: what is left is f^20.
    let scrypt = regeneration(0.54);
    assert_eq!((regenerated_in_time(&scrypt, &audit), least_kept(&scrypt, &audit)), (0, 1.0));
    assert!((pass_probability(0.9, 20, 0) - 0.1216).abs() < 0.0001);
    assert!((least_kept_at_half(&scrypt, &audit) - 0.5f64.powf(1.0 / 20.0)).abs() < 1e-9);
    // Two cores share one: that one of twenty need not be kept.
    let two = Audit { cores: 2, ..audit };
    assert_eq!((regenerated_in_time(&scrypt, &two), least_kept(&scrypt, &two)), (1, 0.95));
    // A cheater who must make everything makes all or nothing, with one core or a hundred.
    let whole = |seconds| Regeneration { seconds, alone: false };
    let many = Audit { cores: 100, ..audit };
    assert_eq!((least_kept(&whole(0.4), &many), least_kept_at_half(&whole(0.4), &many)), (0.0, 0.0));
    assert_eq!(least_kept(&whole(0.6), &many), 1.0);
}

#[test]
fn the_break_even_interval_of_the_reference_comes_out() {
    let prices = Prices { usd_per_core_hour: 0.01, usd_per_tib_month: 2.0 };
    let days = prices.break_even_days(20.0 * 0.6e-6, (1u64 << 40) as f64);
    assert!((days * SECONDS_A_DAY - 44e-6).abs() < 1e-6, "{} s", days * SECONDS_A_DAY);
    let sector = prices.break_even_days(20.0 * 6.5 * 3600.0, (1u64 << 40) as f64);
    assert!((19.0..21.0).contains(&sector), "{sector} days");
}

#[test]
fn no_trials_say_nothing() {
    assert_eq!(wilson_interval(0, 0), (0.0, 1.0));
}
