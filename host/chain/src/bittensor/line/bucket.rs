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

/// A token that is taken. It goes back if it is dropped unused.
#[derive(Debug)]
pub(super) struct Token<'a> {
    bucket: &'a Bucket,
    wait: Duration,
    is_used: bool,
}

impl Bucket {
    pub(super) const fn new(every: Duration, burst: u32) -> Self {
        Self { every, burst, full_at: Mutex::new(None) }
    }

    /// Takes a token that is there within `most`.
    ///
    /// # Errors
    /// How long it would take, if that is longer; none is taken then.
    pub(super) fn take(&self, now: Instant, most: Duration) -> Result<Token<'_>, Duration> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let due = full_at.map_or(now, |at| at.max(now));
        let saved = self.every.saturating_mul(self.burst.saturating_sub(1));
        let wait = due.saturating_duration_since(now).saturating_sub(saved);
        if wait > most {
            return Err(wait);
        }
        *full_at = Some(due + self.every);
        Ok(Token { bucket: self, wait, is_used: false })
    }
}

impl Token<'_> {
    /// How long to wait until it is there.
    pub(super) const fn wait(&self) -> Duration {
        self.wait
    }

    /// It was waited for.
    pub(super) fn used(mut self) {
        self.is_used = true;
    }
}

impl Drop for Token<'_> {
    fn drop(&mut self) {
        if !self.is_used {
            let mut full_at = self.bucket.full_at.lock().unwrap_or_else(PoisonError::into_inner);
            *full_at = full_at.and_then(|at| at.checked_sub(self.bucket.every));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn taken(bucket: &Bucket, now: Instant) -> Duration {
        let token = bucket.take(now, 100 * SECOND).unwrap();
        let wait = token.wait();
        token.used();
        wait
    }

    #[test]
    fn a_burst_passes_at_once_and_then_one_a_second() {
        let (bucket, now) = (Bucket::new(SECOND, 3), Instant::now());
        let waits: Vec<_> = (0..6).map(|_| taken(&bucket, now).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 1, 2, 3]);
    }

    #[test]
    fn tokens_come_back_with_time_and_never_more_than_the_burst() {
        let (bucket, start) = (Bucket::new(SECOND, 2), Instant::now());
        assert_eq!(
            [taken(&bucket, start), taken(&bucket, start), taken(&bucket, start)],
            [Duration::ZERO, Duration::ZERO, SECOND]
        );
        let later = start + 100 * SECOND;
        let waits: Vec<_> = (0..4).map(|_| taken(&bucket, later).as_secs()).collect();
        assert_eq!(waits, [0, 0, 1, 2]);
    }

    #[test]
    fn whoever_is_turned_away_or_leaves_the_queue_takes_no_token() {
        let (bucket, now) = (Bucket::new(SECOND, 1), Instant::now());
        assert_eq!([taken(&bucket, now), taken(&bucket, now)], [Duration::ZERO, SECOND]);
        for _ in 0..5 {
            assert_eq!(bucket.take(now, SECOND).unwrap_err(), 2 * SECOND);
        }
        drop(bucket.take(now, 2 * SECOND).unwrap());
        assert_eq!(taken(&bucket, now), 2 * SECOND);
    }
}
