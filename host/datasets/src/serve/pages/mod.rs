//! The pages, one file each: what is looked up at once, and what follows.

mod changes;
mod difference;
mod groups;
mod miner;
mod miners;
mod overlap;
mod overview;
mod proof;
mod rows;
mod words;

pub(super) use changes::changes;
pub(super) use difference::difference;
pub(super) use groups::groups;
pub(super) use miner::miner;
pub(super) use miners::miners;
pub(super) use overlap::{cell, overlap, picture};
pub(super) use overview::{overview, subnet};
pub(super) use proof::{entry_path, proof};
pub(super) use rows::rows;
