//! What this process takes, as the system tells it.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Looks at descriptors from time to time.
pub(super) struct Watch {
    ended: Arc<AtomicBool>,
    most: Arc<AtomicUsize>,
    looking: JoinHandle<()>,
    cpu_us: u64,
}

/// What was seen.
pub(super) struct Seen {
    pub(super) peak_rss_bytes: u64,
    pub(super) peak_descriptors: usize,
    pub(super) cpu_us: u64,
}

const LOOK_EVERY: Duration = Duration::from_millis(100);

impl Watch {
    pub(super) fn begin() -> Self {
        let (ended, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (end, seen) = (Arc::clone(&ended), Arc::clone(&most));
        let looking = std::thread::spawn(move || {
            while !end.load(Ordering::SeqCst) {
                seen.fetch_max(descriptors(), Ordering::SeqCst);
                std::thread::sleep(LOOK_EVERY);
            }
        });
        Self { ended, most, looking, cpu_us: cpu_us() }
    }

    pub(super) fn end(self) -> Seen {
        let cpu_us = cpu_us().saturating_sub(self.cpu_us);
        self.ended.store(true, Ordering::SeqCst);
        let _ = self.looking.join();
        let peak_descriptors = self.most.load(Ordering::SeqCst);
        Seen { peak_rss_bytes: peak_rss_bytes(), peak_descriptors, cpu_us }
    }
}

/// Open descriptors; 0 where the system does not tell.
fn descriptors() -> usize {
    // One is the folder being read.
    fs::read_dir("/proc/self/fd").map_or(0, |folder| folder.count().saturating_sub(1))
}

/// The most memory that was resident; 0 where the system does not tell.
fn peak_rss_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0).saturating_mul(1024)
}

/// CPU time of this process, all threads, in steps of 10 ms; 0 where the system does not tell.
pub(super) fn cpu_us() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in parentheses may have blanks in it: fields 14 and 15 are the 12th and 13th behind it.
    let behind = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = behind.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    ticks.saturating_mul(10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_descriptors_and_takes_time() {
        assert!(peak_rss_bytes() > 1 << 20 && descriptors() >= 3);
        let before = cpu_us();
        let mut digest = plimsoll_core::Digest::default();
        // Many seconds of work; hundredths of one are a step. Where the system does not tell, it ends too.
        let grew = (0..1_000_000).any(|_| {
            digest = plimsoll_core::Digest::of(&digest.0.repeat(1000));
            cpu_us() > before
        });
        assert!(grew, "the CPU time stands still at {before} us: /proc/self/stat does not tell it");
    }
}
