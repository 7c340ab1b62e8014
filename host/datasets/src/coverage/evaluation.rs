//! The rows that datasets are measured by.

use std::collections::HashMap;

use crate::RowId;

/// An evaluation set: its different rows in the order in which they first stand there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvaluationSet {
    rows: Vec<RowId>,
    places: HashMap<RowId, usize>,
    n_repeated: usize,
}

impl EvaluationSet {
    /// Of a file's rows in order. A repeated row has the place of its first.
    pub fn new(rows: impl IntoIterator<Item = RowId>) -> Self {
        let mut set = Self::default();
        for id in rows {
            if set.places.contains_key(&id) {
                set.n_repeated += 1;
            } else {
                set.places.insert(id, set.rows.len());
                set.rows.push(id);
            }
        }
        set
    }

    /// Its different rows, in order.
    #[must_use]
    pub fn rows(&self) -> &[RowId] {
        &self.rows
    }

    /// How many rows were repeated and have no place of their own.
    #[must_use]
    pub const fn n_repeated(&self) -> usize {
        self.n_repeated
    }

    /// A row's place among the different ones, from 0; `None` for one of another set.
    #[must_use]
    pub fn place(&self, id: RowId) -> Option<usize> {
        self.places.get(&id).copied()
    }
}
