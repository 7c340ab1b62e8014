//! `plimsoll datasets checkout`.

use std::path::PathBuf;

use plimsoll_core::Uid;
use plimsoll_datasets::archive::Stale;
use serde_json::json;

use super::kept::Which;
use crate::exit::Failure;
use crate::global::Global;

/// Write a snapshot's datasets as files: miner_datasets/miner_UID/data.jsonl
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder below which they are written [default: dataset.data_dir]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Only this uid; may be given again
    #[arg(long, value_name = "UID")]
    uid: Vec<u16>,
    /// Remove files of uids that have no dataset in this snapshot, which would pass for theirs
    #[arg(long)]
    remove_stale: bool,
    #[command(flatten)]
    which: Which,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let chosen = args.which.open(global)?;
    let dir = args.dir.as_ref().unwrap_or(&chosen.config.collecting.data_dir);
    let uids: Vec<Uid> = args.uid.iter().copied().map(Uid).collect();
    let stale = if args.remove_stale { Stale::Remove } else { Stale::Keep };
    let done = chosen.archive.checkout(chosen.place, dir, &uids, stale)?;
    let folder = dir.join("miner_datasets");
    let outcome = json!({
        "netuid": chosen.place.netuid,
        "block": chosen.place.block,
        "folder": folder,
        "written": done.written,
        "stale": done.stale,
        "stale_removed": args.remove_stale,
    });
    global.emit(&outcome, || {
        let mut text = format!("wrote {} datasets below {}", done.written.len(), folder.display());
        if !done.stale.is_empty() {
            let uids: Vec<String> = done.stale.iter().map(ToString::to_string).collect();
            let how = if args.remove_stale { "removed" } else { "left, add --remove-stale to remove them" };
            text.push_str(&format!("\nfiles of uids without a dataset: {} ({how})", uids.join(", ")));
        }
        text
    })
}
