//! What can go wrong on the wire.

use crate::answer::AnswerError;
use crate::btauth::AuthError;
use crate::evidence::EvidenceError;
use crate::messages::MessageError;

/// What can go wrong on the wire, by whose fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The caller's: its request is not taken.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The miner's: its answer does not count.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The other side's: a message that says nothing sensible.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// Ours: the log cannot be written or does not hold.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The system's: no HTTP client or server can be had.
    #[error("no HTTP client or server: {0}")]
    Http(String),
}
