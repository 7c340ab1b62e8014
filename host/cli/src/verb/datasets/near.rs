//! `plimsoll datasets overlap --near`.

use plimsoll_core::CheckedRow;
use plimsoll_datasets::RowId;
use plimsoll_datasets::archive::{Entry, Manifest};
use plimsoll_datasets::contest::{Field, NearMiners, NearPairOfMiners, NearRows, NearSearch, Rulebook};
use plimsoll_datasets::diff::words;
use plimsoll_datasets::source::CheckedFile;
use serde_json::{Value, json};

use super::checked::{Looked, each_file, entered};
use super::diff::marked;
use super::field::{rules_json, rules_text};
use super::hub;
use super::kept::Chosen;
use crate::exit::Failure;
use crate::global::Global;
use crate::screen::{self, Side, visible};

/// Pairs of miners of whom rows are shown.
const PAIRS_WITH_EXAMPLES: usize = 100;
/// How many rows of each.
const EXAMPLES: usize = 3;
/// Pairs of whom a row is printed for people.
const PRINTED: usize = 5;
/// How much of a row is shown.
const SHOWN_BYTES: usize = 600;

pub(super) fn run(
    chosen: &Chosen,
    manifest: &Manifest,
    (limit, min, similarity): (Option<u32>, u32, f64),
    global: &Global,
) -> Result<(), Failure> {
    let source = hub::source(&chosen.config)?;
    let rulebook = Rulebook::of(Some(&source), limit, &manifest.entries)?;
    let (mut all, mut search) = (Vec::new(), NearSearch::default());
    each_file(chosen, manifest, &source, |entry, Looked { file, .. }, bytes| {
        enter(&mut search, all.len(), &rulebook, entry, &file, bytes);
        all.push(entered(entry, &file));
    })?;
    let field = Field::new(&rulebook, all)?;
    let near = search.find(field.entrants().len(), similarity);
    let pairs = near.miners(min);
    let mut outcome = json!({
        "netuid": chosen.place.netuid,
        "block": chosen.place.block,
        "datasets": field.entrants().len(),
        "similarity": similarity,
        "rows_compared": near.n_rows(),
        "rows_left_out": near.n_left_out(),
        "row_pairs": near.n_pairs_of_rows(),
        "row_pairs_left_out": near.n_skipped,
        "near": pairs.iter().enumerate().map(|(at, pair)| pair_json(&field, &near, pair, at)).collect::<Vec<Value>>(),
    });
    if let Some(fields) = outcome.as_object_mut() {
        fields.extend(rules_json(&field).map(|(name, value)| (name.to_owned(), value)));
    }
    global.emit(&outcome, || human(chosen, &field, &near, &pairs, similarity))
}

/// Enters the rows that count.
fn enter(
    search: &mut NearSearch,
    place: usize,
    rulebook: &Rulebook,
    entry: &Entry,
    file: &CheckedFile,
    bytes: &[u8],
) {
    if file.is_refused() {
        return;
    }
    let rows = file.rows.iter().filter_map(|row| Some((CheckedRow::id(&row.checked)?, row.range.clone())));
    for (id, range) in rows.take(rulebook.n_used(entry)) {
        search.enter(place, RowId(id), &bytes[range]);
    }
}

/// Near rows of whoever committed later: the ones that may be altered copies.
fn n_later(field: &Field, pair: &NearPairOfMiners) -> u32 {
    if field.first(pair.left, pair.right) == pair.left { pair.n_right } else { pair.n_left }
}

fn pair_json(field: &Field, near: &NearMiners, pair: &NearPairOfMiners, at: usize) -> Value {
    let examples = match at < PAIRS_WITH_EXAMPLES {
        true => near.examples(pair.left, pair.right, EXAMPLES),
        false => Vec::new(),
    };
    let example = |of: &NearRows<'_>| {
        let text = |(id, text): (RowId, &[u8])| json!({ "row_id": id.to_string(), "text": visible(&String::from_utf8_lossy(text), SHOWN_BYTES) });
        json!({ "similarity": of.likeness, "left": text(of.left), "right": text(of.right) })
    };
    json!({
        "left": field.uid(pair.left),
        "right": field.uid(pair.right),
        "left_rows": pair.n_left,
        "right_rows": pair.n_right,
        "first": field.uid(field.first(pair.left, pair.right)),
        "shared": field.overlaps().shared(pair.left, pair.right),
        "same_competition": field.are_rivals(pair.left, pair.right),
        "examples": examples.iter().map(example).collect::<Vec<Value>>(),
    })
}

fn human(
    chosen: &Chosen,
    field: &Field,
    near: &NearMiners,
    pairs: &[NearPairOfMiners],
    similarity: f64,
) -> String {
    let mut text = format!(
        "subnet {} at block {}: {} datasets, {} distinct rows compared at similarity {similarity}\n{}\n",
        chosen.place.netuid,
        chosen.place.block,
        field.entrants().len(),
        near.n_rows(),
        rules_text(field)
    );
    for (count, what) in [
        (near.n_left_out(), "distinct rows were left out: too long, or too many"),
        (near.n_skipped, "pairs of rows were left out: too many are alike"),
    ] {
        if count > 0 {
            text.push_str(&format!("at least {count} {what}\n"));
        }
    }
    if pairs.is_empty() {
        return text + "\nno two miners have so many near rows";
    }
    let columns = [
        ("uid", Side::Right),
        ("uid", Side::Right),
        ("near rows of the later", Side::Right),
        ("shared", Side::Right),
        ("first committed", Side::Right),
    ];
    let row = |pair: &NearPairOfMiners| {
        let uid = |place: usize| field.uid(place).to_string();
        let shared = field.overlaps().shared(pair.left, pair.right).to_string();
        let first = uid(field.first(pair.left, pair.right));
        vec![uid(pair.left), uid(pair.right), n_later(field, pair).to_string(), shared, first]
    };
    text.push('\n');
    text.push_str(&screen::table(&columns, pairs.iter().map(row)));
    for pair in pairs.iter().take(PRINTED) {
        text.push_str(&printed(field, near, pair));
    }
    text
}

/// The most alike rows of a pair with what differs marked.
fn printed(field: &Field, near: &NearMiners, pair: &NearPairOfMiners) -> String {
    let Some(NearRows { left, right, likeness }) = near.examples(pair.left, pair.right, 1).pop() else {
        return String::new();
    };
    let [before, after] = [left, right].map(|(_, text)| String::from_utf8_lossy(text).into_owned());
    let difference: String = words(&before, &after).iter().map(marked).collect();
    let [left, right] = [pair.left, pair.right].map(|place| field.uid(place));
    format!(
        "\n\nuid {left} -> uid {right}, similarity {likeness:.3}:\n  {}",
        visible(&difference, SHOWN_BYTES)
    )
}
