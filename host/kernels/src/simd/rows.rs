//! Rows of four labels in AVX-512 and of two in AVX2, for the memory-hard labels.
//!
//! Every method works on the token of its machine, which exists only where the features do; all are inlined
//! into functions that are compiled for these features.
#![expect(
    unsafe_code,
    reason = "intrinsics called from functions that only their inlining gives the features"
)]

use std::arch::x86_64::*;

use super::{Avx2, Avx512};
use crate::labels::romix::{Core, romix};
use crate::labels::rows::{Line, MOST_LABELS, Rows};

impl Avx512 {
    /// See [`romix`].
    pub(crate) fn romix<C: Core, const G: usize>(
        self,
        n: usize,
        r: usize,
        blocks: &mut [Line],
        memory: &mut [Line],
    ) {
        #[target_feature(enable = "avx512f")]
        fn compiled<C: Core, const G: usize>(
            m: Avx512,
            n: usize,
            r: usize,
            blocks: &mut [Line],
            memory: &mut [Line],
        ) {
            if r == 1 {
                romix::<Avx512, C, G>(m, n, 1, blocks, memory);
            } else {
                romix::<Avx512, C, G>(m, n, r, blocks, memory);
            }
        }
        // SAFETY: `self` exists, so the machine has the features.
        unsafe { compiled::<C, G>(self, n, r, blocks, memory) }
    }
}

impl Rows for Avx512 {
    type Row = __m512i;

    const LABELS: usize = 4;

    #[inline(always)]
    fn zero(self) -> __m512i {
        // SAFETY: `self` exists, so the machine has the features.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    fn add(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_add_epi32(a, b) }
    }

    #[inline(always)]
    fn xor(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_xor_si512(a, b) }
    }

    #[inline(always)]
    fn rotated<const LEFT: i32, const RIGHT: i32>(self, a: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_rol_epi32::<LEFT>(a) }
    }

    #[inline(always)]
    fn turned_1(self, a: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_shuffle_epi32::<0b00_11_10_01>(a) }
    }

    #[inline(always)]
    fn turned_2(self, a: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_shuffle_epi32::<0b01_00_11_10>(a) }
    }

    #[inline(always)]
    fn turned_3(self, a: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_shuffle_epi32::<0b10_01_00_11>(a) }
    }

    #[inline(always)]
    fn load(self, lines: &[Line], at: [usize; MOST_LABELS]) -> [__m512i; 4] {
        let mut whole = [self.zero(); 4];
        for label in 0..4 {
            let line: &Line = &lines[at[label]];
            // SAFETY: as above; a line is 64 readable bytes, and the load needs no alignment.
            whole[label] = unsafe { _mm512_loadu_si512(line.as_ptr().cast()) };
        }
        quarters_exchanged(self, whole)
    }

    #[inline(always)]
    fn store(self, block: [__m512i; 4], lines: &mut [Line], at: [usize; MOST_LABELS]) {
        let whole = quarters_exchanged(self, block);
        for label in 0..4 {
            let (line, whole): (&mut Line, _) = (&mut lines[at[label]], whole[label]);
            // SAFETY: as above; a line is 64 bytes that are ours to write, and the store needs no alignment.
            unsafe { _mm512_storeu_si512(line.as_mut_ptr().cast(), whole) };
        }
    }

    #[inline(always)]
    fn first_words(self, a: __m512i) -> [u32; MOST_LABELS] {
        let mut words = [0; 16];
        // SAFETY: as above; `words` is 64 bytes that are ours to write, and the store needs no alignment.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), a) };
        [words[0], words[4], words[8], words[12]]
    }
}

