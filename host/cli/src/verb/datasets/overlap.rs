//! `plimsoll datasets overlap`.

use plimsoll_core::Uid;
use plimsoll_datasets::overlap::{Group, Pair};
use serde_json::{Value, json};

use super::export::{Compared, overlaps_of};
use super::hub;
use super::kept::{Chosen, Which};
use crate::exit::Failure;
use crate::flags::SourceFlags;
use crate::global::Global;
use crate::screen::{self, Side};

/// Show who shares rows with whom, and whom the subnet takes for copies
///
/// Rows are counted exactly, over all pairs. Of a group, whoever committed first keeps its score. Groups are shown as
/// the subnet forms them (round one miner after the other) and as they hang together.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pairs that share at least so many rows [default: more than the competition allows]
    #[arg(long, value_name = "N")]
    min: Option<u32>,
    /// Rows that two datasets may share [default: the competition's limit]
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Print the whole matrix, tab-separated
    #[arg(long)]
    matrix: bool,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    source: SourceFlags,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let chosen = args.which.open_with(global, &[&args.source])?;
    let limit = match args.limit {
        Some(limit) => limit,
        None => shared_rows(&chosen)?,
    };
    let compared = overlaps_of(&chosen)?;
    if args.matrix && !global.json {
        screen::print(&matrix(&compared));
        return Ok(());
    }
    let min = args.min.unwrap_or_else(|| limit.saturating_add(1));
    let mut pairs: Vec<Pair> = compared.overlaps.pairs(min).collect();
    pairs.sort_by_key(|pair| (std::cmp::Reverse(pair.n_shared), pair.left, pair.right));
    let order: Vec<usize> = (0..compared.uids.len()).collect();
    let (greedy, whole) =
        (compared.overlaps.greedy_groups(limit, &order), compared.overlaps.components(limit));
    let mut outcome = json!({
        "netuid": chosen.place.netuid,
        "block": chosen.place.block,
        "datasets": compared.uids.len(),
        "distinct_rows": compared.overlaps.n_distinct_rows(),
        "limit": limit,
        "pairs": pairs.iter().map(|pair| pair_json(&compared, pair)).collect::<Vec<Value>>(),
        "groups": groups_json(&compared, &greedy),
        "connected_groups": groups_json(&compared, &whole),
    });
    if let (true, Some(fields)) = (args.matrix, outcome.as_object_mut()) {
        fields.insert("uids".into(), json!(compared.uids));
        fields.insert("matrix".into(), json!(compared.overlaps.matrix().collect::<Vec<_>>()));
    }
    global.emit(&outcome, || human(&chosen, &compared, limit, &pairs, &greedy, &whole))
}

/// The limit of the competition that most of the snapshot's datasets are for.
pub(super) fn shared_rows(chosen: &Chosen) -> Result<u32, Failure> {
    let (manifest, _) = chosen.manifest()?;
    let mut counts: std::collections::BTreeMap<&str, usize> = Default::default();
    for entry in manifest.entries.iter().filter(|entry| entry.object().is_some()) {
        if let Some(source) = entry.commitment.as_ref().and_then(|note| note.source.as_ref()) {
            *counts.entry(&source.competition).or_default() += 1;
        }
    }
    let Some((competition, _)) = counts.into_iter().max_by_key(|(_, count)| *count) else { return Ok(0) };
    let limits = hub::source(&chosen.config)?.competition(competition)?;
    Ok(limits.map_or(0, |limits| limits.shared_rows))
}

fn pair_json(compared: &Compared, pair: &Pair) -> Value {
    let uid = |place: usize| compared.uids[place];
    let first = first(compared, pair.left, pair.right);
    json!({ "left": uid(pair.left), "right": uid(pair.right), "shared": pair.n_shared, "first": uid(first) })
}

/// Who of two committed first; at the same block the lower uid.
fn first(compared: &Compared, left: usize, right: usize) -> usize {
    let block = |place: usize| compared.overlaps.block(place);
    if block(right) < block(left) { right } else { left }
}

fn groups_json(compared: &Compared, groups: &[Group]) -> Vec<Value> {
    let uids = |places: &[usize]| places.iter().map(|place| compared.uids[*place]).collect::<Vec<Uid>>();
    groups
        .iter()
        .map(|group| json!({ "first": compared.uids[group.first()], "copies": uids(group.copies()) }))
        .collect()
}

fn human(
    chosen: &Chosen,
    compared: &Compared,
    limit: u32,
    pairs: &[Pair],
    greedy: &[Group],
    whole: &[Group],
) -> String {
    let mut text = format!(
        "subnet {} at block {}: {} datasets, {} distinct rows; two may share {limit}\n",
        chosen.place.netuid,
        chosen.place.block,
        compared.uids.len(),
        compared.overlaps.n_distinct_rows()
    );
    let columns = [
        ("uid", Side::Right),
        ("uid", Side::Right),
        ("shared", Side::Right),
        ("first committed", Side::Right),
    ];
    let row = |pair: &Pair| {
        let uid = |place: usize| compared.uids[place].to_string();
        let first = first(compared, pair.left, pair.right);
        vec![uid(pair.left), uid(pair.right), pair.n_shared.to_string(), uid(first)]
    };
    match pairs.is_empty() {
        true => text.push_str("no pair shares so many rows"),
        false => text.push_str(&screen::table(&columns, pairs.iter().map(row))),
    }
    for (name, groups) in [("groups as the subnet forms them", greedy), ("groups that hang together", whole)]
    {
        text.push_str(&format!("\n\n{name}: {}", groups.len()));
        for group in groups {
            let uid = |place: &usize| compared.uids[*place].to_string();
            let copies: Vec<String> = group.copies().iter().map(uid).collect();
            text.push_str(&format!("\n  uid {} first; copies: {}", uid(&group.first()), copies.join(", ")));
        }
    }
    text
}

fn matrix(compared: &Compared) -> String {
    let uids: Vec<String> = compared.uids.iter().map(ToString::to_string).collect();
    let mut lines = vec![format!("uid\t{}", uids.join("\t"))];
    for (uid, row) in uids.iter().zip(compared.overlaps.matrix()) {
        let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
        lines.push(format!("{uid}\t{}", cells.join("\t")));
    }
    lines.join("\n")
}
