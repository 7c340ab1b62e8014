//! Digests of the seed prototype's texts, for who checks them and keeps none.

use plimsoll_core::Digest;
use sha2::{Digest as _, Sha256};

use crate::seed_text::SeedText;

/// Text is hashed while it is still in the processor's nearest cache.
const PIECE_BYTES: usize = 8 * 1024;

/// Of the text of `len` letters that [`crate::seed_text`] gives for `state`: SHA-256(text) and BLAKE3(`nonce` ‖ text).
#[must_use]
pub fn seed_text_digests(state: &Digest, len: u32, nonce: &[u8]) -> [Digest; 2] {
    let (mut text, mut sha256) = (SeedText::new(state), Sha256::new());
    let mut all = nonce.to_vec();
    all.resize(nonce.len() + len as usize, 0);
    for piece in all[nonce.len()..].chunks_mut(PIECE_BYTES) {
        text.write(piece);
        sha256.update(&*piece);
    }
    // BLAKE3 takes all at once: pieces that do not begin with a chunk of 1 KiB leave it few chunks to hash side by
    // side, and it takes twice as long.
    [Digest(sha256.finalize().into()), Digest::of(&all)]
}
