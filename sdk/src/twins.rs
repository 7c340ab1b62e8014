//! The native twins of the host's pure kernels: slow, obvious, written from the definitions in
//! `wit/kernels.wit` and from nothing else, so that tests of a plugin are also a check of the kernels.
//!
//! As the host does, they stop a call that breaks a bound.

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit, StreamCipher, StreamCipherSeek};
use blake3::hazmat::{HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use chacha20::KeyIvInit;
use sha2::Digest as _;

use crate::Digest;
use crate::pure::{HashKind, Keystream};

const MIB: u32 = 1 << 20;
/// The most bytes that a plugin may hand over in one call, all arguments together.
const MOST_BYTES: usize = 4 << 20;
const MOST_NONCE_BYTES: usize = 4 << 10;

/// Stops a call of `what` with `len` bytes of arguments where `most` are allowed.
fn handed_over(what: &str, len: usize, most: usize) {
    assert!(len <= most, "{what} takes at most {most} bytes, {len} were handed over");
}

/// See [`crate::pure::digest_of`].
///
/// # Panics
/// Beyond 4 MiB.
#[must_use]
pub fn digest_of(kind: HashKind, bytes: &[u8]) -> Digest {
    handed_over("digest-of", bytes.len(), MOST_BYTES);
    hash(kind, bytes)
}

/// The digest of any number of bytes, as the host takes it of what it has itself.
pub(crate) fn hash(kind: HashKind, bytes: &[u8]) -> Digest {
    match kind {
        HashKind::Blake3 => *blake3::hash(bytes).as_bytes(),
        HashKind::Sha256 => sha2::Sha256::digest(bytes).into(),
    }
}

/// See [`crate::pure::keyed_digest`].
///
/// # Panics
/// Beyond 4 MiB.
#[must_use]
pub fn keyed_digest(key: &Digest, bytes: &[u8]) -> Digest {
    handed_over("keyed-digest", key.len() + bytes.len(), MOST_BYTES);
    *blake3::keyed_hash(key, bytes).as_bytes()
}

/// See [`crate::pure::keystream_at`].
///
/// # Panics
/// Beyond 1 MiB.
#[must_use]
pub fn keystream_at(kind: Keystream, key: &Digest, unit: u64, offset: u64, len: u32) -> Vec<u8> {
    assert!(len <= MIB, "keystream-at gives at most 1 MiB a call, {len} bytes were asked");
    keystream(kind, key, unit, offset, len)
}

/// `len` bytes from `offset` of unit `unit`'s stream.
pub(crate) fn keystream(kind: Keystream, key: &Digest, unit: u64, offset: u64, len: u32) -> Vec<u8> {
    let mut out = vec![0; len as usize];
    // A 64-bit counter and a 64-bit nonce: the 96-bit nonce of the crate holds the counter's upper half.
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&unit.to_le_bytes());
    let (key_words, nonce) = ((*key).into(), nonce.into());
    match kind {
        Keystream::Blake3Xof => {
            let mut reader = blake3::Hasher::new_keyed(key).update(&unit.to_le_bytes()).finalize_xof();
            reader.set_position(offset);
            reader.fill(&mut out);
        }
        Keystream::ChaCha8 => stream(chacha20::ChaCha8::new(&key_words, &nonce), offset, &mut out),
        Keystream::ChaCha12 => stream(chacha20::ChaCha12::new(&key_words, &nonce), offset, &mut out),
        Keystream::ChaCha20 => stream(chacha20::ChaCha20::new(&key_words, &nonce), offset, &mut out),
        Keystream::Aes128Ctr => aes_ctr(key, unit, offset, &mut out),
    }
    out
}

fn stream<C: StreamCipher + StreamCipherSeek>(mut cipher: C, offset: u64, out: &mut [u8]) {
    cipher.seek(offset);
    cipher.apply_keystream(out);
}

