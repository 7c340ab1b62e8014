//! What native work costs a plugin: fuel for the time that it takes.
//!
//! One unit of fuel is about 0.4 ns of WebAssembly (measured on 2 GHz-class servers; the ratio is what
//! counts). Native BLAKE3 takes about 0.15 ns a byte, SHA-256 0.55 ns, the seed's text 3 ns, a read of 4 KiB
//! from the page cache 1.5 µs. Rounded up, so that native work is never the cheaper way to burn a processor.

use plimsoll_kernels::{HashKind, Keystream};

/// Any call of the host.
pub(crate) const CALL: u64 = 256;
/// Any run of bytes that is read from storage.
pub(crate) const EXTENT: u64 = 5_000;
/// One level of a Merkle path.
pub(crate) const LEVEL: u64 = 1_000;
/// One byte of the seed prototype's text.
pub(crate) const SEED_TEXT_BYTE: u64 = 8;
/// One byte that is only moved.
pub(crate) const MOVED_BYTE: u64 = 1;

/// The parents of one node of a stacked graph, a digest for each round: some 100 of 0.1 µs.
pub(crate) const GRAPH_PARENTS: u64 = 60_000;
/// Preparing one byte of the two labels that a node of a stacked graph keeps in memory while it is filled: they are
/// read or cleared, and its parents are found, 200 ns a node.
pub(crate) const GRAPH_LABEL_BYTE: u64 = 8;
/// One block of SHA-256 that waits for the one before: 40 ns.
pub(crate) const CHAINED_BLOCK: u64 = 128;

/// One hashed byte.
pub(crate) const fn hashed_byte(kind: HashKind) -> u64 {
    match kind {
        HashKind::Blake3 => 1,
        // SHA-256, and whatever slower hash may come.
        _ => 2,
    }
}

/// One byte of a keystream.
pub(crate) const fn stream_byte(kind: Keystream) -> u64 {
    match kind {
        Keystream::Blake3Xof | Keystream::ChaCha8 | Keystream::ChaCha12 | Keystream::Aes128Ctr => 1,
        // ChaCha20, and whatever slower stream may come.
        _ => 2,
    }
}

/// One 64-byte permutation of a memory-hard label, memory included: 11 to 20 ns where several labels lie in
/// the vectors of a core.
pub(crate) const LABEL_PERMUTATION: u64 = 50;
/// 4 KiB of memory that a kernel makes ready: the system finds, gives and clears a page in about 1 µs.
pub(crate) const MEMORY_PAGE: u64 = 2_500;
/// One record under one AES key: 2 ns.
pub(crate) const AES_RECORD: u64 = 6;
/// One small record under one key of BLAKE3, beside its bytes: 70 ns.
pub(crate) const BLAKE3_RECORD: u64 = 200;
