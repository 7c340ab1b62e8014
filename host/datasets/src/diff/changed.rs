//! Removed and added rows that are the same row altered.
//!
//! What rows say is their miners' to choose, so everything here is bounded: how much of the rows is looked at, how many
//! pairs are measured, and how many are kept. Rows beyond that stay removed and added, and it is told.

use std::cmp::Ordering;

use super::Line;
use crate::similar::{Shingles, ratio};

/// The least likeness of a row before and after a change.
pub const LIKENESS_OF_CHANGED: f64 = 0.5;

/// How much work finding altered rows may be, in steps of a few nanoseconds.
const MAX_STEPS: usize = 200_000_000;
/// What looking a shingle up and keeping a pair count for.
const STEPS_OF_A_LOOKUP: usize = 24;
const STEPS_OF_A_PAIR: usize = 4;
/// How many pairs are kept of a removed row, the most alike, and of all together.
const MOST_OF_A_ROW: usize = 64;
const MOST_PAIRS: usize = 1_000_000;
/// How many shingles of each side are looked at, 24 bytes of memory each, and how long a row may be.
const MOST_SHINGLES: usize = 4_000_000;
const MOST_ROW_BYTES: usize = 1 << 20;

/// A row that was altered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Changed {
    /// Its place before.
    pub before: usize,
    /// Its place after.
    pub after: usize,
    /// How alike both are, 0.5 to 1.
    pub likeness: f64,
}

