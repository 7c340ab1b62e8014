//! Signed answers: the miner signs what it answers, so that a proof, and a refusal, can be held against it.
//!
//! Bittensor's btauth/1 leaves responses unsigned; this is the other half. The signed text is eight lines
//! joined by one line feed:
//!
//! ```text
//! plimsoll-answer/1
//! sr25519
//! <status, decimal>
//! <nonce of the request, decimal>
//! <requester, SS58>
//! <responder, SS58>
//! <SHA-256 of the request's own signed text, lower-case hex>
//! <SHA-256 of the answer's body, lower-case hex>
//! ```
//!
//! The seventh line binds the answer to *what* was asked. With the nonce alone a validator could sign two
//! requests under one nonce and hold the answer to one of them against the other.
//!
//! The headers are `X-Plimsoll-Version: 1`, `-Hotkey` (the responder), `-Nonce` (the request's) and
//! `-Signature` (`0x` and 128 hex digits). Content type and other headers are not signed and decide nothing:
//! what a body means follows from the request and the status.

use axum::http::HeaderMap;
use plimsoll_core::{Digest, Hotkey, Keypair, Signature, verify_signature};

use crate::btauth::{Nonce, SignedRequest, nonce_of, signature_of};
use crate::texts::sha256;

const VERSION: &str = "x-plimsoll-version";
const HOTKEY: &str = "x-plimsoll-hotkey";
const NONCE: &str = "x-plimsoll-nonce";
const SIGNATURE: &str = "x-plimsoll-signature";

/// An answer's signed part: all that is needed to hold it against its responder, but the body itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The nonce of the request.
    pub nonce: Nonce,
    /// Who asked.
    pub requester: Hotkey,
    /// Who answers.
    pub responder: Hotkey,
    /// What was asked: [`SignedRequest::digest`].
    pub request_sha256: Digest,
    /// SHA-256 of the answer's body.
    pub body_sha256: Digest,
    /// By what.
    pub signature: Signature,
}

/// Why an answer does not count as the miner's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// No signature headers at all.
    #[error("the answer is not signed")]
    Unsigned,
    /// A header is missing or has the wrong form.
    #[error("answer header {0}: expected {1}")]
    Malformed(&'static str, &'static str),
    /// Signed by somebody else, or for another request.
    #[error("the answer's {what} is {found}, expected {expected}")]
    Mismatch {
        /// Which word.
        what: &'static str,
        /// What was asked for.
        expected: String,
        /// What came.
        found: String,
    },
    /// Not by the miner, or not for these bytes.
    #[error("the answer's signature does not verify for this request, status and body")]
    BadSignature,
}

impl SignedAnswer {
    /// Signs `body` with `status` as the answer to `request`. The responder is the owner of `key`.
    #[must_use]
    pub fn sign(key: &Keypair, request: &SignedRequest, status: u16, body: &[u8]) -> Self {
        Self::sign_sha256(key, request, status, sha256(body))
    }

    /// The same for a body that is known by its SHA-256, or by its
    /// [statement](crate::cargo::CargoClaim::statement_sha256).
    #[must_use]
    pub fn sign_sha256(key: &Keypair, request: &SignedRequest, status: u16, body_sha256: Digest) -> Self {
        let unsigned = Self::claimed(request, status, body_sha256, Signature([0; 64]));
        Self { responder: key.hotkey(), ..unsigned }.signed_by(key)
    }

    /// Signed over what it says; its responder must be the owner of `key`.
    pub(crate) fn signed_by(self, key: &Keypair) -> Self {
        Self { signature: key.sign(self.payload().as_bytes()), ..self }
    }

    /// What `signature` would have to be over, if the receiver of `request` answered so. Not verified.
    #[must_use]
    pub fn claimed(request: &SignedRequest, status: u16, body_sha256: Digest, signature: Signature) -> Self {
        Self {
            status,
            nonce: request.nonce,
            requester: request.sender,
            responder: request.receiver,
            request_sha256: request.digest(),
            body_sha256,
            signature,
        }
    }