/// Block n of the stream is AES(the nonce's eight bytes ‖ n as eight big-endian bytes).
fn aes_ctr(key: &Digest, unit: u64, offset: u64, out: &mut [u8]) {
    let mut half = [0; 16];
    half.copy_from_slice(&key[..16]);
    let cipher = aes::Aes128::new(&Array(half));
    let block = |counter: u64| {
        let mut bytes = [unit.to_le_bytes(), counter.to_be_bytes()].concat();
        cipher.encrypt_block(bytes.as_mut_slice().try_into().expect("a block has 16 bytes"));
        bytes
    };
    let end = offset + out.len() as u64;
    let blocks: Vec<u8> = (offset / 16..end.div_ceil(16)).flat_map(block).collect();
    out.copy_from_slice(&blocks[(offset % 16) as usize..][..out.len()]);
}

/// See [`crate::pure::keystream_digest`].
///
/// # Panics
/// Beyond 16 MiB, or with a nonce beyond 4 KiB.
#[must_use]
pub fn keystream_digest(
    kind: Keystream,
    key: &Digest,
    unit: u64,
    len: u32,
    hash: HashKind,
    nonce: &[u8],
) -> Digest {
    assert!(len <= 16 * MIB, "keystream-digest takes at most 16 MiB a unit, {len} bytes were asked");
    handed_over("the nonce of keystream-digest", nonce.len(), MOST_NONCE_BYTES);
    self::hash(hash, &[nonce, &keystream(kind, key, unit, 0, len)].concat())
}

/// See [`crate::pure::keystream_leaf`].
///
/// # Panics
/// Beyond 16 MiB, or where there is no such leaf.
#[must_use]
pub fn keystream_leaf(
    kind: Keystream,
    key: &Digest,
    unit: u64,
    len: u32,
    hash: HashKind,
    leaves: u64,
) -> Digest {
    assert!(len <= 16 * MIB, "keystream-leaf takes at most 16 MiB a unit, {len} bytes were asked");
    leaf(hash, len, leaves, unit, &keystream(kind, key, unit, 0, len))
}

/// See [`crate::pure::seed_text`].
///
/// `rand` 0.8's `StdRng` (ChaCha12, 64-bit counter from 0, stream 0) and its `gen_range(0..60)` on 64 bits:
/// the symbol is the upper half of v × 60, and v is drawn again where the lower half is 60 × 2^58 or more.
///
/// # Panics
/// Beyond 16 MiB.
#[must_use]
pub fn seed_text(state: &Digest, len: u32) -> Vec<u8> {
    assert!(len <= 16 * MIB, "seed-text gives at most 16 MiB, {len} bytes were asked");
    let alphabet: Vec<u8> = (b'a'..=b'z').chain(b'A'..=b'Y').chain(b'0'..=b'8').collect();
    let mut cipher = chacha20::ChaCha12::new(&(*state).into(), &[0; 12].into());
    let mut text = Vec::with_capacity(len as usize);
    let mut piece = [0; 4096];
    while text.len() < len as usize {
        piece.fill(0);
        cipher.apply_keystream(&mut piece);
        for &word in piece.as_chunks::<8>().0 {
            let product = u128::from(u64::from_le_bytes(word)) * 60;
            if (product as u64) < 60 << 58 && text.len() < len as usize {
                text.push(alphabet[(product >> 64) as usize]);
            }
        }
    }
    text
}

/// See [`crate::pure::seed_text_digests`].
///
/// # Panics
/// Beyond 16 MiB, or with a nonce beyond 4 KiB.
#[must_use]
pub fn seed_text_digests(state: &Digest, len: u32, nonce: &[u8]) -> [Digest; 2] {
    handed_over("the nonce of seed-text-digests", nonce.len(), MOST_NONCE_BYTES);
    let text = seed_text(state, len);
    [hash(HashKind::Sha256, &text), hash(HashKind::Blake3, &[nonce, &text].concat())]
}

/// See [`crate::pure::merkle_leaf`].
///
/// # Panics
/// Beyond 4 MiB, for a leaf size that BLAKE3 cannot have, or where there is no such leaf.
#[must_use]
pub fn merkle_leaf(kind: HashKind, leaf_bytes: u32, leaves: u64, index: u64, bytes: &[u8]) -> Digest {
    handed_over("merkle-leaf", bytes.len(), MOST_BYTES);
    leaf(kind, leaf_bytes, leaves, index, bytes)
}

