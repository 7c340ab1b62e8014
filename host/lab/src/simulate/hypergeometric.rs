//! How many of the units that an audit asks for are missing.

use super::streams::Stream;

/// Of `drawn` distinct units out of `units`, every set as likely as another, how many are not among the `kept`.
///
/// The hypergeometric law, exactly and in whole numbers: unit after unit, the next one is missing with the
/// probability (missing units left) / (units left). At most `drawn` steps, however many units there are, and none
/// where everything or nothing is kept.
pub(super) fn missing(units: u64, kept: u64, drawn: u32, stream: &mut Stream) -> u32 {
    let lost = units.saturating_sub(kept);
    let drawn = u32::try_from(units.min(drawn.into())).unwrap_or(drawn);
    if lost == 0 {
        return 0;
    }
    if kept == 0 {
        return drawn;
    }
    let mut missed = 0u32;
    for step in 0..drawn {
        let left = units - u64::from(step);
        if stream.below(left) < lost - u64::from(missed) {
            missed += 1;
        }
    }
    missed
}

#[cfg(test)]
mod tests {
    use super::super::streams::{Purpose, Streams};
    use super::*;
    use crate::stats::{Rate, pass_probability};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn misses_follow_the_law_that_audits_are_judged_by(
            units in 1u64..400, kept in 0u64..400, drawn in 1u32..60, forgiven in 0u32..20, seed: u64,
        ) {
            let kept = kept.min(units);
            let mut stream = Streams::new(seed).stream(Purpose::Audit, [0; 4]);
            let passed = (0..2_000).filter(|_| missing(units, kept, drawn, &mut stream) <= forgiven).count();
            let law = pass_probability(units, kept, drawn.into(), forgiven.into());
            // 99.9 % each, and 60 of them a run: a second chance makes a wrong alarm one in ten thousand runs.
            let holds = |passed: usize| Rate::of(passed as u64, 2_000).admits(law);
            let again = |stream: &mut Stream| (0..2_000).filter(|_| missing(units, kept, drawn, stream) <= forgiven).count();
            prop_assert!(holds(passed) || holds(again(&mut stream)), "{passed} of 2000, the law says {law}");
        }

        #[test]
        fn misses_are_never_impossible(units in 1u64..400, kept in 0u64..500, drawn in 0u32..500, seed: u64) {
            let mut stream = Streams::new(seed).stream(Purpose::Audit, [0; 4]);
            let missed = u64::from(missing(units, kept, drawn, &mut stream));
            let drawn = u64::from(drawn).min(units);
            prop_assert!(missed <= drawn && missed <= units.saturating_sub(kept));
            prop_assert!(missed >= drawn.saturating_sub(kept));
        }
    }

    #[test]
    fn plots_of_any_size_are_drawn_from() {
        let mut stream = Streams::new(1).stream(Purpose::Audit, [0; 4]);
        let units = 1u64 << 50;
        let missed: u32 = (0..1_000).map(|_| missing(units, units / 10 * 9, 20, &mut stream)).sum();
        // 2000 on average, give or take 42.
        assert!(missed.abs_diff(2_000) < 212, "{missed}");
        assert_eq!(missing(units, units, 20, &mut stream), 0);
        assert_eq!(missing(units, 0, 20, &mut stream), 20);
    }
}
