//! `plimsoll bench generate`.

use std::path::Path;

use plimsoll_core::{Hotkey, Identity, NetUid};
use plimsoll_plugin::Scheme;
use serde::Serialize;
use tempfile::TempDir;

use super::meter::{Spread, Took, forget_peak_rss, peak_rss_bytes, timed};
use super::native::Native;
use super::{BenchRequest, raw};
use crate::NodeError;
use crate::space::{Conductor, GenerateJob, GenerateOptions, Generated, Silent, conduct};

/// What filling cost, beside its references. Rates are medians over the repeats.
#[derive(Debug, Clone, Serialize)]
pub struct GenerateFigures {
    /// The scheme.
    pub scheme: String,
    /// Bytes of all regions together.
    pub bytes: u64,
    /// Number of plots.
    pub partitions: u32,
    /// Worker threads.
    pub workers: usize,
    /// How the plots were written, and why so.
    pub io_method: String,
    /// Filling, committing, flushing and sealing, by the plugin.
    pub seconds: f64,
    /// Least and greatest of the same.
    pub seconds_spread: Spread,
    /// CPU time of the same.
    pub cpu_seconds: f64,
    /// Bytes a second.
    pub bytes_per_second: f64,
    /// Bytes a CPU-second.
    pub bytes_per_cpu_second: f64,
    /// The reference: the same bytes, constant, written with the same method and flushed.
    pub raw_bytes_per_second: f64,
    /// The one divided by the other.
    pub ratio_to_raw: f64,
    /// The reference: the same fill by the native kernel without any plugin.
    pub native_bytes_per_second: Option<f64>,
    /// The one divided by the other, the median of the repeats' own ratios.
    pub ratio_to_native: Option<f64>,
    /// Peak of resident memory while the plugin's fill ran.
    pub peak_rss_bytes: Option<u64>,
    /// How often each was run.
    pub repeats: u32,
}

/// Bytes a second of one small fill, for an estimate of how long a large one lasts.
///
/// # Errors
/// What filling said.
pub fn fill_rate(scheme: &Scheme, request: &BenchRequest) -> Result<f64, NodeError> {
    let (plots, took) = run(scheme, request)?;
    Ok(plots.iter().map(|plot| plot.bytes).sum::<u64>() as f64 / took.seconds)
}

struct Repeat {
    raw: Took,
    native: Option<Took>,
    plugin: Took,
}

/// Measures filling with `scheme` against raw writes and against the native kernel, in turn, as often as asked.
///
/// # Errors
/// What filling or writing said.
pub fn measure_generate(scheme: &Scheme, request: &BenchRequest) -> Result<GenerateFigures, NodeError> {
    let probe = run(scheme, request)?;
    let (layouts, first) = (probe.0.clone(), probe.0.first().ok_or(NodeError::Cancelled)?.clone());
    let bytes: u64 = layouts.iter().map(|plot| plot.bytes).sum();
    let direct = first.io_method.starts_with("direct");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = request.workers.unwrap_or(if direct { 2 * cores } else { cores });
    let native = Native::of(&scheme.descriptor().name, first.layout.unit_bytes);
    let mut repeats = Vec::new();
    let mut peak = None;
    for turn in 0..request.repeats.max(1) {
        let raw = raw_turn(request, &layouts, direct, workers, turn)?;
        let native = native.as_ref().map(|native| run(native, request)).transpose()?.map(|(_, took)| took);
        forget_peak_rss();
        let (_, plugin) = run(scheme, request)?;
        peak = peak.max(peak_rss_bytes());
        repeats.push(Repeat { raw, native, plugin });
    }
    Ok(figures(&scheme.descriptor().name, request, &repeats, bytes, workers, first.io_method, peak))
}

fn figures(
    scheme: &str,
    request: &BenchRequest,
    repeats: &[Repeat],
    bytes: u64,
    workers: usize,
    io_method: String,
    peak_rss_bytes: Option<u64>,
) -> GenerateFigures {
    let spread = |of: &dyn Fn(&Repeat) -> Option<f64>| {
        let values: Vec<f64> = repeats.iter().filter_map(of).collect();
        (!values.is_empty()).then(|| Spread::of(&values))
    };
    let median = |of: &dyn Fn(&Repeat) -> Option<f64>| spread(of).map(|s| s.median);
    let zero = Spread { median: 0.0, min: 0.0, max: 0.0 };
    let seconds = spread(&|r| Some(r.plugin.seconds)).unwrap_or(zero);
    let cpu_seconds = median(&|r| Some(r.plugin.cpu_seconds)).unwrap_or(0.0);
    GenerateFigures {
        scheme: scheme.to_owned(),
        bytes,
        partitions: request.partitions,
        workers,
        io_method,
        seconds: seconds.median,
        seconds_spread: seconds,
        cpu_seconds,
        bytes_per_second: bytes as f64 / seconds.median,
        bytes_per_cpu_second: bytes as f64 / cpu_seconds,
        raw_bytes_per_second: median(&|r| Some(bytes as f64 / r.raw.seconds)).unwrap_or(0.0),
        ratio_to_raw: median(&|r| Some(r.raw.seconds / r.plugin.seconds)).unwrap_or(0.0),
        native_bytes_per_second: median(&|r| r.native.map(|n| bytes as f64 / n.seconds)),
        ratio_to_native: median(&|r| r.native.map(|n| n.seconds / r.plugin.seconds)),
        peak_rss_bytes,
        repeats: request.repeats,
    }
}

/// One fill into fresh files, which are removed again outside of the measured time.
fn run(conductor: &dyn Conductor, request: &BenchRequest) -> Result<(Vec<Generated>, Took), NodeError> {
    let folder = scratch(&request.dir)?;
    let capacity_bytes = request.bytes / u64::from(request.partitions.max(1));
    let jobs: Vec<GenerateJob> = (0..request.partitions.max(1))
        .map(|index| GenerateJob {
            path: folder.path().join(format!("bench-{index}.plot")),
            identity: identity(index),
            capacity_bytes,
        })
        .collect();
    let (workers, cancel) = (request.workers, request.cancel.clone());
    let options = GenerateOptions { workers, cancel, ..GenerateOptions::default() };
    timed(|| conduct(conductor, &jobs, &options, &Silent))
}

fn raw_turn(
    request: &BenchRequest,
    plots: &[Generated],
    direct: bool,
    workers: usize,
    turn: u32,
) -> Result<Took, NodeError> {
    let folder = scratch(&request.dir)?;
    let write = |(index, plot): (usize, &Generated)| {
        let path = folder.path().join(format!("raw-{turn}-{index}"));
        raw::write_constant(&path, plot.bytes.next_multiple_of(4096), direct, workers)
            .map_err(|error| NodeError::Disk { path, reason: error.to_string() })
    };
    let ((), took) = timed(|| plots.iter().enumerate().try_for_each(write))?;
    Ok(took)
}

pub(super) fn identity(index: u32) -> Identity {
    let mut validator = [0x56; 32];
    validator[..4].copy_from_slice(&index.to_le_bytes());
    Identity { netuid: NetUid(1), owner: Hotkey([0x4D; 32]), validator: Hotkey(validator) }
}

/// A folder that is removed when it goes out of scope.
pub(super) fn scratch(dir: &Path) -> Result<TempDir, NodeError> {
    let made = tempfile::Builder::new().prefix("plimsoll-bench-").tempdir_in(dir);
    made.map_err(|error| NodeError::Disk { path: dir.to_owned(), reason: error.to_string() })
}
