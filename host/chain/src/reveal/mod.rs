//! Weights committed as a hash now and revealed an epoch or more later, where a subnet asks for that.
//!
//! The chain takes the reveal only in one epoch: that of the commit and `RevealPeriodEpochs` more. A validator
//! that forgets what it committed to, or is away in that epoch, has set no weights. So [`RevealJournal`] writes
//! down the weights and the salt before the commit is sent, and gives them back after any crash; [`Pending`] says
//! of each what to do in which epoch. Sending, looking and deciding when is the caller's.

mod hash;
mod journal;
mod pending;

pub use hash::{MAX_SALT_WORDS, WeightsPreimage};
pub use journal::RevealJournal;
pub use pending::{COMMIT_LIFETIME_BLOCKS, MAX_PENDING, Pending, Stage, Step};
