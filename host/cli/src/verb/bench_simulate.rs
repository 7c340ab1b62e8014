//! `plimsoll bench simulate`.

use plimsoll_core::ByteSize;
use plimsoll_lab::sweep::{SimulateFigures, SimulateRequest, measure_simulate};

use super::generate::blocking;
use crate::cancel::Cancel;
use crate::exit::Failure;
use crate::global::Global;

/// Simulations: a large sampled run, a rule's call, a sweep on one thread and on two, the replay of an epoch
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Epochs of the large run
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(2..))]
    epochs: u64,

    /// Its miners
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u16).range(2..=4096))]
    miners: u16,

    /// Its validators
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    validators: u16,

    /// Cells of the sweep
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    cells: u32,
}

pub(crate) async fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let host = global.config(&[])?.simulating_host(None)?;
    let cancel = Cancel::on_signals("stopping the bench")?;
    let request = SimulateRequest {
        epochs: args.epochs,
        miners: args.miners,
        validators: args.validators,
        cells: args.cells,
    };
    let go_on = move || cancel.flow();
    let figures = blocking(move || measure_simulate(&host, &request, &go_on)).await??;
    global.emit(&figures, || human(&figures))
}

fn human(figures: &SimulateFigures) -> String {
    let mut lines = vec![
        format!(
            "{} miners x {} validators x {} epochs, sampled: {:.2} s, {} audits",
            figures.miners, figures.validators, figures.epochs, figures.seconds, figures.audits_count
        ),
        format!("weigh             {:.1} us over {} standings", figures.weigh_us, figures.standings_count),
        format!(
            "a sweep           {} cells: {:.2} s on one thread, {:.2} s on two, {:.2}x",
            figures.cells_count,
            figures.one_thread_seconds,
            figures.two_threads_seconds,
            figures.speedup_two_threads
        ),
        format!(
            "replay            {:.1} ms for an epoch whose state is kept, every {} epochs; {:.1} ms at worst",
            figures.replay_ms, figures.states_every_epochs, figures.replay_farthest_ms
        ),
    ];
    lines.extend(figures.peak_rss_bytes.map(|bytes| format!("peak memory       {}", ByteSize(bytes))));
    lines.join("\n")
}
