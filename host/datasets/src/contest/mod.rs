//! A snapshot's datasets as their competitions compare them: the one place that knows which rows count.
//!
//! Of a file a competition uses the first so many rows, and it has its own limit for rows that two may share. Both are
//! asked of the plugin for each competition. What is compared everywhere, in verbs and on pages, is [`Field`]:
//!
//! - each dataset is cut to the rows that *its* competition uses;
//! - groups of copies are formed within a competition. What two datasets of different competitions share is counted and
//!   shown, and makes neither a copy;
//! - a file that the subnet's loader refuses has no rows there, and so takes no part;
//! - of a competition that the plugin does not know all rows count, and nobody of it is judged, unless a limit is given.
//!
//! In reading order:
//!
//! - [`Rulebook`], [`Rule`]: what each competition asks for;
//! - [`Entered`], [`Field`]: datasets under the rules, compared;
//! - [`NearSearch`], [`NearMiners`]: rows of different miners that are nearly the same.

mod field;
mod near;
mod rulebook;

pub use field::{Competition, Entered, Entrant, Field, Part};
pub use near::{
    LONGEST_ROW_BYTES, MOST_BYTES, MOST_ROWS, NearMiners, NearPairOfMiners, NearRows, NearSearch,
};
pub use rulebook::{Rule, Rulebook, competition_of};
