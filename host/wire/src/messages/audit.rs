//! One audit, asked and answered.

use plimsoll_core::{BlockNumber, Digest, Epoch, NetUid};
use serde::{Deserialize, Serialize};

use super::why::{MessageError, expect, from_json, to_json};
use crate::limits::MAX_CHALLENGE_BYTES;
use crate::texts::hex_bytes;

/// What a validator asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditRequest {
    /// On which subnet.
    pub netuid: NetUid,
    /// In which round.
    pub epoch: Epoch,
    /// The block of the round's beacon.
    pub block: BlockNumber,
    /// Of which plot: [`Registration::digest`](super::Registration::digest).
    pub registration: Digest,
    /// What its scheme drew; lower-case hex in JSON.
    #[serde(with = "hex_bytes")]
    pub challenge: Vec<u8>,
    /// How long the answer may take, from just before the request is sent to the answer's last byte.
    pub deadline_ms: u32,
}

const WHAT: &str = "the audit request";

impl AuditRequest {
    /// The canonical JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        to_json(self)
    }

    /// Reads the canonical JSON.
    ///
    /// # Errors
    /// [`MessageError`] saying what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MessageError> {
        let request: Self = from_json(WHAT, bytes)?;
        request.check()?;
        if request.to_bytes() == bytes { Ok(request) } else { Err(MessageError::NotCanonical(WHAT)) }
    }

    /// Whether it may be sent.
    ///
    /// # Errors
    /// [`MessageError::Field`] for a challenge beyond [`MAX_CHALLENGE_BYTES`] or no time to answer.
    pub fn check(&self) -> Result<(), MessageError> {
        let most = format!("at most {MAX_CHALLENGE_BYTES} bytes");
        expect(self.challenge.len() <= MAX_CHALLENGE_BYTES, "challenge", &most, &self.challenge.len())?;
        expect(self.deadline_ms > 0, "deadline_ms", &"1 or more", &self.deadline_ms)
    }
}

/// What a miner answers to an audit that it does not refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditReply {
    /// Status 200: the proof's bytes.
    Proof(Vec<u8>),
    /// Status 204: the challenge asks for nothing that the plot holds; no failure in lottery-like schemes.
    NotEligible,
}

impl AuditReply {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Proof(_) => 200,
            Self::NotEligible => 204,
        }
    }

    /// The body: the proof, or nothing.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match self {
            Self::Proof(bytes) => bytes,
            Self::NotEligible => &[],
        }
    }

    /// The body, taken out.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        match self {
            Self::Proof(bytes) => bytes,
            Self::NotEligible => Vec::new(),
        }
    }
}

impl From<plimsoll_core::Answer> for AuditReply {
    fn from(answer: plimsoll_core::Answer) -> Self {
        match answer {
            plimsoll_core::Answer::Proof(bytes) => Self::Proof(bytes),
            plimsoll_core::Answer::NotEligible => Self::NotEligible,
        }
    }
}
