//! `plimsoll bench`.

use std::path::PathBuf;
use std::time::Duration;

use plimsoll_core::ByteSize;
use plimsoll_node::measure::{
    BenchRequest, GenerateFigures, VerifyFigures, measure_generate, measure_verify,
};

use plimsoll_plugin::{Measured, measure};
use serde_json::{Value, json};

use super::generate::blocking;
use super::{bench_chain, bench_datasets, bench_kernels, bench_simulate, bench_wire};
use crate::cancel::Cancel;
use crate::exit::Failure;
use crate::flags::PluginFlags;
use crate::global::Global;
use crate::plugins::component;
use crate::screen::{self, Side};

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
    /// Plugins: what a call, a start and a second thread cost
    Plugin(PluginArgs),
    Kernels(bench_kernels::Args),
    Chain(bench_chain::Args),
    Datasets(bench_datasets::Args),
    Simulate(bench_simulate::Args),
    Wire(bench_wire::Args),
}

#[derive(Debug, clap::Args)]
struct PluginArgs {
    /// builtin:NAME or a .wasm file; without any, all that are shipped
    #[arg(value_name = "PLUGIN")]
    plugins: Vec<String>,

    /// One more, as the other benches name it
    #[arg(long, value_name = "PLUGIN")]
    scheme: Option<String>,

    /// Its parameters as JSON
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = json_value)]
    params: Value,
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
        What::Plugin(args) => plugins(args, global).await,
        What::Kernels(args) => bench_kernels::run(args, global).await,
        What::Chain(args) => bench_chain::run(&args, global).await,
        What::Datasets(args) => bench_datasets::run(args, global).await,
        What::Simulate(args) => bench_simulate::run(&args, global).await,
        What::Wire(args) => bench_wire::run(args, global).await,
    }
}

fn json_value(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text)
}

async fn plugins(args: PluginArgs, global: &Global) -> Result<(), Failure> {
    let all =
        || plimsoll_bundle::builtins().iter().map(|builtin| format!("builtin:{}", builtin.name)).collect();
    let named: Vec<String> = args.plugins.into_iter().chain(args.scheme).collect();
    let names = if named.is_empty() { all() } else { named };
    let host = global.config(&[])?.host()?;
    let work = move || -> Result<Vec<Measured>, Failure> {
        let one = |name: &String| Ok(measure(&host, &component(name)?, &args.params)?);
        names.iter().map(one).collect()
    };
    let measured = blocking(work).await??;
    global.emit(&json!({ "plugins": measured }), || {
        let rows = measured.iter().map(|of| {
            vec![
                of.plugin.clone(),
                format!("{:.0} ns", of.call_overhead_ns),
                format!("{:.1} us", of.fresh_call_ns / 1e3),
                format!("{:.2} ms", of.warm_start_ms),
                format!("{:.0} ms", of.cold_start_ms),
                format!("{:.2}x", of.two_thread_speedup),
            ]
        });
        let columns = [
            ("plugin", Side::Left),
            ("call", Side::Right),
            ("fresh call", Side::Right),
            ("warm start", Side::Right),
            ("cold start", Side::Right),
            ("two threads", Side::Right),
        ];
        screen::table(&columns, rows)
    })
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
        cancel: Cancel::on_signals("stopping the bench: what it wrote is removed")?.flag(),
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
