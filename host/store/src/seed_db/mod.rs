//! The seed prototype's databases: `data-<validator>` and `hashes-<validator>`.
//!
//! Each is one SQLite file with one table, named `DB` followed by the seed, with `id INTEGER PRIMARY KEY, data
//! TEXT, rng_state BLOB`: row i holds chunk i as text, or the lower-case hex of its SHA-256, and the state behind
//! it. They are read only, and nothing in them is trusted: every row is held against the chain that the seed
//! in the table's name gives.

mod check;
mod open;
mod report;

pub use open::{DbKind, SeedDb, SeedRow};
pub use report::{Restart, SeedDbReport};
