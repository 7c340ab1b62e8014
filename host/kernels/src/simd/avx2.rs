//! ChaCha in 8 lanes of AVX2, and the choice of letters without leaving the registers.
//!
//! The same steps as the AVX-512 room, with a table of shuffles where that has a compressing instruction.
#![expect(unsafe_code, reason = "stores through pointers, and calls of code compiled for more features")]

use std::arch::x86_64::*;

use crate::chacha::{CONSTANTS, Start};
use crate::seed_text::BATCH_SYMBOLS;

/// Blocks computed at a time.
const LANES: usize = 8;

/// Proof that this machine has every feature that the functions of this module are compiled for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// Bytes of keystream computed at a time.
    pub(crate) const GROUP_BYTES: usize = 64 * LANES;

    /// Asks the machine (the standard library keeps the answer).
    pub(crate) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt")).then_some(Self(()))
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

    /// The letters of eight blocks given as they lie: lane b of word w in `words[w][b]`.
    #[cfg(test)]
    pub(super) fn letters_of(self, words: &[[u32; LANES]; 16]) -> Vec<u8> {
        let mut into = [0; BATCH_SYMBOLS];
        // SAFETY: `self` exists, so the machine has the features; an array of 8 words is a readable vector.
        let len = unsafe { letters(words.map(|word| _mm256_loadu_si256(word.as_ptr().cast())), &mut into) };
        into[..len].to_vec()
    }
}

/// `x` rotated left by `LEFT` bits; `RIGHT` is 32 - `LEFT`.
#[inline]
#[target_feature(enable = "avx2")]
fn rotated<const LEFT: i32, const RIGHT: i32>(x: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_slli_epi32::<LEFT>(x), _mm256_srli_epi32::<RIGHT>(x))
}

#[inline]
#[target_feature(enable = "avx2")]
fn quarter(x: &mut [__m256i; 16], a: usize, b: usize, c: usize, d: usize) {
    let by_16 = _mm256_set_epi8(
        13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2, 13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0,
        3, 2,
    );
    let by_8 = _mm256_set_epi8(
        14, 13, 12, 15, 10, 9, 8, 11, 6, 5, 4, 7, 2, 1, 0, 3, 14, 13, 12, 15, 10, 9, 8, 11, 6, 5, 4, 7, 2, 1,
        0, 3,
    );
    x[a] = _mm256_add_epi32(x[a], x[b]);
    x[d] = _mm256_shuffle_epi8(_mm256_xor_si256(x[d], x[a]), by_16);
    x[c] = _mm256_add_epi32(x[c], x[d]);
    x[b] = rotated::<12, 20>(_mm256_xor_si256(x[b], x[c]));
    x[a] = _mm256_add_epi32(x[a], x[b]);
    x[d] = _mm256_shuffle_epi8(_mm256_xor_si256(x[d], x[a]), by_8);
    x[c] = _mm256_add_epi32(x[c], x[d]);
    x[b] = rotated::<7, 25>(_mm256_xor_si256(x[b], x[c]));
}

/// Eight blocks from `counter`: word w of all of them in element w.
#[inline]
#[target_feature(enable = "avx2")]
fn blocks<const ROUNDS: usize>(start: &Start, counter: u64) -> [__m256i; 16] {
    let [c0, c1, c2, c3, c4, c5, c6, c7] = std::array::from_fn(|lane| counter.wrapping_add(lane as u64));
    let low = |c: u64| c as i32;
    let high = |c: u64| (c >> 32) as i32;
    let mut first = [_mm256_setzero_si256(); 16];
    for w in 0..4 {
        first[w] = _mm256_set1_epi32(CONSTANTS[w] as i32);
    }
    for w in 0..8 {
        first[4 + w] = _mm256_set1_epi32(start.key[w] as i32);
    }
    first[12] = _mm256_setr_epi32(low(c0), low(c1), low(c2), low(c3), low(c4), low(c5), low(c6), low(c7));
    first[13] =
        _mm256_setr_epi32(high(c0), high(c1), high(c2), high(c3), high(c4), high(c5), high(c6), high(c7));
    first[14] = _mm256_set1_epi32(start.nonce[0] as i32);
    first[15] = _mm256_set1_epi32(start.nonce[1] as i32);

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
        x[w] = _mm256_add_epi32(x[w], first[w]);
    }
    x
}

