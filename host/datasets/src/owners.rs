//! Datasets by whose they are: what an owner has, and what of it others have, too.
//!
//! Of all rows of all files, also of those that no competition counts: what is copied beyond the first rows is copied
//! all the same. Who an owner is (a coldkey, an account of the hub) is the caller's matter.

use crate::RowId;

/// One dataset and its owner, by the owner's place in the caller's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owned<'a> {
    /// Whose it is.
    pub owner: usize,
    /// Its rows.
    pub rows: &'a [RowId],
}

/// What one owner has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holding {
    /// Datasets.
    pub n_datasets: u64,
    /// Rows, repeated ones counted each time.
    pub n_rows: u64,
    /// Different rows.
    pub n_distinct: u64,
    /// Different rows that stand in two or more of the owner's datasets.
    pub n_shared_within: u64,
    /// Different rows that another owner has, too.
    pub n_shared_beyond: u64,
}

/// What each of so many owners has. An owner without a dataset has nothing.
///
/// # Panics
/// Where an owner's place is not below `n_owners`.
#[must_use]
pub fn holdings(n_owners: usize, datasets: &[Owned<'_>]) -> Vec<Holding> {
    let mut all = vec![Holding::default(); n_owners];
    let mut held: Vec<(RowId, usize, usize)> = Vec::new();
    for (dataset, owned) in datasets.iter().enumerate() {
        all[owned.owner].n_datasets += 1;
        all[owned.owner].n_rows += owned.rows.len() as u64;
        held.extend(owned.rows.iter().map(|id| (*id, owned.owner, dataset)));
    }
    held.sort_unstable();
    held.dedup();
    for of_row in held.chunk_by(|left, right| left.0 == right.0) {
        for of_owner in of_row.chunk_by(|left, right| left.1 == right.1) {
            let holding = &mut all[of_owner[0].1];
            holding.n_distinct += 1;
            holding.n_shared_within += u64::from(of_owner.len() > 1);
            holding.n_shared_beyond += u64::from(of_owner.len() < of_row.len());
        }
    }
    all
}
