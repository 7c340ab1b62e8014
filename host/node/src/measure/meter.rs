//! Clocks, memory and medians.

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
pub(super) struct Took {
    pub(super) seconds: f64,
    pub(super) cpu_seconds: f64,
}

fn cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// Runs `work` and says how long it took in wall and process CPU time.
pub(super) fn timed<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, Took), E> {
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    let out = work()?;
    Ok((out, Took { seconds: wall.elapsed().as_secs_f64(), cpu_seconds: cpu_seconds() - cpu }))
}

/// Forgets the process's peak of resident memory, so that the next reading is of what follows.
pub(super) fn forget_peak_rss() {
    // Linux: writing 5 resets VmHWM. Where it is refused, the peak is of the whole process: still an upper bound.
    if let Err(error) = std::fs::write("/proc/self/clear_refs", "5") {
        tracing::debug!(%error, "the peak of resident memory could not be reset");
    }
}

/// Peak of resident memory since [`forget_peak_rss`], in bytes.
pub(super) fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
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
        assert!(peak_rss_bytes().is_some_and(|bytes| bytes > 1 << 20));
    }
}
