//! What is shown and stored of bytes that may be a secret.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Bytes that are known by their length and the first eight bytes of their BLAKE3 digest alone: enough to tell whether
/// something changed, too little to use. Who has a guess can try it; a key of 128 bits or more cannot be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Redacted {
    /// How many bytes there are.
    pub bytes: u32,
    /// The first eight bytes of their BLAKE3.
    #[serde(with = "hex::serde")]
    pub blake3_prefix: [u8; 8],
}

impl Redacted {
    /// What may be told of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let digest = blake3::hash(bytes);
        let mut blake3_prefix = [0; 8];
        blake3_prefix.copy_from_slice(&digest.as_bytes()[..8]);
        Self { bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX), blake3_prefix }
    }
}

impl fmt::Display for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, blake3 {}…", self.bytes, hex::encode(self.blake3_prefix))
    }
}
