//! `plimsoll datasets fsck`.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::{BlockNumber, ByteSize, NetUid};
use plimsoll_datasets::archive::{
    Affected, Archive, ArchiveError, Damage, Depth, Dropped, Place, Rebuilt, Report, Retention,
};
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
    /// Drop a damaged snapshot, which nothing brings back; may be given again. Datasets that others name stay
    #[arg(long, value_name = "NETUID:BLOCK", value_parser = place)]
    drop_snapshot: Vec<Place>,
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
    let dropped = dropped(&mut archive.lock().unwrap_or_else(PoisonError::into_inner), args, global)?;
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
        "dropped": dropped,
    });
    global.emit(&outcome, || human(&report, &mended))?;
    if report.is_sound() { Ok(()) } else { Err(Failure::reported(Exit::CorruptPlot)) }
}

/// A subnet and a block as `netuid:block`.
fn place(text: &str) -> Result<Place, String> {
    let of = |text: &str| {
        let (netuid, block) = text.split_once(':')?;
        Some(Place { netuid: NetUid(netuid.parse().ok()?), block: BlockNumber(block.parse().ok()?) })
    };
    of(text).ok_or_else(|| "expected NETUID:BLOCK, such as 96:7082055".to_owned())
}

/// Drops the damaged snapshots that are named, and what only they needed.
fn dropped(archive: &mut Archive, args: &Args, global: &Global) -> Result<Vec<Value>, Failure> {
    let mut told = Vec::new();
    for place in &args.drop_snapshot {
        let Dropped { place: Place { netuid, block }, instead } = archive.drop_damaged(*place)?;
        let then = match instead {
            Some(_) => "another one of the same block counts now",
            None => "nothing of that block is kept now",
        };
        global.remark(&format!("dropped the damaged snapshot of netuid {netuid} at block {block}; {then}"));
        told.push(json!({ "netuid": netuid, "block": block, "instead": instead }));
    }
    if !told.is_empty() {
        match archive.gc(&Retention::default()) {
            // Something else is damaged: the check tells of it.
            Err(error) if error.is_damage() => {}
            ended => _ = ended?,
        }
    }
    Ok(told)
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
    let lost = report.damages.iter().any(|damage| matches!(damage, Damage::Snapshot { .. }));
    if lost {
        lines.push(
            "note: a damaged snapshot cannot be fetched again: --drop-snapshot NETUID:BLOCK lets go of it"
                .to_owned(),
        );
    }
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
