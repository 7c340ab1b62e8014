//! What a prover makes anew within a deadline, and the least that it must keep therefore.

/// Whether a plot can be made anew in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remaking {
    /// Unit by unit, and cores may share the work of one: whoever does not know better must assume it.
    Shared,
    /// Unit by unit, each by one core from its beginning to its end.
    Sequential,
    /// All units together or none.
    Together,
}

impl Remaking {
    /// The units that `cores` cores make anew in `deadline_seconds`, where one core takes `seconds` for a unit; with
    /// [`Remaking::Together`] for all of them, and then it is `u64::MAX` or none.
    ///
    /// M = floor(P D / t) where cores share a unit, P floor(D / t) where one core makes a unit: it finishes it or it
    /// does not.
    #[must_use]
    pub fn in_time(self, seconds: f64, deadline_seconds: f64, cores: u32) -> u64 {
        let cores = cores.max(1);
        if seconds <= 0.0 {
            return u64::MAX;
        }
        // Casts saturate: many units in no time.
        match self {
            Self::Shared => (deadline_seconds * f64::from(cores) / seconds).floor() as u64,
            Self::Sequential => {
                ((deadline_seconds / seconds).floor() as u64).saturating_mul(u64::from(cores))
            }
            Self::Together if deadline_seconds >= seconds => u64::MAX,
            Self::Together => 0,
        }
    }
}

/// The least share of a large plot that a prover must keep to pass audits of `drawn` units where it makes
/// `in_time` of them anew ([`Remaking::in_time`]): f_min = max(0, 1 - M / q). Where it is 1, not one unit is ready
/// in time, and [`super::pass_probability`] is all there is.
#[must_use]
pub fn least_kept(drawn: u64, in_time: u64) -> f64 {
    drawn.saturating_sub(in_time) as f64 / drawn.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sharing_a_unit_never_makes_less_and_one_core_cannot_share(
            seconds in 0.001f64..2.0, deadline in 0.0f64..2.0, cores in 1u32..200,
        ) {
            let of = |remaking: Remaking, cores| remaking.in_time(seconds, deadline, cores);
            prop_assert!(of(Remaking::Shared, cores) >= of(Remaking::Sequential, cores));
            prop_assert_eq!(of(Remaking::Shared, 1), of(Remaking::Sequential, 1));
            prop_assert!(of(Remaking::Shared, cores + 1) >= of(Remaking::Shared, cores));
            let made = of(Remaking::Shared, cores) as f64;
            prop_assert!(made * seconds <= deadline * f64::from(cores) * (1.0 + 1e-9));
            prop_assert!((made + 1.0) * seconds >= deadline * f64::from(cores) * (1.0 - 1e-9));
        }

        #[test]
        fn the_least_share_is_a_share_and_falls_with_what_is_made(drawn in 0u64..100, made in 0u64..200) {
            let kept = least_kept(drawn, made);
            prop_assert!((0.0..=1.0).contains(&kept));
            prop_assert!(least_kept(drawn, made + 1) <= kept);
        }
    }

    #[test]
    fn the_least_share_to_keep_follows_deadline_and_cores() {
        let f_min =
            |remaking: Remaking, seconds, cores| least_kept(20, remaking.in_time(seconds, 0.5, cores));
        // A Burst nonce takes 45 ms: eleven of them in half a second.
        assert_eq!(f_min(Remaking::Shared, 0.045, 1), 0.45);
        // scrypt, 256 labels: 0.54 s. One core is late; two share it, unless they cannot.
        assert_eq!(f_min(Remaking::Shared, 0.54, 1), 1.0);
        assert_eq!((f_min(Remaking::Shared, 0.54, 2), f_min(Remaking::Sequential, 0.54, 2)), (0.95, 1.0));
        assert_eq!((f_min(Remaking::Sequential, 0.3, 4), f_min(Remaking::Shared, 0.3, 4)), (0.8, 0.7));
        assert_eq!((f_min(Remaking::Shared, 0.0143, 1), f_min(Remaking::Shared, 0.0, 1)), (0.0, 0.0));
        // All or nothing, with one core or a hundred.
        assert_eq!((f_min(Remaking::Together, 0.4, 100), f_min(Remaking::Together, 0.6, 100)), (0.0, 1.0));
    }
}
