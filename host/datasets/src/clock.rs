//! What time it is by this machine: the one place where the wall clock is read.
//!
//! It may be wrong, and jump. So nothing that is kept goes by it: snapshots are known and ordered by their block, waits
//! and deadlines are of the clock that only goes on ([`std::time::Instant`]). It says when a snapshot was made, from which
//! block a day counts, and what a date means by which a hub wants to be asked again without telling its own time.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// A wall clock. Clones show the same time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// One that shows what `now` says.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        (self.0)()
    }

    /// The same in milliseconds since 1970; 0 before.
    #[must_use]
    pub fn unix_ms(&self) -> u64 {
        let since = self.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Default for Clock {
    /// The machine's.
    fn default() -> Self {
        Self::new(SystemTime::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
