//! The message under a sealed key: AES-256-GCM without associated data, the tag last.

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};

pub(super) const NONCE_BYTES: usize = 12;
pub(super) const TAG_BYTES: usize = 16;

/// `None` for messages beyond 64 GiB.
pub(super) fn encrypt(key: &[u8; 32], nonce: &[u8; NONCE_BYTES], message: &[u8]) -> Option<Vec<u8>> {
    Aes256Gcm::new(key.into()).encrypt(&Nonce::from(*nonce), message).ok()
}

/// `None` where the key is another or a bit has changed.
pub(super) fn decrypt(key: &[u8; 32], nonce: &[u8; NONCE_BYTES], body: &[u8]) -> Option<Vec<u8>> {
    Aes256Gcm::new(key.into()).decrypt(&Nonce::from(*nonce), body).ok()
}
