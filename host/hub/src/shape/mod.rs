//! A subnet's datasets in the proportions of a real one: subnet 96 at block 7,082,055.
//!
//! 252 of 256 uids have a commitment (not 0, 5, 27 and 129), their repositories belong to 56 accounts, a dataset is 250
//! rows in about 181,530 bytes, and all rows come from 2,125 of the 5,301 rows of the evaluation set. The same seed
//! gives the same bytes.

mod chance;
mod evaluation;
mod miners;
mod subnet;

pub(crate) use chance::mix;

pub use evaluation::{EVALUATION_COMMIT, EVALUATION_REPO, evaluation_rows};
pub use subnet::{Miner, SHAPE_BLOCK, Shape};
