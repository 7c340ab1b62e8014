//! The paths of many leaves, hashing no byte twice for two of them.

use std::collections::{BTreeSet, HashMap};

use plimsoll_core::{Digest, NodePlace, RegionSpace};

use super::nodes::{Leaf, Leaves, merkle_parent};
use super::root::{kept_node, sha256_root};
use super::tree::{INTEGRITY_LEAF_BYTES, Tree, siblings};
use crate::digests::{HashKind, each_read};
use crate::error::KernelError;

/// The path of each of `leaves` (32 bytes a sibling, bottom up), in the order asked; a leaf may be asked
/// for twice.
///
/// What `region` keeps of its integrity tree, or remembers of a SHA-256 tree, is not hashed again; of the rest
/// each byte is read once at most. Memory grows with the number of leaves asked for and the tree's height.
///
/// # Errors
/// [`KernelError::BadInput`] for a tree or a leaf that cannot be; [`KernelError::Space`] if the tree is not
/// inside of the region, or as the device says.
pub fn merkle_paths(
    region: &dyn RegionSpace,
    tree: &Tree,
    leaves: &[u64],
) -> Result<Vec<Vec<u8>>, KernelError> {
    tree.check_in(region)?;
    let all = tree.leaves();
    if let Some(strange) = leaves.iter().find(|&&leaf| leaf >= all) {
        return Err(KernelError::BadInput(format!("leaf {strange} is not one of {all}")));
    }
    let mut opening = Opening::new(region, tree, leaves)?;
    let wanted: BTreeSet<_> = leaves.iter().flat_map(|&leaf| siblings(all, leaf)).collect();
    // From the bottom up, so that a larger subtree finds the smaller ones inside of it.
    for &(level, index) in &wanted {
        let node = opening.node(level, index)?;
        opening.known.insert((level, index), node);
    }
    let path = |&leaf| siblings(all, leaf).flat_map(|place| opening.known[&place].0).collect();
    Ok(leaves.iter().map(path).collect())
}

struct Opening<'a> {
    region: &'a dyn RegionSpace,
    tree: &'a Tree,
    shape: Leaves,
    /// Sorted.
    asked: Vec<u64>,
    /// Nodes of paths, by level and index.
    known: HashMap<(u32, u64), Digest>,
    /// The lowest level whose nodes are nodes of the region's integrity tree, and its level there.
    kept_from: Option<(u32, u32)>,
    /// The level of a SHA-256 tree that the region is offered to remember.
    remembered_at: u32,
    buffer: Vec<u8>,
}

impl<'a> Opening<'a> {
    fn new(region: &'a dyn RegionSpace, tree: &'a Tree, leaves: &[u64]) -> Result<Self, KernelError> {
        let mut asked = leaves.to_vec();
        asked.sort_unstable();
        let kept_from = tree.is_over_all(region).then(|| {
            // BLAKE3's leaf sizes are powers of two.
            let (here, there) = (tree.leaf_bytes.ilog2(), INTEGRITY_LEAF_BYTES.ilog2());
            (there.saturating_sub(here), here.saturating_sub(there))
        });
        let shape = Leaves::checked(tree.kind, tree.leaf_bytes, tree.leaves())?;
        let remembered_at = remembered_level(tree.leaves());
        let known = HashMap::new();
        Ok(Self { region, tree, shape, asked, known, kept_from, remembered_at, buffer: Vec::new() })
    }

    /// Node `index` of `level`, which is below the top.
    fn node(&mut self, level: u32, index: u64) -> Result<Digest, KernelError> {
        if let Some(node) = self.known.get(&(level, index)) {
            return Ok(*node);
        }
        if let Some(node) = self.kept(level, index)? {
            return Ok(node);
        }
        let is_remembered = self.tree.kind == HashKind::Sha256 && level == self.remembered_at;
        if is_remembered && let Some(node) = self.region.remembered_node(&self.place(level, index)) {
            return Ok(Digest(node));
        }
        let node = self.made(level, index)?;
        if is_remembered {
            self.region.remember_node(self.place(level, index), node.0);
        }
        Ok(node)
    }

    fn made(&mut self, level: u32, index: u64) -> Result<Digest, KernelError> {
        let is_above_remembered = self.tree.kind == HashKind::Sha256 && level > self.remembered_at;
        if level == 0 || !(is_above_remembered || self.has_asked(level, index)) {
            return self.hashed(level, index);
        }
        let left = self.node(level - 1, 2 * index)?;
        if 2 * index + 1 >= self.tree.nodes_at(level - 1) {
            return Ok(left);
        }
        let right = self.node(level - 1, 2 * index + 1)?;
        Ok(merkle_parent(self.tree.kind, &left, &right, false))
    }

    const fn place(&self, level: u32, index: u64) -> NodePlace {
        let Tree { leaf_bytes, over, .. } = *self.tree;
        NodePlace { offset: over.offset, len: over.len, leaf_bytes, level, index }
    }

    /// The node, if the region keeps it.
    fn kept(&self, level: u32, index: u64) -> Result<Option<Digest>, KernelError> {
        match self.kept_from {
            Some((here, there)) if level >= here => kept_node(self.region, level - here + there, index),
            _ => Ok(None),
        }
    }

    /// Whether a leaf below the node is asked for: exactly then a part of the subtree is known by now.
    fn has_asked(&self, level: u32, index: u64) -> bool {
        let from = self.asked.partition_point(|&leaf| leaf >> level < index);
        self.asked.get(from).is_some_and(|&leaf| leaf >> level == index)
    }

    /// The node from its bytes: a leaf, or a whole subtree at once, which is many times faster than leaf by leaf.
    fn hashed(&mut self, level: u32, index: u64) -> Result<Digest, KernelError> {
        let extent = self.tree.extent_of(level, index);
        let mut leaf = match self.tree.kind {
            HashKind::Blake3 => Leaf::blake3_part(extent.offset - self.tree.over.offset),
            HashKind::Sha256 if level > 0 => {
                // A subtree of RFC 6962 is the tree over its bytes.
                let subtree = Tree { over: extent, ..*self.tree };
                return sha256_root(self.region, &subtree, &mut self.buffer);
            }
            HashKind::Sha256 => self.shape.begin(index),
        };
        each_read(self.region, extent, &mut self.buffer, |piece| leaf.update(piece))?;
        Ok(leaf.finish())
    }
}

/// The level whose nodes are worth remembering: each saves a thousand leaves or more, and there are few enough
/// of them.
const fn remembered_level(leaves: u64) -> u32 {
    const LEAST_LEVEL: u32 = 10;
    const MOST_NODES_LOG2: u32 = 15;
    let height = u64::BITS - leaves.leading_zeros();
    let level = height.saturating_sub(MOST_NODES_LOG2);
    if level > LEAST_LEVEL { level } else { LEAST_LEVEL }
}
