//! The eight expander parents of a node: a pseudorandom permutation of 8 × nodes places, eight a node.
//!
//! The permutation is a Feistel network of three rounds over 2h bits, walked until it lands inside. Its round
//! function, BLAKE2b of 16 bytes, sees h bits only: where many nodes are wanted, all of its values are tabled.

use blake2::{Blake2b512, Digest as _};

/// Expander parents of a node.
pub(super) const EXPANDER: usize = 8;

/// Rounds of the network, and keys that are used.
const ROUNDS: usize = 3;

/// The permutation of one graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expander {
    keys: [u64; ROUNDS],
    /// Places that are permuted.
    places: u64,
    half_bits: u32,
}

/// All values of the round function, by round and argument.
#[derive(Debug)]
pub(super) struct Rounds(Vec<[u32; ROUNDS]>);

impl Expander {
    pub(super) fn new(keys: [u64; ROUNDS], nodes: u32) -> Self {
        let places = u64::from(nodes) * EXPANDER as u64;
        let bits = u64::BITS - (places - 1).leading_zeros();
        Self { keys, places, half_bits: bits.div_ceil(2).max(1) }
    }

    /// The parents of `node` as the definition says.
    pub(super) fn parents(&self, node: u32) -> [u32; EXPANDER] {
        self.parents_by(node, |round, right| self.round(round, right))
    }

    /// The same from tabled rounds.
    pub(super) fn tabled_parents(&self, rounds: &Rounds, node: u32) -> [u32; EXPANDER] {
        self.parents_by(node, |round, right| rounds.0[right as usize][round])
    }

    /// All values of the round function: 12 bytes for each of the 2^h arguments.
    pub(super) fn rounds(&self) -> Rounds {
        let value = |right| std::array::from_fn(|round| self.round(round, right));
        Rounds((0..1 << self.half_bits).map(value).collect())
    }

    fn parents_by(&self, node: u32, round: impl Fn(usize, u32) -> u32) -> [u32; EXPANDER] {
        let first = u64::from(node) * EXPANDER as u64;
        std::array::from_fn(|parent| (self.permuted(first + parent as u64, &round) / EXPANDER as u64) as u32)
    }

    /// Where the permutation leads from `place`.
    fn permuted(&self, place: u64, round: &impl Fn(usize, u32) -> u32) -> u64 {
        let mask = (1 << self.half_bits) - 1;
        let mut at = place;
        loop {
            let (mut left, mut right) = ((at >> self.half_bits) as u32, (at & mask) as u32);
            for number in 0..ROUNDS {
                (left, right) = (right, left ^ round(number, right));
            }
            at = u64::from(left) << self.half_bits | u64::from(right);
            if at < self.places {
                return at;
            }
        }
    }

    fn round(&self, number: usize, right: u32) -> u32 {
        let mut hash = Blake2b512::new();
        hash.update(u64::from(right).to_be_bytes());
        hash.update(self.keys[number].to_be_bytes());
        let digest = hash.finalize();
        // The low h bits of the first eight bytes, big-endian: h is at most 18.
        let low = u32::from_be_bytes([digest[4], digest[5], digest[6], digest[7]]);
        low & ((1 << self.half_bits) - 1)
    }
}
