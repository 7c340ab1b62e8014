//! `plimsoll verify`.

use plimsoll_core::{ByteSize, Digest};
use plimsoll_node::space::{self, CheckDepth, CheckOptions, Checked};
use plimsoll_plugin::Scheme;
use plimsoll_store::scrub::Sample;
use serde_json::json;

use super::each_plot::{Outcomes, each_plot};
use super::generate::{blocking, partitions};
use crate::cancel::Cancel;
use crate::exit::{Exit, Failure};
use crate::flags::{FolderFlags, PluginFlags, WalletFlags};
use crate::global::Global;
use crate::screen::Board;

/// Check the plots: against their commitment, or against their seed by filling them again
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only header and integrity tree, without reading the data
    #[arg(long, conflicts_with_all = ["sample", "against_seed"])]
    fast: bool,

    /// Fill again and compare, instead of hashing against the commitment
    #[arg(long, alias = "against_seed")]
    against_seed: bool,

    /// Only a part, such as 5%, 1/10 or 10GiB
    #[arg(long, value_name = "PART")]
    sample: Option<Sample>,

    /// Draw the sample from this number instead of at random
    #[arg(long, value_name = "N", requires = "sample")]
    sample_seed: Option<u64>,

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
    let depth = depth(args)?;
    let load = || -> Result<Scheme, Failure> { Ok(config.choices().load_scheme(&config.host()?)?) };
    let scheme = match depth {
        CheckDepth::AgainstSeed(_) => Some(load()?),
        // Bytes can be checked without the plugin, only not what it would commit to.
        CheckDepth::Full => load().map_err(|error| remark(global, &error)).ok(),
        CheckDepth::Fast | CheckDepth::Sampled(..) => None,
    };
    let cancel = Cancel::on_signals("stopping: a check keeps nothing")?.flag();
    let options = CheckOptions { cancel, ..CheckOptions::new(depth) };
    let bars = Board::new(global);
    let work =
        move || each_plot(&partitions, |path| Ok(space::check(path, scheme.as_ref(), &options, &bars)?));
    let checked = blocking(work).await??;
    let end = checked.end(|plot| plot.clean);
    let outcome = json!({ "clean": end.is_ok(), "plots": checked.plots, "failed": checked.failed });
    global.emit(&outcome, || human(&checked))?;
    end
}

fn remark(global: &Global, error: &Failure) {
    global.remark(&format!("note: commitments are not made again, for the scheme cannot be loaded: {error}"));
}

fn depth(args: &Args) -> Result<CheckDepth, Failure> {
    let seed = match args.sample_seed {
        Some(number) => Digest::of(&number.to_le_bytes()),
        None => {
            let mut fresh = Digest::default();
            getrandom::fill(&mut fresh.0).map_err(|error| {
                Failure::new(Exit::Error, format!("the system gave no randomness: {error}"))
            })?;
            fresh
        }
    };
    let sample = args.sample.map(|sample| (sample, seed));
    Ok(match (args.against_seed, args.fast, sample) {
        (true, _, sample) => CheckDepth::AgainstSeed(sample),
        (false, true, _) => CheckDepth::Fast,
        (false, false, Some((sample, seed))) => CheckDepth::Sampled(sample, seed),
        (false, false, None) => CheckDepth::Full,
    })
}

fn human(checked: &Outcomes<Checked>) -> String {
    let mut lines = Vec::new();
    for plot in &checked.plots {
        let against = match (plot.against_seed, plot.commitment_recomputed) {
            (true, _) => "seed",
            (false, true) => "commitment",
            (false, false) => "integrity tree",
        };
        let (read, all) = (ByteSize(plot.checked_bytes), ByteSize(plot.region_bytes));
        let outcome = if plot.clean { "good" } else { "BAD" };
        lines.push(format!(
            "{outcome}  {}: {read} of {all} checked against its {against}",
            plot.path.display()
        ));
        lines.extend(plot.findings.iter().chain(&plot.remarks).map(|said| format!("      {said}")));
        if let Some(share) = plot.seen_fraction.filter(|share| *share > 0.0) {
            let percent = share * 100.0;
            lines.push(format!("      damage of {percent:.3} % or more would have been seen with 99 %"));
        }
    }
    lines.extend(checked.failures());
    let bad = checked.plots.iter().filter(|plot| !plot.clean).count();
    let (failed, all) = (checked.failed.len(), checked.plots.len() + checked.failed.len());
    if bad > 0 {
        let repair = "`plimsoll repair` refills exactly what is bad";
        lines.push(format!("{bad} of {all} plots are damaged; {repair}"));
    }
    if failed > 0 {
        lines.push(format!("{failed} of {all} plots could not be checked"));
    }
    if bad + failed == 0 {
        lines.push(format!("{all} plots, all good"));
    }
    lines.join("\n")
}
