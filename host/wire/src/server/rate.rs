//! How much one caller may ask.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// A bucket of `burst` requests for each caller, refilled by one each `refill`. Beyond [`MOST`] the full ones are
/// forgotten, which changes nothing for their owners.
#[derive(Debug)]
pub(super) struct Buckets<Who> {
    burst: u32,
    refill_ns: u64,
    left: HashMap<Who, Bucket>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    requests: u32,
    /// When the last one came in.
    filled_ns: u64,
}

/// Buckets at once.
pub(super) const MOST: usize = 4096;

impl<Who: Copy + Eq + Hash> Buckets<Who> {
    pub(super) fn new(burst: u32, refill: Duration) -> Self {
        let refill_ns = u64::try_from(refill.as_nanos()).unwrap_or(u64::MAX).max(1);
        Self { burst: burst.max(1), refill_ns, left: HashMap::new() }
    }

    /// How many milliseconds until there is a request to take; none where there is one.
    pub(super) fn wait(&self, who: &Who, uptime_ns: u64) -> Option<u64> {
        let bucket = self.left.get(who)?.at(uptime_ns, self.burst, self.refill_ns);
        (bucket.requests == 0).then(|| bucket.wait_ms(uptime_ns, self.refill_ns))
    }

    /// Takes one request out, or says how many milliseconds until there is one.
    pub(super) fn take(&mut self, who: &Who, uptime_ns: u64) -> Result<(), u64> {
        if !self.left.contains_key(who) && self.left.len() >= MOST {
            let (burst, refill_ns) = (self.burst, self.refill_ns);
            self.left.retain(|_, bucket| bucket.at(uptime_ns, burst, refill_ns).requests < burst);
            if self.left.len() >= MOST {
                return Err(self.refill_ns.div_ceil(1_000_000));
            }
        }
        let full = Bucket { requests: self.burst, filled_ns: uptime_ns };
        let bucket = self.left.entry(*who).or_insert(full);
        *bucket = bucket.at(uptime_ns, self.burst, self.refill_ns);
        match bucket.requests.checked_sub(1) {
            Some(left) => {
                bucket.requests = left;
                Ok(())
            }
            None => Err(bucket.wait_ms(uptime_ns, self.refill_ns)),
        }
    }
}

impl Bucket {
    fn wait_ms(self, uptime_ns: u64, refill_ns: u64) -> u64 {
        self.filled_ns.saturating_add(refill_ns).saturating_sub(uptime_ns).div_ceil(1_000_000)
    }

    fn at(self, uptime_ns: u64, burst: u32, refill_ns: u64) -> Self {
        let came = uptime_ns.saturating_sub(self.filled_ns) / refill_ns;
        let requests = u64::from(self.requests).saturating_add(came);
        match u32::try_from(requests) {
            Ok(requests) if requests < burst => {
                Self { requests, filled_ns: self.filled_ns + came * refill_ns }
            }
            _ => Self { requests: burst, filled_ns: uptime_ns },
        }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_core::Hotkey;
    use proptest::prelude::*;

    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_burst_then_one_each_refill() {
        let mut buckets = Buckets::new(2, Duration::from_millis(100));
        let (a, b) = (Hotkey([1; 32]), Hotkey([2; 32]));
        assert_eq!(buckets.take(&a, 0), Ok(()));
        assert_eq!(buckets.take(&a, 30 * MS), Ok(()));
        assert_eq!(buckets.take(&a, 30 * MS), Err(70));
        assert_eq!((buckets.wait(&a, 30 * MS), buckets.wait(&a, 100 * MS)), (Some(70), None));
        assert_eq!(buckets.wait(&b, 30 * MS), None);
        assert_eq!(buckets.take(&b, 30 * MS), Ok(()));
        assert_eq!(buckets.take(&a, 100 * MS), Ok(()));
        assert_eq!(buckets.take(&a, 199 * MS), Err(1));
    }

    #[test]
    fn no_more_buckets_than_their_cap() {
        let mut buckets = Buckets::new(2, Duration::from_millis(100));
        for n in 0..MOST {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&n.to_le_bytes());
            assert_eq!(buckets.take(&Hotkey(key), 0), Ok(()));
        }
        assert_eq!(buckets.take(&Hotkey([9; 32]), 0), Err(100));
        assert_eq!(buckets.take(&Hotkey([9; 32]), 100 * MS), Ok(()));
        assert_eq!(buckets.left.len(), 1);
    }

    proptest! {
        #[test]
        fn never_more_than_burst_and_refills(gaps in proptest::collection::vec(0u64..80, 1..200), burst in 1u32..9) {
            let mut buckets = Buckets::new(burst, Duration::from_millis(50));
            let (mut now, mut passed) = (0, 0u64);
            for gap in gaps {
                now += gap * MS;
                passed += u64::from(buckets.take(&Hotkey([1; 32]), now).is_ok());
                prop_assert!(passed <= u64::from(burst) + now / (50 * MS));
            }
        }
    }
}
