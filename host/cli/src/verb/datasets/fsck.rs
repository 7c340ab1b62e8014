//! `plimsoll datasets fsck`.

use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::ByteSize;
use plimsoll_datasets::archive::{Affected, Archive, Damage, Depth, Report};
use plimsoll_datasets::collect::{Mended, repair};
use serde_json::{Value, json};

use super::hub;
use super::kept::source;
use crate::exit::{Exit, Failure};
use crate::flags::{DataFlags, FetchFlags, SourceFlags};
use crate::global::Global;

/// The file that is fetched again of a repository.
const FILE: &str = "data.jsonl";

/// Check every stored byte of the archive; with --repair fetch what is damaged again
///
/// Ends with code 20 if anything is damaged, and stays so.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Put every object together, too, and compare it with its digest
    #[arg(long)]
    deep: bool,
    /// Fetch damaged datasets again from where they came
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    data: DataFlags,
    #[command(flatten)]
    fetch: FetchFlags,
    #[command(flatten)]
    source: SourceFlags,
}

pub(crate) async fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[&args.data, &args.fetch, &args.source])?;
    let data_dir = &config.collecting.data_dir;
    let depth = if args.deep { Depth::Objects } else { Depth::Stored };
    let reading = Archive::open_to_read(data_dir)?;
    let mut report = reading.fsck(depth)?;
    drop(reading);
    let mut mended = Vec::new();
    if args.repair && !report.is_sound() {
        let (fetch, source) = (hub::client(&config)?, hub::source(&config)?);
        let archive = Arc::new(Mutex::new(Archive::open(data_dir)?));
        mended = repair(&report, data_dir, FILE, &fetch, &archive, &source).await?;
        report = archive.lock().unwrap_or_else(PoisonError::into_inner).fsck(depth)?;
    }
    let affected = |of: &Affected| json!({ "netuid": of.place.netuid, "block": of.place.block, "uid": of.entry.uid, "hotkey": of.hotkey(), "dataset": source(&of.entry) });
    let outcome = json!({
        "sound": report.is_sound(),
        "blocks": report.blocks,
        "bytes": report.bytes,
        "objects": report.objects,
        "snapshots": report.snapshots,
        "damages": report.damages.iter().map(Damage::to_string).collect::<Vec<_>>(),
        "affected": report.affected.iter().map(affected).collect::<Vec<Value>>(),
        "notes": report.notes,
        "mended": mended,
    });
    global.emit(&outcome, || human(&report, &mended))?;
    if report.is_sound() { Ok(()) } else { Err(Failure::reported(Exit::CorruptPlot)) }
}

fn human(report: &Report, mended: &[Mended]) -> String {
    let mut lines = Vec::new();
    for of in mended {
        let Mended { uid, namespace, commit, outcome, .. } = of;
        lines.push(match outcome {
            Ok(healed) => {
                format!("uid {uid}: {namespace}@{commit} fetched again, {healed} lines written anew")
            }
            Err(why) => format!("uid {uid}: {namespace}@{commit} could not be mended: {why}"),
        });
    }
    lines.extend(report.damages.iter().map(|damage| format!("damaged: {damage}")));
    lines.extend(report.affected.iter().map(|of| {
        format!("concerns subnet {} uid {}: {}", of.place.netuid, of.entry.uid, source(&of.entry))
    }));
    lines.extend(report.notes.iter().map(|note| format!("note: {note}")));
    let checked = format!(
        "checked {} in {} blocks and {} snapshots",
        ByteSize(report.bytes),
        report.blocks,
        report.snapshots
    );
    lines.push(match report.is_sound() {
        true => format!("{checked}: sound"),
        false => format!(
            "{checked}: {} damages; `plimsoll datasets fsck --repair` fetches what can be",
            report.damages.len()
        ),
    });
    lines.join("\n")
}
