//! Openings are slices of the `bao-tree` crate, and the other way round.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use bao_tree::io::outboard::{EmptyOutboard, PreOrderMemOutboard};
use bao_tree::io::sync::{decode_ranges, encode_ranges_validated};
use bao_tree::{BaoTree, BlockSize, ChunkNum, ChunkRanges};
use plimsoll_sdk::doubles::MemoryRegion;
use plimsoll_sdk::pure::{HashKind, merkle_leaf};
use plimsoll_sdk::{Answer, Challenge, Hotkey, Identity, ProofScheme, Statement, Verdict};
use proof_merkle::{Merkle, UNIT_BYTES, tag};

const CHUNK: usize = 1024;

fn given_bytes(units: u64) -> Vec<u8> {
    let mut bytes = vec![0; units as usize * CHUNK];
    blake3::Hasher::new().update(b"bytes of a user").finalize_xof().fill(&mut bytes);
    bytes
}

fn statement(bytes: &[u8]) -> Statement {
    let identity = Identity { netuid: 3, owner: Hotkey([4; 32]), validator: Hotkey([5; 32]) };
    let units = (bytes.len() / CHUNK) as u64;
    Statement { identity, unit_bytes: UNIT_BYTES, units, commitment: Some(blake3::hash(bytes).into()) }
}

fn chunk(unit: u64) -> ChunkRanges {
    ChunkRanges::from(ChunkNum(unit)..ChunkNum(unit + 1))
}

/// Whether node `unit` is the left one at each level of its path, bottom up.
fn is_left(units: u64, unit: u64) -> Vec<bool> {
    let (mut units, mut unit, mut turns) = (units, unit, Vec::new());
    while units > 1 {
        let left = units.next_power_of_two() / 2;
        turns.push(unit < left);
        (units, unit) = if unit < left { (left, unit) } else { (units - left, unit - left) };
    }
    turns.reverse();
    turns
}

/// A slice of one chunk: parent pairs from the root down, then the chunk.
fn slice_of(opening: &[u8], units: u64, unit: u64) -> Vec<u8> {
    let (bytes, path) = opening.split_at(CHUNK);
    let mut node = merkle_leaf(HashKind::Blake3, UNIT_BYTES, units, unit, bytes);
    let mut pairs = Vec::new();
    for (sibling, left) in path.chunks(32).zip(is_left(units, unit)) {
        let sibling: [u8; 32] = sibling.try_into().unwrap();
        let pair = if left { [node, sibling] } else { [sibling, node] };
        let mode = blake3::hazmat::Mode::Hash;
        node = blake3::hazmat::merge_subtrees_non_root(&pair[0], &pair[1], mode);
        pairs.push(pair.concat());
    }
    pairs.reverse();
    [pairs.concat(), bytes.to_vec()].concat()
}

/// A slice of one chunk as an opening.
fn opening_of(slice: &[u8], units: u64, unit: u64) -> Vec<u8> {
    let (pairs, bytes) = slice.split_at(slice.len() - CHUNK);
    let siblings = pairs.chunks(64).rev().zip(is_left(units, unit));
    let path = siblings.flat_map(|(pair, left)| if left { &pair[32..] } else { &pair[..32] });
    bytes.iter().copied().chain(path.copied()).collect()
}

/// The opening of one unit as the plugin proves it.
fn proven(bytes: &[u8], unit: u64) -> Vec<u8> {
    let challenge = Challenge { nonce: [6; 32], units: vec![unit] }.to_bytes();
    let region = MemoryRegion::new(bytes.to_vec());
    match Merkle.prove(&region, &statement(bytes), &challenge) {
        Ok(Answer::Proof(proof)) => proof[32..].to_vec(),
        other => panic!("{other:?}"),
    }
}

/// The slice of one unit as the crate makes it.
fn encoded(bytes: &[u8], unit: u64) -> Vec<u8> {
    let outboard = PreOrderMemOutboard::create(bytes, BlockSize::ZERO);
    let mut slice = Vec::new();
    encode_ranges_validated(bytes, &outboard, &chunk(unit), &mut slice).unwrap();
    slice
}

fn decodes(root: blake3::Hash, slice: &[u8], size: u64, unit: u64) -> Option<Vec<u8>> {
    let outboard = EmptyOutboard { tree: BaoTree::new(size, BlockSize::ZERO), root };
    let mut found = Vec::new();
    decode_ranges(slice, &chunk(unit), &mut found, outboard).ok()?;
    Some(found[unit as usize * CHUNK..].to_vec())
}

#[test]
fn every_opening_is_decoded_by_bao_tree_and_a_damaged_one_is_not() {
    for units in [1, 2, 3, 5, 8, 13, 64, 100] {
        let bytes = given_bytes(units);
        for unit in 0..units {
            let slice = slice_of(&proven(&bytes, unit), units, unit);
            let at = unit as usize * CHUNK;
            let found = decodes(blake3::hash(&bytes), &slice, bytes.len() as u64, unit);
            assert_eq!(found.as_deref(), Some(&bytes[at..at + CHUNK]), "unit {unit} of {units}");
            for place in [0, slice.len() / 2, slice.len() - 1] {
                let mut damaged = slice.clone();
                damaged[place] ^= 1;
                let found = decodes(blake3::hash(&bytes), &damaged, bytes.len() as u64, unit);
                assert_eq!(found, None, "byte {place} of unit {unit} of {units}");
            }
        }
    }
}

#[test]
fn an_encoding_of_bao_tree_becomes_a_proof_that_is_accepted() {
    for units in [1, 2, 3, 6, 33, 100] {
        let bytes = given_bytes(units);
        let statement = statement(&bytes);
        let challenge = Challenge::draw(&statement, &[8; 32], 7, None).unwrap();
        let openings: Vec<u8> = challenge
            .units
            .iter()
            .flat_map(|&unit| opening_of(&encoded(&bytes, unit), units, unit))
            .collect();
        let tag = tag(&statement, &challenge.nonce, &openings).unwrap();
        let proof = [&tag[..], &openings].concat();
        let verdict = Merkle.verify(&statement, &challenge.to_bytes(), &proof).unwrap();
        assert_eq!(verdict, Verdict::Valid, "{units} units");
    }
}

#[test]
fn slices_of_both_are_the_same_bytes() {
    let bytes = given_bytes(21);
    for unit in 0..21 {
        assert_eq!(slice_of(&proven(&bytes, unit), 21, unit), encoded(&bytes, unit), "unit {unit}");
    }
}
