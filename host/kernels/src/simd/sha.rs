//! SHA-256 with the processor's own instructions, several independent messages at a time.
//!
//! One message is bound by the latency of its rounds; two keep the unit busy. Of a message that repeats its
//! blocks, each block is expanded once: W + K of all rounds is kept (FIPS 180-4, section 6.2.2).
#![expect(
    unsafe_code,
    reason = "loads and stores through pointers, and calls of code compiled for more features"
)]

use std::arch::x86_64::*;

use crate::graph::{ENTRIES, Label, MESSAGE_BITS, ROUND_CONSTANTS, START, State};

/// Proof that this machine has every feature that the functions of this module are compiled for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShaNi(());

impl ShaNi {
    /// Asks the machine (the standard library keeps the answer).
    pub(crate) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("sse4.1")
            && is_x86_feature_detected!("ssse3");
        found.then_some(Self(()))
    }

    /// The labels that follow from `states`, which lie behind the headers, and the states behind the headers
    /// in `next`. See [`crate::graph::sdr_label`].
    pub(crate) fn sdr_labels<const LANES: usize, const PARENTS: usize>(
        self,
        states: &[State; LANES],
        parents: &[[&Label; PARENTS]; LANES],
        next: &[[u8; 64]; LANES],
    ) -> ([Label; LANES], [State; LANES]) {
        // SAFETY: `self` exists, so the machine has the features.
        unsafe { sdr_labels(states, parents, next) }
    }

    /// Fills units with chains of window 1: see [`crate::graph::Chain`]. All have the same length, a multiple
    /// of 32.
    pub(crate) fn chains<const LANES: usize>(
        self,
        layers: u32,
        reverse: bool,
        seeds: &[[u8; 32]; LANES],
        units: &mut [&mut [[u8; 32]]; LANES],
    ) {
        // SAFETY: `self` exists, so the machine has the features.
        unsafe { chains(layers, reverse, seeds, units) }
    }

    /// Asks for the line of the cache that holds `label`.
    pub(crate) fn prefetch(self, label: &Label) {
        // SAFETY: every x86-64 has SSE; a prefetch never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(label).cast()) }
    }
}

/// W + K of the 64 rounds of a block.
#[derive(Clone, Copy)]
struct Schedule([__m128i; 16]);

/// The working words as the instructions want them: a b e f and c d g h, the first in the highest place.
#[derive(Clone, Copy)]
struct Words {
    abef: __m128i,
    cdgh: __m128i,
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn round_constants(group: usize) -> __m128i {
    // SAFETY: groups are 0 to 15, so four constants lie there.
    unsafe { _mm_loadu_si128(ROUND_CONSTANTS.as_ptr().add(4 * group).cast()) }
}

/// Four big-endian words.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn words_of(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: 16 bytes can be read.
    swapped(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}

/// The bytes of each word the other way round.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn swapped(words: __m128i) -> __m128i {
    _mm_shuffle_epi8(words, _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3))
}

/// The eight words of 32 bytes.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn halves(bytes: &[u8; 32]) -> [__m128i; 2] {
    let [first, second] = bytes.as_chunks().0 else { unreachable!() };
    [words_of(first), words_of(second)]
}

/// The next four words of the schedule from the last sixteen.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn next_words(w: &[__m128i; 4]) -> __m128i {
    let sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[0], w[1]), _mm_alignr_epi8::<4>(w[3], w[2]));
    _mm_sha256msg2_epu32(sum, w[3])
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn scheduled(block: [__m128i; 4]) -> Schedule {
    let mut w = block;
    let mut all = Schedule([_mm_setzero_si128(); 16]);
    for (group, words) in w.into_iter().enumerate() {
        all.0[group] = _mm_add_epi32(words, round_constants(group));
    }
    for group in 4..16 {
        let next = next_words(&w);
        w = [w[1], w[2], w[3], next];
        all.0[group] = _mm_add_epi32(next, round_constants(group));
    }
    all
}

/// Four rounds of each message.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn four_rounds(words: &mut Words, added: __m128i) {
    words.cdgh = _mm_sha256rnds2_epu32(words.cdgh, words.abef, added);
    words.abef = _mm_sha256rnds2_epu32(words.abef, words.cdgh, _mm_shuffle_epi32::<0x0e>(added));
}

/// A block of each message that was expanded before.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn compressed<const N: usize>(words: &mut [Words; N], schedules: [&Schedule; N]) {
    let before = *words;
    for group in 0..16 {
        for (words, schedule) in words.iter_mut().zip(schedules) {
            four_rounds(words, schedule.0[group]);
        }
    }
    add_words(words, &before);
}

