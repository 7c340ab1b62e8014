//! One leaf, one parent, one level.

use blake3::hazmat::{HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use plimsoll_core::Digest;
use sha2::Digest as _;

use super::tree::check_leaf_bytes;
use crate::digests::HashKind;
use crate::error::KernelError;

/// The first byte of what a leaf hashes (RFC 6962).
const SHA256_LEAF: [u8; 1] = [0];
/// The first byte of what a node hashes (RFC 6962).
const SHA256_NODE: [u8; 1] = [1];

/// The leaves of one tree, known to be sound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leaves {
    kind: HashKind,
    leaf_bytes: u64,
    leaves: u64,
}

/// A leaf, or with BLAKE3 also a whole subtree, under way.
pub(crate) enum Leaf {
    /// A part of a tree.
    Blake3(Box<blake3::Hasher>),
    /// All of a tree.
    Blake3Root(Box<blake3::Hasher>),
    Sha256(sha2::Sha256),
}

impl Leaves {
    /// `leaves` leaves of `leaf_bytes`.
    pub(crate) fn checked(kind: HashKind, leaf_bytes: u64, leaves: u64) -> Result<Self, KernelError> {
        check_leaf_bytes(kind, leaf_bytes)?;
        if u128::from(leaf_bytes) * u128::from(leaves.max(1) - 1) > u128::from(u64::MAX) {
            return Err(KernelError::BadInput(format!(
                "{leaves} leaves of {leaf_bytes} bytes are more than a tree can have"
            )));
        }
        Ok(Self { kind, leaf_bytes, leaves })
    }

    /// Whether leaf `index` can have `len` bytes.
    pub(crate) fn check_leaf(&self, index: u64, len: u64) -> Result<(), KernelError> {
        let Self { leaf_bytes, leaves, .. } = *self;
        let wrong = if index >= leaves {
            format!("leaf {index} is not one of {leaves}")
        } else if len > leaf_bytes || (len < leaf_bytes && index + 1 < leaves) {
            format!(
                "leaf {index} of {leaves} must have {leaf_bytes} bytes, not {len}: \
                 only the last may be shorter"
            )
        } else if len == 0 {
            format!("leaf {index} of {leaves} has no bytes")
        } else {
            return Ok(());
        };
        Err(KernelError::BadInput(wrong))
    }

    /// Begins leaf `index`, which exists.
    pub(crate) fn begin(&self, index: u64) -> Leaf {
        match self.kind {
            HashKind::Sha256 => {
                let mut hasher = sha2::Sha256::new();
                hasher.update(SHA256_LEAF);
                Leaf::Sha256(hasher)
            }
            HashKind::Blake3 if self.leaves == 1 => Leaf::Blake3Root(Box::default()),
            HashKind::Blake3 => Leaf::blake3_part(index * self.leaf_bytes),
        }
    }
}

impl Leaf {
    /// A BLAKE3 subtree that begins `offset` bytes behind its tree's beginning, and is not all of it.
    pub(crate) fn blake3_part(offset: u64) -> Self {
        let mut hasher = Box::<blake3::Hasher>::default();
        hasher.set_input_offset(offset);
        Self::Blake3(hasher)
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Blake3(hasher) | Self::Blake3Root(hasher) => {
                hasher.update(bytes);
            }
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    /// The node; at least one byte has been given.
    pub(crate) fn finish(self) -> Digest {
        match self {
            Self::Blake3(hasher) => Digest(hasher.finalize_non_root()),
            Self::Blake3Root(hasher) => Digest(*hasher.finalize().as_bytes()),
            Self::Sha256(hasher) => Digest(hasher.finalize().into()),
        }
    }
}

/// The leaf of `bytes` as number `index` of `leaves`; `leaf_bytes` is the size of all leaves but the last,
/// which may be shorter.
///
/// # Errors
/// [`KernelError::BadInput`]: a leaf size that `kind` does not allow, a leaf that does not exist, or too
/// few or too many bytes.
pub fn merkle_leaf(
    kind: HashKind,
    leaf_bytes: u64,
    leaves: u64,
    index: u64,
    bytes: &[u8],
) -> Result<Digest, KernelError> {
    let all = Leaves::checked(kind, leaf_bytes, leaves)?;
    all.check_leaf(index, bytes.len() as u64)?;
    let mut leaf = all.begin(index);
    leaf.update(bytes);
    Ok(leaf.finish())
}

/// The node above `left` and `right`. With BLAKE3 the root differs from every other node.
#[must_use]
pub fn merkle_parent(kind: HashKind, left: &Digest, right: &Digest, is_root: bool) -> Digest {
    match kind {
        HashKind::Blake3 if is_root => {
            Digest(*merge_subtrees_root(left.as_bytes(), right.as_bytes(), Mode::Hash).as_bytes())
        }
        HashKind::Blake3 => Digest(merge_subtrees_non_root(left.as_bytes(), right.as_bytes(), Mode::Hash)),
        HashKind::Sha256 => {
            let node =
                sha2::Sha256::new().chain_update(SHA256_NODE).chain_update(left.0).chain_update(right.0);
            Digest(node.finalize().into())
        }
    }
}

/// The nodes above `below`, which is a run of a level of `all_below` nodes: it begins with an even node,
/// and ends with an odd one or with the level. The last node of an odd run is carried up.
#[must_use]
pub fn merkle_level_above(kind: HashKind, below: &[Digest], all_below: u64) -> Vec<Digest> {
    below
        .chunks(2)
        .map(|pair| match pair {
            [left, right] => merkle_parent(kind, left, right, all_below == 2),
            _ => pair[0],
        })
        .collect()
}
