//! How many requests the hub grants, shared by all workers of a process.
//!
//! A bucket is closed until a time when the hub said so (429, `Retry-After`, nothing left in a window). Whoever wants to
//! ask takes a turn first. What is under way counts as spent: a window with five requests left lets five go, not as many
//! as there are workers.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hyper::header::HeaderMap;

use super::pace::{Pace, jittered};
use super::rate_limit;
use super::refusal::Refusal;

/// A pause that a limit without any time costs.
const UNTOLD_WAIT: Duration = Duration::from_secs(2);
const MAX_SPREAD: Duration = Duration::from_millis(250);

/// What requests are counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Files.
    Resolvers,
    /// The API.
    Api,
    /// Other hosts, to which redirects lead.
    Elsewhere,
}

impl Bucket {
    fn name(self) -> &'static str {
        match self {
            Self::Resolvers => "resolvers",
            Self::Api => "api",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// What the hub calls it; other hosts are not the hub.
    fn told_as(self) -> Option<&'static str> {
        (self != Self::Elsewhere).then(|| self.name())
    }
}

/// What the hub says it grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests in a window.
    pub requests: u64,
    /// The window.
    pub window: Duration,
}

#[derive(Debug, Default)]
struct Lane {
    closed_until: Option<Instant>,
    /// Until when, and how many may go.
    window: Option<(Instant, u64)>,
    under_way: u64,
    next: Option<Instant>,
    asked: u64,
    quota: Option<Quota>,
}

/// Turns for requests, by bucket.
#[derive(Debug)]
pub struct Budget {
    pace: Pace,
    resolvers: Mutex<Lane>,
    api: Mutex<Lane>,
    elsewhere: Mutex<Lane>,
}

/// The right to one request, which is under way while this lives.
#[derive(Debug)]
pub(super) struct Turn<'b> {
    budget: &'b Budget,
    pub(super) bucket: Bucket,
}

impl Budget {
    /// A budget that knows no limits yet.
    pub fn new(pace: Pace) -> Self {
        Self { pace, resolvers: Mutex::default(), api: Mutex::default(), elsewhere: Mutex::default() }
    }

    /// How many requests were made.
    pub fn asked(&self, bucket: Bucket) -> u64 {
        self.with(bucket, |lane| lane.asked)
    }

    /// What the hub said that it grants, once it has.
    pub fn quota(&self, bucket: Bucket) -> Option<Quota> {
        self.with(bucket, |lane| lane.quota)
    }

