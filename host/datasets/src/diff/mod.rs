//! What became of one dataset in another: a later commit, another day, another miner. In reading order:
//!
//! - [`Line`]: a row and what it is known by;
//! - [`diff`], [`Diff`]: rows added, removed, moved and changed;
//! - [`words`], [`Piece`]: what changed within a row.

mod changed;
mod rows;
mod words;

pub use changed::{Changed, LIKENESS_OF_CHANGED};
pub use rows::{Diff, Line, diff};
pub use words::{MAX_WORDS, Piece, words};
