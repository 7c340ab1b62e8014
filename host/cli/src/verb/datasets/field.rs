//! A snapshot's datasets under the rules of their competitions, as verbs tell of them.

use plimsoll_core::Uid;
use plimsoll_datasets::archive::Manifest;
use plimsoll_datasets::contest::{Competition, Field, Part, Rulebook};
use plimsoll_datasets::overlap::Group;
use serde_json::{Value, json};

use super::hub;
use super::kept::Chosen;
use crate::exit::Failure;

/// Compares the datasets of a snapshot. A `limit` takes the place of the competitions' own.
pub(super) fn field_of(chosen: &Chosen, manifest: &Manifest, limit: Option<u32>) -> Result<Field, Failure> {
    let source = hub::source(&chosen.config)?;
    let rulebook = Rulebook::of(Some(&source), limit, &manifest.entries)?;
    Ok(Field::of_snapshot(&chosen.archive, manifest, Some(&source), &rulebook)?)
}

/// The competitions, and who is not judged.
pub(super) fn rules_json(field: &Field) -> [(&'static str, Value); 3] {
    let competition = |of: &Competition| {
        json!({
            "id": of.id,
            "datasets": of.places.len(),
            "rows_used": of.rule.rows,
            "limit": of.rule.shared_rows,
        })
    };
    [
        ("competitions", field.competitions().iter().map(competition).collect()),
        ("not_judged", json!(uids_of(field, Part::Unlimited))),
        ("refused", json!(uids_of(field, Part::Refused))),
    ]
}

/// A line for each competition, and who takes no part.
pub(super) fn rules_text(field: &Field) -> String {
    let mut lines: Vec<String> = field.competitions().iter().map(|of| rule_text(field, of)).collect();
    let refused = uids_of(field, Part::Refused);
    if !refused.is_empty() {
        lines
            .push(format!("without part, as the subnet's loader refuses the file: uid {}", listed(&refused)));
    }
    lines.join("\n")
}

fn rule_text(field: &Field, of: &Competition) -> String {
    let name = if of.id.is_empty() { "no competition".to_owned() } else { format!("competition {}", of.id) };
    let s = if of.places.len() == 1 { "" } else { "s" };
    let rows = of
        .rule
        .rows
        .map_or_else(|| "all rows count".to_owned(), |rows| format!("the first {rows} rows count"));
    let head = format!("{name}: {} dataset{s}, {rows}", of.places.len());
    match of.rule.shared_rows {
        Some(limit) => format!("{head}, two may share {limit}"),
        None => {
            let uids: Vec<Uid> = of.places.iter().map(|place| field.uid(*place)).collect();
            format!(
                "{head}; not judged, as the plugin knows no limit, unless --limit gives one: uid {}",
                listed(&uids)
            )
        }
    }
}

fn uids_of(field: &Field, part: Part) -> Vec<Uid> {
    field.entrants().iter().filter(|entrant| entrant.part == part).map(|entrant| entrant.uid).collect()
}

pub(super) fn listed(uids: &[Uid]) -> String {
    uids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Groups by their uids, the first committed first.
pub(super) fn groups_json(field: &Field, groups: &[Group]) -> Vec<Value> {
    let group = |group: &Group| {
        let copies: Vec<Uid> = group.copies().iter().map(|place| field.uid(*place)).collect();
        let competition = &field.competition(group.first()).id;
        json!({ "competition": competition, "first": field.uid(group.first()), "copies": copies })
    };
    groups.iter().map(group).collect()
}

/// What two datasets are for: one competition's name or both.
pub(super) fn competitions_of(field: &Field, left: usize, right: usize) -> String {
    let [left, right] = [left, right].map(|place| &field.competition(place).id);
    if left == right { left.clone() } else { format!("{left} and {right}") }
}
