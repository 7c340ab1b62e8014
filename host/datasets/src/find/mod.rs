//! Which subnet a source's datasets are on: every subnet's commitments are read, the best are confirmed at the hub,
//! and the choice explains itself.
//!
//! A subnet is judged by all its neurons, so it does not matter whose commitment is missing: the owner at uid 0 often
//! has none. Decoys fall twice: their commitments do not decode, or what they name is not on the hub.

mod choice;
mod confirm;
mod error;
mod rank;
mod remembered;
mod search;

pub use choice::Choice;
pub use confirm::{Hub, Presence, SAMPLE};
pub use error::FindError;
pub use rank::{Candidate, Confirmed, LEAST_PERMILLE, NEAR_PERMILLE};
pub use remembered::{Memory, Remembered};
pub use search::{Subnet, search};