/// Quarter i of vector j becomes quarter j of vector i: lines of four labels to rows of four labels, and back.
#[inline(always)]
fn quarters_exchanged(_: Avx512, [a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    // SAFETY: there is a token, so the machine has the features.
    unsafe {
        let (ab_01, ab_23) =
            (_mm512_shuffle_i32x4::<0b01_00_01_00>(a, b), _mm512_shuffle_i32x4::<0b11_10_11_10>(a, b));
        let (cd_01, cd_23) =
            (_mm512_shuffle_i32x4::<0b01_00_01_00>(c, d), _mm512_shuffle_i32x4::<0b11_10_11_10>(c, d));
        [
            _mm512_shuffle_i32x4::<0b10_00_10_00>(ab_01, cd_01),
            _mm512_shuffle_i32x4::<0b11_01_11_01>(ab_01, cd_01),
            _mm512_shuffle_i32x4::<0b10_00_10_00>(ab_23, cd_23),
            _mm512_shuffle_i32x4::<0b11_01_11_01>(ab_23, cd_23),
        ]
    }
}

impl Avx2 {
    /// See [`romix`].
    pub(crate) fn romix<C: Core, const G: usize>(
        self,
        n: usize,
        r: usize,
        blocks: &mut [Line],
        memory: &mut [Line],
    ) {
        #[target_feature(enable = "avx2")]
        fn compiled<C: Core, const G: usize>(
            m: Avx2,
            n: usize,
            r: usize,
            blocks: &mut [Line],
            memory: &mut [Line],
        ) {
            if r == 1 {
                romix::<Avx2, C, G>(m, n, 1, blocks, memory);
            } else {
                romix::<Avx2, C, G>(m, n, r, blocks, memory);
            }
        }
        // SAFETY: `self` exists, so the machine has the features.
        unsafe { compiled::<C, G>(self, n, r, blocks, memory) }
    }
}

impl Rows for Avx2 {
    type Row = __m256i;

    const LABELS: usize = 2;

    #[inline(always)]
    fn zero(self) -> __m256i {
        // SAFETY: `self` exists, so the machine has the features.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    fn add(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_add_epi32(a, b) }
    }

    #[inline(always)]
    fn xor(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_xor_si256(a, b) }
    }

    #[inline(always)]
    fn rotated<const LEFT: i32, const RIGHT: i32>(self, a: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe {
            match LEFT {
                16 => _mm256_shuffle_epi8(a, bytes_turned(2)),
                8 => _mm256_shuffle_epi8(a, bytes_turned(3)),
                _ => _mm256_or_si256(_mm256_slli_epi32::<LEFT>(a), _mm256_srli_epi32::<RIGHT>(a)),
            }
        }
    }

    #[inline(always)]
    fn turned_1(self, a: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_shuffle_epi32::<0b00_11_10_01>(a) }
    }

    #[inline(always)]
    fn turned_2(self, a: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_shuffle_epi32::<0b01_00_11_10>(a) }
    }

    #[inline(always)]
    fn turned_3(self, a: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_shuffle_epi32::<0b10_01_00_11>(a) }
    }

    #[inline(always)]
    fn load(self, lines: &[Line], at: [usize; MOST_LABELS]) -> [__m256i; 4] {
        let mut half = [[self.zero(); 2]; 2];
        for label in 0..2 {
            let line: &Line = &lines[at[label]];
            // SAFETY: as above; a line is twice 32 readable bytes, and the loads need no alignment.
            unsafe {
                half[0][label] = _mm256_loadu_si256(line.as_ptr().cast());
                half[1][label] = _mm256_loadu_si256(line.as_ptr().add(8).cast());
            }
        }
        let [a, b] = halves_exchanged(self, half[0]);
        let [c, d] = halves_exchanged(self, half[1]);
        [a, b, c, d]
    }

    #[inline(always)]
    fn store(self, [a, b, c, d]: [__m256i; 4], lines: &mut [Line], at: [usize; MOST_LABELS]) {
        let (first, second) = (halves_exchanged(self, [a, b]), halves_exchanged(self, [c, d]));
        for label in 0..2 {
            let line: &mut Line = &mut lines[at[label]];
            // SAFETY: as above; a line is twice 32 bytes that are ours to write, without alignment.
            unsafe {
                _mm256_storeu_si256(line.as_mut_ptr().cast(), first[label]);
                _mm256_storeu_si256(line.as_mut_ptr().add(8).cast(), second[label]);
            }
        }
    }

    #[inline(always)]
    fn first_words(self, a: __m256i) -> [u32; MOST_LABELS] {
        let mut words = [0; 8];
        // SAFETY: as above; `words` is 32 bytes that are ours to write, and the store needs no alignment.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), a) };
        [words[0], words[4], 0, 0]
    }
}

/// Half i of vector j becomes half j of vector i.
#[inline(always)]
fn halves_exchanged(_: Avx2, [a, b]: [__m256i; 2]) -> [__m256i; 2] {
    // SAFETY: there is a token, so the machine has the features.
    unsafe { [_mm256_permute2x128_si256::<0x20>(a, b), _mm256_permute2x128_si256::<0x31>(a, b)] }
}

/// For a shuffle of bytes: byte i of each word comes from its byte (i + `by`) mod 4.
#[inline]
#[target_feature(enable = "avx2")]
fn bytes_turned(by: usize) -> __m256i {
    let from: [u8; 32] = std::array::from_fn(|i| (i % 16 / 4 * 4 + (i + by) % 4) as u8);
    // SAFETY: `from` is 32 readable bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
}
