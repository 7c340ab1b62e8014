//! Every choice of an adversary and of a comparison, from one seed: the same in every run.

use plimsoll_core::{Digest, Hotkey, Identity, NetUid};

/// An endless sequence of numbers for one purpose.
#[derive(Clone)]
pub(crate) struct Numbers(blake3::OutputReader);

impl Numbers {
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("plimsoll lab 2026 adversaries");
        Self(hasher.update(&seed.to_le_bytes()).update(purpose.as_bytes()).finalize_xof())
    }

    /// Below `n`, or 0 for 0: the bias is below one in a thousand million for the small `n` used here.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        let mut word = [0; 8];
        self.0.fill(&mut word);
        u64::from_le_bytes(word) % n.max(1)
    }

    /// A place in a list of `n`.
    pub(crate) fn place(&mut self, n: usize) -> usize {
        // Below `n`, which is a `usize`.
        self.below(n as u64) as usize
    }

    /// True with the probability `p`.
    pub(crate) fn chance(&mut self, p: f64) -> bool {
        // 53 bits, as a double has.
        (self.below(1 << 53) as f64) < p * (1u64 << 53) as f64
    }

    pub(crate) fn digest(&mut self) -> Digest {
        let mut bytes = [0; 32];
        self.0.fill(&mut bytes);
        Digest(bytes)
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.0.fill(&mut bytes);
        bytes
    }

    pub(crate) fn identity(&mut self) -> Identity {
        let (owner, validator) = (Hotkey(self.digest().0), Hotkey(self.digest().0));
        Identity { netuid: NetUid(7), owner, validator }
    }

    /// `count` distinct numbers below `n`, or all of them (Floyd's algorithm, Bentley and Floyd 1987).
    pub(crate) fn distinct(&mut self, count: u64, n: u64) -> std::collections::BTreeSet<u64> {
        let mut chosen = std::collections::BTreeSet::new();
        for last in n.saturating_sub(count)..n {
            let candidate = self.below(last + 1);
            if !chosen.insert(candidate) {
                chosen.insert(last);
            }
        }
        chosen
    }

    /// `list` in another order.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = self.place(last + 1);
            list.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_purpose_give_one_sequence() {
        let word = |seed, purpose| Numbers::new(seed, purpose).below(u64::MAX);
        assert_eq!(word(1, "a"), word(1, "a"));
        assert_ne!(word(1, "a"), word(2, "a"));
        assert_ne!(word(1, "a"), word(1, "b"));
        let mut numbers = Numbers::new(1, "c");
        assert!((0..1000).all(|_| numbers.below(7) < 7 && !numbers.chance(0.0) && numbers.chance(1.0)));
        let mut list: Vec<u32> = (0..50).collect();
        numbers.shuffle(&mut list);
        assert_ne!(list, (0..50).collect::<Vec<_>>());
        list.sort_unstable();
        assert_eq!(list, (0..50).collect::<Vec<_>>());
    }
}
