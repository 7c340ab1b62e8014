//! Memory that native work takes beside plugins: no more than the system has, and by turns where that is little.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plimsoll_core::{PlotSpace, SpaceError};
use plimsoll_kernels::KernelError;

use super::available::available_bytes;
use super::storage::{Cx, Given, give, refuse};

/// Who waits looks about so often whether it is wished to stop.
const TURN: Duration = Duration::from_millis(if cfg!(test) { 10 } else { 1_000 });

/// What the machine's memory was promised to.
static MACHINE: Promised = Promised::new();

/// Waits until the system has `needed_bytes` for filling `space`, beside what other workers were promised.
///
/// # Errors
/// Where it has too little with nobody else at work: `what` takes it, `instead` takes less; and where `space` is not
/// to be filled any more.
pub(super) fn reserve(
    space: &dyn PlotSpace,
    what: &str,
    needed_bytes: u64,
    instead: &str,
) -> Result<Reserved<'static>, Denied> {
    let goes_on = || space.put(0, 0, &mut |_| {});
    MACHINE.reserve(needed_bytes, available_bytes, goes_on).map_err(|denied| match denied {
        Denied::TooLittle(available_bytes) => Denied::TooLittle(format!(
            "{what} takes {needed_bytes} bytes of memory, {available_bytes} are available: {instead}"
        )),
        Denied::Stopped(error) => Denied::Stopped(error),
    })
}

/// Why there is no memory.
#[derive(Debug, PartialEq)]
pub(super) enum Denied<T = String> {
    /// The system has too little: what to say, or how many bytes.
    TooLittle(T),
    /// A wish to stop, while it was waited for.
    Stopped(SpaceError),
}

impl Denied {
    /// Ends the call.
    pub(super) fn answer<T>(self, store: &mut Cx<'_>) -> Given<T> {
        match self {
            Self::TooLittle(why) => refuse(why),
            Self::Stopped(error) => give(store, Err(KernelError::Space(error))),
        }
    }
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
        goes_on: impl Fn() -> Result<(), SpaceError>,
    ) -> Result<Reserved<'_>, Denied<u64>> {
        let mut sum = self.lock();
        loop {
            goes_on().map_err(Denied::Stopped)?;
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
                return Err(Denied::TooLittle(available_bytes));
            }
            sum = self.given_back.wait_timeout(sum, TURN).unwrap_or_else(PoisonError::into_inner).0;
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
    use crate::MemorySpace;

    fn goes_on() -> Result<(), SpaceError> {
        Ok(())
    }

    #[test]
    fn what_the_system_never_has_is_refused_with_both_numbers() {
        let plot = MemorySpace::new(0);
        let denied = reserve(&plot, "a plot of everything", 1 << 60, "a part takes less").err().unwrap();
        let Denied::TooLittle(said) = denied else { panic!("{denied:?}") };
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
                        let reserved = machine.reserve(60, || Some(100), goes_on);
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
        let both = [machine.reserve(50, || Some(100), goes_on), machine.reserve(50, || Some(50), goes_on)];
        assert!(both.iter().all(Result::is_ok) && machine.lock().bytes == 100);
        drop(both);
        let all = [machine.reserve(1 << 50, || None, goes_on), machine.reserve(1 << 50, || None, goes_on)];
        assert!(all.iter().all(Result::is_ok));
        drop(all);
        assert_eq!(machine.reserve(101, || Some(100), goes_on).err(), Some(Denied::TooLittle(100)));
    }

    #[test]
    fn who_waits_and_is_wished_to_stop_stops_and_is_promised_nothing() {
        let (machine, asked) = (Promised::new(), AtomicU32::new(0));
        let other = machine.reserve(60, || Some(100), goes_on).ok().unwrap();
        let stops = || match asked.fetch_add(1, Ordering::SeqCst) {
            0..3 => Ok(()),
            _ => Err(SpaceError::Cancelled),
        };
        let denied = machine.reserve(60, || Some(100), stops).err();
        assert_eq!((denied, asked.into_inner()), (Some(Denied::Stopped(SpaceError::Cancelled)), 4));
        assert_eq!(machine.lock().bytes, 60);
        drop(other);
        assert!(machine.reserve(60, || Some(100), goes_on).is_ok());
    }
}