#[target_feature(enable = "avx2")]
fn keystream<const ROUNDS: usize>(start: &Start, counter: u64, into: &mut [u8]) {
    let mut counter = counter;
    for group in into.chunks_exact_mut(Avx2::GROUP_BYTES) {
        let x = blocks::<ROUNDS>(start, counter);
        for half in 0..2 {
            let rows = transposed([
                x[8 * half],
                x[8 * half + 1],
                x[8 * half + 2],
                x[8 * half + 3],
                x[8 * half + 4],
                x[8 * half + 5],
                x[8 * half + 6],
                x[8 * half + 7],
            ]);
            for (block, row) in group.chunks_exact_mut(64).zip(rows) {
                let to = &mut block[32 * half..32 * half + 32];
                // SAFETY: `to` is 32 bytes that are ours to write; the store needs no alignment.
                unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), row) };
            }
        }
        counter = counter.wrapping_add(LANES as u64);
    }
}

/// Eight vectors of word w of every block -> eight vectors of a block's eight words.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed(x: [__m256i; 8]) -> [__m256i; 8] {
    // In each 128-bit half h, `fours[4g + i]` gets words 4g..4g+4 of block 4h + i.
    let mut fours = x;
    for g in 0..2 {
        let (a, b, c, d) = (x[4 * g], x[4 * g + 1], x[4 * g + 2], x[4 * g + 3]);
        let (ab_low, ab_high) = (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
        let (cd_low, cd_high) = (_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
        fours[4 * g] = _mm256_unpacklo_epi64(ab_low, cd_low);
        fours[4 * g + 1] = _mm256_unpackhi_epi64(ab_low, cd_low);
        fours[4 * g + 2] = _mm256_unpacklo_epi64(ab_high, cd_high);
        fours[4 * g + 3] = _mm256_unpackhi_epi64(ab_high, cd_high);
    }
    let mut rows = x;
    for i in 0..4 {
        rows[i] = _mm256_permute2x128_si256::<0x20>(fours[i], fours[4 + i]);
        rows[4 + i] = _mm256_permute2x128_si256::<0x31>(fours[i], fours[4 + i]);
    }
    rows
}

/// For each pattern of accepted draws, where the kept bytes come from.
static KEPT: [[u8; 8]; 256] = {
    let mut table = [[0_u8; 8]; 256];
    let mut pattern = 0;
    while pattern < 256 {
        let (mut draw, mut to) = (0, 0);
        while draw < 8 {
            if pattern >> draw & 1 == 1 {
                table[pattern][to] = draw;
                to += 1;
            }
            draw += 1;
        }
        pattern += 1;
    }
    table
};

#[target_feature(enable = "avx2,popcnt")]
fn text(start: &Start, counter: &mut u64, into: &mut [u8]) -> usize {
    let mut at = 0;
    while let Some(batch) = into[at..].first_chunk_mut() {
        at += letters(blocks::<12>(start, *counter), batch);
        *counter += LANES as u64;
    }
    at
}

/// Writes the letters of eight blocks and says how many they are.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn letters(x: [__m256i; 16], into: &mut [u8; BATCH_SYMBOLS]) -> usize {
    let [low, high] = in_order(choices(x));
    // 16 bytes of blocks 0 1 | 4 5 lie in `low`, 2 3 | 6 7 in `high`.
    let pairs = [
        (_mm256_castsi256_si128(low), _mm256_castsi256_si128(spelt(low))),
        (_mm256_castsi256_si128(high), _mm256_castsi256_si128(spelt(high))),
        (_mm256_extracti128_si256::<1>(low), _mm256_extracti128_si256::<1>(spelt(low))),
        (_mm256_extracti128_si256::<1>(high), _mm256_extracti128_si256::<1>(spelt(high))),
    ];
    let mut at = 0;
    for (drawn, spelt) in pairs {
        let accepted = !_mm_movemask_epi8(drawn).cast_unsigned();
        for (accepted, spelt) in
            [(accepted & 0xFF, spelt), (accepted >> 8 & 0xFF, _mm_unpackhi_epi64(spelt, spelt))]
        {
            // SAFETY: a table row is 8 readable bytes. Of the eight stores of 8 bytes each begins 8 bytes
            // at most behind the one before, so all lie in the first 64 of 128. No alignment is needed.
            unsafe {
                let from = _mm_loadl_epi64(KEPT[accepted as usize].as_ptr().cast());
                _mm_storel_epi64(into.as_mut_ptr().add(at).cast(), _mm_shuffle_epi8(spelt, from));
            }
            at += accepted.count_ones() as usize;
        }
    }
    at
}

