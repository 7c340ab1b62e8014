//! `plimsoll datasets`: every miner's dataset, collected, kept, compared.

mod checked;
mod checkout;
mod collect;
mod date;
mod diff;
mod evaluation;
mod every;
mod export;
mod failures;
mod field;
mod filter;
mod found;
mod fsck;
mod gc;
mod history;
mod hub;
mod kept;
mod list;
mod near;
mod overlap;
mod progress;
mod serve;
mod show;
mod summary;
mod validate;

pub(super) use hub::{client, source};

use crate::exit::Failure;
use crate::global::Global;

/// Collect every miner's dataset, keep its history, compare
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Collect(Box<collect::Args>),
    List(list::Args),
    Show(show::Args),
    History(history::Args),
    Diff(diff::Args),
    Overlap(overlap::Args),
    Serve(serve::Args),
    Validate(validate::Args),
    Evaluation(evaluation::Args),
    Export(export::Args),
    Checkout(checkout::Args),
    Gc(gc::Args),
    Fsck(fsck::Args),
}

pub(crate) async fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    match &args.what {
        What::Collect(args) => collect::run(args, global).await,
        What::List(args) => list::run(args, global),
        What::Show(args) => show::run(args, global),
        What::History(args) => history::run(args, global),
        What::Diff(args) => diff::run(args, global),
        What::Overlap(args) => overlap::run(args, global),
        What::Serve(args) => serve::run(args, global).await,
        What::Validate(args) => validate::run(args, global),
        What::Evaluation(args) => evaluation::run(args, global).await,
        What::Export(args) => export::run(args, global),
        What::Checkout(args) => checkout::run(args, global),
        What::Gc(args) => gc::run(args, global),
        What::Fsck(args) => fsck::run(args, global).await,
    }
}
