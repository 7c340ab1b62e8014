//! A signed request, and who makes one.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_core::{Digest, Hotkey, Keypair, Signature, verify_signature};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::headers::{self, nonce_of};
use crate::clock::Clock;
use crate::texts::sha256;

/// What tells one request of a sender from all others: the nanosecond it was signed at. Text in JSON, for it
/// is beyond the 53 bits that other readers of JSON keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce(pub u64);

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Nonce {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Nonce {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        nonce_of(&text).ok_or_else(|| D::Error::custom("expected a nonce in decimal digits"))
    }
}

/// A request's signed part: all that is needed to hold it against its sender, but the body itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRequest {
    /// In upper case.
    pub method: String,
    /// path?query as sent.
    pub target: String,
    /// SHA-256 of the body.
    pub body_sha256: Digest,
    /// When, and which.
    pub nonce: Nonce,
    /// Who signed.
    pub sender: Hotkey,
    /// For whom.
    pub receiver: Hotkey,
    /// By what.
    pub signature: Signature,
}

impl SignedRequest {
    /// The eight lines that are signed.
    #[must_use]
    pub fn payload(&self) -> String {
        payload(&self.method, &self.target, &self.body_sha256, self.nonce, &self.sender, &self.receiver)
    }

    /// SHA-256 of the payload: what an answer is bound to.
    #[must_use]
    pub fn digest(&self) -> Digest {
        sha256(self.payload().as_bytes())
    }

    /// Whether the sender signed this.
    #[must_use]
    pub fn verifies(&self) -> bool {
        verify_signature(&self.sender, self.payload().as_bytes(), &self.signature)
    }

    /// The headers to send, in lower case.
    #[must_use]
    pub fn headers(&self) -> [(&'static str, String); 5] {
        [
            (headers::VERSION, "1".to_owned()),
            (headers::HOTKEY, self.sender.to_ss58()),
            (headers::RECEIVER, self.receiver.to_ss58()),
            (headers::NONCE, self.nonce.to_string()),
            (headers::SIGNATURE, format!("0x{}", self.signature)),
        ]
    }
}

pub(super) fn payload(
    method: &str,
    target: &str,
    body_sha256: &Digest,
    nonce: Nonce,
    sender: &Hotkey,
    receiver: &Hotkey,
) -> String {
    format!("btauth/1\nsr25519\n{method}\n{target}\n{body_sha256}\n{nonce}\n{sender}\n{receiver}")
}

/// Signs requests of one hotkey. Its nonces are the clock's nanoseconds and always rise, also where the clock
/// stands still, steps back, or many threads sign at once.
#[derive(Debug)]
pub struct RequestSigner {
    key: Keypair,
    clock: Arc<dyn Clock>,
    last: AtomicU64,
}

impl RequestSigner {
    /// A signer with `key`.
    #[must_use]
    pub fn new(key: Keypair, clock: Arc<dyn Clock>) -> Self {
        Self { key, clock, last: AtomicU64::new(0) }
    }

    /// Who signs.
    #[must_use]
    pub fn hotkey(&self) -> Hotkey {
        self.key.hotkey()
    }

    /// Signs a request of `method` to `target` with `body`, for `receiver`.
    #[must_use]
    pub fn sign(&self, method: &str, target: &str, body: &[u8], receiver: Hotkey) -> SignedRequest {
        self.sign_sha256(method, target, sha256(body), receiver)
    }

    /// The same for a body that is known by its SHA-256.
    #[must_use]
    pub fn sign_sha256(
        &self,
        method: &str,
        target: &str,
        body_sha256: Digest,
        receiver: Hotkey,
    ) -> SignedRequest {
        let method = method.to_ascii_uppercase();
        let (nonce, sender) = (self.next_nonce(), self.hotkey());
        let text = payload(&method, target, &body_sha256, nonce, &sender, &receiver);
        let signature = self.key.sign(text.as_bytes());
        SignedRequest { method, target: target.to_owned(), body_sha256, nonce, sender, receiver, signature }
    }

    fn next_nonce(&self) -> Nonce {
        let now = self.clock.unix_ns();
        let next = |last: u64| now.max(last.saturating_add(1));
        let before = self.last.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(next(last)));
        Nonce(next(before.unwrap_or_else(|last| last)))
    }
}
