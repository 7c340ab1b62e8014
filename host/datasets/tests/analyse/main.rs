//! What datasets are made of, what of an evaluation set they use, whose they are, and which rows a seed chooses.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

#[path = "../compare/python.rs"]
mod python;

mod coverage;
mod owners;
mod rows;
mod scripts;
mod select;
mod spread;

use plimsoll_datasets::RowId;

/// A row's id, by a number.
fn id(number: u32) -> RowId {
    RowId::of(&number.to_le_bytes())
}

fn ids(numbers: &[u32]) -> Vec<RowId> {
    numbers.iter().map(|number| id(*number)).collect()
}
