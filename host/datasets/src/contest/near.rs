//! Rows of different miners that are nearly the same: what a copier leaves who changes a word of each row.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use crate::RowId;
use crate::similar::{NearPair, near_duplicates};

/// How many different rows are looked at: their signatures take 32 MiB. A whole subnet's are fewer.
pub const MOST_ROWS: usize = 1 << 16;
/// How many bytes they may have together.
pub const MOST_BYTES: usize = 64 << 20;
/// The longest row that is looked at.
pub const LONGEST_ROW_BYTES: usize = 64 << 10;
/// How much counting may cost, in steps of a nanosecond.
const MOST_STEPS: usize = 4_000_000_000;

/// Rows that are to be compared, each different one once. What goes beyond the bounds is left out and counted.
#[derive(Debug, Default)]
pub struct NearSearch {
    numbers: HashMap<RowId, u32>,
    texts: Vec<u8>,
    rows: Vec<NearRow>,
    left_out: HashSet<RowId>,
}

#[derive(Debug)]
struct NearRow {
    id: RowId,
    text: std::ops::Range<usize>,
    /// Places of the datasets that have it, as they were entered, each once.
    holders: Vec<u32>,
}

/// A row of one miner that is nearly one of another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearRows<'s> {
    /// Of the lower place.
    pub left: (RowId, &'s [u8]),
    /// Of the higher place.
    pub right: (RowId, &'s [u8]),
    /// How alike they are, below 1 where one is not the other.
    pub likeness: f64,
}

/// Two miners and their near rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NearPairOfMiners {
    /// The lower place.
    pub left: usize,
    /// The higher place.
    pub right: usize,
    /// Rows of the left one that the right one does not have, but has a near one of that the left one does not have.
    pub n_left: u32,
    /// The same the other way round.
    pub n_right: u32,
}

/// What was found.
#[derive(Debug)]
pub struct NearMiners {
    search: NearSearch,
    /// Pairs of rows, the most alike first.
    pairs: Vec<NearPair>,
    n_places: usize,
    /// For each two places, how many rows of the first are near to rows of the second.
    counts: Vec<u32>,
    /// Candidates that were not measured, and pairs of rows that were not counted, because there were too many.
    pub n_skipped: usize,
}

impl NearSearch {
    /// Enters a row of the dataset at `place`.
    pub fn enter(&mut self, place: usize, id: RowId, text: &[u8]) {
        if let Some(number) = self.numbers.get(&id) {
            let holders = &mut self.rows[*number as usize].holders;
            if holders.last() != Some(&(place as u32)) {
                holders.push(place as u32);
            }
            return;
        }
        let is_full = self.rows.len() == MOST_ROWS || self.texts.len() + text.len() > MOST_BYTES;
        if is_full || text.len() > LONGEST_ROW_BYTES {
            // Beyond so many it is told that there are at least so many.
            if self.left_out.len() < MOST_ROWS {
                self.left_out.insert(id);
            }
            return;
        }
        self.numbers.insert(id, self.rows.len() as u32);
        let from = self.texts.len();
        self.texts.extend_from_slice(text);
        self.rows.push(NearRow { id, text: from..self.texts.len(), holders: vec![place as u32] });
    }

    /// How many different rows are left out, because they are too long or too many.
    #[must_use]
    pub fn n_left_out(&self) -> usize {
        self.left_out.len()
    }

    /// Finds rows of at least this likeness and counts them for every two datasets of `n_places`.
    #[must_use]
    pub fn find(self, n_places: usize, likeness: f64) -> NearMiners {
        let texts: Vec<&[u8]> = self.rows.iter().map(|row| &self.texts[row.text.clone()]).collect();
        let mut found = near_duplicates(&texts, likeness);
        found.pairs.sort_by(|a, b| {
            b.likeness.total_cmp(&a.likeness).then((a.left, a.right).cmp(&(b.left, b.right)))
        });
        let (n_skipped, counts) = (found.n_skipped, vec![0; n_places * n_places]);
        let mut near = NearMiners { search: self, pairs: found.pairs, n_places, counts, n_skipped };
        near.count();
        near
    }
}

