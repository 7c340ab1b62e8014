//! Rows chosen for training: the same seed and the same rows give the same choice, whatever order they come in.
//!
//! Each row draws a number from the seed and its identity alone. Nothing follows from where a row stands or what else
//! there is, so a larger choice begins with the smaller one, and new rows push out only as many old ones as they are
//! themselves. Which part of a split a row is in does not even follow from the seed. In reading order:
//!
//! - [`Choice`]: so many rows of those that are offered;
//! - [`Split`]: parts such as `train=0.9,test=0.1`;
//! - [`Written`]: what came of it, to compare two runs by.

mod choice;
mod split;
mod written;

pub use choice::Choice;
pub use split::{Split, SplitError};
pub use written::Written;
