//! `plimsoll bench verify`.

use std::path::Path;

use plimsoll_plugin::Scheme;
use plimsoll_store::Plot;
use plimsoll_store::scrub::{Reading, reading_method};
use serde::Serialize;

use super::BenchRequest;
use super::generate::{identity, scratch};
use super::meter::{Spread, forget_peak_rss, peak_rss_bytes, timed};
use crate::NodeError;
use crate::space::{CheckDepth, CheckOptions, GenerateJob, GenerateOptions, Silent, check, generate};

/// What a full check cost, beside its reference. Rates are medians over the repeats.
#[derive(Debug, Clone, Serialize)]
pub struct VerifyFigures {
    /// The scheme that filled the plot.
    pub scheme: String,
    /// Bytes of the region.
    pub bytes: u64,
    /// A full check of the plot.
    pub seconds: f64,
    /// Least and greatest of the same.
    pub seconds_spread: Spread,
    /// Bytes a second.
    pub bytes_per_second: f64,
    /// The reference: the `blake3` crate hashing the same file, mapped, over all cores (`update_mmap_rayon`).
    pub raw_bytes_per_second: f64,
    /// The one divided by the other, the median of the repeats' own ratios.
    pub ratio_to_raw: f64,
    /// The same check through mapped windows instead of reads.
    pub mapped_bytes_per_second: f64,
    /// How the region was read.
    pub io_method: String,
    /// Peak of resident memory while the check ran.
    pub peak_rss_bytes: Option<u64>,
    /// How often each was run.
    pub repeats: u32,
}

/// Measures a full check of one plot against the `blake3` crate hashing the same file. Both read it from the
/// page cache, after one run that is not counted.
///
/// # Errors
/// What filling or checking said; a plot that does not check out clean.
pub fn measure_verify(scheme: &Scheme, request: &BenchRequest) -> Result<VerifyFigures, NodeError> {
    let folder = scratch(&request.dir)?;
    let path = folder.path().join("bench.plot");
    let job = GenerateJob { path: path.clone(), identity: identity(0), capacity_bytes: request.bytes };
    let (workers, cancel) = (request.workers, request.cancel.clone());
    let options = GenerateOptions { workers, cancel, ..GenerateOptions::default() };
    let generated = generate(scheme, &[job], &options, &Silent)?;
    let bytes = generated.iter().map(|plot| plot.bytes).sum::<u64>();
    hash_file(&path)?;
    let (mut ours, mut mapped, mut raw, mut ratios, mut peak) = (vec![], vec![], vec![], vec![], None);
    for _ in 0..request.repeats.max(1) {
        if request.cancel.is_cancelled() {
            return Err(NodeError::Cancelled);
        }
        let reference = timed(|| hash_file(&path))?.1.seconds;
        forget_peak_rss();
        let seconds = timed(|| full(&path, Reading::Auto))?.1.seconds;
        peak = peak.max(peak_rss_bytes());
        mapped.push(timed(|| full(&path, Reading::Mapped))?.1.seconds);
        ours.push(seconds);
        raw.push(reference);
        ratios.push(reference / seconds);
    }
    let io_method = reading_method(&Plot::open(&path)?, Reading::Auto)?.to_owned();
    let seconds = Spread::of(&ours);
    Ok(VerifyFigures {
        scheme: scheme.descriptor().name.clone(),
        bytes,
        seconds: seconds.median,
        seconds_spread: seconds,
        bytes_per_second: bytes as f64 / seconds.median,
        raw_bytes_per_second: bytes as f64 / Spread::of(&raw).median,
        ratio_to_raw: Spread::of(&ratios).median,
        mapped_bytes_per_second: bytes as f64 / Spread::of(&mapped).median,
        io_method,
        peak_rss_bytes: peak,
        repeats: request.repeats,
    })
}

fn hash_file(path: &Path) -> Result<(), NodeError> {
    let mut hasher = blake3::Hasher::new();
    let hashed = hasher.update_mmap_rayon(path).map(|hasher| hasher.finalize());
    hashed.map(drop).map_err(|error| NodeError::Disk { path: path.to_owned(), reason: error.to_string() })
}

fn full(path: &Path, reading: Reading) -> Result<(), NodeError> {
    let options = CheckOptions { reading, ..CheckOptions::new(CheckDepth::Full) };
    let checked = check(path, None, &options, &Silent)?;
    if checked.clean {
        return Ok(());
    }
    Err(NodeError::Disk { path: path.to_owned(), reason: checked.findings.join("; ") })
}
