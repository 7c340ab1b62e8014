//! `plimsoll datasets fsck`.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::ByteSize;
use plimsoll_datasets::archive::{Affected, Archive, ArchiveError, Damage, Depth, Rebuilt, Report};
use plimsoll_datasets::collect::{Mended, repair};
use serde_json::{Value, json};

use super::hub;
use super::kept::source;
use crate::exit::{Exit, Failure};
use crate::flags::{DataFlags, FetchFlags, SourceFlags};
use crate::global::Global;

/// The file that is fetched again of a repository where no other is noted.
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
    /// Make the index again from the packs first, for one that was lost or is damaged
    #[arg(long)]
    rebuild_index: bool,
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
    let rebuilt = if args.rebuild_index { Some(rebuilt(data_dir, global)?) } else { None };
    // One that is not there is not made; nobody writes while it is checked.
    drop(Archive::open_to_read(data_dir)?);
    let archive = Arc::new(Mutex::new(Archive::open(data_dir)?));
    let mut report = archive.lock().unwrap_or_else(PoisonError::into_inner).fsck(depth)?;
    let mut mended = Vec::new();
    if args.repair && !report.is_sound() {
        let (fetch, source) = (hub::client(&config)?, hub::source(&config)?);
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
        "rebuilt": rebuilt,
    });
    global.emit(&outcome, || human(&report, &mended))?;
    if report.is_sound() { Ok(()) } else { Err(Failure::reported(Exit::CorruptPlot)) }
}

/// Makes the index again where there is an archive.
fn rebuilt(data_dir: &Path, global: &Global) -> Result<Value, Failure> {
    let archive = data_dir.join("archive");
    if !archive.join("packs").is_dir() {
        return Err(ArchiveError::Missing { path: archive }.into());
    }
    let Rebuilt { blocks, lost_bytes, objects, snapshots } = Archive::rebuild_index(data_dir)?;
    global.remark(&format!(
        "made the index again from {blocks} blocks: {objects} objects, {snapshots} snapshots; {} were no blocks",
        ByteSize(lost_bytes)
    ));
    Ok(json!({ "blocks": blocks, "lost_bytes": lost_bytes, "objects": objects, "snapshots": snapshots }))
}

fn human(report: &Report, mended: &[Mended]) -> String {
    let mut lines = Vec::new();
    for of in mended {
        let Mended { uid, namespace, commit, outcome, .. } = of;
        let whose = uid.map_or(String::new(), |uid| format!("uid {uid}: "));
        lines.push(match outcome {
            Ok(healed) => {
                format!("{whose}{namespace}@{commit} fetched again, {healed} lines written anew")
            }
            Err(why) => format!("{whose}{namespace}@{commit} could not be mended: {why}"),
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
