//! What can go wrong on the wire.

use crate::answer::AnswerError;
use crate::btauth::{AuthError, ReplayLogError};
use crate::evidence::EvidenceError;
use crate::messages::MessageError;
use crate::server::OptionsError;

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
    /// Ours: the log of taken requests cannot be read or written.
    #[error(transparent)]
    Replay(#[from] ReplayLogError),
    /// Ours: a setting of the server.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The system's: no HTTP client or server can be had.
    #[error("no HTTP client or server: {0}")]
    Http(String),
}
