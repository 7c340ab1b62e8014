//! Clocks, memory and medians: what every measurement is made with.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// Median, least and greatest of several runs.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Spread {
    /// The middle one.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

impl Spread {
    /// Of at least one value; of none, all are zero.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(0.0);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            at(middle)
        } else {
            f64::midpoint(at(middle.saturating_sub(1)), at(middle))
        };
        Self { median, min: at(0), max: at(sorted.len().saturating_sub(1)) }
    }
}

/// Wall and CPU time of one piece of work.
#[derive(Debug, Clone, Copy)]
pub struct Took {
    /// By the clock on the wall.
    pub seconds: f64,
    /// CPU time of all threads, or of one: see [`timed`] and [`timed_here`].
    pub cpu_seconds: f64,
}

fn clock_seconds(clock: ClockId) -> f64 {
    let now = clock_gettime(clock);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

fn timed_by<T, E>(clock: ClockId, work: impl FnOnce() -> Result<T, E>) -> Result<(T, Took), E> {
    let (cpu, wall) = (clock_seconds(clock), Instant::now());
    let out = work()?;
    Ok((out, Took { seconds: wall.elapsed().as_secs_f64(), cpu_seconds: clock_seconds(clock) - cpu }))
}

/// Runs `work` and says how long it took in wall and process CPU time.
///
/// # Errors
/// What `work` said.
pub fn timed<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, Took), E> {
    timed_by(ClockId::ProcessCPUTime, work)
}

/// The same with the CPU time of this thread alone.
///
/// # Errors
/// What `work` said.
pub fn timed_here<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, Took), E> {
    timed_by(ClockId::ThreadCPUTime, work)
}

/// Forgets the process's peak of resident memory, so that the next reading is of what follows.
pub fn forget_peak_rss() {
    // Linux: writing 5 resets VmHWM. Where it is refused, the peak is of the whole process: still an upper bound.
    if let Err(error) = std::fs::write("/proc/self/clear_refs", "5") {
        tracing::debug!(%error, "the peak of resident memory could not be reset");
    }
}

/// Peak of resident memory since [`forget_peak_rss`], in bytes.
#[must_use]
pub fn peak_rss_bytes() -> Option<u64> {
    of_status("VmHWM:")
}

/// Resident memory now, in bytes.
#[must_use]
pub fn rss_bytes() -> Option<u64> {
    of_status("VmRSS:")
}

fn of_status(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// Bytes that this process has moved to and from devices so far; `None` where the system does not count them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceBytes {
    /// Fetched from a device: what the page cache held is not in it.
    pub read: u64,
    /// Sent towards a device.
    pub written: u64,
}

/// See [`DeviceBytes`].
#[must_use]
pub fn device_bytes() -> Option<DeviceBytes> {
    // Linux: proc_pid_io(5).
    let io = std::fs::read_to_string("/proc/self/io").ok()?;
    let field = |name: &str| io.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    Some(DeviceBytes { read: field("read_bytes:")?, written: field("write_bytes:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let spread = Spread::of(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!((spread.median, spread.min, spread.max), (2.5, 1.0, 4.0));
        assert_eq!(Spread::of(&[7.0]).median, 7.0);
    }

    #[test]
    fn this_process_has_a_peak_of_resident_memory() {
        let (peak, now) = (peak_rss_bytes().unwrap(), rss_bytes().unwrap());
        assert!(now > 1 << 20 && peak > 1 << 20, "{now} of {peak}");
    }
}
