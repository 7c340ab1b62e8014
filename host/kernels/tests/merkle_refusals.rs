//! Trees that cannot be, and spaces that fail.

mod support;

use std::sync::atomic::Ordering;

use plimsoll_core::{Digest, Extent, RegionSpace, SpaceError};
use plimsoll_kernels::{
    HashKind, KernelError, MerkleStack, Tree, merkle_leaf, merkle_paths, merkle_root, merkle_verify,
};
use support::Memory;

const KINDS: [HashKind; 2] = [HashKind::Blake3, HashKind::Sha256];

fn tree(kind: HashKind, leaf_bytes: u64, offset: u64, len: u64) -> Tree {
    Tree { kind, leaf_bytes, over: Extent { offset, len } }
}

#[test]
fn trees_that_cannot_be_are_refused_with_a_reason() {
    let region = Memory::new(vec![0; 10_000]);
    let refusal = |tree: &Tree| {
        let refused = merkle_root(&region, tree).unwrap_err();
        assert_eq!(merkle_paths(&region, tree, &[0]), Err(refused.clone()));
        assert_eq!(region.read_bytes.load(Ordering::Relaxed), 0);
        refused.to_string()
    };
    for kind in KINDS {
        assert_eq!(refusal(&tree(kind, 4096, 5, 0)), "a Merkle tree over 0 bytes has no root");
        assert_eq!(
            refusal(&tree(kind, 4096, 1, 10_000)),
            "10000 bytes at 1 are outside of a region of 10000 bytes"
        );
    }
    for leaf_bytes in [0, 1, 512, 1025, 3072] {
        assert_eq!(
            refusal(&tree(HashKind::Blake3, leaf_bytes, 0, 10)),
            format!("leaf-bytes of a blake3 tree must be a power of two, 1024 or more, not {leaf_bytes}")
        );
    }
    assert_eq!(
        refusal(&tree(HashKind::Sha256, 0, 0, 10)),
        "leaf-bytes of a sha256 tree must be 1 or more, not 0"
    );
    let strange = merkle_paths(&region, &tree(HashKind::Sha256, 1000, 0, 10_000), &[9, 10]);
    assert_eq!(strange.unwrap_err().to_string(), "leaf 10 is not one of 10");
}

#[test]
fn leaves_that_cannot_be_are_refused_with_a_reason() {
    let refusal = |leaf_bytes, leaves, index, len| {
        merkle_leaf(HashKind::Blake3, leaf_bytes, leaves, index, &vec![0; len]).unwrap_err().to_string()
    };
    let wrong = "leaf 1 of 3 must have 1024 bytes, not";
    assert_eq!(refusal(1024, 3, 1, 1023), format!("{wrong} 1023: only the last may be shorter"));
    assert_eq!(refusal(1024, 3, 1, 1025), format!("{wrong} 1025: only the last may be shorter"));
    assert_eq!(refusal(1024, 3, 2, 0), "leaf 2 of 3 has no bytes");
    assert_eq!(refusal(1024, 0, 0, 5), "leaf 0 is not one of 0");
    assert!(refusal(1024, u64::MAX, 7, 1024).contains("more than a tree can have"));
    assert!(refusal(5, 1, 0, 5).contains("a power of two"));
}

#[test]
fn a_stack_with_too_few_or_too_many_leaves_has_no_root() {
    for (leaves, pushed) in [(0, 0), (3, 2), (3, 4), (1, 0), (4, 8)] {
        let mut stack = MerkleStack::new(HashKind::Blake3, leaves);
        (0..pushed).for_each(|_| stack.push(Digest([1; 32])));
        assert_eq!(stack.finish(), None, "{pushed} of {leaves}");
    }
}

#[test]
fn the_geometry_of_the_largest_trees_does_not_overflow() {
    let largest = Tree { kind: HashKind::Sha256, leaf_bytes: 1, over: Extent { offset: 0, len: u64::MAX } };
    assert_eq!((largest.levels(), largest.nodes_at(64), largest.nodes_at(63)), (65, 1, 2));
    assert_eq!(largest.path_nodes(u64::MAX - 1), 63);
    assert_eq!((largest.path_nodes(0), largest.path_nodes(u64::MAX)), (64, 0));
    assert_eq!(largest.extent_of(64, 0), largest.over);
    assert_eq!(largest.extent_of(63, 1), Extent { offset: 1 << 63, len: (1 << 63) - 1 });
    assert_eq!(largest.extent_of(2, u64::MAX).len, 0);
    let digest = Digest([0; 32]);
    assert!(!merkle_verify(HashKind::Sha256, &digest, u64::MAX, u64::MAX - 1, &digest, &[0; 63 * 32]));
    let none = Tree { kind: HashKind::Sha256, leaf_bytes: 0, over: Extent { offset: 0, len: 0 } };
    assert_eq!((none.leaves(), none.levels(), none.nodes_at(0), none.path_nodes(0)), (0, 0, 0, 0));
}

/// A space whose device fails, and whose tree has the wrong number of nodes.
struct Broken {
    nodes: Option<usize>,
}

impl RegionSpace for Broken {
    fn size_bytes(&self) -> u64 {
        1 << 20
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        let reason = "input/output error".to_owned();
        Err(SpaceError::Device { path: "plot".to_owned(), offset, len: into.len() as u64, reason })
    }

    fn integrity_nodes(&self, _: u32, _: u64, _: u64) -> Option<Result<Vec<[u8; 32]>, SpaceError>> {
        self.nodes.map(|nodes| Ok(vec![[0; 32]; nodes]))
    }
}

#[test]
fn a_broken_device_and_a_wrong_tree_are_errors() {
    for kind in KINDS {
        let tree = tree(kind, 65_536, 0, 1 << 20);
        for refused in [
            merkle_root(&Broken { nodes: None }, &tree).unwrap_err(),
            merkle_paths(&Broken { nodes: None }, &tree, &[3]).unwrap_err(),
        ] {
            assert!(matches!(&refused, KernelError::Space(SpaceError::Device { .. })), "{refused}");
        }
    }
    let tree = tree(HashKind::Blake3, 65_536, 0, 1 << 20);
    assert_eq!(
        merkle_root(&Broken { nodes: Some(0) }, &tree).unwrap_err().to_string(),
        "asked for node 0 of level 4 of the integrity tree, the space gave 0 nodes"
    );
    assert!(merkle_paths(&Broken { nodes: Some(2) }, &tree, &[3]).is_err());
}
