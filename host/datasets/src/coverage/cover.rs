//! Datasets laid over an evaluation set.

use super::evaluation::EvaluationSet;
use crate::RowId;

/// Where each dataset's rows stand in the evaluation set. A dataset is known by its place in the caller's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    positions: Vec<Vec<Option<usize>>>,
    held: Vec<Vec<usize>>,
    n_holders: Vec<u32>,
}

impl Coverage {
    /// Of these datasets' rows, each in its file's order.
    pub fn new<'a>(set: &EvaluationSet, datasets: impl IntoIterator<Item = &'a [RowId]>) -> Self {
        let place = |rows: &[RowId]| rows.iter().map(|id| set.place(*id)).collect();
        let positions: Vec<Vec<Option<usize>>> = datasets.into_iter().map(place).collect();
        let held: Vec<Vec<usize>> = positions.iter().map(|rows| different(rows)).collect();
        let mut n_holders = vec![0; set.rows().len()];
        for place in held.iter().flatten() {
            n_holders[*place] += 1;
        }
        Self { positions, held, n_holders }
    }

    /// How many datasets there are.
    #[must_use]
    pub const fn n_datasets(&self) -> usize {
        self.positions.len()
    }

    /// Each row of a dataset: its place in the evaluation set, or none.
    #[must_use]
    pub fn positions(&self, dataset: usize) -> &[Option<usize>] {
        &self.positions[dataset]
    }

    /// The places of a dataset's different rows that are in the evaluation set, in the set's order.
    #[must_use]
    pub fn held(&self, dataset: usize) -> &[usize] {
        &self.held[dataset]
    }

    /// For each row of the evaluation set how many datasets hold it.
    #[must_use]
    pub fn n_holders(&self) -> &[u32] {
        &self.n_holders
    }

    /// The places of rows that no dataset holds.
    pub fn unused(&self) -> impl Iterator<Item = usize> {
        self.n_holders.iter().enumerate().filter(|(_, count)| **count == 0).map(|(place, _)| place)
    }

    /// The places of rows that at least one and at least `percent` of a hundred of the datasets in `among` hold. A
    /// dataset that stands there twice counts once.
    #[must_use]
    pub fn golden(&self, among: &[usize], percent: u8) -> Vec<usize> {
        let mut among = among.to_vec();
        among.sort_unstable();
        among.dedup();
        let mut counts = vec![0_u64; self.n_holders.len()];
        for place in among.iter().flat_map(|dataset| &self.held[*dataset]) {
            counts[*place] += 1;
        }
        let least = among.len() as u64 * u64::from(percent);
        let is_golden = |count: &u64| *count > 0 && count * 100 >= least;
        counts.iter().enumerate().filter(|(_, count)| is_golden(count)).map(|(place, _)| place).collect()
    }
}

fn different(positions: &[Option<usize>]) -> Vec<usize> {
    let mut held: Vec<usize> = positions.iter().copied().flatten().collect();
    held.sort_unstable();
    held.dedup();
    held
}
