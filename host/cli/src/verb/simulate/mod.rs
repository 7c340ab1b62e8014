//! `plimsoll simulate`: who earns what under a rule, before anyone's income depends on it.

mod chosen;
mod scenario;

mod progress;
mod table;

mod states;

mod explain;
mod replay;
mod scenarios;
mod sweep;

use crate::exit::Failure;
use crate::global::Global;

/// Live through a subnet in virtual time: who earns what under a rule, and what cheating pays
///
/// Rule, challenge strategy and allocation policy are the components that a validator and a miner run, called by the
/// same code; time is virtual, and proofs pass as the scheme was measured to. The same scenario and seed give the same
/// run on every machine.
///
/// Lists make a sweep over every combination. Names in them may have parameters, as in
/// --rule incentive-ema={keep_permille=800},./mine.wasm. --set changes any key of the scenario, to several values in
/// turn: --set audits.samples=5,20 --set "miners.free riders.count=1,2,4". host/lab/SIMULATE.md explains every key and
/// figure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,

    /// The same as --scenario
    #[arg(value_name = "NAME|FILE", conflicts_with = "scenario")]
    named: Option<String>,

    #[command(flatten)]
    chosen: chosen::Chosen,

    #[command(flatten)]
    output: sweep::Output,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Scenarios(scenarios::Args),
    Explain(explain::Args),
    Replay(replay::Args),
}

pub(crate) async fn run(mut args: Args, global: &Global) -> Result<(), Failure> {
    if let Some(named) = args.named {
        args.chosen.scenario = named;
    }
    match args.what {
        None => sweep::run(args.chosen, args.output, global).await,
        Some(What::Scenarios(_)) => scenarios::run(global),
        Some(What::Explain(what)) => explain::run(args.chosen, what, global).await,
        Some(What::Replay(what)) => replay::run(args.chosen, what, global).await,
    }
}
