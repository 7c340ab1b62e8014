//! Native primitives with their own run-time dispatch: streams, the seed's text chain, Merkle trees.
//!
//! A kernel never sees a file: it reads and writes through [`plimsoll_core::RegionSpace`] and
//! [`plimsoll_core::PlotSpace`], which lend the large buffers. Writing kernels are idempotent a unit. In
//! reading order:
//!
//! - [`Isa`]: which instructions the ChaCha kernels use, chosen when the program runs;
//! - [`digest_of`], [`keyed_digest`], [`digest_extents`]: hashes of bytes and of runs;
//! - [`Keystream`], [`keystream_at`], [`fill`]: streams keyed by 32 bytes, and units filled with them;
//! - [`seed_text`], [`fill_seed_text`]: the seed prototype's chain of texts, bit-exact;
//! - [`Tree`], [`merkle_root`], [`merkle_paths`], [`merkle_verify`]: BLAKE3 and RFC 6962 Merkle trees;
//! - [`curve`], [`erasure`], [`pospace`]: BLS12-381, Reed-Solomon shards and Chia's proofs of space, each through
//!   a well-kept crate.

mod error;
mod isa;
mod puts;

mod digests;

mod chacha;
mod seed_text;
#[cfg(target_arch = "x86_64")]
mod simd;

mod seed_fill;
mod streams;

mod merkle;

pub mod curve;
pub mod erasure;
pub mod pospace;

pub use digests::{HashKind, digest_extents, digest_of, keyed_digest};
pub use error::KernelError;
pub use isa::Isa;
pub use merkle::{
    INTEGRITY_LEAF_BYTES, MerkleStack, Tree, merkle_leaf, merkle_level_above, merkle_parent, merkle_paths,
    merkle_root, merkle_verify,
};
pub use seed_fill::fill_seed_text;
pub use seed_text::{ALPHABET, SeedText, seed_text, seed_text_isa};
pub use streams::{Keystream, fill, keystream_at, keystream_by, keystream_digest, keystream_leaf};