/// The letters of 32 symbols; rubbish where the symbol is 255.
#[inline]
#[target_feature(enable = "avx2")]
fn spelt(symbols: __m256i) -> __m256i {
    // 0.. -> a.., 26.. -> A.., 51.. -> 0..: one base, less a step at each border.
    let lower = _mm256_add_epi8(symbols, _mm256_set1_epi8(b'a' as i8));
    let behind_lower = _mm256_cmpgt_epi8(symbols, _mm256_set1_epi8(25));
    let behind_upper = _mm256_cmpgt_epi8(symbols, _mm256_set1_epi8(50));
    let step_to_upper = _mm256_set1_epi8((b'a' + 26 - b'A') as i8);
    let step_to_digits = _mm256_set1_epi8((b'A' + 25 - b'0') as i8);
    let upper = _mm256_sub_epi8(lower, _mm256_and_si256(behind_lower, step_to_upper));
    _mm256_sub_epi8(upper, _mm256_and_si256(behind_upper, step_to_digits))
}

/// The draws of eight blocks: element j has in 32-bit lane b the symbol of draw j of block b, or -1 where it
/// is rejected. The AVX-512 room has the argument.
#[inline]
#[target_feature(enable = "avx2")]
fn choices(x: [__m256i; 16]) -> [__m256i; 8] {
    let four_bits = _mm256_set1_epi32(0x03C0_0000);
    let one = _mm256_set1_epi32(1);
    let mut drawn = [four_bits; 8];
    for j in 0..8 {
        let (low, high) = (x[2 * j], x[2 * j + 1]);
        let shifted = _mm256_or_si256(_mm256_srli_epi32::<4>(low), _mm256_slli_epi32::<28>(high));
        // Borrow: low <= shifted and shifted is not 0, that is max(low, 1) <= shifted.
        let at_least = _mm256_max_epu32(_mm256_max_epu32(low, one), shifted);
        let minus_borrow = _mm256_cmpeq_epi32(at_least, shifted);
        let upper = _mm256_sub_epi32(high, _mm256_srli_epi32::<4>(high));
        let upper = _mm256_add_epi32(upper, minus_borrow);
        let rejected = _mm256_cmpeq_epi32(_mm256_and_si256(upper, four_bits), four_bits);
        drawn[j] = _mm256_or_si256(_mm256_srli_epi32::<26>(upper), rejected);
    }
    drawn
}

/// The same in bytes: element 0 has the draws of blocks 0 1 | 4 5, element 1 those of 2 3 | 6 7.
#[inline]
#[target_feature(enable = "avx2")]
fn in_order(drawn: [__m256i; 8]) -> [__m256i; 2] {
    let by_block = _mm256_setr_epi8(
        0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7,
        11, 15,
    );
    let pack = |a, b, c, d| {
        let bytes = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
        _mm256_shuffle_epi8(bytes, by_block)
    };
    let early = pack(drawn[0], drawn[1], drawn[2], drawn[3]);
    let late = pack(drawn[4], drawn[5], drawn[6], drawn[7]);
    [_mm256_unpacklo_epi32(early, late), _mm256_unpackhi_epi32(early, late)]
}
