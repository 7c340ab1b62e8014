//! `plimsoll plugin`: what there is, what a file is, and making one.

mod inspect;
mod list;
mod pin;

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
    Pin(pin::Args),
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    match &args.what {
        What::List(args) => list::run(args, global),
        What::Inspect(args) => inspect::run(args, global),
        What::Pin(args) => pin::run(args, global),
    }
}