/// The leaf of any number of bytes.
pub(crate) fn leaf(kind: HashKind, leaf_bytes: u32, leaves: u64, index: u64, bytes: &[u8]) -> Digest {
    assert!(index < leaves, "there is no leaf {index} of {leaves}");
    assert!(bytes.len() <= leaf_bytes as usize, "a leaf of {leaf_bytes} bytes has no {} bytes", bytes.len());
    match kind {
        HashKind::Sha256 => hash(kind, &[&[0], bytes].concat()),
        HashKind::Blake3 => {
            assert!(
                leaf_bytes.is_power_of_two() && leaf_bytes >= 1024,
                "a BLAKE3 leaf has a power of two of bytes, 1024 or more, not {leaf_bytes}"
            );
            if leaves == 1 {
                return hash(kind, bytes);
            }
            let mut hasher = blake3::Hasher::new();
            hasher.set_input_offset(index * u64::from(leaf_bytes)).update(bytes);
            hasher.finalize_non_root()
        }
    }
}

/// The node over two others; `is_root` tells the last merge of a BLAKE3 tree.
fn merkle_parent(kind: HashKind, left: &Digest, right: &Digest, is_root: bool) -> Digest {
    match kind {
        HashKind::Sha256 => hash(kind, &[&[1], &left[..], right].concat()),
        HashKind::Blake3 if is_root => *merge_subtrees_root(left, right, Mode::Hash).as_bytes(),
        HashKind::Blake3 => merge_subtrees_non_root(left, right, Mode::Hash),
    }
}

/// The largest power of two of leaves that leaves a right subtree.
const fn left_leaves(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// The root of the tree over `leaves`, straight from the definition; there is at least one leaf.
pub(crate) fn merkle_root(kind: HashKind, leaves: &[Digest], is_root: bool) -> Digest {
    match leaves {
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(left_leaves(leaves.len() as u64) as usize);
            let (left, right) = (merkle_root(kind, left, false), merkle_root(kind, right, false));
            merkle_parent(kind, &left, &right, is_root)
        }
    }
}

/// The siblings of leaf `index` on its way up.
pub(crate) fn merkle_path(kind: HashKind, leaves: &[Digest], index: usize) -> Vec<u8> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let cut = left_leaves(leaves.len() as u64) as usize;
    let (left, right) = leaves.split_at(cut);
    let (mut path, sibling) = match index.checked_sub(cut) {
        Some(index) => (merkle_path(kind, right, index), left),
        None => (merkle_path(kind, left, index), right),
    };
    path.extend_from_slice(&merkle_root(kind, sibling, false));
    path
}

/// See [`crate::pure::merkle_verify`].
///
/// # Panics
/// For a path beyond 4 MiB.
#[must_use]
pub fn merkle_verify(
    kind: HashKind,
    root: &Digest,
    leaves: u64,
    index: u64,
    leaf: &Digest,
    path: &[u8],
) -> bool {
    handed_over("merkle-verify", root.len() + leaf.len() + path.len(), MOST_BYTES);
    index < leaves && climb(kind, leaves, index, leaf, path, true).as_ref() == Some(root)
}

/// The root that `path` leads to, or `None` for a path of the wrong length.
fn climb(
    kind: HashKind,
    leaves: u64,
    index: u64,
    leaf: &Digest,
    path: &[u8],
    is_root: bool,
) -> Option<Digest> {
    if leaves == 1 {
        return path.is_empty().then_some(*leaf);
    }
    let (below, sibling) = path.split_last_chunk::<32>()?;
    let cut = left_leaves(leaves);
    if index < cut {
        let left = climb(kind, cut, index, leaf, below, false)?;
        Some(merkle_parent(kind, &left, sibling, is_root))
    } else {
        let right = climb(kind, leaves - cut, index - cut, leaf, below, false)?;
        Some(merkle_parent(kind, sibling, &right, is_root))
    }
}
