//! AES-128 in counter mode, four blocks a vector: AVX-512 and VAES.
#![expect(unsafe_code, reason = "stores through pointers, and calls of code compiled for more features")]

use std::arch::x86_64::*;

/// Vectors under way: as many as hide the latency of a round.
const VECTORS: usize = 8;

/// Proof that this machine has every feature that the functions of this module are compiled for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vaes(());

impl Vaes {
    /// Bytes of keystream computed at a time.
    pub(crate) const GROUP_BYTES: usize = 64 * VECTORS;

    /// Asks the machine (the standard library keeps the answer).
    pub(crate) fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("aes")
            && is_x86_feature_detected!("vaes");
        all.then_some(Self(()))
    }

    /// Fills `into`, whose length is a multiple of [`Self::GROUP_BYTES`], with AES(nonce, little-endian ‖
    /// counter, big-endian) for each counter from `counter`.
    pub(crate) fn keystream(self, key: &[u8; 16], nonce: u64, counter: u64, into: &mut [u8]) {
        // SAFETY: `self` exists, so the machine has the features.
        unsafe { keystream(key, nonce, counter, into) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,aes,vaes")]
fn keystream(key: &[u8; 16], nonce: u64, counter: u64, into: &mut [u8]) {
    let keys = round_keys(key).map(|key| _mm512_broadcast_i32x4(key));
    let (nonce, counter) = (nonce as i64, counter as i64);
    let lanes = _mm512_set_epi64(3, 0, 2, 0, 1, 0, 0, 0);
    let first = _mm512_set_epi64(counter, nonce, counter, nonce, counter, nonce, counter, nonce);
    let mut next = _mm512_add_epi64(first, lanes);
    let four = _mm512_set_epi64(4, 0, 4, 0, 4, 0, 4, 0);
    // The counter's eight bytes change their order, the nonce's do not.
    let order = _mm512_broadcast_i32x4(_mm_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 7, 6, 5, 4, 3, 2, 1, 0));
    for group in into.chunks_exact_mut(Vaes::GROUP_BYTES) {
        let mut x = [next; VECTORS];
        for x in &mut x {
            *x = _mm512_xor_si512(_mm512_shuffle_epi8(next, order), keys[0]);
            next = _mm512_add_epi64(next, four);
        }
        for key in &keys[1..10] {
            for x in &mut x {
                *x = _mm512_aesenc_epi128(*x, *key);
            }
        }
        for (block, x) in group.chunks_exact_mut(64).zip(x) {
            let block: &mut [u8] = block;
            // SAFETY: `block` is 64 bytes that are ours to write; the store needs no alignment.
            unsafe { _mm512_storeu_si512(block.as_mut_ptr().cast(), _mm512_aesenclast_epi128(x, keys[10])) };
        }
    }
}

/// FIPS 197, section 5.2, for keys of 128 bits.
#[target_feature(enable = "sse2,aes")]
fn round_keys(key: &[u8; 16]) -> [__m128i; 11] {
    // SAFETY: `key` is 16 readable bytes; the load needs no alignment.
    let mut keys = [unsafe { _mm_loadu_si128(key.as_ptr().cast()) }; 11];
    keys[1] = next_key::<0x01>(keys[0]);
    keys[2] = next_key::<0x02>(keys[1]);
    keys[3] = next_key::<0x04>(keys[2]);
    keys[4] = next_key::<0x08>(keys[3]);
    keys[5] = next_key::<0x10>(keys[4]);
    keys[6] = next_key::<0x20>(keys[5]);
    keys[7] = next_key::<0x40>(keys[6]);
    keys[8] = next_key::<0x80>(keys[7]);
    keys[9] = next_key::<0x1b>(keys[8]);
    keys[10] = next_key::<0x36>(keys[9]);
    keys
}

/// Word i of the next key is word i of this one, the word before it and all words below it, mixed.
#[inline]
#[target_feature(enable = "sse2,aes")]
fn next_key<const ROUND: i32>(key: __m128i) -> __m128i {
    let mixed = _mm_shuffle_epi32::<0b11_11_11_11>(_mm_aeskeygenassist_si128::<ROUND>(key));
    let mut sums = key;
    for _ in 0..3 {
        sums = _mm_xor_si128(key, _mm_slli_si128::<4>(sums));
    }
    _mm_xor_si128(sums, mixed)
}
