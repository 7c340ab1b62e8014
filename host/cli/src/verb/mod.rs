//! The verbs, one file each: `Args`, whose doc comments are the help, and `run`.

mod allocate;
mod attack;
mod bench;
mod bench_chain;
mod bench_datasets;
mod bench_kernels;
mod bench_simulate;
mod bench_wire;
mod compare;
mod completions;
mod config;
mod datasets;
mod demo;
mod each_plot;
mod generate;
mod import;
mod init;
mod inspect;
mod localnet;
mod localnet_rules;
mod man;
mod miner;
mod plugin;
mod repair;
mod replay;
mod simulate;
mod subnets;
mod validator;
mod verify;
mod wallet;

use crate::exit::Failure;
use crate::global::Global;

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    Init(init::Args),
    Config(config::Args),
    Wallet(wallet::Args),
    Subnets(subnets::ListArgs),
    Subnet(subnets::ShowArgs),
    Datasets(datasets::Args),
    Allocate(allocate::Args),
    Generate(generate::Args),
    Verify(verify::Args),
    Repair(repair::Args),
    Import(import::Args),
    Miner(miner::Args),
    Validator(validator::Args),
    Replay(replay::Args),
    Localnet(localnet::Args),
    Demo(demo::Args),
    Plugin(plugin::Args),
    Attack(attack::Args),
    Bench(bench::Args),
    Compare(compare::Args),
    Simulate(simulate::Args),
    Inspect(inspect::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Verb {
    /// Does it.
    pub(crate) async fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::Init(args) => init::run(&args, global),
            Self::Config(args) => config::run(&args, global),
            Self::Wallet(args) => wallet::run(&args, global),
            Self::Subnets(args) => subnets::list(&args, global).await,
            Self::Subnet(args) => subnets::show(&args, global).await,
            Self::Datasets(args) => datasets::run(&args, global).await,
            Self::Allocate(args) => allocate::run(&args, global).await,
            Self::Generate(args) => generate::run(&args, global).await,
            Self::Verify(args) => verify::run(&args, global).await,
            Self::Repair(args) => repair::run(&args, global).await,
            Self::Import(args) => import::run(args, global).await,
            Self::Miner(args) => miner::run(&args, global).await,
            Self::Validator(args) => validator::run(&args, global).await,
            Self::Replay(args) => replay::run(&args, global).await,
            Self::Localnet(args) => localnet::run(&args, global).await,
            Self::Demo(args) => demo::run(&args, global).await,
            Self::Plugin(args) => plugin::run(&args, global),
            Self::Attack(args) => attack::run(&args, global).await,
            Self::Bench(args) => bench::run(args, global).await,
            Self::Compare(args) => compare::run(args, global).await,
            Self::Simulate(args) => simulate::run(args, global).await,
            Self::Inspect(args) => inspect::run(&args, global),
            Self::Completions(args) => completions::run(&args, global),
            Self::Man(args) => man::run(&args, global),
        }
    }

    /// What is logged where nobody asked for more: servers say what they do, the rest only what is odd.
    pub(crate) fn quiet_level(&self) -> &'static str {
        match self {
            Self::Miner(_) | Self::Validator(_) | Self::Localnet(_) => "info",
            // Two of its miners cheat, and what they are caught at is told in words.
            Self::Demo(_) => "off",
            _ => "warn",
        }
    }
}
