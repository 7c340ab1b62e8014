//! ChaCha in its original form: 64-bit block counter, 64-bit nonce, 8, 12 or 20 rounds.
//!
//! D. J. Bernstein, "ChaCha, a variant of Salsa20" (2008), <https://cr.yp.to/chacha.html>. This file has
//! the plain Rust implementation, sixteen blocks side by side so that a compiler can use what vectors there
//! are, and the choice among the implementations.

use crate::isa::Isa;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};

/// "expand 32-byte k".
pub(crate) const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// Bytes of a block.
const BLOCK_BYTES: usize = 64;

/// Blocks that the plain implementation computes at a time.
pub(crate) const LANES: usize = 16;

/// The most keystream that any implementation computes at a time.
const LARGEST_GROUP_BYTES: usize = 1024;

/// What a keystream starts from, as words.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    /// Words 4 to 11.
    pub(crate) key: [u32; 8],
    /// Words 14 and 15.
    pub(crate) nonce: [u32; 2],
}

impl Start {
    /// Key and nonce, little-endian.
    pub(crate) fn new(key: &[u8; 32], nonce: u64) -> Self {
        let mut words = [0; 8];
        for (word, bytes) in words.iter_mut().zip(key.chunks_exact(4)) {
            *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        Self { key: words, nonce: [nonce as u32, (nonce >> 32) as u32] }
    }
}

/// `into.len()` bytes of keystream from byte `offset`.
pub(crate) fn keystream<const ROUNDS: usize>(isa: Isa, start: &Start, offset: u64, into: &mut [u8]) {
    let mut block = offset / BLOCK_BYTES as u64;
    let skip = (offset % BLOCK_BYTES as u64) as usize;
    let group_bytes = group_bytes(isa);
    let mut rest = into;
    if skip > 0 {
        let mut group = [0; LARGEST_GROUP_BYTES];
        groups::<ROUNDS>(isa, start, block, &mut group[..group_bytes]);
        let (head, behind) = rest.split_at_mut(rest.len().min(group_bytes - skip));
        head.copy_from_slice(&group[skip..skip + head.len()]);
        block = block.wrapping_add((group_bytes / BLOCK_BYTES) as u64);
        rest = behind;
    }
    let (whole, tail) = rest.split_at_mut(rest.len() - rest.len() % group_bytes);
    groups::<ROUNDS>(isa, start, block, whole);
    if !tail.is_empty() {
        let mut group = [0; LARGEST_GROUP_BYTES];
        let block = block.wrapping_add((whole.len() / BLOCK_BYTES) as u64);
        groups::<ROUNDS>(isa, start, block, &mut group[..group_bytes]);
        tail.copy_from_slice(&group[..tail.len()]);
    }
}

/// Bytes that `isa` computes at a time.
fn group_bytes(isa: Isa) -> usize {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 if Avx512::detect().is_some() => Avx512::GROUP_BYTES,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 if Avx2::detect().is_some() => Avx2::GROUP_BYTES,
        _ => BLOCK_BYTES * LANES,
    }
}

/// Whole groups of keystream from block `counter`. What the machine lacks, the plain implementation does.
fn groups<const ROUNDS: usize>(isa: Isa, start: &Start, counter: u64, into: &mut [u8]) {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => {
            if let Some(machine) = Avx512::detect() {
                return machine.keystream::<ROUNDS>(start, counter, into);
            }
        }
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => {
            if let Some(machine) = Avx2::detect() {
                return machine.keystream::<ROUNDS>(start, counter, into);
            }
        }
        _ => {}
    }
    let mut counter = counter;
    for group in into.chunks_exact_mut(BLOCK_BYTES * LANES) {
        let x = blocks::<ROUNDS>(start, counter);
        for (lane, block) in group.chunks_exact_mut(BLOCK_BYTES).enumerate() {
            for (word, bytes) in x.iter().zip(block.chunks_exact_mut(4)) {
                bytes.copy_from_slice(&word[lane].to_le_bytes());
            }
        }
        counter = counter.wrapping_add(LANES as u64);
    }
}

/// Word w of `LANES` blocks from `counter` in element w.
pub(crate) fn blocks<const ROUNDS: usize>(start: &Start, counter: u64) -> [[u32; LANES]; 16] {
    let mut first = [[0; LANES]; 16];
    for w in 0..4 {
        first[w] = [CONSTANTS[w]; LANES];
    }
    for w in 0..8 {
        first[4 + w] = [start.key[w]; LANES];
    }
    first[12] = std::array::from_fn(|lane| counter.wrapping_add(lane as u64) as u32);
    first[13] = std::array::from_fn(|lane| (counter.wrapping_add(lane as u64) >> 32) as u32);
    first[14] = [start.nonce[0]; LANES];
    first[15] = [start.nonce[1]; LANES];

    rounds::<ROUNDS>(&first)
}

/// `ROUNDS` rounds over the words in `first`, and the words added again: `LANES` blocks, whatever they begin with.
pub(crate) fn rounds<const ROUNDS: usize>(first: &[[u32; LANES]; 16]) -> [[u32; LANES]; 16] {
    let mut x = *first;
    for _ in 0..ROUNDS / 2 {
        for c in 0..4 {
            quarter(&mut x, c, 4 + c, 8 + c, 12 + c);
        }
        for c in 0..4 {
            quarter(&mut x, c, 4 + (c + 1) % 4, 8 + (c + 2) % 4, 12 + (c + 3) % 4);
        }
    }
    for w in 0..16 {
        for lane in 0..LANES {
            x[w][lane] = x[w][lane].wrapping_add(first[w][lane]);
        }
    }
    x
}

/// All of a quarter round in one loop over the lanes: a loop of this length compilers turn into vectors.
#[inline(always)]
fn quarter(x: &mut [[u32; LANES]; 16], a: usize, b: usize, c: usize, d: usize) {
    let [mut va, mut vb, mut vc, mut vd] = [x[a], x[b], x[c], x[d]];
    for lane in 0..LANES {
        va[lane] = va[lane].wrapping_add(vb[lane]);
        vd[lane] = (vd[lane] ^ va[lane]).rotate_left(16);
        vc[lane] = vc[lane].wrapping_add(vd[lane]);
        vb[lane] = (vb[lane] ^ vc[lane]).rotate_left(12);
        va[lane] = va[lane].wrapping_add(vb[lane]);
        vd[lane] = (vd[lane] ^ va[lane]).rotate_left(8);
        vc[lane] = vc[lane].wrapping_add(vd[lane]);
        vb[lane] = (vb[lane] ^ vc[lane]).rotate_left(7);
    }
    [x[a], x[b], x[c], x[d]] = [va, vb, vc, vd];
}
