//! Rows of two datasets matched by identity, then by likeness.

use std::collections::HashMap;
use std::collections::VecDeque;

use super::changed::{self, Changed};
use crate::RowId;

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// What it is known by.
    pub id: RowId,
    /// What it says.
    pub text: &'a [u8],
}

impl<'a> Line<'a> {
    /// The row that a line holds. One that is no JSON is known by its bytes.
    pub fn read(text: &'a [u8]) -> Self {
        let id = plimsoll_json::Parser::new().row_id(text).unwrap_or_else(|_| RowId::of(text));
        Self { id, text }
    }
}

/// What changed, by the rows' places from 0. Every place of the first dataset is in `removed`, `moved`, `changed` or
/// among the `n_unchanged`, each once; of the second likewise with `added`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Diff {
    /// Rows that are in both, in the same order.
    pub n_unchanged: usize,
    /// Rows of the second dataset that are new.
    pub added: Vec<usize>,
    /// Rows of the first that are gone.
    pub removed: Vec<usize>,
    /// Rows that are in both at another place among the others: where before, where after.
    pub moved: Vec<(usize, usize)>,
    /// Rows that were altered.
    pub changed: Vec<Changed>,
    /// Whether looking for altered rows was given up at its bounds: some of those in `removed` and `added` may be the
    /// same row altered.
    pub is_cut: bool,
}

/// Compares two sequences of rows. A row that is repeated counts as often as it stands there.
pub fn diff(before: &[Line<'_>], after: &[Line<'_>]) -> Diff {
    let mut places: HashMap<RowId, VecDeque<usize>> = HashMap::new();
    for (place, line) in after.iter().enumerate() {
        places.entry(line.id).or_default().push_back(place);
    }
    let mut matched = Vec::new();
    let mut removed = Vec::new();
    let mut is_new = vec![true; after.len()];
    for (place, line) in before.iter().enumerate() {
        match places.get_mut(&line.id).and_then(VecDeque::pop_front) {
            Some(there) => {
                is_new[there] = false;
                matched.push((place, there));
            }
            None => removed.push(place),
        }
    }
    let added = (0..after.len()).filter(|place| is_new[*place]).collect();
    let kept = longest_rise(&matched);
    let moved: Vec<_> =
        matched.iter().zip(&kept).filter(|(_, kept)| !**kept).map(|(places, _)| *places).collect();
    let n_unchanged = matched.len() - moved.len();
    let mut diff = Diff { n_unchanged, added, removed, moved, ..Diff::default() };
    (diff.changed, diff.is_cut) = changed::find(before, after, &mut diff.removed, &mut diff.added);
    diff
}

/// Which of the matches belong to a longest run whose second places rise: all others moved (patience sorting, time
/// `n log n`).
fn longest_rise(matched: &[(usize, usize)]) -> Vec<bool> {
    // For each length the match that ends the best run of that length, and each match's forerunner.
    let mut ends: Vec<usize> = Vec::new();
    let mut forerunners: Vec<Option<usize>> = Vec::with_capacity(matched.len());
    for (number, (_, place)) in matched.iter().enumerate() {
        let length = ends.partition_point(|end| matched[*end].1 < *place);
        forerunners.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        if length == ends.len() {
            ends.push(number);
        } else {
            ends[length] = number;
        }
    }
    let mut kept = vec![false; matched.len()];
    let mut next = ends.last().copied();
    while let Some(number) = next {
        kept[number] = true;
        next = forerunners[number];
    }
    kept
}
