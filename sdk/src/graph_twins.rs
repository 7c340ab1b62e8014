//! The native twins of [`crate::graphs`]: slow, obvious, written from the definitions and from nothing else.
//!
//! As the host does, they stop a call that breaks a bound.

use aes::cipher::StreamCipher;
use blake2::{Blake2b512, Digest as _};
use chacha20::KeyIvInit;

use crate::Digest;
use crate::graphs::{Chain, SDR_BASE_PARENTS};
use crate::pure::HashKind;
use crate::twins::{digest_of, merkle_leaf};

fn sha256(parts: &[&[u8]]) -> Digest {
    digest_of(HashKind::Sha256, &parts.concat())
}

fn word_le(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

fn word_be(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// See [`crate::graphs::sdr_parents`].
///
/// # Panics
/// Where there is no such node.
#[must_use]
pub fn sdr_parents(porep_id: &Digest, nodes: u32, node: u32) -> Vec<u32> {
    assert!(node < nodes, "node {node} is not one of {nodes}");
    let mut parents = base_parents(porep_id, node);
    parents.extend((0..8).map(|i| (permuted(porep_id, nodes, 8 * u64::from(node) + i) / 8) as u32));
    parents
}

fn base_parents(porep_id: &Digest, node: u32) -> Vec<u32> {
    if node < 2 {
        return vec![0; SDR_BASE_PARENTS];
    }
    let seed = sha256(&[b"Filecoin_DRSample", porep_id]);
    let mut key = [0; 32];
    key[..28].copy_from_slice(&seed[..28]);
    key[28..].copy_from_slice(&node.to_le_bytes());
    let mut stream = [0; 80];
    chacha20::ChaCha8::new(&key.into(), &[0; 12].into()).apply_keystream(&mut stream);
    let fine = 5 * u64::from(node);
    let buckets = (0..).find(|bits| 1 << bits >= fine).unwrap_or(0);
    let mut parents = vec![node - 1];
    for draws in stream.chunks(16) {
        let bucket = word_le(&draws[..8]) % buckets + 1;
        let most = fine.min(1 << bucket);
        let least = 2.max(most / 2);
        let distance = least + word_le(&draws[8..]) % (most - least + 1);
        parents.push(((fine - distance) / 5) as u32);
    }
    parents
}

fn permuted(porep_id: &Digest, nodes: u32, place: u64) -> u64 {
    let keys = sha256(&[b"Filecoin_Feistel", porep_id]);
    let places = 8 * u64::from(nodes);
    let half = (1..).find(|half| 1 << (2 * half) >= places).unwrap_or(1);
    let mask = (1 << half) - 1;
    let mut at = place;
    loop {
        let (mut left, mut right) = (at >> half, at & mask);
        for key in keys.chunks(8).take(3) {
            let message = [right.to_be_bytes(), word_le(key).to_be_bytes()].concat();
            let round = word_be(&Blake2b512::digest(&message)[..8]) & mask;
            (left, right) = (right, left ^ round);
        }
        at = left << half | right;
        if at < places {
            return at;
        }
    }
}

/// See [`crate::graphs::sdr_label`].
///
/// # Panics
/// For layer 0, or another number of parents than the place has.
#[must_use]
pub fn sdr_label(replica_id: &Digest, layer: u32, node: u32, parents: &[u8]) -> Digest {
    assert!(layer > 0, "layers are numbered from 1, there is no layer 0");
    let expected = if node == 0 { 0 } else { 32 * if layer == 1 { 6 } else { 14 } };
    assert!(parents.len() == expected, "{} bytes of parents' labels, not {expected}", parents.len());
    let header = [&replica_id[..], &layer.to_be_bytes(), &u64::from(node).to_be_bytes(), &[0; 20]].concat();
    let repeated: Vec<u8> =
        parents.iter().copied().cycle().take(if node == 0 { 0 } else { 37 * 32 }).collect();
    let mut label = sha256(&[&header, &repeated]);
    label[31] &= 0x3f;
    label
}

/// The bytes of a chained unit.
///
/// # Panics
/// For a shape or a size that cannot be.
#[must_use]
pub fn chain_unit(shape: Chain, key: &Digest, unit: u64, unit_bytes: u32) -> Vec<u8> {
    let Chain { layers, window, reverse } = shape;
    assert!((1..=128).contains(&layers) && (1..=16).contains(&window), "no chain: {shape:?}");
    let sound = unit_bytes > 0 && unit_bytes.is_multiple_of(32) && unit_bytes <= 4 << 20;
    assert!(sound, "a chained unit has a multiple of 32 of bytes up to 4 MiB, not {unit_bytes}");
    let mut digests = vec![sha256(&[key, &unit.to_le_bytes()]); window as usize];
    let mut segments = vec![[0; 32]; unit_bytes as usize / 32];
    for layer in 1..=layers {
        let mut order: Vec<usize> = (0..segments.len()).collect();
        if reverse {
            order.reverse();
        }
        for at in order {
            let newest_first: Vec<u8> = digests.iter().rev().flatten().copied().collect();
            let segment = if layer == 1 { &[][..] } else { &segments[at][..] };
            segments[at] = sha256(&[segment, &newest_first]);
            digests.remove(0);
            digests.push(segments[at]);
        }
    }
    segments.concat()
}

/// See [`crate::graphs::chain_leaf`].
///
/// # Panics
/// As [`chain_unit`], or where there is no such leaf.
#[must_use]
pub fn chain_leaf(
    shape: Chain,
    key: &Digest,
    unit: u64,
    unit_bytes: u32,
    kind: HashKind,
    leaves: u64,
) -> Digest {
    merkle_leaf(kind, unit_bytes, leaves, unit, &chain_unit(shape, key, unit, unit_bytes))
}
