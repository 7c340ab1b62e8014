//! Removed and added rows that are the same row altered.

use std::collections::HashMap;

use super::Line;
use crate::similar::{Shingles, ratio};

/// The least likeness of a row before and after a change.
pub const LIKENESS_OF_CHANGED: f64 = 0.5;

/// How much work finding altered rows may be, in steps of a few nanoseconds. What goes beyond stays removed and added.
const MAX_STEPS: usize = 200_000_000;

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

/// Pairs removed rows with added ones, the most alike first, and takes them out of both lists.
pub(super) fn find(
    before: &[Line<'_>],
    after: &[Line<'_>],
    removed: &mut Vec<usize>,
    added: &mut Vec<usize>,
) -> Vec<Changed> {
    let mut pairs = alike(&shingles(before, removed), &shingles(after, added));
    let order = |left: &Alike, right: &Alike| {
        right
            .likeness
            .total_cmp(&left.likeness)
            .then((left.removed, left.added).cmp(&(right.removed, right.added)))
    };
    pairs.sort_by(order);
    let (mut gone, mut come) = (vec![false; removed.len()], vec![false; added.len()]);
    let mut changed = Vec::new();
    for pair in pairs {
        if gone[pair.removed] || come[pair.added] {
            continue;
        }
        (gone[pair.removed], come[pair.added]) = (true, true);
        let (before, after) = (removed[pair.removed], added[pair.added]);
        changed.push(Changed { before, after, likeness: pair.likeness });
    }
    strike(removed, &gone);
    strike(added, &come);
    changed.sort_by_key(|pair| pair.before);
    changed
}

fn strike(places: &mut Vec<usize>, struck: &[bool]) {
    let mut struck = struck.iter();
    places.retain(|_| struck.next() != Some(&true));
}

/// A removed and an added row, by their places in those lists.
struct Alike {
    removed: usize,
    added: usize,
    likeness: f64,
}

fn shingles(lines: &[Line<'_>], places: &[usize]) -> Vec<Shingles> {
    places.iter().map(|place| Shingles::of_row(lines[*place].text)).collect()
}

/// All pairs that are alike enough, through an index of the added rows' shingles: only rows that share one meet.
fn alike(removed: &[Shingles], added: &[Shingles]) -> Vec<Alike> {
    let mut holders: HashMap<u64, Vec<u32>> = HashMap::new();
    for (place, shingles) in (0..).zip(added) {
        for print in shingles.fingerprints() {
            holders.entry(*print).or_default().push(place);
        }
    }
    let mut pairs = Vec::new();
    let mut n_steps = 0;
    let mut n_shared = vec![0_usize; added.len()];
    for (place, shingles) in removed.iter().enumerate() {
        n_shared.fill(0);
        n_steps += added.len();
        for others in shingles.fingerprints().iter().filter_map(|print| holders.get(print)) {
            n_steps += others.len();
            others.iter().for_each(|other| n_shared[*other as usize] += 1);
        }
        for (other, n_shared) in n_shared.iter().enumerate().filter(|(_, n_shared)| **n_shared > 0) {
            let (n_left, n_right) = (shingles.fingerprints().len(), added[other].fingerprints().len());
            let likeness = ratio(*n_shared, n_left, n_right);
            if likeness >= LIKENESS_OF_CHANGED {
                pairs.push(Alike { removed: place, added: other, likeness });
            }
        }
        if n_steps > MAX_STEPS {
            break;
        }
    }
    pairs
}
