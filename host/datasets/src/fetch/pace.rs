//! How fast this side asks, whatever the hub grants.

use std::time::Duration;

/// Requests a second at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As many as the hub grants.
    Free,
    /// One each time this is over.
    Every(Duration),
}

impl Pace {
    /// So many requests a second; nothing for a rate that is not above zero or not a number.
    pub fn per_second(rate: f64) -> Option<Self> {
        (rate.is_finite() && rate > 0.0)
            .then(|| Duration::try_from_secs_f64(1.0 / rate).ok().map(Self::Every))
            .flatten()
    }

    pub(super) fn between(self) -> Duration {
        match self {
            Self::Free => Duration::ZERO,
            Self::Every(between) => between,
        }
    }
}

/// `most` shortened at random to no less than half: many that wait must not come back at once.
pub(super) fn jittered(most: Duration) -> Duration {
    most / 2 + most.mul_f64(chance() / 2.0)
}

/// A number in 0..1. Its source is the keys that the standard library draws for its hash maps: good enough to keep
/// clients apart, and nothing secret depends on it.
pub(super) fn chance() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let drawn = u32::try_from(RandomState::new().hash_one(0u8) >> 32).unwrap_or(0);
    f64::from(drawn) / (f64::from(u32::MAX) + 1.0)
}
