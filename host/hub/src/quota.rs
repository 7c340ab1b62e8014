//! Quotas in fixed windows, told on every answer.

use std::time::{Duration, Instant};

/// How many requests a bucket has in one window.
#[derive(Debug, Clone, Copy)]
pub struct Quota {
    /// Requests for files.
    pub resolvers: u32,
    /// Requests under `/api`.
    pub api: u32,
    /// The window's length in whole seconds; at least one.
    pub window_s: u64,
}

impl Default for Quota {
    /// What the Hub grants an address without an account: 3,000 files and 500 others in five minutes.
    fn default() -> Self {
        Self { resolvers: 3000, api: 500, window_s: 300 }
    }
}

/// One bucket's count.
#[derive(Debug)]
pub(crate) struct Counter {
    name: &'static str,
    most: u32,
    window: Duration,
    began: Instant,
    taken: u32,
}

/// What a request is told about its bucket.
pub(crate) struct Standing {
    pub(crate) granted: bool,
    pub(crate) rate_limit: String,
    pub(crate) policy: String,
    pub(crate) resets: Duration,
}

impl Counter {
    pub(crate) fn new(name: &'static str, most: u32, window_s: u64) -> Self {
        Self { name, most, window: Duration::from_secs(window_s.max(1)), began: Instant::now(), taken: 0 }
    }

    /// Counts one request.
    pub(crate) fn take(&mut self) -> Standing {
        if self.began.elapsed() >= self.window {
            self.began = Instant::now();
            self.taken = 0;
        }
        let granted = self.taken < self.most;
        self.taken += u32::from(granted);
        let left = self.window.saturating_sub(self.began.elapsed());
        let whole_s = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        let (name, most, w) = (self.name, self.most, self.window.as_secs());
        Standing {
            granted,
            rate_limit: format!("\"{name}\";r={};t={whole_s}", most - self.taken),
            policy: format!("\"fixed window\";\"{name}\";q={most};w={w}"),
            resets: left,
        }
    }
}
