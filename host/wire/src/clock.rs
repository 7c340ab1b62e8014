//! The clock is a parameter: tests turn it by hand.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// What the wire needs of time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Nanoseconds since 1970, as the system believes; may step back.
    fn unix_ns(&self) -> u64;
    /// Nanoseconds since some fixed instant; never steps back.
    fn uptime_ns(&self) -> u64;
}

/// The machine's own clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn unix_ns(&self) -> u64 {
        // A clock before 1970 reads as zero: every request is then future-dated and refused, which is the
        // safe side. 64 bits of nanoseconds last until the year 2554.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    fn uptime_ns(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A clock that stands still until somebody moves it: for tests and for virtual time.
#[derive(Debug, Default)]
pub struct ManualClock {
    unix_ns: AtomicU64,
    uptime_ns: AtomicU64,
}

impl ManualClock {
    /// A clock that shows `unix_ns`.
    #[must_use]
    pub fn at(unix_ns: u64) -> Self {
        Self { unix_ns: AtomicU64::new(unix_ns), uptime_ns: AtomicU64::new(0) }
    }

    /// Sets the time of day, also backwards; the uptime stays.
    pub fn set_unix_ns(&self, unix_ns: u64) {
        self.unix_ns.store(unix_ns, Ordering::SeqCst);
    }

    /// Lets time pass on both clocks.
    pub fn advance_ns(&self, ns: u64) {
        self.unix_ns.fetch_add(ns, Ordering::SeqCst);
        self.uptime_ns.fetch_add(ns, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn unix_ns(&self) -> u64 {
        self.unix_ns.load(Ordering::SeqCst)
    }

    fn uptime_ns(&self) -> u64 {
        self.uptime_ns.load(Ordering::SeqCst)
    }
}