/// A new block of each message: expanded while its rounds go on, and kept for when it comes again.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn expanded<const N: usize>(words: &mut [Words; N], blocks: [[__m128i; 4]; N]) -> [Schedule; N] {
    let (before, mut last) = (*words, blocks);
    let mut all = [Schedule([_mm_setzero_si128(); 16]); N];
    for group in 0..16 {
        for n in 0..N {
            let w = &mut last[n];
            if group >= 4 {
                *w = [w[1], w[2], w[3], next_words(w)];
            }
            let added = _mm_add_epi32(w[group.min(3)], round_constants(group));
            all[n].0[group] = added;
            four_rounds(&mut words[n], added);
        }
    }
    add_words(words, &before);
    all
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn add_words<const N: usize>(words: &mut [Words; N], before: &[Words; N]) {
    for (words, before) in words.iter_mut().zip(before) {
        words.abef = _mm_add_epi32(words.abef, before.abef);
        words.cdgh = _mm_add_epi32(words.cdgh, before.cdgh);
    }
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn words_from(state: &State) -> Words {
    // SAFETY: eight words can be read.
    let (abcd, efgh) =
        unsafe { (_mm_loadu_si128(state.as_ptr().cast()), _mm_loadu_si128(state.as_ptr().add(4).cast())) };
    let badc = _mm_shuffle_epi32::<0xb1>(abcd);
    let hgfe = _mm_shuffle_epi32::<0x1b>(efgh);
    Words { abef: _mm_alignr_epi8::<8>(badc, hgfe), cdgh: _mm_blend_epi16::<0xf0>(hgfe, badc) }
}

/// a b c d and e f g h, the first in the lowest place.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn in_order(words: Words) -> [__m128i; 2] {
    let feba = _mm_shuffle_epi32::<0x1b>(words.abef);
    let dchg = _mm_shuffle_epi32::<0xb1>(words.cdgh);
    [_mm_blend_epi16::<0xf0>(feba, dchg), _mm_alignr_epi8::<8>(dchg, feba)]
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn state_from(words: Words) -> State {
    let mut state = [0; 8];
    let [abcd, efgh] = in_order(words);
    // SAFETY: eight words can be written.
    unsafe {
        _mm_storeu_si128(state.as_mut_ptr().cast(), abcd);
        _mm_storeu_si128(state.as_mut_ptr().add(4).cast(), efgh);
    }
    state
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn digest_from(ordered: [__m128i; 2]) -> [u8; 32] {
    let mut digest = [0; 32];
    // SAFETY: 32 bytes can be written.
    unsafe {
        _mm_storeu_si128(digest.as_mut_ptr().cast(), swapped(ordered[0]));
        _mm_storeu_si128(digest.as_mut_ptr().add(16).cast(), swapped(ordered[1]));
    }
    digest
}

/// What follows `kept` words of eight in a last block: a one bit, zeros, and the message's length.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn padding(bits: u32) -> [__m128i; 2] {
    [_mm_set_epi32(0, 0, 0, 1 << 31), _mm_set_epi32(bits as i32, 0, 0, 0)]
}

#[target_feature(enable = "sha,sse4.1,ssse3")]
fn sdr_labels<const LANES: usize, const PARENTS: usize>(
    states: &[State; LANES],
    parents: &[[&Label; PARENTS]; LANES],
    next: &[[u8; 64]; LANES],
) -> ([Label; LANES], [State; LANES]) {
    const LONGEST: usize = 7;
    let pairs = PARENTS / 2;
    let none = Schedule([_mm_setzero_si128(); 16]);
    let mut schedules = [[none; LONGEST]; LANES];
    let mut words = states.map(|state| words_from(&state));
    let mut next_states = [START; LANES];
    // The first pair, beside which the next header's block costs nothing.
    for lane in 0..LANES {
        let [a, b] = [halves(&parents[lane][0].0), halves(&parents[lane][1].0)];
        let header = next[lane].as_chunks().0;
        let header = [0, 1, 2, 3].map(|at| words_of(&header[at]));
        let mut both = [words[lane], words_from(&START)];
        [schedules[lane][0], _] = expanded(&mut both, [[a[0], a[1], b[0], b[1]], header]);
        words[lane] = both[0];
        next_states[lane] = state_from(both[1]);
    }
    for pair in 1..pairs {
        let blocks = parents.map(|parents| {
            let [a, b] = [halves(&parents[2 * pair].0), halves(&parents[2 * pair + 1].0)];
            [a[0], a[1], b[0], b[1]]
        });
        for (all, new) in schedules.iter_mut().zip(expanded(&mut words, blocks)) {
            all[pair] = new;
        }
    }
    let mut pair = 0;
    for _ in pairs..ENTRIES / 2 {
        compressed(&mut words, schedules.each_ref().map(|all| &all[pair]));
        pair = if pair + 1 == pairs { 0 } else { pair + 1 };
    }
    let [one, len] = padding(MESSAGE_BITS);
    let last = parents.map(|parents| {
        let [first, second] = halves(&parents[(ENTRIES - 1) % PARENTS].0);
        [first, second, one, len]
    });
    expanded(&mut words, last);
    let label = |words| {
        let mut label = Label(digest_from(in_order(words)));
        label.0[31] &= 0x3f;
        label
    };
    (words.map(label), next_states)
}

/// SHA-256 of `prev` (32 bytes), or of a segment before it.
#[target_feature(enable = "sha,sse4.1,ssse3")]
#[allow(clippy::needless_pass_by_value, reason = "the units are handed over, each written by one chain")]
fn chains<const LANES: usize>(
    layers: u32,
    reverse: bool,
    seeds: &[[u8; 32]; LANES],
    units: &mut [&mut [[u8; 32]]; LANES],
) {
    let mut prev = seeds.map(|seed| halves(&seed));
    let start = words_from(&START);
    let [one, short] = padding(32 * 8);
    // The second block of a message of 64 bytes holds nothing of it.
    let behind = scheduled([one, _mm_setzero_si128(), _mm_setzero_si128(), _mm_set_epi32(64 * 8, 0, 0, 0)]);
    let segments = units.iter().map(|unit| unit.len()).min().unwrap_or(0);
    for layer in 0..layers {
        for step in 0..segments {
            let at = if reverse { segments - 1 - step } else { step };
            let mut words = [start; LANES];
            if layer == 0 {
                expanded(&mut words, prev.map(|[first, second]| [first, second, one, short]));
            } else {
                let blocks = std::array::from_fn(|lane| {
                    let ([first, second], [third, fourth]) = (halves(&units[lane][at]), prev[lane]);
                    [first, second, third, fourth]
                });
                expanded(&mut words, blocks);
                compressed(&mut words, [&behind; LANES]);
            }
            for lane in 0..LANES {
                prev[lane] = in_order(words[lane]);
                units[lane][at] = digest_from(prev[lane]);
            }
        }
    }
}
