//! `plimsoll plugin`: what there is, what a file is, and making one.

mod build;
mod inspect;
mod list;
mod new;
mod pin;
mod test;

use crate::exit::Failure;
use crate::global::Global;

/// List, inspect, make, build, test and pin plugins
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    List(list::Args),
    Inspect(inspect::Args),
    New(new::Args),
    Build(build::Args),
    Test(test::Args),
    Pin(pin::Args),
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    match &args.what {
        What::List(args) => list::run(args, global),
        What::Inspect(args) => inspect::run(args, global),
        What::New(args) => new::run(args, global),
        What::Build(args) => build::run(args, global),
        What::Test(args) => test::run(args, global),
        What::Pin(args) => pin::run(args, global),
    }
}
