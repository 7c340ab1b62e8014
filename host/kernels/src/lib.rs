//! Native primitives with their own run-time dispatch: streams, the seed's text chain, Merkle trees.
//!
//! A kernel never sees a file: it reads and writes through [`plimsoll_core::RegionSpace`] and
//! [`plimsoll_core::PlotSpace`], which lend the large buffers. Writing kernels are idempotent a unit. In
//! reading order:
//!
//! - [`Isa`]: which instructions the ChaCha kernels use, chosen when the program runs;
//! - [`digest_of`], [`keyed_digest`], [`digest_extents`]: hashes of bytes and of runs;
//! - [`Keystream`], [`keystream_at`], [`fill`]: streams keyed by 32 bytes, and units filled with them;
//! - [`seed_text`], [`seed_text_digests`], [`fill_seed_text`]: the seed prototype's chain of texts, bit-exact;
//! - [`LabelCost`], [`labels_of`], [`fill_labels`]: memory-hard labels, several side by side in a core's vectors;
//! - [`scan_select`]: one pass over a region that selects records by a keyed score;
//! - [`SdrGraph`], [`sdr_label`], [`fill_sdr`]: Filecoin's stacked graph; [`Chain`], [`fill_chain`]: sequential
//!   chains;
//! - [`combine`], [`walk`], [`gather_digest`]: masks, dependent reads, reads gathered into one digest;
//! - [`Tree`], [`merkle_root`], [`merkle_paths`], [`merkle_verify`]: BLAKE3 and RFC 6962 Merkle trees;
//! - [`curve`], [`erasure`], [`pospace`]: BLS12-381, Reed-Solomon shards and Chia's proofs of space, each through
//!   a well-kept crate.

mod error;
mod isa;
mod puts;

mod digests;

mod aes_ctr;
mod chacha;
mod labels;
mod seed_text;
#[cfg(target_arch = "x86_64")]
mod simd;

mod scan;
mod seed_digests;
mod seed_fill;
mod streams;

mod merkle;

mod graph;

mod combine;
mod walk;

pub use combine::{Mask, combine};
pub mod curve;
pub mod erasure;
pub mod pospace;

pub use digests::{HashKind, digest_extents, digest_of, keyed_digest};
pub use error::KernelError;
pub use graph::{
    Chain, SDR_PARENTS, Sdr, SdrGraph, SdrParents, chain_leaf, chain_unit, fill_chain, fill_sdr, sdr_label,
};
pub use isa::Isa;
pub use labels::{LABEL_BYTES, Label, LabelCost, ScryptForm, fill_labels, labels_by, labels_of};
pub use merkle::{
    INTEGRITY_LEAF_BYTES, MerkleStack, Tree, merkle_leaf, merkle_level_above, merkle_parent, merkle_paths,
    merkle_root, merkle_verify,
};
pub use scan::{
    Hit, LARGEST_HITS, LARGEST_RECORD_BYTES, LARGEST_SCAN_KEYS, ScanKind, Selection, scan_score, scan_select,
};
pub use seed_digests::seed_text_digests;
pub use seed_fill::fill_seed_text;
pub use seed_text::{ALPHABET, SeedText, seed_text, seed_text_isa};
pub use streams::{Keystream, fill, keystream_at, keystream_by, keystream_digest, keystream_leaf};
pub use walk::{Walk, gather_digest, walk};