    /// Waits for a turn; refused when it would come after `until`.
    pub(super) async fn turn(&self, bucket: Bucket, until: Instant) -> Result<Turn<'_>, Refusal> {
        let mut waited = false;
        loop {
            let now = Instant::now();
            let Some(opens) = self.with(bucket, |lane| lane.take(self.pace, now)) else {
                return Ok(Turn { budget: self, bucket });
            };
            let wait = opens.saturating_duration_since(now);
            if opens > until {
                return Err(Refusal::RateLimited {
                    seconds: wait.as_secs() + u64::from(wait.subsec_nanos() > 0),
                });
            }
            if !waited {
                tracing::debug!(
                    bucket = bucket.name(),
                    wait_ms = wait.as_millis(),
                    "waiting for the hub's limit"
                );
            }
            waited = true;
            let spread = jittered((wait / 20).min(MAX_SPREAD));
            tokio::time::sleep(wait + spread).await;
        }
    }

    fn with<T>(&self, bucket: Bucket, what: impl FnOnce(&mut Lane) -> T) -> T {
        let lane = match bucket {
            Bucket::Resolvers => &self.resolvers,
            Bucket::Api => &self.api,
            Bucket::Elsewhere => &self.elsewhere,
        };
        what(&mut lane.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Turn<'_> {
    /// Takes in what an answer says of the limits; `limited` is a 429, or a 503 that names a time. From here on waits are
    /// of the clock that no one sets.
    pub(super) fn heard(&self, headers: &HeaderMap, limited: bool, own_time: SystemTime) {
        let name = self.bucket.told_as();
        let left = rate_limit::left(headers, name);
        let policy = rate_limit::policy(headers, name);
        let retry_after = rate_limit::retry_after(headers, own_time);
        let now = Instant::now();
        self.budget.with(self.bucket, |lane| {
            if let Some((requests, window)) = policy {
                lane.quota = Some(Quota { requests, window });
            }
            if let Some(left) = left {
                lane.hear(left, now);
            }
            if limited {
                let told = left.filter(|left| left.requests == 0).map(|left| left.resets);
                lane.close(now, retry_after.max(told).unwrap_or(UNTOLD_WAIT));
            }
        });
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.budget.with(self.bucket, |lane| lane.under_way = lane.under_way.saturating_sub(1));
    }
}

impl Lane {
    /// Takes a turn, or tells when to ask again.
    fn take(&mut self, pace: Pace, now: Instant) -> Option<Instant> {
        if let Some(until) = self.closed_until.filter(|until| *until > now) {
            return Some(until);
        }
        self.window = self.window.filter(|(resets, _)| *resets > now);
        if let Some((resets, 0)) = self.window {
            return Some(resets);
        }
        if let Some(next) = self.next.filter(|next| *next > now) {
            return Some(next);
        }
        if let Some((_, left)) = &mut self.window {
            *left -= 1;
        }
        self.next = now.checked_add(pace.between());
        self.under_way += 1;
        self.asked += 1;
        None
    }

    fn hear(&mut self, left: rate_limit::Left, now: Instant) {
        let Some(resets) = now.checked_add(left.resets) else { return };
        // Answers come in another order than requests: within a window the count only goes down.
        let free = left.requests.saturating_sub(self.under_way.saturating_sub(1));
        match &mut self.window {
            Some((until, known)) if *until > now => {
                *known = free.min(*known);
                *until = resets.max(*until);
            }
            window => *window = Some((resets, free)),
        }
    }

    fn close(&mut self, now: Instant, wait: Duration) {
        // A wait that no clock can hold ends every turn by its deadline.
        let until = now.checked_add(wait).unwrap_or_else(|| now + Duration::from_hours(24 * 365));
        self.closed_until = Some(self.closed_until.map_or(until, |known| known.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::rate_limit::Left;

    #[test]
    fn a_window_lets_no_more_go_than_are_left() {
        let mut lane = Lane::default();
        let now = Instant::now();
        for _ in 0..4 {
            assert_eq!(lane.take(Pace::Free, now), None);
        }
        // The first of four is answered; three more are on their way and count already.
        lane.hear(Left { requests: 5, resets: Duration::from_secs(60) }, now);
        assert_eq!(lane.take(Pace::Free, now), None);
        assert_eq!(lane.take(Pace::Free, now), None);
        let resets = now + Duration::from_secs(60);
        assert_eq!(lane.take(Pace::Free, now), Some(resets));
        assert_eq!(lane.take(Pace::Free, resets), None, "the next window is open");
    }

    #[test]
    fn the_longest_wait_holds() {
        let mut lane = Lane::default();
        let now = Instant::now();
        lane.close(now, Duration::from_secs(9));
        lane.close(now, Duration::from_secs(3));
        assert_eq!(lane.take(Pace::Free, now), Some(now + Duration::from_secs(9)));
        lane.close(now, Duration::MAX);
        assert!(lane.take(Pace::Free, now).is_some());
    }

    #[test]
    fn a_pace_keeps_requests_apart() {
        let mut lane = Lane::default();
        let pace = Pace::per_second(4.0).unwrap();
        let now = Instant::now();
        assert_eq!(lane.take(pace, now), None);
        assert_eq!(lane.take(pace, now), Some(now + Duration::from_millis(250)));
        assert_eq!(Pace::per_second(0.0), None);
        assert_eq!(Pace::per_second(f64::NAN), None);
    }
}
