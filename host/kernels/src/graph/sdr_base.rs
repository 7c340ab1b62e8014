//! The six base parents of a node: Filecoin's bucket sampling ("DRSample").
//!
//! J. Alwen, J. Blocki, B. Harsha, "Practical graphs for optimal side-channel resistant memory-hard functions"
//! (CCS 2017), over a graph five times finer; the numbers come from ChaCha8 keyed with the graph's seed and the
//! node.

use crate::chacha::CONSTANTS;

/// Base parents of a node.
pub(super) const BASE: usize = 6;

/// Nodes whose streams are computed side by side.
pub(super) const LANES: usize = 16;

/// Nodes of the finer graph that make one of ours.
const FINENESS: u64 = 5;

/// Words of a stream that are used: two a draw, two draws for each parent but the first.
const WORDS: usize = 20;

type Word = [u32; LANES];

/// The base parents of nodes `first` to `first` + [`LANES`] - 1. `seed` holds the first seven words of each key.
pub(super) fn base_parents(seed: &[u32; 7], first: u32) -> [[u32; BASE]; LANES] {
    // One block has 16 words, so the second is needed for its first four.
    let blocks = [0, 1].map(|counter| block(seed, first, counter));
    std::array::from_fn(|lane| {
        let word = |at: usize| u64::from(blocks[at / 16][at % 16][lane]);
        let draws = std::array::from_fn(|at| word(2 * at) | word(2 * at + 1) << 32);
        sampled(first.wrapping_add(lane as u32), &draws)
    })
}

/// The parents of `node` from the draws of its stream.
fn sampled(node: u32, draws: &[u64; WORDS / 2]) -> [u32; BASE] {
    if node < 2 {
        return [0; BASE];
    }
    let fine = u64::from(node) * FINENESS;
    // Five times something is never a power of two: this is its logarithm, rounded up.
    let buckets = u64::from(u64::BITS - fine.leading_zeros());
    std::array::from_fn(|parent| match parent.checked_sub(1) {
        None => node - 1,
        Some(drawn) => {
            let bucket = draws[2 * drawn] % buckets + 1;
            let most = fine.min(1 << bucket);
            let least = 2.max(most / 2);
            let distance = least + draws[2 * drawn + 1] % (most - least + 1);
            ((fine - distance) / FINENESS) as u32
        }
    })
}

/// Block `counter` of ChaCha8 for each lane's node, which is the key's last word.
fn block(seed: &[u32; 7], first: u32, counter: u32) -> [Word; 16] {
    let mut start = [[0; LANES]; 16];
    for (word, constant) in start.iter_mut().zip(CONSTANTS.iter().chain(seed)) {
        *word = [*constant; LANES];
    }
    start[11] = std::array::from_fn(|lane| first.wrapping_add(lane as u32));
    start[12] = [counter; LANES];
    crate::chacha::rounds::<8>(&start)
}
