//! `plimsoll bench wire`.

use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use plimsoll_core::ByteSize;
use plimsoll_node::measure::{WireFigures, WireRequest, measure_wire};
use plimsoll_wire::bench::{Pace, load};

use super::generate::blocking;
use crate::cancel::Cancel;
use crate::exit::{Exit, Failure, OrFail as _};
use crate::flags::PluginFlags;
use crate::global::Global;
use crate::screen;

/// Connections that the server takes, where no more are asked for than it could.
const CONNECTIONS_MOST: u32 = 1000;

/// A miner's answers: requests a second from signed request to signed proof of one unit, on real sockets
///
/// Small plots are filled and served by a miner's own server; a second process makes the load, so that memory and
/// descriptors are the server's alone. Both share this machine's cores.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Connections; 500, with --unbounded 32, with --flood 8000
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    connections: Option<u32>,

    /// Requests a second in all, evenly
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=12_500))]
    rate: u32,

    /// Instead: every connection asks again as soon as it is answered, so many times in all
    #[arg(long, value_name = "N", conflicts_with = "rate", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    unbounded: Option<u32>,

    /// Instead: all connections at once, more than the 1000 that are taken; each asks every second
    #[arg(long, conflicts_with_all = ["rate", "unbounded"])]
    flood: bool,

    /// How long
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=8))]
    seconds: u64,

    /// Send proofs without verifying them first
    #[arg(long)]
    no_self_check: bool,

    /// The folder to write in; what is written is removed again
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,

    /// Make the load that standard input describes
    #[arg(long, hide = true)]
    load: bool,

    #[command(flatten)]
    plugins: PluginFlags,
}

impl Args {
    fn pace(&self) -> Pace {
        match self.unbounded {
            _ if self.flood => Pace::Flood,
            Some(most) => Pace::Unbounded(most),
            None => Pace::PerSecond(self.rate),
        }
    }

    fn request(&self, cancel: &Cancel) -> WireRequest {
        let pace = self.pace();
        let usual = match pace {
            Pace::PerSecond(_) => 500,
            Pace::Unbounded(_) => 32,
            Pace::Flood => 8000,
        };
        let connections = self.connections.unwrap_or(usual);
        let most = if self.flood { CONNECTIONS_MOST } else { connections.max(CONNECTIONS_MOST) };
        WireRequest {
            dir: self.dir.clone(),
            connections: connections as usize,
            connections_most: most as usize,
            pace,
            duration: Duration::from_secs(self.seconds),
            self_check: !self.no_self_check,
            cancel: cancel.flag(),
        }
    }
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<(), Failure> {
    if args.load {
        return make_load().await;
    }
    let config = global.config(&[&args.plugins])?;
    let scheme = config.choices().load_scheme(&config.proving_host()?)?;
    let itself = std::env::current_exe().or_fail(Exit::NotMeasured, || "this program's own file".into())?;
    let mut child = Command::new(itself);
    child.args(["bench", "wire", "--load", "--log", "warn"]);
    let request = args.request(&Cancel::on_signals("stopping the bench: what it wrote is removed")?);
    let figures = blocking(move || measure_wire(&scheme, &request, child)).await??;
    global.emit(&figures, || human(&figures))
}

async fn make_load() -> Result<(), Failure> {
    let made = blocking(|| -> Result<String, Failure> {
        let spec = io::read_to_string(io::stdin().lock());
        Ok(load(&spec.or_fail(Exit::NotMeasured, || "what the load is told".into())?)?)
    });
    screen::print(&made.await??);
    Ok(())
}

fn human(figures: &WireFigures) -> String {
    let WireFigures { report, scheme, samples, .. } = figures;
    let checked = if figures.self_check { "verified before it leaves" } else { "sent unverified" };
    [
        format!("{scheme}, {samples} unit an answer, {checked}; {} plots", figures.plots),
        format!("answered         {:.0} a second, {} in all", report.requests_per_second, report.answered),
        format!(
            "latency          {:.1} ms median, {:.1} ms for 99 of 100, {:.1} ms at most",
            report.p50_ms, report.p99_ms, report.most_ms
        ),
        format!(
            "connections      {} served, {} refused of {} offered",
            report.connections, report.connections_refused, report.connections_offered
        ),
        format!("not answered     {} refused, {} failed", report.refused, report.failed),
        format!(
            "server           {} peak memory, {} descriptors, {:.0} us CPU an answer",
            ByteSize(report.peak_rss_bytes),
            report.peak_descriptors,
            report.server_cpu_us
        ),
        format!("load             {:.0} us CPU an answer, signed beforehand", report.load_cpu_us),
    ]
    .join("\n")
}
