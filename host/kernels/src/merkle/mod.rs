//! Merkle trees over runs of a region.
//!
//! In all of them the left subtree is the largest power of two of leaves that leaves a right one. Counted in
//! levels that is: level 0 has the leaves, each level above one node a pair (2i, 2i + 1), an odd last node is
//! carried up unchanged, and the top level has the root alone.
//!
//! - BLAKE3: the leaf is the chaining value of its bytes at their place, the root is the plain BLAKE3 hash
//!   of all bytes, so that `b3sum` and bao tools agree; a single leaf is the hash itself. Leaves have a
//!   power of two of bytes, 1 KiB or more. BLAKE3 paper, section 2.1:
//!   <https://github.com/BLAKE3-team/BLAKE3-specs/blob/master/blake3.pdf>.
//! - SHA-256: leaf H(00 ‖ bytes), node H(01 ‖ left ‖ right): RFC 6962, section 2.1.

mod nodes;
mod paths;
mod root;
mod tree;
mod verify;

pub use nodes::{merkle_leaf, merkle_level_above, merkle_parent};
pub use paths::merkle_paths;
pub use root::{MerkleStack, merkle_root};
pub use tree::{INTEGRITY_LEAF_BYTES, Tree};
pub use verify::merkle_verify;

pub(crate) use nodes::Leaves;
