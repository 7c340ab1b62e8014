//! Random streams, each named by what is decided with it.
//!
//! A stream is ChaCha8 with zero nonce, its key keyed-BLAKE3 of the seed, the purpose and four numbers, each 8
//! little-endian bytes. So a decision does not depend on how many others were made before it, nor on which thread
//! made them.

use plimsoll_core::Digest;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Keeps these streams apart from all other hashes.
const KEY: &[u8; 32] = b"plimsoll: streams of simulations";

/// What a stream decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum Purpose {
    /// A key of an owner: owner, number of the hotkey, 0 for the hotkey and 1 for the coldkey.
    Key = 1,
    /// A validator's keys: validator, 0 for the hotkey and 1 for the coldkey.
    ValidatorKey,
    /// A block's hash: block.
    Beacon,
    /// A validator's secret: epoch, validator.
    Secret,
    /// What an agent does: epoch, owner.
    Act,
    /// Whether a miner is reached in a round: epoch, validator, hotkey.
    Away,
    /// One audit: epoch, validator, hotkey, its number.
    Audit,
    /// Which units of a real plot are kept: the four words of BLAKE3 over identity and size.
    Kept,
}

/// All streams of one seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Streams {
    seed: u64,
}

impl Streams {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// 32 bytes that are used whole.
    pub(super) fn digest(&self, purpose: Purpose, name: [u64; 4]) -> Digest {
        let mut text = [0; 48];
        text[..8].copy_from_slice(&self.seed.to_le_bytes());
        text[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        for (place, number) in text[16..].chunks_exact_mut(8).zip(name) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        Digest(*blake3::keyed_hash(KEY, &text).as_bytes())
    }

    /// A stream.
    pub(super) fn stream(&self, purpose: Purpose, name: [u64; 4]) -> Stream {
        Stream(ChaCha8Rng::from_seed(self.digest(purpose, name).0))
    }
}

/// Random numbers for one decision.
#[derive(Debug)]
pub(super) struct Stream(ChaCha8Rng);

impl Stream {
    /// From 0 to `n` - 1, each as likely as another; 0 where `n` is 0.
    ///
    /// Lemire, "Fast random integer generation in an interval", ACM TOMACS 29, 2019.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        // 2^64 mod n: so many products of each quotient are too many.
        let excess = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.0.next_u64()) * u128::from(n);
            if product as u64 >= excess {
                return (product >> 64) as u64;
            }
        }
    }

    /// True with probability `p`, in steps of 2^-53.
    pub(super) fn chance(&mut self, p: f64) -> bool {
        const STEP: f64 = 1.0 / (1u64 << 53) as f64;
        p > 0.0 && (self.0.next_u64() >> 11) as f64 * STEP < p
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert, proptest};

    #[test]
    fn streams_of_different_names_differ_and_of_the_same_name_do_not() {
        let first = |seed, purpose, name| Streams::new(seed).stream(purpose, name).below(u64::MAX);
        let of = [
            first(1, Purpose::Audit, [0; 4]),
            first(2, Purpose::Audit, [0; 4]),
            first(1, Purpose::Away, [0; 4]),
            first(1, Purpose::Audit, [1, 0, 0, 0]),
            first(1, Purpose::Audit, [0, 0, 0, 1]),
        ];
        let distinct: std::collections::BTreeSet<_> = of.iter().collect();
        assert_eq!(distinct.len(), of.len());
        assert_eq!(of[0], first(1, Purpose::Audit, [0; 4]));
    }

    /// What every machine must draw.
    #[test]
    fn a_stream_is_the_documented_one() {
        let mut stream = Streams::new(7).stream(Purpose::Audit, [1, 2, 3, 4]);
        let drawn = [stream.below(1000), stream.below(1000), stream.below(1 << 60)];
        let text: Vec<u8> = [7u64, 7, 1, 2, 3, 4].iter().flat_map(|n| n.to_le_bytes()).collect();
        let mut plain = ChaCha8Rng::from_seed(*blake3::keyed_hash(KEY, &text).as_bytes());
        let mut next = |n: u64| ((u128::from(plain.next_u64()) * u128::from(n)) >> 64) as u64;
        assert_eq!(drawn, [next(1000), next(1000), next(1 << 60)]);
    }

    proptest! {
        #[test]
        fn what_is_drawn_below_is_below(seed: u64, n in 1u64..) {
            let mut stream = Streams::new(seed).stream(Purpose::Act, [0; 4]);
            prop_assert!((0..20).all(|_| stream.below(n) < n));
        }
    }

    #[test]
    fn chances_and_places_come_as_often_as_they_should() {
        let mut stream = Streams::new(3).stream(Purpose::Act, [0; 4]);
        let mut places = [0u32; 3];
        let mut hits = 0;
        for _ in 0..30_000 {
            places[stream.below(3) as usize] += 1;
            hits += u32::from(stream.chance(0.25));
        }
        // Five standard deviations: 82 each of the places, 75 of the hits.
        assert!(places.iter().all(|n| n.abs_diff(10_000) < 410), "{places:?}");
        assert!(hits.abs_diff(7_500) < 375, "{hits}");
        assert!(!stream.chance(0.0) && stream.chance(1.0));
    }
}
