//! The inverted index: each row's holders, so that only datasets that share a row are ever looked at together.

use std::collections::HashMap;

use super::counts::Counts;
use super::keyed::Keyed;
use crate::RowId;

/// How many datasets can be compared with one another: their pairs' counts take 32 MiB then.
pub const MAX_DATASETS: usize = 4_096;

/// One dataset's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// The block it was committed at: who was first.
    pub block: u64,
    /// Its rows in the file's order, repeated ones repeated, cut to as many as the competition uses.
    pub ids: Vec<RowId>,
}

/// Two datasets and how many different rows they share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// The lower place.
    pub left: usize,
    /// The higher place.
    pub right: usize,
    /// Rows in both.
    pub n_shared: u32,
}

/// Why datasets cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OverlapError {
    /// More than [`MAX_DATASETS`].
    #[error("{n_datasets} datasets to compare, at most {MAX_DATASETS}: choose fewer by a filter")]
    TooMany {
        /// How many there are.
        n_datasets: usize,
    },
    /// No dataset has this place.
    #[error("no dataset has place {place}: there are {n_datasets}")]
    NoSuchPlace {
        /// The place asked for.
        place: usize,
        /// How many there are.
        n_datasets: usize,
    },
}

/// All pairs' overlaps.
#[derive(Debug, Clone, Default)]
pub struct Overlaps {
    datasets: Vec<Dataset>,
    /// Rows by number.
    numbers: HashMap<RowId, u32, Keyed>,
    /// For each number the places of the datasets that hold it; empty ones are free.
    holders: Vec<Vec<u32>>,
    free: Vec<u32>,
    counts: Counts,
}

#[derive(Debug, Clone, Default)]
struct Dataset {
    block: u64,
    n_rows: usize,
    /// Its different rows, by number.
    rows: Vec<u32>,
    ids: Vec<RowId>,
}

impl Overlaps {
    /// Compares all datasets; each keeps its place in the list.
    ///
    /// # Errors
    /// [`OverlapError::TooMany`].
    pub fn new(datasets: Vec<Rows>) -> Result<Self, OverlapError> {
        let n_datasets = datasets.len();
        if n_datasets > MAX_DATASETS {
            return Err(OverlapError::TooMany { n_datasets });
        }
        let mut overlaps = Self { datasets: vec![Dataset::default(); n_datasets], ..Self::default() };
        overlaps.numbers.reserve(datasets.iter().map(|rows| rows.ids.len()).max().unwrap_or(0));
        for (place, rows) in datasets.into_iter().enumerate() {
            overlaps.enter(place, rows, |_| ());
        }
        overlaps.counts = Counts::of(n_datasets, &overlaps.holders);
        Ok(overlaps)
    }

    /// Takes one more dataset and gives its place.
    ///
    /// # Errors
    /// [`OverlapError::TooMany`].
    pub fn push(&mut self, rows: Rows) -> Result<usize, OverlapError> {
        let place = self.datasets.len();
        if place == MAX_DATASETS {
            return Err(OverlapError::TooMany { n_datasets: place + 1 });
        }
        self.datasets.push(Dataset::default());
        self.counts.grow(place + 1);
        self.enter_counted(place, rows);
        Ok(place)
    }

    /// Replaces what is at a place: one look at the new rows' holders, whatever the number of rows of all others.
    ///
    /// # Errors
    /// [`OverlapError::NoSuchPlace`].
    pub fn update(&mut self, place: usize, rows: Rows) -> Result<(), OverlapError> {
        let n_datasets = self.datasets.len();
        let old = self.datasets.get_mut(place).map(std::mem::take);
        let old = old.ok_or(OverlapError::NoSuchPlace { place, n_datasets })?;
        for (number, id) in old.rows.iter().zip(&old.ids) {
            let holders = &mut self.holders[*number as usize];
            holders.retain(|holder| *holder as usize != place);
            if holders.is_empty() {
                self.numbers.remove(id);
                self.free.push(*number);
            }
        }
        self.enter_counted(place, rows);
        Ok(())
    }

