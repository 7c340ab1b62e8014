//! Digests of bytes.

use std::hint::black_box;

use plimsoll_kernels::{HashKind, digest_of};
use sha2::Digest as _;

use super::kernel::{Kernel, sure};

const PIECE_BYTES: usize = 1 << 20;

pub(super) fn kernels() -> Vec<Kernel> {
    vec![
        digest(HashKind::Blake3).against("crate blake3", {
            let bytes = vec![3; PIECE_BYTES];
            sure(move || {
                black_box(blake3::hash(black_box(&bytes)));
            })
        }),
        digest(HashKind::Sha256).against("crate sha2", {
            let bytes = vec![3; PIECE_BYTES];
            sure(move || {
                black_box(sha2::Sha256::digest(black_box(&bytes)));
            })
        }),
    ]
}

fn digest(kind: HashKind) -> Kernel {
    let bytes = vec![3; PIECE_BYTES];
    let work = sure(move || {
        black_box(digest_of(kind, black_box(&bytes)));
    });
    Kernel::of_bytes(format!("digest {kind}, 1 MiB"), PIECE_BYTES as u64, work)
}
