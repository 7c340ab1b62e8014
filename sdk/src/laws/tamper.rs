//! Damage: every way in which an honest proof, challenge or plot is made dishonest.

use crate::Draws;

/// Up to `most` bytes of anything.
pub(super) fn garbage(draws: &mut Draws, most: u64) -> Vec<u8> {
    let len = draws.below(most + 1);
    (0..len).map(|_| draws.below(256) as u8).collect()
}

/// `bytes` with one bit flipped, and which bit.
pub(super) fn with_flipped_bit(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out[bit / 8] ^= 1 << (bit % 8);
    out
}

/// Bits to flip in `len` bytes: all of the first and last byte, and one of each stretch so that there are at
/// most about `most`.
pub(super) fn bits(draws: &mut Draws, len: usize, most: usize) -> Vec<usize> {
    let all = len * 8;
    let edges = (0..8.min(all)).chain(all.saturating_sub(8)..all);
    let stretch = all.div_ceil(most.max(1)).max(1);
    let inside = (0..all).step_by(stretch).map(|from| {
        let width = stretch.min(all - from);
        from + draws.below(width as u64) as usize
    });
    let mut bits: Vec<usize> = edges.chain(inside).collect();
    bits.sort_unstable();
    bits.dedup();
    bits
}

/// `bytes` cut short, made longer, emptied, doubled.
pub(super) fn with_other_lengths(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut out =
        vec![Vec::new(), [bytes, &[0]].concat(), [bytes, bytes].concat(), [bytes, &[0; 32]].concat()];
    out.extend(
        [1, 8, 32].into_iter().filter_map(|less| Some(bytes[..bytes.len().checked_sub(less)?].to_vec())),
    );
    out.retain(|other| other != bytes);
    out
}
