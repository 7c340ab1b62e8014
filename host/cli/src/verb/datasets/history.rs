//! `plimsoll datasets history`.

use plimsoll_core::Uid;
use plimsoll_datasets::archive::{Outcome, Visit};
use serde_json::{Value, json};

use super::kept::{Which, entry_json, outcome, source};
use crate::exit::Failure;
use crate::global::Global;
use crate::screen::{self, Side};

/// Show what a uid's dataset was through the snapshots: a line for every change
///
/// A uid can change hands: the hotkey tells whose dataset it was.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The uid
    #[arg(value_name = "UID")]
    uid: u16,
    #[command(flatten)]
    which: Which,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let chosen = args.which.open(global)?;
    let visits = chosen.archive.history(chosen.place.netuid, Uid(args.uid))?;
    let line = |visit: &Visit| json!({ "block": visit.block, "entry": visit.entry.as_ref().map(entry_json) });
    let report = json!({
        "netuid": chosen.place.netuid,
        "uid": args.uid,
        "changes": visits.iter().map(line).collect::<Vec<Value>>(),
    });
    global.emit(&report, || {
        let columns = [
            ("block", Side::Right),
            ("hotkey", Side::Left),
            ("dataset", Side::Left),
            ("rows", Side::Right),
            ("outcome", Side::Left),
        ];
        screen::table(&columns, visits.iter().map(row))
    })
}

fn row(visit: &Visit) -> Vec<String> {
    let Some(entry) = &visit.entry else {
        return vec![visit.block.to_string(), "nobody".into()];
    };
    let rows = match &entry.outcome {
        Outcome::Kept { rows, .. } => rows.to_string(),
        _ => String::new(),
    };
    vec![visit.block.to_string(), entry.hotkey.to_string(), source(entry), rows, outcome(entry).to_owned()]
}
