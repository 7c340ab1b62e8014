//! How often a node may be asked.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A token bucket: one token every `every`, at most `burst` of them saved up. It hands out times, never waits.
#[derive(Debug)]
pub(super) struct Bucket {
    every: Duration,
    burst: u32,
    /// When the bucket would be full but for one token.
    full_at: Mutex<Option<Instant>>,
}

impl Bucket {
    pub(super) const fn new(every: Duration, burst: u32) -> Self {
        Self { every, burst, full_at: Mutex::new(None) }
    }

    /// Takes a token; answers how long to wait until it is there.
    pub(super) fn take(&self, now: Instant) -> Duration {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let due = full_at.map_or(now, |at| at.max(now));
        *full_at = Some(due + self.every);
        let saved = self.every.saturating_mul(self.burst.saturating_sub(1));
        due.saturating_duration_since(now).saturating_sub(saved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_passes_at_once_and_then_one_a_second() {
        let (bucket, now) = (Bucket::new(SECOND, 3), Instant::now());
        let waits: Vec<_> = (0..6).map(|_| bucket.take(now).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 1, 2, 3]);
    }

    #[test]
    fn tokens_come_back_with_time_and_never_more_than_the_burst() {
        let (bucket, start) = (Bucket::new(SECOND, 2), Instant::now());
        assert_eq!(
            [bucket.take(start), bucket.take(start), bucket.take(start)],
            [Duration::ZERO, Duration::ZERO, SECOND]
        );
        let later = start + 100 * SECOND;
        let waits: Vec<_> = (0..4).map(|_| bucket.take(later).as_secs()).collect();
        assert_eq!(waits, [0, 0, 1, 2]);
    }
}
