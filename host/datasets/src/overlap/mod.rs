//! Who copied whom: rows that datasets share, counted exactly.
//!
//! A dataset is known here by its place in the caller's list; the caller keeps what the place stands for. Rows are
//! sets of [`RowId`](crate::RowId)s, as the subnet compares them: a row repeated within one dataset counts once. In
//! reading order:
//!
//! - [`Rows`]: one dataset's rows and the block it was committed at;
//! - [`Overlaps`]: an inverted index and the counts of all pairs; one dataset can be replaced;
//! - [`Overlaps::greedy_groups`], [`Overlaps::components`]: groups as the subnet forms them, and as they hang
//!   together;
//! - [`Terms`], [`Overlaps::judge`]: the competition's two rules.

mod counts;
mod groups;
mod index;
mod keyed;
mod rules;

pub use groups::Group;
pub use index::{MAX_DATASETS, OverlapError, Overlaps, Pair, Rows};
pub(crate) use rules::mark;
pub use rules::{Judged, Terms};
