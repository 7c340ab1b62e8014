//! `plimsoll bench`.

use std::path::PathBuf;
use std::time::Duration;

use plimsoll_core::ByteSize;
use plimsoll_node::measure::{
    BenchRequest, GenerateFigures, VerifyFigures, measure_generate, measure_verify,
};

use super::generate::blocking;
use crate::exit::Failure;
use crate::flags::PluginFlags;
use crate::global::Global;
use crate::screen;

/// Measure speeds on this machine, each as a ratio to a reference of the same run
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Filling: against raw writes of constant bytes, and against the native kernel without a plugin
    Generate(Flags),
    /// A full check: against the blake3 crate hashing the same file
    Verify(Flags),
}

#[derive(Debug, clap::Args)]
struct Flags {
    /// Bytes of plots in all
    #[arg(long, value_name = "SIZE", default_value = "2GiB")]
    bytes: ByteSize,

    /// Into how many plots they are divided
    #[arg(long, value_name = "N", default_value_t = 1)]
    partitions: u32,

    /// The folder to write in; what is written is removed again
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,

    /// How often everything is run; medians are reported
    #[arg(long, value_name = "N", default_value_t = 5)]
    repeats: u32,

    /// Worker threads, instead of as many as `generate` would take
    #[arg(long, value_name = "N")]
    workers: Option<usize>,

    #[command(flatten)]
    plugins: PluginFlags,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<(), Failure> {
    match args.what {
        What::Generate(flags) => {
            let (scheme, request) = prepared(&flags, global)?;
            let figures = blocking(move || measure_generate(&scheme, &request)).await??;
            global.emit(&figures, || generate(&figures))
        }
        What::Verify(flags) => {
            let (scheme, request) = prepared(&flags, global)?;
            let figures = blocking(move || measure_verify(&scheme, &request)).await??;
            global.emit(&figures, || verify(&figures))
        }
    }
}

fn prepared(flags: &Flags, global: &Global) -> Result<(plimsoll_plugin::Scheme, BenchRequest), Failure> {
    let config = global.config(&[&flags.plugins])?;
    let scheme = config.choices().load_scheme(&config.host()?)?;
    let request = BenchRequest {
        bytes: flags.bytes.0,
        partitions: flags.partitions.max(1),
        dir: flags.dir.clone(),
        repeats: flags.repeats.max(1),
        workers: flags.workers.filter(|workers| *workers > 0),
    };
    Ok((scheme, request))
}

fn rate(bytes_per_second: f64) -> String {
    screen::rate(bytes_per_second as u64, Duration::from_secs(1))
}

fn generate(figures: &GenerateFigures) -> String {
    let mut lines = vec![
        format!(
            "{}: {} in {} plots, {} workers, {} repeats",
            figures.scheme,
            ByteSize(figures.bytes),
            figures.partitions,
            figures.workers,
            figures.repeats
        ),
        format!("written by       {}", figures.io_method),
        format!(
            "plugin           {} (median of {:.2} s; {:.2} to {:.2} s)",
            rate(figures.bytes_per_second),
            figures.seconds,
            figures.seconds_spread.min,
            figures.seconds_spread.max
        ),
        format!("raw writes       {}, ratio {:.3}", rate(figures.raw_bytes_per_second), figures.ratio_to_raw),
    ];
    if let (Some(native), Some(ratio)) = (figures.native_bytes_per_second, figures.ratio_to_native) {
        lines.push(format!("native kernel    {}, ratio {ratio:.3}", rate(native)));
    }
    lines.push(format!("per CPU-second   {}", rate(figures.bytes_per_cpu_second)));
    lines.extend(figures.peak_rss_bytes.map(|bytes| format!("peak memory      {}", ByteSize(bytes))));
    lines.join("\n")
}

fn verify(figures: &VerifyFigures) -> String {
    let mut lines = vec![
        format!("{}: {}, {} repeats", figures.scheme, ByteSize(figures.bytes), figures.repeats),
        format!("read by          {}", figures.io_method),
        format!(
            "full check       {} (median of {:.2} s; {:.2} to {:.2} s)",
            rate(figures.bytes_per_second),
            figures.seconds,
            figures.seconds_spread.min,
            figures.seconds_spread.max
        ),
        format!("blake3 crate     {}, ratio {:.3}", rate(figures.raw_bytes_per_second), figures.ratio_to_raw),
        format!("through mapping  {}", rate(figures.mapped_bytes_per_second)),
    ];
    lines.extend(figures.peak_rss_bytes.map(|bytes| format!("peak memory      {}", ByteSize(bytes))));
    lines.join("\n")
}