    /// Reads and verifies the answer to `request`.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn verify(
        headers: &HeaderMap,
        request: &SignedRequest,
        status: u16,
        body: &[u8],
    ) -> Result<Self, AnswerError> {
        Self::verify_sha256(headers, request, status, sha256(body))
    }

    /// The same for a body of which the SHA-256, or the statement, is known.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn verify_sha256(
        headers: &HeaderMap,
        request: &SignedRequest,
        status: u16,
        body_sha256: Digest,
    ) -> Result<Self, AnswerError> {
        Self::claimed(request, status, body_sha256, Signature([0; 64])).verified(headers)
    }

    /// With the signature of `headers`, if it is the responder's over what this says.
    pub(crate) fn verified(self, headers: &HeaderMap) -> Result<Self, AnswerError> {
        if headers.get(SIGNATURE).is_none() {
            return Err(AnswerError::Unsigned);
        }
        if only(headers, VERSION) != Some("1") {
            return Err(AnswerError::Malformed(VERSION, "1"));
        }
        let responder: Hotkey = only(headers, HOTKEY)
            .and_then(|text| text.parse().ok())
            .ok_or(AnswerError::Malformed(HOTKEY, "an SS58 address"))?;
        let nonce = only(headers, NONCE)
            .and_then(nonce_of)
            .ok_or(AnswerError::Malformed(NONCE, "the request's nonce in decimal digits"))?;
        let signature = only(headers, SIGNATURE)
            .and_then(signature_of)
            .ok_or(AnswerError::Malformed(SIGNATURE, "0x and 128 hex digits"))?;
        mismatch("responder", self.responder.to_string(), responder.to_string())?;
        mismatch("nonce", self.nonce.to_string(), nonce.to_string())?;
        let answer = Self { signature, ..self };
        if answer.verifies() { Ok(answer) } else { Err(AnswerError::BadSignature) }
    }

    /// The eight lines that are signed.
    #[must_use]
    pub fn payload(&self) -> String {
        let Self { status, nonce, requester, responder, request_sha256, body_sha256, .. } = self;
        format!(
            "plimsoll-answer/1\nsr25519\n{status}\n{nonce}\n{requester}\n{responder}\n{request_sha256}\n{body_sha256}"
        )
    }

    /// Whether the responder signed this.
    #[must_use]
    pub fn verifies(&self) -> bool {
        verify_signature(&self.responder, self.payload().as_bytes(), &self.signature)
    }

    /// The headers to send, in lower case.
    #[must_use]
    pub fn headers(&self) -> [(&'static str, String); 4] {
        [
            (VERSION, "1".to_owned()),
            (HOTKEY, self.responder.to_ss58()),
            (NONCE, self.nonce.to_string()),
            (SIGNATURE, format!("0x{}", self.signature)),
        ]
    }
}

/// The header's value, if it comes exactly once and is text.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next().filter(|_| all.next().is_none())?;
    first.to_str().ok()
}

fn mismatch(what: &'static str, expected: String, found: String) -> Result<(), AnswerError> {
    if expected == found { Ok(()) } else { Err(AnswerError::Mismatch { what, expected, found }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::btauth::RequestSigner;
    use crate::clock::ManualClock;
    use std::sync::Arc;

    fn asked() -> (SignedRequest, Keypair) {
        let miner = Keypair::from_seed(&[2; 32]);
        let signer =
            RequestSigner::new(Keypair::from_seed(&[1; 32]), Arc::new(ManualClock::at(1_000_000_007)));
        (signer.sign("POST", "/v1/audit", b"{}", miner.hotkey()), miner)
    }

    fn carried(answer: &SignedAnswer) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in answer.headers() {
            headers.insert(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_signed_text_is_eight_lines_as_documented() {
        let (request, miner) = asked();
        let answer = SignedAnswer::sign(&miner, &request, 200, b"proof");
        let expected = format!(
            "plimsoll-answer/1\nsr25519\n200\n1000000007\n{}\n{}\n{}\n{}",
            request.sender,
            miner.hotkey(),
            request.digest(),
            // printf proof | sha256sum
            "c1cda26362828b69266512052b97cb3729e3b052e4ade47c0a1e3383defe73c7",
        );
        assert_eq!(answer.payload(), expected);
    }

    #[test]
    fn an_answer_counts_for_its_request_status_and_body_only() {
        let (request, miner) = asked();
        let headers = carried(&SignedAnswer::sign(&miner, &request, 200, b"proof"));
        assert!(SignedAnswer::verify(&headers, &request, 200, b"proof").is_ok());
        let bad = Err(AnswerError::BadSignature);
        assert_eq!(SignedAnswer::verify(&headers, &request, 204, b"proof"), bad);
        assert_eq!(SignedAnswer::verify(&headers, &request, 200, b"prooF"), bad);
        let same_nonce_other_question = SignedRequest { body_sha256: sha256(b"{ }"), ..request };
        assert_eq!(SignedAnswer::verify(&headers, &same_nonce_other_question, 200, b"proof"), bad);
    }

    #[test]
    fn an_answer_of_another_miner_names_both() {
        let (request, miner) = asked();
        let other = Keypair::from_seed(&[3; 32]);
        let headers = carried(&SignedAnswer::sign(&other, &request, 200, b"proof"));
        let why = SignedAnswer::verify(&headers, &request, 200, b"proof").unwrap_err().to_string();
        assert_eq!(why, format!("the answer's responder is {}, expected {}", other.hotkey(), miner.hotkey()));
        assert_eq!(SignedAnswer::verify(&HeaderMap::new(), &request, 200, b""), Err(AnswerError::Unsigned));
    }
}
