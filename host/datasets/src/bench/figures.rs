//! All of it, one after the other.

use std::path::PathBuf;
use std::process::Command;

use serde::Serialize;

use super::clock::{forget_peak_rss, peak_rss_bytes};
use super::collecting::{Collecting, collecting};
use super::comparing::{comparing, large};
use super::error::BenchError;
use super::practice::Practice;
use super::year::{YearFigures, YearRequest, measure_year};
use crate::source::Source;

/// What is measured.
#[derive(Debug, Clone)]
pub struct Request {
    /// Miners with a dataset, at most 256.
    pub datasets: u16,
    /// Requests under way at a time.
    pub jobs: usize,
    /// How long the hub lets every answer wait.
    pub latency_ms: u64,
    /// How often each short thing is run; medians are reported.
    pub repeats: u32,
    /// Datasets of 1,000 rows for the large comparison.
    pub large: u16,
    /// Days to keep, if any.
    pub year: Option<YearRequest>,
    /// An empty folder to write in.
    pub folder: PathBuf,
}

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// Datasets that were collected.
    pub datasets: usize,
    /// Requests under way at a time.
    pub jobs: usize,
    /// How long the hub let every answer wait.
    pub latency_ms: u64,
    /// Bytes of the datasets.
    pub network_bytes: u64,
    /// Everything collected into a new archive: chain read, fetched, checked, kept, durable.
    pub collect_seconds: f64,
    /// The same files asked for by bare requests through the same connections, their bytes thrown away.
    pub floor_seconds: f64,
    /// Times the floor.
    pub collect_ratio: f64,
    /// Requests for files in one such run, as the hub counted them.
    pub resolver_requests: usize,
    /// Requests of the hub's API in it.
    pub api_requests: usize,
    /// Collected again at the next block.
    pub second_run_seconds: f64,
    /// Requests of any sort in that run.
    pub second_run_requests: usize,
    /// Collected from a hub that refuses a tenth of all requests, cuts a twentieth and stalls a fiftieth.
    pub faulty_seconds: f64,
    /// Requests in that run.
    pub faulty_requests: usize,
    /// Requests for each dataset in it.
    pub faulty_request_ratio: f64,
    /// Requests within a time that the client was told to wait, beyond the latency: before, the two crossed on the way.
    pub faulty_too_early: usize,
    /// Datasets of 250 rows that were compared: those of the real subnet, without the copies that make it whole.
    pub overlap_datasets: usize,
    /// All their pairs and both sorts of groups, from an archive opened anew.
    pub overlap_seconds: f64,
    /// Datasets of 1,000 rows that were compared.
    pub overlap_large_datasets: usize,
    /// The same for them.
    pub overlap_large_seconds: f64,
    /// Times the smaller one.
    pub overlap_large_ratio: f64,
    /// One miner's rows read from the archive and counted against all others.
    pub update_seconds: f64,
    /// Most memory that was resident while collecting.
    pub collect_peak_rss_bytes: u64,
    /// Most memory that was resident through all of it.
    pub peak_rss_bytes: u64,
    /// Days in the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<YearFigures>,
}

/// Measures. `command` makes a command that hands its standard input and output to [`serve_hub`](super::serve_hub).
///
/// # Errors
/// What did not go as it must: a run that misses a dataset is no measurement.
pub fn measure(
    request: &Request,
    source: &Source,
    command: &dyn Fn() -> Command,
) -> Result<Figures, BenchError> {
    forget_peak_rss();
    let collected: Collecting = collecting(request, source, &request.folder, command)?;
    let collect_peak_rss_bytes = peak_rss_bytes();
    let (data, place) = &collected.kept;
    let real = Practice::real();
    let is_real = |uid: plimsoll_core::Uid| real.named.iter().any(|named| named.uid == uid.0);
    let small = comparing(data, *place, &is_real, request.repeats)?;
    let data = request.folder.join("large");
    let place = large(&data, request.large)?;
    let wide = comparing(&data, place, &|_| true, request.repeats)?;
    let year = request.year.map(|year| measure_year(&request.folder.join("year"), year)).transpose()?;
    let datasets = request.datasets.into();
    Ok(Figures {
        datasets,
        jobs: request.jobs,
        latency_ms: request.latency_ms,
        network_bytes: collected.network_bytes,
        collect_seconds: collected.collect_seconds,
        floor_seconds: collected.floor_seconds,
        collect_ratio: collected.collect_seconds / collected.floor_seconds,
        resolver_requests: collected.resolver_requests,
        api_requests: collected.api_requests,
        second_run_seconds: collected.second_run_seconds,
        second_run_requests: collected.second_run_requests,
        faulty_seconds: collected.faulty.seconds,
        faulty_requests: collected.faulty.requests,
        faulty_request_ratio: collected.faulty.requests as f64 / datasets as f64,
        faulty_too_early: collected.faulty.too_early,
        overlap_datasets: small.datasets,
        overlap_seconds: small.seconds,
        overlap_large_datasets: wide.datasets,
        overlap_large_seconds: wide.seconds,
        overlap_large_ratio: wide.seconds / small.seconds,
        update_seconds: small.update_seconds,
        collect_peak_rss_bytes,
        peak_rss_bytes: peak_rss_bytes(),
        year,
    })
}
