//! `plimsoll datasets list`.

use plimsoll_core::StakeRao;
use plimsoll_datasets::archive::{Archive, Entry, Manifest, Outcome, Snapshot, Standing};
use serde_json::{Value, json};

use super::filter::{FilterFlags, filtered};
use super::kept::{Which, entry_json, outcome, source, standing_json};
use crate::exit::Failure;
use crate::global::Global;
use crate::screen::{self, Side};

/// List the miners of a snapshot with what is kept of each
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// List the snapshots instead
    #[arg(long, conflicts_with = "filter")]
    snapshots: bool,
    #[command(flatten)]
    filter: FilterFlags,
    #[command(flatten)]
    which: Which,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    if args.snapshots {
        let config = global.config(&[&args.which.data])?;
        return snapshots(&Archive::open_to_read(&config.collecting.data_dir)?, args.which.netuid, global);
    }
    let chosen = args.which.open(global)?;
    let (manifest, seal) = chosen.manifest()?;
    let entries = match args.filter.read()? {
        None => manifest.entries.iter().collect(),
        Some(filter) => filtered(&chosen, &manifest, &filter)?,
    };
    let line = |entry: &&Entry| {
        let mut line = entry_json(entry);
        if let Value::Object(fields) = &mut line {
            fields.extend(standing_json(manifest.standing(entry.uid)));
        }
        line
    };
    let outcome = json!({
        "netuid": chosen.place.netuid,
        "block": chosen.place.block,
        "manifest": seal.manifest,
        "signer": manifest.collector,
        "miners": entries.iter().map(line).collect::<Vec<Value>>(),
    });
    global.emit(&outcome, || {
        let kept = entries.iter().filter(|entry| entry.object().is_some()).count();
        let place = chosen.place;
        let head = format!(
            "subnet {} at block {}: {} miners, {kept} datasets",
            place.netuid,
            place.block,
            entries.len()
        );
        format!("{head}\n{}", table(&manifest, &entries, chosen.config.collecting.min_rows))
    })
}

fn table(manifest: &Manifest, entries: &[&Entry], min_rows: u32) -> String {
    let columns = [
        ("uid", Side::Right),
        ("dataset", Side::Left),
        ("rows", Side::Right),
        ("valid", Side::Right),
        ("committed", Side::Right),
        ("incentive", Side::Right),
        ("stake", Side::Right),
        ("outcome", Side::Left),
    ];
    let row = |entry: &&Entry| {
        let (rows, valid) = match &entry.outcome {
            Outcome::Kept { rows, valid, .. } => (rows.to_string(), valid.to_string()),
            _ => (String::new(), String::new()),
        };
        let committed = entry.commitment.as_ref().map_or_else(String::new, |note| note.block.to_string());
        let Standing { incentive, stake_rao } = manifest.standing(entry.uid);
        let incentive = incentive.map_or_else(String::new, |share| share.to_string());
        let stake = stake_rao.map_or_else(String::new, |stake| StakeRao(stake).to_string());
        let outcome = match &entry.outcome {
            Outcome::Kept { valid, .. } if *valid < min_rows => "kept, too few rows",
            _ => outcome(entry),
        };
        let (uid, source) = (entry.uid.to_string(), source(entry));
        vec![uid, source, rows, valid, committed, incentive, stake, outcome.to_owned()]
    };
    screen::table(&columns, entries.iter().map(row))
}

fn snapshots(archive: &Archive, netuid: Option<u16>, global: &Global) -> Result<(), Failure> {
    let mut all = archive.snapshots()?;
    all.retain(|snapshot| netuid.is_none_or(|netuid| snapshot.place.netuid.0 == netuid));
    let line = |of: &Snapshot| json!({ "netuid": of.place.netuid, "block": of.place.block, "manifest": of.manifest, "at_ms": of.at_ms, "signer": of.signer });
    let outcome =
        json!({ "snapshots": all.iter().map(line).collect::<Vec<_>>(), "disk_bytes": archive.disk_bytes()? });
    global.emit(&outcome, || {
        let columns = [
            ("netuid", Side::Right),
            ("block", Side::Right),
            ("manifest", Side::Left),
            ("signed by", Side::Left),
        ];
        let row = |of: &Snapshot| {
            let signer = of.signer.map_or_else(|| "nobody".to_owned(), |signer| signer.to_string());
            vec![of.place.netuid.to_string(), of.place.block.to_string(), of.manifest.short(), signer]
        };
        screen::table(&columns, all.iter().map(row))
    })
}
