//! How many bytes a scheme can fill in its time.

use plimsoll_core::Layout;
use plimsoll_plugin::PluginError;

use super::bench::Bench;
use super::memory::FillMemory;
use crate::LabError;

/// Where the search for the smallest plot begins.
const SMALLEST_BYTES: u64 = 64 << 10;
/// A fill that takes less is mostly opening and flushing files: it says little about larger ones.
const TELLING_SECONDS: f64 = 0.1;
/// Each trial is so many times as large as the one before.
const STEP: u64 = 8;

impl Bench<'_> {
    fn plan(&self, capacity_bytes: u64) -> Result<Layout, PluginError> {
        self.scheme.instance()?.plan(&Self::identity(), capacity_bytes)
    }

    /// The smallest power of two of bytes, from 64 KiB, that holds a plot; `most_bytes` where no smaller one does.
    fn smallest(&self, most_bytes: u64) -> Result<u64, LabError> {
        let mut capacity_bytes = SMALLEST_BYTES.min(most_bytes);
        loop {
            match self.plan(capacity_bytes) {
                Ok(_) => return Ok(capacity_bytes),
                Err(PluginError::Refused { .. }) if capacity_bytes < most_bytes => {
                    capacity_bytes = (capacity_bytes * 2).min(most_bytes);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Bytes to fill, so that `runs` fills take about `seconds`: what was asked for, or as many as trials with growing
/// plots say; never fewer than one unit takes. And the memory that these trials took.
///
/// # Errors
/// The plugin's, where what was asked for holds no unit; the disk's.
pub(in crate::compare) fn affordable_bytes(
    bench: &Bench<'_>,
    runs: u32,
    seconds: f64,
) -> Result<(u64, FillMemory), LabError> {
    let asked = bench.request.bytes;
    bench.plan(asked)?;
    let each_seconds = seconds / f64::from(runs + 1);
    let mut capacity_bytes = bench.smallest(asked)?;
    let mut memory = FillMemory::default();
    loop {
        let (generated, took, taken) = bench.watched("trial.plot", capacity_bytes)?;
        memory = memory.or(taken);
        std::fs::remove_file(&generated.path).map_err(super::bench::disk("remove", &generated.path))?;
        let affordable = (capacity_bytes as f64 * each_seconds / took.seconds) as u64;
        if capacity_bytes >= asked || (took.seconds >= TELLING_SECONDS && affordable >= asked) {
            return Ok((asked, memory));
        }
        if took.seconds >= TELLING_SECONDS.min(each_seconds)
            && affordable < capacity_bytes.saturating_mul(STEP)
        {
            // A scheme may round up: what fitted must fit again.
            return Ok((affordable.max(capacity_bytes).min(asked), memory));
        }
        capacity_bytes = capacity_bytes.saturating_mul(STEP).min(asked);
    }
}
