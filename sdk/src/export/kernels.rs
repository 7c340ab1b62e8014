//! The host's pure kernels and its log, as the plugin calls them.

use super::handles::{hash_kind, keystream};
use crate::Digest;
use crate::bindings::imports::{log as wire_log, pure};
use crate::log::Level;
use crate::pure::{HashKind, Keystream};

/// The host promises 32 bytes; a trap is the right answer where it breaks that.
fn digest(bytes: &[u8]) -> Digest {
    super::convert::digest(bytes).unwrap_or_else(|error| panic!("a host kernel gave {error}"))
}

pub(crate) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Trace => wire_log::Level::Trace,
        Level::Debug => wire_log::Level::Debug,
        Level::Info => wire_log::Level::Info,
        Level::Warn => wire_log::Level::Warn,
        Level::Error => wire_log::Level::Error,
    };
    wire_log::log(level, message);
}

pub(crate) fn digest_of(kind: HashKind, bytes: &[u8]) -> Digest {
    digest(&pure::digest_of(hash_kind(kind), bytes))
}

pub(crate) fn keyed_digest(key: &Digest, bytes: &[u8]) -> Digest {
    digest(&pure::keyed_digest(key, bytes))
}

pub(crate) fn keystream_at(kind: Keystream, key: &Digest, unit: u64, offset: u64, len: u32) -> Vec<u8> {
    pure::keystream_at(keystream(kind), key, unit, offset, len)
}

pub(crate) fn keystream_digest(
    kind: Keystream,
    key: &Digest,
    unit: u64,
    len: u32,
    hash: HashKind,
    nonce: &[u8],
) -> Digest {
    digest(&pure::keystream_digest(keystream(kind), key, unit, len, hash_kind(hash), nonce))
}

pub(crate) fn keystream_leaf(
    kind: Keystream,
    key: &Digest,
    unit: u64,
    len: u32,
    hash: HashKind,
    leaves: u64,
) -> Digest {
    digest(&pure::keystream_leaf(keystream(kind), key, unit, len, hash_kind(hash), leaves))
}

pub(crate) fn seed_text(state: &Digest, len: u32) -> Vec<u8> {
    pure::seed_text(state, len)
}

pub(crate) fn seed_text_digests(state: &Digest, len: u32, nonce: &[u8]) -> [Digest; 2] {
    let (sha256, blake3) = pure::seed_text_digests(state, len, nonce);
    [digest(&sha256), digest(&blake3)]
}

pub(crate) fn merkle_leaf(kind: HashKind, leaf_bytes: u32, leaves: u64, index: u64, bytes: &[u8]) -> Digest {
    digest(&pure::merkle_leaf(hash_kind(kind), leaf_bytes, leaves, index, bytes))
}

pub(crate) fn merkle_verify(
    kind: HashKind,
    root: &Digest,
    leaves: u64,
    index: u64,
    leaf: &Digest,
    path: &[u8],
) -> bool {
    pure::merkle_verify(hash_kind(kind), root, leaves, index, leaf, path)
}
