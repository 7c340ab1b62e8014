//! The host's pure kernels: bytes in, bytes out, all that a verifier needs and all it gets. In a plugin
//! these are native calls into the host; elsewhere they are the slow and obvious [`crate::twins`].
//!
//! Which bytes come out is defined in `wit/kernels.wit`.

use crate::Digest;

#[cfg(target_family = "wasm")]
use crate::export::kernels as played_by;
#[cfg(not(target_family = "wasm"))]
use crate::twins as played_by;

/// Which hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashKind {
    /// BLAKE3.
    Blake3,
    /// SHA-256.
    Sha256,
}

/// A stream of bytes keyed by 32 bytes, one for each unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keystream {
    /// The extended output of keyed BLAKE3 over the unit's index as eight little-endian bytes.
    Blake3Xof,
    /// ChaCha with 8 rounds; the unit's index is the 64-bit nonce.
    ChaCha8,
    /// ChaCha with 12 rounds.
    ChaCha12,
    /// ChaCha with 20 rounds.
    ChaCha20,
    /// AES-128 in counter mode under the first 16 bytes of the key.
    Aes128Ctr,
}

/// The digest of `bytes`.
#[must_use]
pub fn digest_of(kind: HashKind, bytes: &[u8]) -> Digest {
    played_by::digest_of(kind, bytes)
}

/// Keyed BLAKE3 of `bytes`.
#[must_use]
pub fn keyed_digest(key: &Digest, bytes: &[u8]) -> Digest {
    played_by::keyed_digest(key, bytes)
}

/// `len` bytes from `offset` of unit `unit`'s stream; at most 1 MiB.
#[must_use]
pub fn keystream_at(kind: Keystream, key: &Digest, unit: u64, offset: u64, len: u32) -> Vec<u8> {
    played_by::keystream_at(kind, key, unit, offset, len)
}

/// H(nonce ‖ unit) of a unit's first `len` bytes, regenerated: what [`crate::Region::digest_many`] gives
/// for an honest one. `len` is at most 16 MiB.
#[must_use]
pub fn keystream_digest(
    kind: Keystream,
    key: &Digest,
    unit: u64,
    len: u32,
    hash: HashKind,
    nonce: &[u8],
) -> Digest {
    played_by::keystream_digest(kind, key, unit, len, hash, nonce)
}

/// The Merkle leaf of the same bytes, as leaf number `unit` of `leaves`.
#[must_use]
pub fn keystream_leaf(
    kind: Keystream,
    key: &Digest,
    unit: u64,
    len: u32,
    hash: HashKind,
    leaves: u64,
) -> Digest {
    played_by::keystream_leaf(kind, key, unit, len, hash, leaves)
}

/// `len` characters of the seed prototype's text from a 32-byte state; at most 16 MiB.
#[must_use]
pub fn seed_text(state: &Digest, len: u32) -> Vec<u8> {
    played_by::seed_text(state, len)
}

/// SHA-256(text) and BLAKE3(`nonce` ‖ text) of the same text.
#[must_use]
pub fn seed_text_digests(state: &Digest, len: u32, nonce: &[u8]) -> [Digest; 2] {
    played_by::seed_text_digests(state, len, nonce)
}

/// The Merkle leaf of `bytes` as number `index` of `leaves`.
///
/// BLAKE3: the chaining value of `bytes` at byte `index` × `leaf_bytes`, so that the root is the plain BLAKE3
/// hash of all leaves' bytes; `leaf_bytes` is a power of two, 1 KiB or more; a single leaf is the hash
/// itself. SHA-256: RFC 6962.
#[must_use]
pub fn merkle_leaf(kind: HashKind, leaf_bytes: u32, leaves: u64, index: u64, bytes: &[u8]) -> Digest {
    played_by::merkle_leaf(kind, leaf_bytes, leaves, index, bytes)
}

/// Whether `path` (32 bytes a level, bottom up) leads from leaf `index` of `leaves` to `root`.
#[must_use]
pub fn merkle_verify(
    kind: HashKind,
    root: &Digest,
    leaves: u64,
    index: u64,
    leaf: &Digest,
    path: &[u8],
) -> bool {
    played_by::merkle_verify(kind, root, leaves, index, leaf, path)
}

/// Levels between leaf `index` of `leaves` and the root: how many digests its path has. 0 where there is
/// no such leaf, or only one.
#[must_use]
pub fn merkle_depth(leaves: u64, index: u64) -> u32 {
    let (mut leaves, mut index, mut depth) = (leaves, index, 0);
    while leaves > 1 && index < leaves {
        // The left subtree is the largest power of two that leaves a right one.
        let left = 1 << (leaves - 1).ilog2();
        (leaves, index) = if index < left { (left, index) } else { (leaves - left, index - left) };
        depth += 1;
    }
    depth
}
