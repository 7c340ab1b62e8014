//! Memory that native work takes beside plugins: no more than the system has, and by turns where that is little.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What the machine's memory was promised to.
static MACHINE: Promised = Promised::new();

/// Waits until the system has `needed_bytes` beside what other workers were promised.
///
/// # Errors
/// What to say where it has too little with nobody else at work: `what` takes it, `instead` takes less.
pub(super) fn reserve(what: &str, needed_bytes: u64, instead: &str) -> Result<Reserved<'static>, String> {
    MACHINE.reserve(needed_bytes, available_bytes).map_err(|available_bytes| {
        format!("{what} takes {needed_bytes} bytes of memory, {available_bytes} are available: {instead}")
    })
}

/// What the system could give, where it says so.
fn available_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Bytes that workers were promised and have not given back.
struct Promised {
    sum: Mutex<Sum>,
    given_back: Condvar,
}

struct Sum {
    bytes: u64,
    /// What there was when nobody had been promised any: some of it is taken by now, and must not count twice.
    of_bytes: u64,
}

/// A promise: given back when it is dropped.
pub(super) struct Reserved<'a> {
    by: &'a Promised,
    bytes: u64,
}

impl Promised {
    const fn new() -> Self {
        Self { sum: Mutex::new(Sum { bytes: 0, of_bytes: 0 }), given_back: Condvar::new() }
    }

    fn reserve(
        &self,
        needed_bytes: u64,
        available_bytes: impl Fn() -> Option<u64>,
    ) -> Result<Reserved<'_>, u64> {
        let mut sum = self.lock();
        loop {
            let available_bytes = available_bytes().unwrap_or(u64::MAX);
            if sum.bytes == 0 {
                sum.of_bytes = available_bytes;
            }
            let total = sum.bytes.saturating_add(needed_bytes);
            if total <= sum.of_bytes && needed_bytes <= available_bytes {
                sum.bytes = total;
                return Ok(Reserved { by: self, bytes: needed_bytes });
            }
            if sum.bytes == 0 {
                return Err(available_bytes);
            }
            sum = self.given_back.wait(sum).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sum> {
        // Whole at every moment.
        self.sum.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.by.lock().bytes -= self.bytes;
        self.by.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn what_the_system_never_has_is_refused_with_both_numbers() {
        let said = reserve("a plot of everything", 1 << 60, "a part takes less").err().unwrap();
        assert!(
            said.starts_with("a plot of everything takes 1152921504606846976 bytes of memory, "),
            "{said}"
        );
        assert!(said.ends_with(" are available: a part takes less"), "{said}");
    }

    #[test]
    fn two_that_fit_one_by_one_take_turns() {
        let (machine, at_work, most) = (Promised::new(), AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let reserved = machine.reserve(60, || Some(100));
                        most.fetch_max(at_work.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        (0..20).for_each(|_| thread::yield_now());
                        at_work.fetch_sub(1, Ordering::SeqCst);
                        assert!(reserved.is_ok());
                    }
                });
            }
        });
        assert_eq!((most.into_inner(), machine.lock().bytes), (1, 0));
    }

    #[test]
    fn as_many_as_fit_work_together_and_where_nothing_is_known_all_do() {
        let machine = Promised::new();
        // The second comes when the first has taken what it was promised.
        let both = [machine.reserve(50, || Some(100)), machine.reserve(50, || Some(50))];
        assert!(both.iter().all(Result::is_ok) && machine.lock().bytes == 100);
        drop(both);
        let all = [machine.reserve(1 << 50, || None), machine.reserve(1 << 50, || None)];
        assert!(all.iter().all(Result::is_ok));
        drop(all);
        assert_eq!(machine.reserve(101, || Some(100)).err(), Some(100));
    }
}
