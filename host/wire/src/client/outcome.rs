//! What became of a request.

use plimsoll_core::Digest;

use crate::answer::SignedAnswer;
use crate::btauth::SignedRequest;

/// A request and what became of it. `T` is what an answer in time says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange<T> {
    /// The signed part of the request; its receiver is the miner.
    pub request: SignedRequest,
    /// What became of it.
    pub outcome: Outcome<T>,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// Answered in time, signed by the miner.
    Answered {
        /// What it says.
        content: T,
        /// Until its last byte.
        elapsed_ms: u32,
        /// The miner's signature over it.
        answer: SignedAnswer,
    },
    /// Refused in time, signed by the miner.
    Refused {
        /// The status, 400 or more.
        status: u16,
        /// The miner's words, made legible.
        why: String,
        /// The body as it came: UTF-8, at most 4 KiB.
        body: String,
        /// Until its last byte.
        elapsed_ms: u32,
        /// The miner's signature over it.
        answer: SignedAnswer,
    },
    /// Answered after the deadline and within the grace, whatever the answer; signed by the miner.
    Late {
        /// Until its last byte.
        elapsed_ms: u32,
        /// The miner's signature over it.
        answer: SignedAnswer,
    },
    /// Nothing that could be an answer: no connection, a connection that ended, or no whole answer when the
    /// grace was over.
    Absent {
        /// What happened.
        why: String,
    },
    /// An answer that does not count as the miner's: unsigned, wrongly signed, too long, not HTTP, or signed
    /// and senseless.
    Garbage {
        /// What is wrong with it.
        why: String,
    },
}

impl<T> Outcome<T> {
    /// The time until the last byte, where there was a signed answer.
    #[must_use]
    pub const fn elapsed_ms(&self) -> Option<u32> {
        match self {
            Self::Answered { elapsed_ms, .. }
            | Self::Refused { elapsed_ms, .. }
            | Self::Late { elapsed_ms, .. } => Some(*elapsed_ms),
            Self::Absent { .. } | Self::Garbage { .. } => None,
        }
    }

    /// The miner's signature, where there was one.
    #[must_use]
    pub const fn answer(&self) -> Option<&SignedAnswer> {
        match self {
            Self::Answered { answer, .. } | Self::Refused { answer, .. } | Self::Late { answer, .. } => {
                Some(answer)
            }
            Self::Absent { .. } | Self::Garbage { .. } => None,
        }
    }

    /// SHA-256 of the answer's body, where there was a signed answer.
    #[must_use]
    pub fn body_sha256(&self) -> Option<Digest> {
        self.answer().map(|answer| answer.body_sha256)
    }
}
