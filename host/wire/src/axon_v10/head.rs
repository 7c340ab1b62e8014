//! The headers of a dendrite, read strictly.

use std::fmt::Display;
use std::str::FromStr;

use axum::http::HeaderMap;
use plimsoll_core::{Digest, Hotkey, Signature, verify_signature};

use crate::answer::{AnswerError, SignedAnswer};
use crate::btauth::{AuthError, Nonce, malformed, nonce_of, optional, required, signature_of};
use crate::texts::sha256;

const NAME: &str = "name";
const TIMEOUT: &str = "timeout";
const AXON_HOTKEY: &str = "bt_header_axon_hotkey";
const NONCE: &str = "bt_header_dendrite_nonce";
const UUID: &str = "bt_header_dendrite_uuid";
const DENDRITE_HOTKEY: &str = "bt_header_dendrite_hotkey";
const SIGNATURE: &str = "bt_header_dendrite_signature";
const VERSION: &str = "bt_header_dendrite_version";
const BODY_HASH: &str = "computed_body_hash";

/// What the headers say, before anything is believed. Only what is in the [signed string](Self::signed_string) is
/// ever acted on; the rest is echoed.
#[derive(Debug, Clone, PartialEq)]
pub struct V10Head {
    /// The synapse's class.
    pub name: String,
    /// How long the dendrite waits, in seconds.
    pub timeout_s: f64,
    /// Who asks.
    pub dendrite: Hotkey,
    /// Who is asked.
    pub axon: Hotkey,
    /// When, and which.
    pub nonce: Nonce,
    /// Of the dendrite's process.
    pub uuid: String,
    /// The dendrite's version, such as 10005000.
    pub version: u64,
    /// 64 lower-case hex digits.
    pub body_hash: String,
    /// Over the signed string.
    pub signature: Signature,
}

impl V10Head {
    /// Reads the headers of a synapse of class `name`.
    ///
    /// # Errors
    /// [`AuthError::Malformed`] naming the header.
    pub fn parse(headers: &HeaderMap, name: &'static str) -> Result<Self, AuthError> {
        let found = required(headers, NAME)?;
        if found != name {
            return Err(malformed(NAME, format!("expected {name}, the only synapse on this path")));
        }
        let timeout_s = required(headers, TIMEOUT)?.parse().ok();
        let timeout_s = timeout_s.filter(|s: &f64| s.is_finite() && *s > 0.0);
        let uuid = required(headers, UUID)?;
        let plain = uuid.len() == 36 && uuid.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        if !plain {
            return Err(malformed(UUID, "expected a uuid of 36 characters"));
        }
        let hash = optional(headers, BODY_HASH)?.unwrap_or_default();
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if hash.len() != 64 || !hash.bytes().all(hex) {
            return Err(malformed(
                BODY_HASH,
                "expected 64 lower-case hex digits: the body must be signed for",
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            timeout_s: timeout_s.ok_or_else(|| malformed(TIMEOUT, "expected seconds, more than 0"))?,
            dendrite: parsed(headers, DENDRITE_HOTKEY)?,
            axon: parsed(headers, AXON_HOTKEY)?,
            nonce: nonce_of(required(headers, NONCE)?).ok_or_else(|| {
                malformed(NONCE, "expected nanoseconds since 1970 in decimal digits, no leading zeros")
            })?,
            uuid: uuid.to_owned(),
            version: parsed(headers, VERSION)?,
            body_hash: hash.to_owned(),
            signature: signature_of(required(headers, SIGNATURE)?)
                .ok_or_else(|| malformed(SIGNATURE, "expected 0x and 128 hex digits"))?,
        })
    }

    /// What the dendrite signs.
    #[must_use]
    pub fn signed_string(&self) -> String {
        let Self { nonce, dendrite, axon, uuid, body_hash, .. } = self;
        format!("{nonce}.{dendrite}.{axon}.{uuid}.{body_hash}")
    }

    /// Whether the dendrite signed this.
    #[must_use]
    pub fn verifies(&self) -> bool {
        verify_signature(&self.dendrite, self.signed_string().as_bytes(), &self.signature)
    }

    /// What an answer with `status` and `body` is signed over, still without its signature.
    pub(crate) fn answer(&self, status: u16, body: &[u8]) -> SignedAnswer {
        SignedAnswer {
            status,
            nonce: self.nonce,
            requester: self.dendrite,
            responder: self.axon,
            request_sha256: self.digest(),
            body_sha256: sha256(body),
            signature: Signature([0; 64]),
        }
    }

    /// Reads and verifies the signature that this project's miners add to their answers.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn verify_answer(
        &self,
        headers: &HeaderMap,
        status: u16,
        body: &[u8],
    ) -> Result<SignedAnswer, AnswerError> {
        self.answer(status, body).verified(headers)
    }

    /// SHA-256 of the signed string: what an answer is bound to.
    #[must_use]
    pub fn digest(&self) -> Digest {
        sha256(self.signed_string().as_bytes())
    }
}

fn parsed<T: FromStr<Err: Display>>(headers: &HeaderMap, name: &'static str) -> Result<T, AuthError> {
    required(headers, name)?.parse().map_err(|e: T::Err| malformed(name, e.to_string()))
}
