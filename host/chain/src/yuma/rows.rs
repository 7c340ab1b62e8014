//! Sparse rows in one piece of memory: for each validator, whom it weighs or has bonds in, and how much.

use plimsoll_core::Uid;

use super::Fixed;
use super::fixed::divide_all;

/// Rows of cells, by ascending uid within a row unless they were given otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows {
    /// Where each row ends in `cells`.
    ends: Vec<usize>,
    cells: Vec<(Uid, Fixed)>,
}

impl Rows {
    pub(super) fn with_room(rows: usize, cells: usize) -> Self {
        Self { ends: Vec::with_capacity(rows), cells: Vec::with_capacity(cells) }
    }

    /// How many rows there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The cells of one row; none where there is no such row.
    #[must_use]
    pub fn row(&self, at: usize) -> &[(Uid, Fixed)] {
        let Some(&end) = self.ends.get(at) else { return &[] };
        &self.cells[self.start(at)..end]
    }

    /// The rows in their order.
    pub fn iter(&self) -> impl Iterator<Item = &[(Uid, Fixed)]> {
        (0..self.len()).map(|at| self.row(at))
    }

    /// All cells, row after row.
    pub(super) fn cells(&self) -> &[(Uid, Fixed)] {
        &self.cells
    }

    /// Adds a row.
    pub(super) fn push_row(&mut self, cells: impl Iterator<Item = (Uid, Fixed)>) {
        self.cells.extend(cells);
        self.ends.push(self.cells.len());
    }

    /// The last row, to change it.
    pub(super) fn last_row(&mut self) -> &mut [(Uid, Fixed)] {
        let start = self.len().checked_sub(1).map_or(0, |last| self.start(last));
        &mut self.cells[start..]
    }

    /// Replaces every cell, or takes it out.
    pub(super) fn change(&mut self, mut with: impl FnMut(usize, Uid, Fixed) -> Option<Fixed>) {
        let (mut start, mut kept) = (0, 0);
        for (row, end) in self.ends.iter_mut().enumerate() {
            let old_end = *end;
            for at in start..old_end {
                let (uid, value) = self.cells[at];
                if let Some(value) = with(row, uid, value) {
                    self.cells[kept] = (uid, value);
                    kept += 1;
                }
            }
            (start, *end) = (old_end, kept);
        }
        self.cells.truncate(kept);
    }

    /// What `fold` makes of every column, from zero on, over `n` columns.
    pub(super) fn fold_columns(&self, n: usize, fold: impl Fn(Fixed, Fixed) -> Fixed) -> Vec<Fixed> {
        let mut of_column = vec![Fixed::ZERO; n];
        for &(uid, value) in &self.cells {
            let column = &mut of_column[usize::from(uid.0)];
            *column = fold(*column, value);
        }
        of_column
    }

    /// Divides every column by its sum; one whose sum is zero stays as it is.
    pub(super) fn normalise_columns(&mut self, n: usize) {
        let sums = self.fold_columns(n, |sum, value| sum + value);
        self.change(|_, uid, value| Some(part_of(value, sums[usize::from(uid.0)])));
    }

    /// Per row, the sum of its cells times what their columns are worth.
    pub(super) fn times(&self, worth: &[Fixed]) -> Vec<Fixed> {
        let of_row =
            |row: &[(Uid, Fixed)]| row.iter().map(|&(j, value)| value * worth[usize::from(j.0)]).sum();
        self.iter().map(of_row).collect()
    }

    /// Per column, the sum of its cells times what their rows are worth.
    pub(super) fn transposed_times(&self, worth: &[Fixed]) -> Vec<Fixed> {
        let mut sums = vec![Fixed::ZERO; worth.len()];
        for (row, &worth) in self.iter().zip(worth) {
            if worth != Fixed::ZERO {
                for &(uid, value) in row {
                    let sum = &mut sums[usize::from(uid.0)];
                    *sum = *sum + worth * value;
                }
            }
        }
        sums
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.ends[before])
    }
}

/// `value / whole`, or `value` where the whole is zero.
pub(super) fn part_of(value: Fixed, whole: Fixed) -> Fixed {
    if whole == Fixed::ZERO { value } else { value / whole }
}

/// Divides the cells of one row by their sum, unless it is zero.
pub(super) fn normalise_row(row: &mut [(Uid, Fixed)]) {
    let sum = row.iter().map(|cell| cell.1).sum();
    for cell in row {
        divide_all(std::slice::from_mut(&mut cell.1), sum);
    }
}
