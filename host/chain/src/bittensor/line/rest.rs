//! How long a node is left alone.

use std::time::{Duration, Instant};

use super::{Limits, LineFault};

/// The rest of one node: twice as long each time until it answers.
#[derive(Debug, Clone, Default)]
pub(super) struct Rest {
    until: Option<Instant>,
    times: u32,
    /// Why it rests.
    why: Option<LineFault>,
}

impl Rest {
    /// Whether it is not over.
    pub(super) fn is_on(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until > now)
    }

    pub(super) fn left(&self, now: Instant) -> Duration {
        self.until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    pub(super) fn why(&self) -> Option<LineFault> {
        self.why.clone()
    }

    /// Where it is a node of another chain: which.
    pub(super) fn other_chain(&self) -> Option<&LineFault> {
        self.why.as_ref().filter(|why| matches!(why, LineFault::OtherChain { .. }))
    }

    /// Begins after a fault. A node of another chain is looked at again after the longest rest: somebody may have
    /// corrected it.
    pub(super) fn fail(&mut self, fault: &LineFault, limits: &Limits) {
        let long = match fault {
            LineFault::OtherChain { .. } => Limits::MAX_REST,
            LineFault::Busy { .. } => doubled(limits.rest, self.times, Limits::MAX_REST),
            _ => doubled(limits.redial_every, self.times, Limits::MAX_PAUSE),
        };
        self.until = Some(Instant::now() + spread(long));
        self.times = (self.times + 1).min(16);
        self.why = Some(fault.clone());
    }
}

/// `first`, twice as long each further time, and never longer than `most`.
pub(crate) fn doubled(first: Duration, times: u32, most: Duration) -> Duration {
    first.saturating_mul(1u32.checked_shl(times).unwrap_or(u32::MAX)).min(most)
}

/// Up to a quarter longer, so that many clients do not come back at once.
pub(crate) fn spread(long: Duration) -> Duration {
    let mut byte = [0];
    // Without randomness they come back at once.
    let _ = getrandom::fill(&mut byte);
    long + long / 1024 * u32::from(byte[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_rest_doubles_with_each_fault_up_to_its_longest_and_is_spread_by_a_quarter() {
        let limits =
            Limits { call_timeout: MS, reach_timeout: MS, redial_every: 500 * MS, tries: 1, rest: 5000 * MS };
        let mut rest = Rest::default();
        assert!(!rest.is_on(Instant::now()));
        for expected in [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000].map(|ms| ms * MS) {
            let now = Instant::now();
            rest.fail(&LineFault::Unreachable { why: String::new() }, &limits);
            let left = rest.left(now);
            assert!(
                left >= expected && left <= expected + expected / 4 + 1000 * MS,
                "{expected:?}: {left:?}"
            );
        }
        let mut busy = Rest::default();
        busy.fail(&LineFault::Busy { why: String::new() }, &limits);
        assert!(busy.left(Instant::now()) > 4000 * MS && busy.other_chain().is_none());
        assert_eq!(doubled(MS, u32::MAX, 7 * MS), 7 * MS);
    }
}
