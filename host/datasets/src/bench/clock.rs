//! Time and memory.

use std::time::Instant;

/// How long something took, in seconds.
pub(super) fn timed<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, f64), E> {
    let began = Instant::now();
    let done = work()?;
    Ok((done, began.elapsed().as_secs_f64()))
}

/// The middle one; of an even number the upper of two, and 0 of none.
pub(super) fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(0.0)
}

/// The greatest; 0 of none.
pub(super) fn greatest(all: &[f64]) -> f64 {
    all.iter().copied().fold(0.0, f64::max)
}

/// Forgets the most memory that was resident, so that the next reading is of what follows.
pub(super) fn forget_peak_rss() {
    // Linux: where it is refused, the peak is of the whole process: still an upper bound.
    if let Err(error) = std::fs::write("/proc/self/clear_refs", "5") {
        tracing::debug!(%error, "the peak of resident memory could not be reset");
    }
}

/// The most memory that was resident since; 0 where the system does not tell.
pub(super) fn peak_rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0).saturating_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_greatest_are_of_all() {
        let all = vec![3.0, 1.0, 2.0];
        assert_eq!((greatest(&all), median(all)), (3.0, 2.0));
        assert_eq!((greatest(&[]), median(Vec::new())), (0.0, 0.0));
        assert!(peak_rss_bytes() > 1 << 20);
    }
}
