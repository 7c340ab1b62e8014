//! Trees, roots and paths, against recursive definitions and BLAKE3 itself.

mod support;

use std::sync::atomic::Ordering;

use blake3::hazmat::{HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use plimsoll_core::{Digest, Extent, RegionSpace};
use plimsoll_kernels::{
    HashKind, INTEGRITY_LEAF_BYTES, MerkleStack, Tree, digest_of, merkle_leaf, merkle_level_above,
    merkle_parent, merkle_paths, merkle_root, merkle_verify,
};
use proptest::prelude::*;
use support::{Memory, some_bytes};

const KINDS: [HashKind; 2] = [HashKind::Blake3, HashKind::Sha256];

/// Bytes in the left subtree: the largest power of two of leaves that leaves a right one.
fn split(len: usize, leaf_bytes: usize) -> usize {
    let leaves = len.div_ceil(leaf_bytes);
    leaves.next_power_of_two() / 2 * leaf_bytes
}

/// MTH of RFC 6962, section 2.1.
fn rfc_6962_root(bytes: &[u8], leaf_bytes: usize) -> Digest {
    if bytes.len() <= leaf_bytes {
        return digest_of(HashKind::Sha256, &[&[0], bytes].concat());
    }
    let (left, right) = bytes.split_at(split(bytes.len(), leaf_bytes));
    let (left, right) = (rfc_6962_root(left, leaf_bytes), rfc_6962_root(right, leaf_bytes));
    digest_of(HashKind::Sha256, &[&[1][..], &left.0, &right.0].concat())
}

/// The chaining value of a part of BLAKE3's input, chunk by chunk; the hash where the part is all.
fn blake3_node(bytes: &[u8], offset: usize, is_all: bool) -> Digest {
    if bytes.len() <= 1024 {
        let mut hasher = blake3::Hasher::new();
        if is_all {
            return Digest(*hasher.update(bytes).finalize().as_bytes());
        }
        return Digest(hasher.set_input_offset(offset as u64).update(bytes).finalize_non_root());
    }
    let at = split(bytes.len(), 1024);
    let (left, right) = bytes.split_at(at);
    let (left, right) = (blake3_node(left, offset, false), blake3_node(right, offset + at, false));
    if is_all {
        Digest(*merge_subtrees_root(&left.0, &right.0, Mode::Hash).as_bytes())
    } else {
        Digest(merge_subtrees_non_root(&left.0, &right.0, Mode::Hash))
    }
}

fn slow_node(kind: HashKind, bytes: &[u8], offset: usize, leaf_bytes: usize, is_all: bool) -> Digest {
    match kind {
        HashKind::Blake3 => blake3_node(bytes, offset, is_all),
        _ => rfc_6962_root(bytes, leaf_bytes),
    }
}

/// PATH of RFC 6962, section 2.1.1, for either hash; bottom up.
fn slow_path(kind: HashKind, bytes: &[u8], offset: usize, leaf_bytes: usize, index: usize) -> Vec<u8> {
    if bytes.len() <= leaf_bytes {
        return Vec::new();
    }
    let at = split(bytes.len(), leaf_bytes);
    let (left, right) = bytes.split_at(at);
    let in_left = at / leaf_bytes;
    let (mut path, sibling) = if index < in_left {
        (
            slow_path(kind, left, offset, leaf_bytes, index),
            slow_node(kind, right, offset + at, leaf_bytes, false),
        )
    } else {
        (
            slow_path(kind, right, offset + at, leaf_bytes, index - in_left),
            slow_node(kind, left, offset, leaf_bytes, false),
        )
    };
    path.extend(sibling.0);
    path
}

fn tree(kind: HashKind, leaf_bytes: usize, offset: usize, len: usize) -> Tree {
    Tree { kind, leaf_bytes: leaf_bytes as u64, over: Extent { offset: offset as u64, len: len as u64 } }
}

/// Some sizes around every border, and leaf sizes for each kind.
fn any_tree() -> impl Strategy<Value = (HashKind, usize, usize, usize)> {
    let blake3 =
        (0..5_u32, 0..3000_usize, 1..40_usize, 0..1024_usize).prop_map(|(k, offset, leaves, less)| {
            let leaf_bytes = 1024 << k;
            (HashKind::Blake3, leaf_bytes, offset, leaf_bytes * leaves - less.min(leaf_bytes - 1))
        });
    let sha256 = (1..600_usize, 0..3000_usize, 1..70_usize, 0..600_usize).prop_map(
        |(leaf_bytes, offset, leaves, less)| {
            (HashKind::Sha256, leaf_bytes, offset, leaf_bytes * leaves - less.min(leaf_bytes - 1))
        },
    );
    prop_oneof![blake3, sha256]
}

proptest! {
    #[test]
    fn roots_and_all_paths_are_the_definitions((kind, leaf_bytes, offset, len) in any_tree(), seed: u8) {
        let bytes = some_bytes(offset + len + 77, seed);
        let inside = &bytes[offset..offset + len];
        let region = Memory::new(bytes.clone());
        let tree = tree(kind, leaf_bytes, offset, len);
        let root = merkle_root(&region, &tree).unwrap();
        prop_assert_eq!(root, slow_node(kind, inside, 0, leaf_bytes, true));
        if kind == HashKind::Blake3 {
            prop_assert_eq!(root, Digest::of(inside));
        }
        let all: Vec<u64> = (0..tree.leaves()).collect();
        let paths = merkle_paths(&region, &tree, &all).unwrap();
        for (index, (path, leaf)) in paths.iter().zip(inside.chunks(leaf_bytes)).enumerate() {
            prop_assert_eq!(path, &slow_path(kind, inside, 0, leaf_bytes, index));
            prop_assert_eq!(path.len() as u32, 32 * tree.path_nodes(index as u64));
            let node = merkle_leaf(kind, leaf_bytes as u64, tree.leaves(), index as u64, leaf).unwrap();
            prop_assert!(merkle_verify(kind, &root, tree.leaves(), index as u64, &node, path));
        }
    }

    #[test]
    fn some_paths_are_those_of_all(
        (kind, leaf_bytes, offset, len) in any_tree(),
        asked in prop::collection::vec(any::<prop::sample::Index>(), 1..9),
    ) {
        let bytes = some_bytes(offset + len, 9);
        let region = Memory::new(bytes.clone());
        let tree = tree(kind, leaf_bytes, offset, len);
        let asked: Vec<u64> = asked.iter().map(|index| index.index(tree.leaves() as usize) as u64).collect();
        let expected: Vec<_> = asked
            .iter()
            .map(|&index| slow_path(kind, &bytes[offset..], 0, leaf_bytes, index as usize))
            .collect();
        prop_assert_eq!(merkle_paths(&region, &tree, &asked).unwrap(), expected);
        prop_assert!(region.read_bytes.load(Ordering::Relaxed) <= len as u64);
    }

    #[test]
    fn any_flipped_bit_and_any_other_place_fails(
        (kind, leaf_bytes, offset, len) in any_tree(),
        at: prop::sample::Index,
        bit: prop::sample::Index,
        other: prop::sample::Index,
    ) {
        let region = Memory::new(some_bytes(offset + len, 3));
        let tree = tree(kind, leaf_bytes, offset, len);
        let leaves = tree.leaves();
        let index = at.index(leaves as usize) as u64;
        let extent = tree.extent_of(0, index);
        let mut held = vec![0; extent.len as usize];
        region.read_at(extent.offset, &mut held).unwrap();
        let root = merkle_root(&region, &tree).unwrap();
        let path = merkle_paths(&region, &tree, &[index]).unwrap().remove(0);
        let leaf = merkle_leaf(kind, tree.leaf_bytes, leaves, index, &held).unwrap();
        let verify = |root: &Digest, index, leaf: &Digest, path: &[u8]| {
            merkle_verify(kind, root, leaves, index, leaf, path)
        };
        prop_assert!(verify(&root, index, &leaf, &path));

        let flip = |bytes: &mut [u8]| {
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
        };
        if !path.is_empty() {
            let mut wrong = path.clone();
            flip(&mut wrong);
            prop_assert!(!verify(&root, index, &leaf, &wrong));
            prop_assert!(!verify(&root, index, &leaf, &path[..path.len() - 32]));
            prop_assert!(!verify(&root, index, &leaf, &path[..path.len() - 1]));
        }
        prop_assert!(!verify(&root, index, &leaf, &[&path[..], &[0; 32]].concat()));
        prop_assert!(!verify(&root, index, &leaf, &[&path[..], &[0]].concat()));
        let mut wrong = held;
        flip(&mut wrong);
        let wrong = merkle_leaf(kind, tree.leaf_bytes, leaves, index, &wrong).unwrap();
        prop_assert!(!verify(&root, index, &wrong, &path));
        let mut wrong = root;
        flip(&mut wrong.0);
        prop_assert!(!verify(&wrong, index, &leaf, &path));
        let elsewhere = other.index(leaves as usize) as u64;
        prop_assert!(elsewhere == index || !verify(&root, elsewhere, &leaf, &path));
        for nowhere in [leaves, leaves + 1, u64::MAX] {
            prop_assert!(!verify(&root, nowhere, &leaf, &path));
        }
    }

    #[test]
    fn levels_and_the_stack_lead_to_the_same_root(
        kind in prop::sample::select(&KINDS[..]),
        leaves in 1_u64..300,
    ) {
        let nodes: Vec<Digest> =
            (0..leaves).map(|index| Digest::of(&index.to_le_bytes())).collect();
        let tree = Tree { kind, leaf_bytes: 1024, over: Extent { offset: 5, len: leaves * 1024 - 3 } };
        let mut stack = MerkleStack::new(kind, leaves);
        for leaf in &nodes {
            stack.push(*leaf);
        }
        let (mut level, mut height) = (nodes, 0);
        while level.len() > 1 {
            prop_assert_eq!(level.len() as u64, tree.nodes_at(height));
            // In runs, as a store does that does not hold a level in memory.
            let above = level.chunks(6).map(|run| merkle_level_above(kind, run, level.len() as u64));
            level = above.flatten().collect();
            height += 1;
        }
        prop_assert_eq!(tree.levels(), height + 1);
        prop_assert_eq!((tree.nodes_at(height), tree.nodes_at(height + 1)), (1, 0));
        prop_assert_eq!(stack.finish(), Some(level[0]));
    }
}

#[test]
fn a_kept_integrity_tree_answers_in_place_of_the_bytes() {
    let groups = INTEGRITY_LEAF_BYTES as usize;
    for len in [1000, groups, groups + 1, 2 * groups, 5 * groups + 777, 16 * groups, 19 * groups - 1] {
        let bytes = some_bytes(len, 4);
        let plain = Memory::new(bytes.clone());
        for leaf_bytes in [1024, 4096, groups / 2, groups, 2 * groups, 4 * groups, 64 * groups] {
            let kept = Memory::with_tree(bytes.clone());
            let tree = tree(HashKind::Blake3, leaf_bytes, 0, len);
            assert_eq!(merkle_root(&kept, &tree), Ok(Digest::of(&bytes)));
            assert_eq!(kept.read_bytes.load(Ordering::Relaxed), 0, "the root of {len} bytes");
            let asked: Vec<u64> = (0..tree.leaves()).step_by(3).collect();
            let paths = merkle_paths(&kept, &tree, &asked).unwrap();
            assert_eq!(paths, merkle_paths(&plain, &tree, &asked).unwrap());
            let read = kept.read_bytes.load(Ordering::Relaxed);
            if leaf_bytes >= groups {
                assert_eq!(read, 0, "paths over {len} bytes in leaves of {leaf_bytes}");
            }
        }
    }
}

#[test]
fn a_small_leaf_costs_its_group_and_no_more_where_a_tree_is_kept() {
    let kept = Memory::with_tree(some_bytes(40 * INTEGRITY_LEAF_BYTES as usize, 5));
    let tree = tree(HashKind::Blake3, 4096, 0, kept.size_bytes() as usize);
    merkle_paths(&kept, &tree, &[100]).unwrap();
    assert_eq!(kept.read_bytes.load(Ordering::Relaxed), INTEGRITY_LEAF_BYTES - 4096);
}

#[test]
fn a_kept_tree_does_not_answer_for_a_part_or_another_hash() {
    let bytes = some_bytes(300_000, 6);
    let kept = Memory::with_tree(bytes.clone());
    let part = tree(HashKind::Blake3, 65_536, 0, 200_000);
    assert_eq!(merkle_root(&kept, &part), Ok(Digest::of(&bytes[..200_000])));
    let other = tree(HashKind::Sha256, 65_536, 0, 300_000);
    assert_eq!(merkle_root(&kept, &other), Ok(rfc_6962_root(&bytes, 65_536)));
    let paths = merkle_paths(&kept, &other, &[4]).unwrap();
    assert_eq!(paths[0], slow_path(HashKind::Sha256, &bytes, 0, 65_536, 4));
}

#[test]
fn large_leaves_and_runs_are_read_a_mebibyte_at_a_time() {
    let bytes = some_bytes(5_000_000, 7);
    let region = Memory::new(bytes.clone());
    for (kind, leaf_bytes) in
        [(HashKind::Blake3, 2 << 20), (HashKind::Sha256, 1_500_000), (HashKind::Sha256, 97)]
    {
        let tree = tree(kind, leaf_bytes, 3, 4_999_990);
        let root = slow_node(kind, &bytes[3..4_999_993], 0, leaf_bytes, true);
        assert_eq!(merkle_root(&region, &tree), Ok(root));
        let path = merkle_paths(&region, &tree, &[1]).unwrap().remove(0);
        assert_eq!(path, slow_path(kind, &bytes[3..4_999_993], 0, leaf_bytes, 1));
    }
    assert!(region.largest_bytes.load(Ordering::Relaxed) <= 1 << 20);
}

#[test]
fn small_leaves_are_read_in_large_pieces_once_and_then_remembered() {
    const ROW_BYTES: u64 = 64;
    const ROWS: u64 = (40 << 10) + 3;
    let bytes = some_bytes((ROWS * ROW_BYTES) as usize + 5, 9);
    let over = Extent { offset: 5, len: ROWS * ROW_BYTES };
    let tree = Tree { kind: HashKind::Sha256, leaf_bytes: ROW_BYTES, over };
    let rows = [0, 1, 777, 20_000, ROWS - 1];
    let remembering = Memory { remembered: Some(Default::default()), ..Memory::new(bytes.clone()) };
    let first = merkle_paths(&remembering, &tree, &rows).unwrap();
    for (&row, path) in rows.iter().zip(&first) {
        assert_eq!(*path, slow_path(HashKind::Sha256, &bytes[5..], 0, 64, row as usize), "row {row}");
    }
    assert!(remembering.read_bytes.load(Ordering::Relaxed) <= over.len);
    assert!(remembering.largest_bytes.load(Ordering::Relaxed) >= 64 << 10);

    // Again: no more than the thousand rows around each one that is asked for.
    remembering.read_bytes.store(0, Ordering::Relaxed);
    assert_eq!(merkle_paths(&remembering, &tree, &rows).unwrap(), first);
    let reread = remembering.read_bytes.load(Ordering::Relaxed);
    assert!(reread <= rows.len() as u64 * 1024 * ROW_BYTES, "{reread} bytes");

    // Another tree over the same bytes is another tree.
    let halves = Tree { leaf_bytes: 32, ..tree };
    let path = slow_path(HashKind::Sha256, &bytes[5..], 0, 32, 7);
    assert_eq!(merkle_paths(&remembering, &halves, &[7]).unwrap(), [path]);
}

#[test]
fn the_rfc_6962_roots_of_certificate_transparency_come_out() {
    // The reference implementation's test leaves: their roots over the first n.
    let leaves =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let nodes: Vec<Digest> = leaves
        .iter()
        .map(|leaf| digest_of(HashKind::Sha256, &[vec![0], hex::decode(leaf).unwrap()].concat()))
        .collect();
    for (count, root) in (1..).zip(roots) {
        let mut stack = MerkleStack::new(HashKind::Sha256, count);
        nodes[..count as usize].iter().for_each(|leaf| stack.push(*leaf));
        assert_eq!(stack.finish().unwrap().to_string(), root, "{count} leaves");
    }
}

#[test]
fn the_blake3_root_is_not_an_inner_node() {
    let [left, right] = [Digest([1; 32]), Digest([2; 32])];
    let [root, inner] = [true, false].map(|is_root| merkle_parent(HashKind::Blake3, &left, &right, is_root));
    assert_ne!(root, inner);
    let [root, inner] = [true, false].map(|is_root| merkle_parent(HashKind::Sha256, &left, &right, is_root));
    assert_eq!(root, inner);
}
