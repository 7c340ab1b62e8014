//! Merkle roots of a region in memory, against hashing the same bytes in one go.

use std::hint::black_box;

use plimsoll_core::Extent;
use plimsoll_kernels::{HashKind, Tree, merkle_root};
use plimsoll_plugin::MemorySpace;
use sha2::Digest as _;

use super::kernel::{Kernel, sure};

const REGION_BYTES: usize = 4 << 20;

pub(super) fn kernels() -> Vec<Kernel> {
    let bytes = || vec![3; REGION_BYTES];
    let blake3 = |leaf_bytes| {
        let bytes = bytes();
        root(HashKind::Blake3, leaf_bytes).against(
            "crate blake3, plain hash",
            sure(move || {
                black_box(blake3::hash(black_box(&bytes)));
            }),
        )
    };
    let sha256 = |leaf_bytes| {
        let bytes = bytes();
        root(HashKind::Sha256, leaf_bytes).against(
            "crate sha2, plain hash",
            sure(move || {
                black_box(sha2::Sha256::digest(black_box(&bytes)));
            }),
        )
    };
    vec![blake3(1 << 10), blake3(64 << 10), sha256(4 << 10)]
}

fn root(kind: HashKind, leaf_bytes: u64) -> Kernel {
    let region = MemorySpace::with(vec![3; REGION_BYTES]);
    let tree = Tree { kind, leaf_bytes, over: Extent { offset: 0, len: REGION_BYTES as u64 } };
    let work = move || {
        black_box(merkle_root(black_box(&region), &tree)?);
        Ok(())
    };
    let name = format!("merkle root {kind}, leaves of {} KiB", leaf_bytes >> 10);
    Kernel::of_bytes(name, REGION_BYTES as u64, work)
}
