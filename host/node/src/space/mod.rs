//! A miner's space: divided, filled, checked, repaired.
//!
//! Reading order: [`allocate`] divides the disk into partitions, [`generate`] fills their plots, [`check`]
//! looks for damage, [`repair`] refills exactly what is damaged, [`import_seed`] reads the prototype's files.

mod allocate;
mod board;
mod check;
mod commitment;
mod conductor;
mod divide;
mod fill;
mod folding;
mod hash_only;
mod import;
mod keep;
mod open;
mod orphans;
mod planned;
mod progress;
mod repair;
mod witness;

pub use allocate::{AllocateRequest, Allocated, PARTITION_FILE, Skipped, allocate, miner_folder};
pub use check::{BadSpan, CheckDepth, CheckOptions, Checked, check};
pub(crate) use conductor::{Conductor, Hand};
pub(crate) use fill::conduct;
pub use fill::{GenerateJob, GenerateOptions, Generated, generate, scheme_tag};
pub use hash_only::{HashedOnly, hash_only};
pub use import::{ImportReport, import_seed};
pub use keep::Kept;
pub use orphans::Orphan;
pub use planned::expect_planned_for;
pub use progress::{Progress, Silent};
pub use repair::{Repaired, repair};
