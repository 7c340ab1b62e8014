//! ChaCha in 16 lanes of AVX-512, and the choice of letters without leaving the registers.
//!
//! Register w holds word w of sixteen consecutive blocks. The text needs the keystream in order only as
//! *letters*: the choice is made on the words as they lie, and 128 letters are put in order instead of 1024
//! bytes.
#![expect(unsafe_code, reason = "stores through pointers, and calls of code compiled for more features")]

use std::arch::x86_64::*;

use crate::chacha::{CONSTANTS, Start};
use crate::seed_text::{ALPHABET, BATCH_SYMBOLS};

/// Blocks computed at a time.
const LANES: usize = 16;

/// Proof that this machine has every feature that the functions of this module are compiled for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// Bytes of keystream computed at a time.
    pub(crate) const GROUP_BYTES: usize = 64 * LANES;

    /// Asks the machine (the standard library keeps the answer).
    pub(crate) fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vbmi")
            && is_x86_feature_detected!("avx512vbmi2")
            && is_x86_feature_detected!("popcnt");
        all.then_some(Self(()))
    }

    /// Fills `into`, whose length is a multiple of [`Self::GROUP_BYTES`], with keystream from block
    /// `counter`.
    pub(crate) fn keystream<const ROUNDS: usize>(self, start: &Start, counter: u64, into: &mut [u8]) {
        // SAFETY: `self` exists, so the machine has the features.
        unsafe { keystream::<ROUNDS>(start, counter, into) }
    }

    /// Writes letters while at least [`BATCH_SYMBOLS`] bytes are free and says how many it wrote; bytes
    /// behind them are unspecified. `counter` is the next block.
    pub(crate) fn text(self, start: &Start, counter: &mut u64, into: &mut [u8]) -> usize {
        // SAFETY: `self` exists, so the machine has the features.
        unsafe { text(start, counter, into) }
    }

    /// The letters of sixteen blocks given as they lie: lane b of word w in `words[w][b]`.
    #[cfg(test)]
    pub(super) fn letters_of(self, words: &[[u32; LANES]; 16]) -> Vec<u8> {
        let mut into = [0; BATCH_SYMBOLS];
        // SAFETY: `self` exists, so the machine has the features; an array of 16 words is a readable vector.
        let len = unsafe {
            letters(
                words.map(|word| _mm512_loadu_si512(word.as_ptr().cast())),
                reversed_alphabet(),
                &mut into,
            )
        };
        into[..len].to_vec()
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn quarter(x: &mut [__m512i; 16], a: usize, b: usize, c: usize, d: usize) {
    x[a] = _mm512_add_epi32(x[a], x[b]);
    x[d] = _mm512_rol_epi32::<16>(_mm512_xor_si512(x[d], x[a]));
    x[c] = _mm512_add_epi32(x[c], x[d]);
    x[b] = _mm512_rol_epi32::<12>(_mm512_xor_si512(x[b], x[c]));
    x[a] = _mm512_add_epi32(x[a], x[b]);
    x[d] = _mm512_rol_epi32::<8>(_mm512_xor_si512(x[d], x[a]));
    x[c] = _mm512_add_epi32(x[c], x[d]);
    x[b] = _mm512_rol_epi32::<7>(_mm512_xor_si512(x[b], x[c]));
}

/// Sixteen blocks from `counter`: word w of all of them in element w.
#[inline]
#[target_feature(enable = "avx512f")]
fn blocks<const ROUNDS: usize>(start: &Start, counter: u64) -> [__m512i; 16] {
    let lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    let low = _mm512_add_epi32(_mm512_set1_epi32(counter as i32), lanes);
    let carry = _mm512_cmplt_epu32_mask(low, lanes);
    let high = _mm512_set1_epi32((counter >> 32) as i32);
    let high = _mm512_mask_add_epi32(high, carry, high, _mm512_set1_epi32(1));

    let mut first = [low; 16];
    for w in 0..4 {
        first[w] = _mm512_set1_epi32(CONSTANTS[w] as i32);
    }
    for w in 0..8 {
        first[4 + w] = _mm512_set1_epi32(start.key[w] as i32);
    }
    first[13] = high;
    first[14] = _mm512_set1_epi32(start.nonce[0] as i32);
    first[15] = _mm512_set1_epi32(start.nonce[1] as i32);

    let mut x = first;
    for _ in 0..ROUNDS / 2 {
        for c in 0..4 {
            quarter(&mut x, c, 4 + c, 8 + c, 12 + c);
        }
        for c in 0..4 {
            quarter(&mut x, c, 4 + (c + 1) % 4, 8 + (c + 2) % 4, 12 + (c + 3) % 4);
        }
    }
    for w in 0..16 {
        x[w] = _mm512_add_epi32(x[w], first[w]);
    }
    x
}

#[target_feature(enable = "avx512f")]
fn keystream<const ROUNDS: usize>(start: &Start, counter: u64, into: &mut [u8]) {
    let mut counter = counter;
    for group in into.chunks_exact_mut(Avx512::GROUP_BYTES) {
        let rows = transposed(blocks::<ROUNDS>(start, counter));
        for (block, row) in group.chunks_exact_mut(64).zip(rows) {
            // SAFETY: `block` is 64 bytes that are ours to write; the store needs no alignment.
            unsafe { _mm512_storeu_si512(block.as_mut_ptr().cast(), row) };
        }
        counter = counter.wrapping_add(LANES as u64);
    }
}

/// Sixteen vectors of word w of every block -> sixteen vectors of a block's words.
#[inline]
#[target_feature(enable = "avx512f")]
fn transposed(x: [__m512i; 16]) -> [__m512i; 16] {
    // In each 128-bit quarter q, `fours[4g + i]` gets words 4g..4g+4 of block 4q + i.
    let mut fours = x;
    for g in 0..4 {
        let (a, b, c, d) = (x[4 * g], x[4 * g + 1], x[4 * g + 2], x[4 * g + 3]);
        let (ab_low, ab_high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        let (cd_low, cd_high) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
        fours[4 * g] = _mm512_unpacklo_epi64(ab_low, cd_low);
        fours[4 * g + 1] = _mm512_unpackhi_epi64(ab_low, cd_low);
        fours[4 * g + 2] = _mm512_unpacklo_epi64(ab_high, cd_high);
        fours[4 * g + 3] = _mm512_unpackhi_epi64(ab_high, cd_high);
    }
    // Then the quarters change places: block 4q + i is quarter q of fours[i], [4 + i], [8 + i], [12 + i].
    let mut rows = x;
    for i in 0..4 {
        let (a, b, c, d) = (fours[i], fours[4 + i], fours[8 + i], fours[12 + i]);
        let (ab_01, ab_23) =
            (_mm512_shuffle_i32x4::<0b01_00_01_00>(a, b), _mm512_shuffle_i32x4::<0b11_10_11_10>(a, b));
        let (cd_01, cd_23) =
            (_mm512_shuffle_i32x4::<0b01_00_01_00>(c, d), _mm512_shuffle_i32x4::<0b11_10_11_10>(c, d));
        rows[i] = _mm512_shuffle_i32x4::<0b10_00_10_00>(ab_01, cd_01);
        rows[4 + i] = _mm512_shuffle_i32x4::<0b11_01_11_01>(ab_01, cd_01);
        rows[8 + i] = _mm512_shuffle_i32x4::<0b10_00_10_00>(ab_23, cd_23);
        rows[12 + i] = _mm512_shuffle_i32x4::<0b11_01_11_01>(ab_23, cd_23);
    }
    rows
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,popcnt")]
fn text(start: &Start, counter: &mut u64, into: &mut [u8]) -> usize {
    let alphabet = reversed_alphabet();
    let mut at = 0;
    while let Some(batch) = into[at..].first_chunk_mut() {
        at += letters(blocks::<12>(start, *counter), alphabet, batch);
        *counter += LANES as u64;
    }
    at
}

/// Writes the letters of sixteen blocks and says how many they are.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,popcnt")]
fn letters(x: [__m512i; 16], alphabet: __m512i, into: &mut [u8; BATCH_SYMBOLS]) -> usize {
    let mut at = 0;
    for choices in choices(x) {
        let accepted = _mm512_test_epi8_mask(choices, choices);
        let kept = _mm512_maskz_compress_epi8(accepted, _mm512_permutexvar_epi8(choices, alphabet));
        // SAFETY: two stores of 64 bytes into 128, the second at 64 at most; no alignment is needed.
        unsafe { _mm512_storeu_si512(into.as_mut_ptr().add(at).cast(), kept) };
        at += accepted.count_ones() as usize;
    }
    at
}

/// Letter 63 - i in byte i: what the complemented symbols of [`choices`] index.
#[inline]
#[target_feature(enable = "avx512f")]
fn reversed_alphabet() -> __m512i {
    let mut reversed = [0_u8; 64];
    for (symbol, &letter) in ALPHABET.iter().enumerate() {
        reversed[63 - symbol] = letter;
    }
    // SAFETY: `reversed` is 64 readable bytes; the load needs no alignment.
    unsafe { _mm512_loadu_si512(reversed.as_ptr().cast()) }
}

/// The 128 draws of sixteen blocks, one a byte in keystream order: 63 - symbol, or 0 where the draw is
/// rejected.
///
/// A draw is v = high · 2^32 + low. Its symbol is the upper half of the 128-bit v · 60, and it is accepted
/// if the lower half's first four bits are not all ones. Both are in the ten bits floor(v · 60 / 2^60)
/// = floor(floor(v · 15 / 16) / 2^54), and floor(v · 15 / 16) = v - ceil(v / 16) needs no multiplication.
/// In halves: (high - (high >> 4) - borrow), where the lower half borrows if low < ceil's lower half, that is
/// low <= shifted, except where low and shifted are both 0.
/// All is kept complemented, so that 0 can say "rejected": no symbol is 63.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2")]
fn choices(x: [__m512i; 16]) -> [__m512i; 2] {
    let four_bits = _mm512_set1_epi32(0x03C0_0000);
    let minus_one = _mm512_set1_epi32(-1);
    let zero = _mm512_setzero_si512();
    let mut drawn = [zero; 8];
    for j in 0..8 {
        let (low, high) = (x[2 * j], x[2 * j + 1]);
        let shifted = _mm512_shrdi_epi32::<4>(low, high);
        let borrow = _mm512_mask_cmple_epu32_mask(_mm512_test_epi32_mask(shifted, shifted), low, shifted);
        // !(high - (high >> 4) - borrow) = (high >> 4) - high - 1 + borrow
        let without = _mm512_sub_epi32(_mm512_srli_epi32::<4>(high), high);
        let complement = _mm512_mask_add_epi32(without, !borrow, without, minus_one);
        let accepted = _mm512_test_epi32_mask(complement, four_bits);
        drawn[j] = _mm512_maskz_srli_epi32::<26>(accepted, complement);
    }
    in_order(drawn)
}

/// Element j holds draw j of block b in 32-bit lane b; gives draw j of block b at byte 8b + j.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn in_order(drawn: [__m512i; 8]) -> [__m512i; 2] {
    let pack = |a, b, c, d| _mm512_packus_epi16(_mm512_packus_epi32(a, b), _mm512_packus_epi32(c, d));
    // Byte 16q + 4j + i of `early` is draw j of block 4q + i; of `late`, draw 4 + j.
    let early = pack(drawn[0], drawn[1], drawn[2], drawn[3]);
    let late = pack(drawn[4], drawn[5], drawn[6], drawn[7]);
    let [first, second] = [0, 8].map(|first_block| {
        let mut from = [0_u8; 64];
        for (to, from) in from.iter_mut().enumerate() {
            let (block, draw) = (first_block + to / 8, to % 8);
            *from = (64 * (draw / 4) + 16 * (block / 4) + 4 * (draw % 4) + block % 4) as u8;
        }
        // SAFETY: `from` is 64 readable bytes; the load needs no alignment.
        unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
    });
    [_mm512_permutex2var_epi8(early, first, late), _mm512_permutex2var_epi8(early, second, late)]
}