    /// Enters a dataset and counts what it shares with all others.
    fn enter_counted(&mut self, place: usize, rows: Rows) {
        let mut counts = vec![0_u32; self.datasets.len()];
        self.enter(place, rows, |holders| {
            for holder in holders {
                counts[*holder as usize] += 1;
            }
        });
        self.counts.set_all(place, &counts);
    }

    /// Enters a dataset; `seen` is called with the other holders of each of its different rows.
    fn enter(&mut self, place: usize, rows: Rows, mut seen: impl FnMut(&[u32])) {
        let n_rows = rows.ids.len();
        let mut ids = rows.ids;
        ids.sort_unstable();
        ids.dedup();
        let mut numbers = Vec::with_capacity(ids.len());
        for id in &ids {
            let number = self.number(*id);
            let holders = &mut self.holders[number as usize];
            seen(holders);
            holders.push(place as u32);
            numbers.push(number);
        }
        self.datasets[place] = Dataset { block: rows.block, n_rows, rows: numbers, ids };
    }

    fn number(&mut self, id: RowId) -> u32 {
        let Self { numbers, holders, free, .. } = self;
        *numbers.entry(id).or_insert_with(|| {
            free.pop().unwrap_or_else(|| {
                holders.push(Vec::new());
                holders.len() as u32 - 1
            })
        })
    }

    /// How many datasets there are.
    pub fn n_datasets(&self) -> usize {
        self.datasets.len()
    }

    /// How many different rows all of them hold.
    pub fn n_distinct_rows(&self) -> usize {
        self.numbers.len()
    }

    /// The block a dataset was committed at.
    pub fn block(&self, place: usize) -> u64 {
        self.datasets[place].block
    }

    /// How many rows a dataset has, repeated ones counted each time.
    pub fn n_rows(&self, place: usize) -> usize {
        self.datasets[place].n_rows
    }

    /// How many different rows a dataset has.
    pub fn n_different_rows(&self, place: usize) -> usize {
        self.datasets[place].ids.len()
    }

    /// How many different rows two datasets share; of a dataset with itself, how many it has.
    pub fn shared(&self, left: usize, right: usize) -> u32 {
        if left == right { self.datasets[left].ids.len() as u32 } else { self.counts.get(left, right) }
    }

    /// Every pair that shares at least `min` rows and at least one, by places.
    pub fn pairs(&self, min: u32) -> impl Iterator<Item = Pair> + '_ {
        let n_datasets = self.datasets.len();
        let all =
            (0..n_datasets).flat_map(move |left| (left + 1..n_datasets).map(move |right| (left, right)));
        let pair = |(left, right)| Pair { left, right, n_shared: self.counts.get(left, right) };
        all.map(pair).filter(move |pair| pair.n_shared >= min.max(1))
    }

    /// The matrix, row after row: the diagonal is each dataset's number of different rows.
    pub fn matrix(&self) -> impl Iterator<Item = Vec<u32>> + '_ {
        let n_datasets = self.datasets.len();
        (0..n_datasets).map(move |left| (0..n_datasets).map(|right| self.shared(left, right)).collect())
    }

    /// A row's holders by place, the first committed first.
    pub fn holders(&self, id: RowId) -> Vec<usize> {
        let Some(number) = self.numbers.get(&id) else { return Vec::new() };
        let mut holders: Vec<usize> =
            self.holders[*number as usize].iter().map(|place| *place as usize).collect();
        holders.sort_unstable_by_key(|place| (self.datasets[*place].block, *place));
        holders
    }

    /// How many of a dataset's different rows are in a set, as the evaluation set.
    pub(super) fn shared_with(&self, place: usize, set: &std::collections::HashSet<RowId>) -> usize {
        self.datasets[place].ids.iter().filter(|id| set.contains(id)).count()
    }
}
