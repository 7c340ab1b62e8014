//! Whether a path leads from a leaf to the root.

use plimsoll_core::Digest;

use super::nodes::merkle_parent;
use super::tree::{levels_of, siblings};
use crate::digests::HashKind;

/// Whether `path` (32 bytes a sibling, bottom up) leads from leaf `index` of `leaves` to `root`. Anything
/// that is not exactly such a path is `false`.
#[must_use]
pub fn merkle_verify(
    kind: HashKind,
    root: &Digest,
    leaves: u64,
    index: u64,
    leaf: &Digest,
    path: &[u8],
) -> bool {
    if index >= leaves {
        return false;
    }
    let top = levels_of(leaves) - 1;
    let (nodes, rest) = path.as_chunks::<32>();
    let mut nodes = nodes.iter();
    let mut node = *leaf;
    for (level, sibling) in siblings(leaves, index) {
        let Some(&beside) = nodes.next() else { return false };
        let beside = Digest(beside);
        let is_root = level + 1 == top;
        node = if sibling & 1 == 1 {
            merkle_parent(kind, &node, &beside, is_root)
        } else {
            merkle_parent(kind, &beside, &node, is_root)
        };
    }
    rest.is_empty() && nodes.next().is_none() && node == *root
}
