//! `plimsoll repair`.

use plimsoll_core::ByteSize;
use plimsoll_node::space::{self, Repaired};
use serde_json::json;

use super::each_plot::{Outcomes, each_plot};
use super::generate::{blocking, partitions};
use crate::cancel::Cancel;
use crate::exit::Failure;
use crate::flags::{FolderFlags, PluginFlags, WalletFlags};
use crate::global::Global;
use crate::screen::Board;

/// Check every plot and refill exactly what is bad
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    folder: FolderFlags,
    #[command(flatten)]
    wallet: WalletFlags,
    #[command(flatten)]
    plugins: PluginFlags,
}

pub(crate) async fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[&args.folder, &args.wallet, &args.plugins])?;
    let partitions = partitions(&config)?;
    let scheme = config.choices().load_scheme(&config.host()?)?;
    let cancel = Cancel::on_signals("stopping: run `plimsoll repair` again to go on")?.flag();
    let bars = Board::new(global);
    let work = move || each_plot(&partitions, |path| Ok(space::repair(path, &scheme, &cancel, &bars)?));
    let repaired = blocking(work).await??;
    let end = repaired.end(|plot| plot.clean);
    let outcome = json!({ "clean": end.is_ok(), "plots": repaired.plots, "failed": repaired.failed });
    global.emit(&outcome, || human(&repaired))?;
    end
}

fn human(repaired: &Outcomes<Repaired>) -> String {
    let mut lines = Vec::new();
    for plot in &repaired.plots {
        let path = plot.path.display();
        if plot.found.is_empty() {
            lines.push(format!("good      {path}"));
            continue;
        }
        let outcome = if plot.clean { "repaired" } else { "STILL BAD" };
        let (units, bytes) = (plot.refilled_units, ByteSize(plot.refilled_bytes));
        lines.push(format!("{outcome}  {path}: {units} units refilled, {bytes}"));
        lines.extend(plot.found.iter().map(|finding| format!("          {finding}")));
    }
    lines.extend(repaired.failures());
    lines.join("\n")
}
