//! Numbers that are the same in every run: the extended output of BLAKE3 over a seed and a purpose.

use plimsoll_core::Digest;

pub(super) struct Dice(blake3::OutputReader);

impl Dice {
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes()).update(purpose.as_bytes());
        Self(hasher.finalize_xof())
    }

    pub(super) fn digest(&mut self) -> Digest {
        let mut out = Digest::default();
        self.0.fill(&mut out.0);
        out
    }

    /// Below `n`, by the upper half of a product (Lemire 2019); its bias of n / 2^64 is far below what is measured.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        let mut word = [0; 8];
        self.0.fill(&mut word);
        let product = u128::from(u64::from_le_bytes(word)) * u128::from(n);
        (product >> 64) as u64
    }

    /// `count` distinct numbers below `n`, or all of them (Floyd's algorithm, Bentley and Floyd 1987).
    pub(super) fn distinct(&mut self, count: u64, n: u64) -> std::collections::BTreeSet<u64> {
        let mut chosen = std::collections::BTreeSet::new();
        for last in n.saturating_sub(count)..n {
            let candidate = self.below(last + 1);
            if !chosen.insert(candidate) {
                chosen.insert(last);
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_purpose_give_the_same_numbers_and_others_do_not() {
        let throw = |seed, purpose| Dice::new(seed, purpose).digest();
        assert_eq!(throw(1, "a"), throw(1, "a"));
        assert!(throw(1, "a") != throw(2, "a") && throw(1, "a") != throw(1, "b"));
    }

    #[test]
    fn chosen_numbers_are_distinct_below_their_bound_and_reach_every_place() {
        let mut dice = Dice::new(7, "test");
        let mut seen = [0u32; 10];
        for _ in 0..1000 {
            let chosen = dice.distinct(3, 10);
            assert_eq!(chosen.len(), 3);
            chosen.iter().for_each(|&place| seen[place as usize] += 1);
        }
        // Three hundred each are expected; the seed is fixed, so this is the same in every run.
        assert!(seen.iter().all(|count| (240..360).contains(count)), "{seen:?}");
        assert_eq!(dice.distinct(9, 4).len(), 4);
        assert_eq!(dice.below(1), 0);
    }
}
