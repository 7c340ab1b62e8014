//! `plimsoll datasets gc`.

use plimsoll_core::{BlockNumber, ByteSize, Digest};
use plimsoll_datasets::archive::{Archive, Collected, Retention};
use serde_json::json;

use crate::exit::Failure;
use crate::flags::DataFlags;
use crate::global::Global;
use crate::screen;

/// Let go of old snapshots and of what only they needed
///
/// A snapshot is kept if any of the rules keeps it; the newest of each subnet always is. Without a rule all are, and
/// only what a broken run left is removed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Keep the newest N snapshots of each subnet
    #[arg(long, value_name = "N")]
    last: Option<u32>,
    /// Keep the snapshots of this block and later
    #[arg(long, value_name = "BLOCK")]
    since: Option<u64>,
    /// Keep one snapshot in so many blocks: 7200 for one a day
    #[arg(long, value_name = "BLOCKS", value_parser = clap::value_parser!(u64).range(1..))]
    one_in: Option<u64>,
    /// Take an object down for good, whatever keeps it: it is erased and not taken in again
    #[arg(long, value_name = "OBJECT", requires = "reason", conflicts_with_all = ["last", "since", "one_in"])]
    take_down: Option<Digest>,
    /// Why it is taken down
    #[arg(long, value_name = "TEXT", requires = "take_down")]
    reason: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    data: DataFlags,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[&args.data])?;
    // One that is not there is not made.
    drop(Archive::open_to_read(&config.collecting.data_dir)?);
    let mut archive = Archive::open(&config.collecting.data_dir)?;
    let collected = match (&args.take_down, &args.reason) {
        (Some(object), Some(reason)) => {
            screen::confirm(global, args.yes, &format!("erase object {object} for good"))?;
            archive.take_down(object, reason)?
        }
        _ => {
            let since = args.since.map(BlockNumber);
            let retention = Retention { last: args.last, since, one_in_blocks: args.one_in };
            let places: Vec<_> = archive.snapshots()?.into_iter().map(|snapshot| snapshot.place).collect();
            let dropped = places.len() - retention.kept(&places).len();
            if dropped > 0 {
                screen::confirm(
                    global,
                    args.yes,
                    &format!("let go of {dropped} of {} snapshots", places.len()),
                )?;
            }
            archive.gc(&retention)?
        }
    };
    let Collected { snapshots, objects, packs, freed_bytes } = collected;
    let outcome =
        json!({ "snapshots": snapshots, "objects": objects, "packs": packs, "freed_bytes": freed_bytes });
    global.emit(&outcome, || {
        let freed = ByteSize(u64::try_from(freed_bytes).unwrap_or(0));
        format!("let go of {snapshots} snapshots and {objects} objects; {freed} freed")
    })
}
