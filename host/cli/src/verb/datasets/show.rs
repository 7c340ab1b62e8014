//! `plimsoll datasets show`.

use plimsoll_core::{ByteSize, StakeRao, Uid};
use plimsoll_datasets::archive::{Entry, Outcome, Standing};
use serde_json::{Value, json};

use super::kept::{Which, entry_json, source, standing_json};
use crate::exit::{Exit, Failure};
use crate::global::Global;
use crate::screen::visible;

/// How much of a row is printed.
const ROW_BYTES: usize = 1000;

/// Show one miner's dataset in a snapshot
///
/// Rows are printed without characters that cannot be seen, and cut where they are long. `datasets export --filter uid=N`
/// writes them whole; so does --json.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The miner's uid
    #[arg(value_name = "UID")]
    uid: u16,
    /// Print so many of its rows, too
    #[arg(long, value_name = "N", default_value_t = 0)]
    rows: usize,
    #[command(flatten)]
    which: Which,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let chosen = args.which.open(global)?;
    let place = chosen.place;
    let entry = chosen.archive.show(place, Uid(args.uid))?;
    let entry = entry.ok_or_else(|| {
        let message = format!("subnet {} had no uid {} at block {}", place.netuid, args.uid, place.block);
        Failure::new(Exit::Usage, message)
    })?;
    let rows = match (args.rows, entry.object()) {
        (0, _) | (_, None) => Vec::new(),
        (most, Some(object)) => lines(&chosen.archive.object(&object)?, most),
    };
    let (manifest, _) = chosen.manifest()?;
    let mut outcome = entry_json(&entry);
    if let Value::Object(fields) = &mut outcome {
        fields.extend(standing_json(manifest.standing(entry.uid)));
        fields.insert("netuid".into(), json!(place.netuid));
        fields.insert("block".into(), json!(place.block));
        if args.rows > 0 {
            fields.insert("first_rows".into(), json!(rows));
        }
    }
    global.emit(&outcome, || {
        let mut text = human(&entry, manifest.standing(entry.uid));
        for row in &rows {
            text.push('\n');
            text.push_str(&visible(row, ROW_BYTES));
        }
        if rows.iter().any(|row| row.len() > ROW_BYTES) {
            text.push_str(&format!("\nwhole rows: `plimsoll datasets export --filter uid={}`", entry.uid));
        }
        text
    })
}

/// The first lines.
fn lines(bytes: &[u8], most: usize) -> Vec<String> {
    let text = |line: plimsoll_datasets::Row<'_>| String::from_utf8_lossy(line.bytes).into_owned();
    plimsoll_datasets::lines(bytes).take(most).map(text).collect()
}

fn human(entry: &Entry, standing: Standing) -> String {
    let note = entry.commitment.as_ref();
    let coldkey = entry.coldkey.map_or_else(|| "unknown".to_owned(), |key| key.to_string());
    let mut lines = vec![
        format!("uid          {}", entry.uid),
        format!("hotkey       {}", entry.hotkey),
        format!("coldkey      {coldkey}"),
        format!("committed    {}", source(entry)),
    ];
    if let Some(incentive) = standing.incentive {
        lines.insert(3, format!("incentive    {incentive} of 65535"));
    }
    if let Some(stake_rao) = standing.stake_rao {
        lines.insert(3, format!("stake        {}", StakeRao(stake_rao)));
    }
    if let Some(note) = note {
        lines.push(format!("             at block {}", note.block));
        if let Some(source) = &note.source {
            lines.push(format!("competition  {}", source.competition));
            if !source.is_pinned() {
                lines.push("             a branch or tag: it may mean other bytes tomorrow".into());
            }
        }
    }
    match &entry.outcome {
        Outcome::Skipped => lines.push("kept         nothing: nothing was committed".into()),
        Outcome::Failed { kind, text } => {
            lines.push(format!("kept         nothing: {kind}: {}", visible(text, 1000)))
        }
        Outcome::Kept { object, bytes, rows, valid, commit } => {
            let commit: String = commit.iter().map(|byte| format!("{byte:02x}")).collect();
            lines.push(format!("kept         {} in {rows} rows, {valid} of them valid", ByteSize(*bytes)));
            lines.push(format!("object       {object}"));
            lines.push(format!("commit       {commit}"));
        }
    }
    lines.join("\n")
}