/// A set of places.
type Places = Vec<u64>;

impl NearMiners {
    fn count(&mut self) {
        let n_words = self.n_places.div_ceil(64);
        let sets: Vec<Places> = self.search.rows.iter().map(|row| places(&row.holders, n_words)).collect();
        let mut near: Vec<Vec<u32>> = vec![Vec::new(); sets.len()];
        for NearPair { left, right, .. } in &self.pairs {
            near[*left].push(*right as u32);
            near[*right].push(*left as u32);
        }
        let mut n_steps = 0;
        let mut others: Places = vec![0; n_words];
        for (row, near) in near.iter().enumerate().filter(|(_, near)| !near.is_empty()) {
            let of_row = &self.search.rows[row].holders;
            n_steps += of_row.len() * (near.len() * n_words + self.n_places);
            if n_steps > MOST_STEPS {
                self.n_skipped += near.len();
                continue;
            }
            for holder in of_row {
                // Who has a near row that this holder has not, and has not this one.
                others.fill(0);
                for other in near.iter().map(|other| &sets[*other as usize]).filter(|set| !has(set, *holder))
                {
                    others
                        .iter_mut()
                        .zip(other)
                        .zip(&sets[row])
                        .for_each(|((to, near), same)| *to |= near & !same);
                }
                let counts = &mut self.counts[*holder as usize * self.n_places..][..self.n_places];
                counts
                    .iter_mut()
                    .zip(0..)
                    .for_each(|(count, place)| *count += u32::from(has(&others, place)));
            }
        }
    }

    /// Two miners of whom at least one has `min` rows that are near to rows of the other, the most first.
    #[must_use]
    pub fn miners(&self, min: u32) -> Vec<NearPairOfMiners> {
        let n_places = self.n_places;
        let all = (0..n_places).flat_map(|left| (left + 1..n_places).map(move |right| (left, right)));
        let count = |of: usize, with: usize| self.counts[of * n_places + with];
        let pair = |(left, right)| NearPairOfMiners {
            left,
            right,
            n_left: count(left, right),
            n_right: count(right, left),
        };
        let mut pairs: Vec<NearPairOfMiners> =
            all.map(pair).filter(|pair| pair.n_left.max(pair.n_right) >= min.max(1)).collect();
        pairs.sort_by_key(|pair| (Reverse(pair.n_left.max(pair.n_right)), pair.left, pair.right));
        pairs
    }

    /// Near rows of two miners, the most alike first, `most` of them.
    #[must_use]
    pub fn examples(&self, left: usize, right: usize, most: usize) -> Vec<NearRows<'_>> {
        let row = |number: usize| &self.search.rows[number];
        let is_of = |number: usize, place: usize| row(number).holders.binary_search(&(place as u32)).is_ok();
        let is_only = |number: usize, of: usize, not: usize| is_of(number, of) && !is_of(number, not);
        let said = |number: usize| (row(number).id, &self.search.texts[row(number).text.clone()]);
        let example = |pair: &NearPair| {
            let (one, two) = match (pair.left, pair.right) {
                (one, two) if is_only(one, left, right) && is_only(two, right, left) => (one, two),
                (two, one) if is_only(one, left, right) && is_only(two, right, left) => (one, two),
                _ => return None,
            };
            Some(NearRows { left: said(one), right: said(two), likeness: pair.likeness })
        };
        self.pairs.iter().filter_map(example).take(most).collect()
    }

    /// How many pairs of different rows are so alike, whoever has them.
    #[must_use]
    pub fn n_pairs_of_rows(&self) -> usize {
        self.pairs.len()
    }

    /// How many different rows were compared.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.search.rows.len()
    }

    /// How many different rows were left out, because they are too long or too many.
    #[must_use]
    pub fn n_left_out(&self) -> usize {
        self.search.n_left_out()
    }
}

fn places(holders: &[u32], n_words: usize) -> Places {
    let mut set = vec![0; n_words];
    for holder in holders {
        set[*holder as usize / 64] |= 1 << (holder % 64);
    }
    set
}

fn has(set: &Places, place: u32) -> bool {
    set[place as usize / 64] >> (place % 64) & 1 == 1
}
