//! `plimsoll datasets overlap`.

use plimsoll_datasets::contest::Field;
use plimsoll_datasets::overlap::{Group, Pair};
use serde_json::{Value, json};

use super::field::{competitions_of, field_of, groups_json, listed, rules_json, rules_text};
use super::kept::{Chosen, Which};
use super::near;
use crate::exit::Failure;
use crate::flags::SourceFlags;
use crate::global::Global;
use crate::screen::{self, Side};

/// Show who shares rows with whom, and whom the subnet takes for copies
///
/// Of each dataset the first so many rows count as its competition uses. Shared rows are counted exactly, over all
/// pairs. Of a group, whoever committed first keeps its score; groups are shown as the subnet forms them (round one
/// miner after the other) and as they hang together. Datasets of different competitions are never copies of one
/// another, but what they share is shown. Nobody is judged by a competition that the plugin does not know, unless
/// --limit is given.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pairs that share at least so many rows [default: more than the competition allows; with --near 1]
    #[arg(long, value_name = "N")]
    min: Option<u32>,
    /// Rows that two datasets may share [default: each competition's limit]
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Print the whole matrix, tab-separated
    #[arg(long, conflicts_with = "near")]
    matrix: bool,
    /// Show rows of different miners that are nearly the same instead
    ///
    /// Two rows are compared by the runs of five characters in what they say, upper and lower case, blanks and names of
    /// members aside; similarity is the share of those runs that both have. A pair that is reported was measured
    /// exactly, so none is below the threshold (precision 1). Which pairs are measured is found by MinHash in 32 bands of
    /// 4, which by design meets 87 in 100 pairs of similarity 0.5, 99 in 100 of 0.6 and 9,999 in 10,000 of 0.7; on a
    /// generated corpus, 120 copies of 240 rows with 2 to 40 of 100 words replaced, it found all 93 pairs of 0.5 and
    /// above. What it misses: a row that was translated or said in other words, one of which too many words were changed
    /// (about a tenth, spread out, bring it below 0.8), and among hundreds of rows that are all alike some pairs. At
    /// most 65,536 different rows of 64 MiB, none longer than 64 KiB, are compared; what is left out is counted.
    /// Counted are rows that the other has not, but has a near one of.
    #[arg(long)]
    near: bool,
    /// With --near, how similar rows are at least
    #[arg(long, value_name = "SHARE", default_value_t = 0.8, value_parser = share, requires = "near")]
    similarity: f64,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    source: SourceFlags,
}

/// Below a half, MinHash with these bands misses more than it finds.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.5..=1.0).contains(share));
    share.ok_or_else(|| "expected a number from 0.5 to 1".to_owned())
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let chosen = args.which.open_with(global, &[&args.source])?;
    let (manifest, _) = chosen.manifest()?;
    if args.near {
        return near::run(&chosen, &manifest, (args.limit, args.min.unwrap_or(1), args.similarity), global);
    }
    let field = field_of(&chosen, &manifest, args.limit)?;
    if args.matrix && !global.json {
        screen::print(&matrix(&field));
        return Ok(());
    }
    let mut pairs: Vec<Pair> = match args.min {
        Some(min) => field.overlaps().pairs(min).collect(),
        None => field.overlaps().pairs(1).filter(|pair| is_over(&field, pair)).collect(),
    };
    pairs.sort_by_key(|pair| (std::cmp::Reverse(pair.n_shared), pair.left, pair.right));
    let (greedy, whole) = (field.greedy_groups(None), field.components(None));
    let mut outcome = json!({
        "netuid": chosen.place.netuid,
        "block": chosen.place.block,
        "datasets": field.entrants().len(),
        "distinct_rows": field.overlaps().n_distinct_rows(),
        "limit": args.limit,
        "pairs": pairs.iter().map(|pair| pair_json(&field, pair)).collect::<Vec<Value>>(),
        "groups": groups_json(&field, &greedy),
        "connected_groups": groups_json(&field, &whole),
    });
    if let Some(fields) = outcome.as_object_mut() {
        fields.extend(rules_json(&field).map(|(name, value)| (name.to_owned(), value)));
        if args.matrix {
            let uids: Vec<_> = field.entrants().iter().map(|entrant| entrant.uid).collect();
            fields.insert("uids".into(), json!(uids));
            fields.insert("matrix".into(), json!(field.overlaps().matrix().collect::<Vec<_>>()));
        }
    }
    global.emit(&outcome, || human(&chosen, &field, &pairs, &greedy, &whole))
}

/// Whether two share more than either's competition allows.
fn is_over(field: &Field, pair: &Pair) -> bool {
    field.allowed(pair.left, pair.right).is_some_and(|limit| pair.n_shared > limit)
}

fn pair_json(field: &Field, pair: &Pair) -> Value {
    json!({
        "left": field.uid(pair.left),
        "right": field.uid(pair.right),
        "shared": pair.n_shared,
        "first": field.uid(field.first(pair.left, pair.right)),
        "same_competition": field.are_rivals(pair.left, pair.right),
    })
}

fn human(chosen: &Chosen, field: &Field, pairs: &[Pair], greedy: &[Group], whole: &[Group]) -> String {
    let mut text = format!(
        "subnet {} at block {}: {} datasets, {} distinct rows\n{}\n\n",
        chosen.place.netuid,
        chosen.place.block,
        field.entrants().len(),
        field.overlaps().n_distinct_rows(),
        rules_text(field)
    );
    match pairs.is_empty() {
        true => text.push_str("no pair shares so many rows"),
        false => text.push_str(&pairs_table(field, pairs)),
    }
    for (name, groups) in [("groups as the subnet forms them", greedy), ("groups that hang together", whole)]
    {
        text.push_str(&format!("\n\n{name}: {}", groups.len()));
        for group in groups {
            let copies: Vec<_> = group.copies().iter().map(|place| field.uid(*place)).collect();
            text.push_str(&format!(
                "\n  uid {} first; copies: {}",
                field.uid(group.first()),
                listed(&copies)
            ));
        }
    }
    text
}

/// The competitions are told where there is more than one.
fn pairs_table(field: &Field, pairs: &[Pair]) -> String {
    let mut columns = vec![
        ("uid", Side::Right),
        ("uid", Side::Right),
        ("shared", Side::Right),
        ("first committed", Side::Right),
    ];
    let are_many = field.competitions().len() > 1;
    if are_many {
        columns.push(("competition", Side::Left));
    }
    let row = |pair: &Pair| {
        let uid = |place: usize| field.uid(place).to_string();
        let first = field.first(pair.left, pair.right);
        let mut cells = vec![uid(pair.left), uid(pair.right), pair.n_shared.to_string(), uid(first)];
        if are_many {
            cells.push(competitions_of(field, pair.left, pair.right));
        }
        cells
    };
    screen::table(&columns, pairs.iter().map(row))
}

fn matrix(field: &Field) -> String {
    let uids: Vec<String> = field.entrants().iter().map(|entrant| entrant.uid.to_string()).collect();
    let mut lines = vec![format!("uid\t{}", uids.join("\t"))];
    for (uid, row) in uids.iter().zip(field.overlaps().matrix()) {
        let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
        lines.push(format!("{uid}\t{}", cells.join("\t")));
    }
    lines.join("\n")
}