/// Pairs removed rows with added ones, the most alike first, and takes them out of both lists. Also whether there may be
/// more pairs among what stays in both.
pub(super) fn find(
    before: &[Line<'_>],
    after: &[Line<'_>],
    removed: &mut Vec<usize>,
    added: &mut Vec<usize>,
) -> (Vec<Changed>, bool) {
    let (old, new) = (Looked::at(before, removed), Looked::at(after, added));
    let (mut pairs, is_cut) = alike(&old.rows, &new.rows);
    pairs.sort_unstable_by(Alike::order);
    let (mut gone, mut come) = (vec![false; removed.len()], vec![false; added.len()]);
    let mut changed = Vec::new();
    for pair in pairs {
        let (from, to) = (pair.removed as usize, pair.added as usize);
        if gone[from] || come[to] {
            continue;
        }
        (gone[from], come[to]) = (true, true);
        changed.push(Changed { before: removed[from], after: added[to], likeness: pair.likeness });
    }
    strike(removed, &gone);
    strike(added, &come);
    changed.sort_by_key(|pair| pair.before);
    let is_cut = (is_cut || old.is_cut || new.is_cut) && !removed.is_empty() && !added.is_empty();
    (changed, is_cut)
}

fn strike(places: &mut Vec<usize>, struck: &[bool]) {
    let mut struck = struck.iter();
    places.retain(|_| struck.next() != Some(&true));
}

/// What rows of one side say.
struct Looked {
    /// Rows that are not looked at say nothing.
    rows: Vec<Shingles>,
    is_cut: bool,
}

impl Looked {
    fn at(lines: &[Line<'_>], places: &[usize]) -> Self {
        let (mut n_shingles, mut is_cut) = (0, false);
        let mut look = |place: &usize| {
            let text = lines[*place].text;
            if text.len() > MOST_ROW_BYTES || n_shingles >= MOST_SHINGLES {
                is_cut = true;
                return Shingles::default();
            }
            let shingles = Shingles::of_row(text);
            n_shingles += shingles.fingerprints().len();
            shingles
        };
        let rows = places.iter().map(&mut look).collect();
        Self { rows, is_cut }
    }
}

/// A removed and an added row, by their places in those lists.
struct Alike {
    removed: u32,
    added: u32,
    likeness: f64,
}

impl Alike {
    /// The most alike first; of those the rows that kept their places among the others.
    fn order(&self, other: &Self) -> Ordering {
        let distance = |pair: &Self| pair.removed.abs_diff(pair.added);
        let by_likeness = other.likeness.total_cmp(&self.likeness);
        let by_place = || distance(self).cmp(&distance(other));
        by_likeness
            .then_with(by_place)
            .then_with(|| (self.removed, self.added).cmp(&(other.removed, other.added)))
    }
}

/// Pairs that are alike enough, through an index of the added rows' shingles: only rows that share one meet. Also
/// whether some were left out.
fn alike(removed: &[Shingles], added: &[Shingles]) -> (Vec<Alike>, bool) {
    let index = Index::of(added);
    let most = (MOST_PAIRS / removed.len().max(1)).clamp(1, MOST_OF_A_ROW);
    let (mut pairs, mut is_cut) = (Vec::new(), false);
    let (mut n_shared, mut n_steps) = (vec![0_usize; added.len()], 0);
    for (place, shingles) in (0..).zip(removed) {
        if n_steps > MAX_STEPS {
            return (pairs, true);
        }
        n_shared.fill(0);
        n_steps += added.len();
        for print in shingles.fingerprints() {
            let holders = index.holders(*print);
            n_steps += STEPS_OF_A_LOOKUP + holders.len();
            holders.iter().for_each(|(_, other)| n_shared[*other as usize] += 1);
        }
        let n_own = shingles.fingerprints().len();
        let met = (0..).zip(&n_shared).zip(added).filter(|((_, n_shared), _)| **n_shared > 0);
        let measured = met.map(|((other, n_shared), theirs)| {
            let likeness = ratio(*n_shared, n_own, theirs.fingerprints().len());
            Alike { removed: place, added: other, likeness }
        });
        let mut own: Vec<Alike> = measured.filter(|pair| pair.likeness >= LIKENESS_OF_CHANGED).collect();
        n_steps += own.len() * STEPS_OF_A_PAIR;
        if own.len() > most {
            own.select_nth_unstable_by(most, Alike::order);
            own.truncate(most);
            is_cut = true;
        }
        pairs.append(&mut own);
    }
    (pairs, is_cut)
}

/// Which rows have a shingle: sorted, 16 bytes each.
struct Index(Vec<(u64, u32)>);

impl Index {
    fn of(rows: &[Shingles]) -> Self {
        let held = (0..)
            .zip(rows)
            .flat_map(|(place, row)| row.fingerprints().iter().map(move |print| (*print, place)));
        let mut held: Vec<(u64, u32)> = held.collect();
        held.sort_unstable();
        Self(held)
    }

    fn holders(&self, print: u64) -> &[(u64, u32)] {
        let from = self.0.partition_point(|(held, _)| *held < print);
        let n_holders = self.0[from..].partition_point(|(held, _)| *held == print);
        &self.0[from..from + n_holders]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::diff;

    #[test]
    fn rows_that_all_say_the_same_cost_a_bounded_number_of_pairs() {
        let said = |n_rows: usize| vec![Shingles::of_text("hello"); n_rows];
        let (pairs, is_cut) = alike(&said(300), &said(2_000));
        assert_eq!((pairs.len(), is_cut), (300 * MOST_OF_A_ROW, true));
        assert_eq!(size_of::<Alike>(), 16);
        // All of the pairs together: 24 MiB of them at most.
        let (pairs, _) = alike(&said(40_000), &said(30));
        assert!(pairs.len() <= MOST_PAIRS, "{}", pairs.len());
    }

    #[test]
    fn rows_that_all_say_the_same_are_paired_as_they_stand() {
        let rows = |from: usize, to: usize| -> Vec<String> {
            (from..to).map(|number| format!(r#"{{"n": {number}, "t": "hello"}}"#)).collect()
        };
        let (before, after) = (rows(0, 300), rows(1_000, 3_000));
        let [old, new] = [&before, &after]
            .map(|rows| rows.iter().map(|row| Line::read(row.as_bytes())).collect::<Vec<_>>());
        let found = diff(&old, &new);
        let places: Vec<_> = found.changed.iter().map(|pair| (pair.before, pair.after)).collect();
        assert_eq!(places, (0..300).map(|place| (place, place)).collect::<Vec<_>>());
        // No removed row is left: nothing was missed.
        assert_eq!((found.removed.len(), found.added.len(), found.is_cut), (0, 1_700, false));
    }

    #[test]
    fn a_row_that_is_too_long_to_be_looked_at_stays_removed_and_it_is_told() {
        let long = |end: &str| format!("\"{}{end}\"", "many words ".repeat(MOST_ROW_BYTES / 11 + 1));
        let (before, after) = (long("a"), long("b"));
        let found = diff(&[Line::read(before.as_bytes())], &[Line::read(after.as_bytes())]);
        assert_eq!((&found.removed[..], &found.added[..], found.is_cut), (&[0][..], &[0][..], true));
        let found = diff(&[Line::read(before.as_bytes())], &[]);
        assert_eq!((&found.removed[..], found.is_cut), (&[0][..], false));
    }
}
