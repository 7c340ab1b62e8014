//! `plimsoll bench datasets`.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use plimsoll_core::ByteSize;
use plimsoll_datasets::bench::{Change, Figures, Request, YearFigures, YearRequest, measure, serve_hub};

use super::datasets::source;
use super::generate::blocking;
use crate::exit::{Exit, Failure, OrFail as _};
use crate::flags::SourceFlags;
use crate::global::Global;
use crate::screen;

/// Datasets: collecting a subnet beside the bare requests it takes, comparing all of them, keeping days of them
///
/// A hub of its own in a second process answers every request after --latency-ms and counts them; the chain is a ledger
/// in this process; the rows are a real subnet's in number and size. --json has, in this order: datasets, jobs, latency_ms,
/// network_bytes; collect_seconds (chain read, fetched, checked by the plugin, archived, durable; a new archive each
/// time), floor_seconds (the same files by bare requests through the same connections, thrown away), collect_ratio,
/// resolver_requests, api_requests; second_run_seconds, second_run_requests (at the next block); faulty_seconds,
/// faulty_requests, faulty_request_ratio, faulty_too_early (of 1,000 requests 50 get 429, 50 get 503, 50 are cut, 20 stall;
/// too early: within a Retry-After); overlap_datasets, overlap_seconds (all pairs and groups, from an archive opened anew),
/// overlap_large_datasets, overlap_large_seconds, overlap_large_ratio, update_seconds (one miner); collect_peak_rss_bytes,
/// peak_rss_bytes. With --days also year: days, miners, change, distinct_rows, distinct_row_bytes, disk_bytes, index_bytes,
/// lines_bytes, entries_bytes, recipes_bytes, ratio, floor_ratio (what the order of rows takes at least), day_seconds,
/// restore_ms, restore_most_ms (400 files), diff_days_ms, rows_of_a_day_ms, fsck_seconds, fsck_bytes_per_second.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Miners, each with a dataset
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u16).range(2..=256))]
    miners: u16,

    /// Requests under way at a time
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,

    /// How long the hub lets every answer wait
    #[arg(long, value_name = "MS", default_value_t = 50, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    latency_ms: u64,

    /// How often each short thing is run; medians are reported
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    repeats: u32,

    /// Datasets of 1,000 rows of the large comparison
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = clap::value_parser!(u16).range(2..=4096))]
    large: u16,

    /// Keep so many days of the miners in an archive: 365 take minutes, and up to 2 GB
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=3660))]
    days: u32,

    /// What changes from day to day
    #[arg(long, value_name = "WHAT", default_value = "rows")]
    change: What,

    /// The folder to write in; what is written is removed again
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,

    /// Be the hub that standard input describes
    #[arg(long, hide = true)]
    hub: bool,

    #[command(flatten)]
    source: SourceFlags,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum What {
    /// A tenth of the miners publish new rows only
    Miners,
    /// Every miner replaces a tenth of its rows by new ones
    Rows,
    /// A tenth of the miners draw their rows anew from 5,301 that all share
    Pool,
}

impl From<What> for Change {
    fn from(what: What) -> Self {
        match what {
            What::Miners => Self::Miners,
            What::Rows => Self::Rows,
            What::Pool => Self::Pool,
        }
    }
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<(), Failure> {
    if args.hub {
        let serve = || serve_hub(io::stdin().lock(), io::stdout().lock());
        return Ok(blocking(serve).await??);
    }
    let source = source(&global.config(&[&args.source])?)?;
    let folder = tempfile::Builder::new().prefix("plimsoll-bench-").tempdir_in(&args.dir);
    let folder = folder.or_fail(Exit::DiskMissing, || format!("write in {}", args.dir.display()))?;
    let itself = std::env::current_exe().or_fail(Exit::NotMeasured, || "this program's own file".into())?;
    let command = move || {
        let mut command = Command::new(&itself);
        command.args(["bench", "datasets", "--hub", "--log", "warn"]);
        command
    };
    let year = (args.days > 0).then(|| YearRequest {
        days: args.days,
        miners: args.miners,
        change: args.change.into(),
    });
    let request = Request {
        datasets: args.miners,
        jobs: args.jobs.into(),
        latency_ms: args.latency_ms,
        repeats: args.repeats,
        large: args.large,
        year,
        folder: folder.path().to_owned(),
    };
    let figures = blocking(move || measure(&request, &source, &command)).await??;
    global.emit(&figures, || human(&figures))
}

fn human(figures: &Figures) -> String {
    let Figures { datasets, jobs, latency_ms, .. } = figures;
    let mut lines = vec![
        format!(
            "{datasets} datasets, {}, {latency_ms} ms a request, {jobs} at a time",
            ByteSize(figures.network_bytes)
        ),
        format!(
            "collected        {:.3} s; bare requests {:.3} s, ratio {:.2}",
            figures.collect_seconds, figures.floor_seconds, figures.collect_ratio
        ),
        format!(
            "requests         {} for files, {} of the API",
            figures.resolver_requests, figures.api_requests
        ),
        format!(
            "a second time    {:.3} s, {} requests",
            figures.second_run_seconds, figures.second_run_requests
        ),
        format!(
            "from a bad hub   {:.3} s, {} requests ({:.2} a dataset), {} too early",
            figures.faulty_seconds,
            figures.faulty_requests,
            figures.faulty_request_ratio,
            figures.faulty_too_early
        ),
        format!(
            "all overlaps     {:.1} ms for {} datasets of 250 rows; {:.1} ms for {} of 1,000, ratio {:.1}",
            figures.overlap_seconds * 1e3,
            figures.overlap_datasets,
            figures.overlap_large_seconds * 1e3,
            figures.overlap_large_datasets,
            figures.overlap_large_ratio
        ),
        format!("one new dataset  {:.2} ms", figures.update_seconds * 1e3),
        format!(
            "peak memory      {} collecting, {} in all",
            ByteSize(figures.collect_peak_rss_bytes),
            ByteSize(figures.peak_rss_bytes)
        ),
    ];
    lines.extend(figures.year.iter().flat_map(days));
    lines.join("\n")
}

fn days(year: &YearFigures) -> [String; 4] {
    [
        format!(
            "{} days           {} on the disk for {} of different rows, ratio {:.3}; {:.2} s a day",
            year.days,
            ByteSize(year.disk_bytes),
            ByteSize(year.distinct_row_bytes),
            year.ratio,
            year.day_seconds
        ),
        format!(
            "of them          rows {}, their order {} (ratio {:.3} at least), snapshots {}, index {}",
            ByteSize(year.lines_bytes),
            ByteSize(year.recipes_bytes),
            year.floor_ratio,
            ByteSize(year.entries_bytes),
            ByteSize(year.index_bytes)
        ),
        format!(
            "one file of one  {:.1} ms, {:.1} ms at most; two days side by side {:.1} ms",
            year.restore_ms, year.restore_most_ms, year.diff_days_ms
        ),
        format!(
            "fsck             {:.2} s, {}",
            year.fsck_seconds,
            screen::rate(year.fsck_bytes_per_second as u64, std::time::Duration::from_secs(1))
        ),
    ]
}
