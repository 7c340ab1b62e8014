//! Reed-Solomon shards: any shards that are enough give the rest back, and the code is the one it says it is.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use plimsoll_core::{Digest, Extent, RegionSpace};
use plimsoll_kernels::erasure::{Stripe, encode_shards, recover_shard, restore_shards};
use plimsoll_kernels::{Keystream, keystream_at};
use proptest::prelude::*;
use support::Memory;

/// A stripe of `data` shards of noise behind `offset` bytes of ones, encoded.
fn encoded(stripe: &Stripe, seed: u8) -> Memory {
    let shards = u64::from(stripe.data + stripe.parity);
    let len = (stripe.offset + shards * stripe.shard_bytes) as usize;
    let mut bytes = vec![0xff; len + 3];
    let data = stripe.offset as usize..(stripe.offset + u64::from(stripe.data) * stripe.shard_bytes) as usize;
    keystream_at(Keystream::ChaCha8, &Digest([seed; 32]), 0, 0, &mut bytes[data]);
    let memory = Memory::new(bytes);
    encode_shards(&memory, stripe).unwrap();
    memory
}

fn shard_range(stripe: &Stripe, shard: u32) -> std::ops::Range<usize> {
    let from = (stripe.offset + u64::from(shard) * stripe.shard_bytes) as usize;
    from..from + stripe.shard_bytes as usize
}

/// All `missing` shards overwritten.
fn damaged(whole: &Memory, stripe: &Stripe, missing: &[u32]) -> Memory {
    let mut bytes = whole.bytes();
    for &shard in missing {
        bytes[shard_range(stripe, shard)].fill(0xa5);
    }
    Memory::new(bytes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_shards_that_are_enough_give_the_rest_back(
        data in 1_u32..24,
        parity in 1_u32..24,
        blocks in 1_u64..5,
        offset in 0_u64..100,
        picks in proptest::collection::vec(any::<prop::sample::Index>(), 0..24),
    ) {
        let stripe = Stripe { offset, shard_bytes: 64 * blocks, data, parity };
        let whole = encoded(&stripe, 1);
        let mut missing: Vec<u32> = picks.iter().map(|pick| pick.index((data + parity) as usize) as u32).collect();
        missing.sort_unstable();
        missing.dedup();
        missing.truncate(parity as usize);
        let broken = damaged(&whole, &stripe, &missing);
        for &shard in &missing {
            let within = Extent { offset: stripe.shard_bytes / 3, len: stripe.shard_bytes / 2 };
            let found = recover_shard(&broken, &stripe, &missing, shard, within).unwrap();
            let range = shard_range(&stripe, shard);
            let expected = whole.bytes()[range][within.offset as usize..][..within.len as usize].to_vec();
            prop_assert_eq!(found, expected);
        }
        restore_shards(&broken, &stripe, &missing).unwrap();
        prop_assert_eq!(broken.bytes(), whole.bytes());
    }
}

#[test]
fn every_choice_of_three_of_five_shards_is_enough() {
    let stripe = Stripe { offset: 0, shard_bytes: 128, data: 3, parity: 2 };
    let whole = encoded(&stripe, 2);
    let mut tried = 0;
    for first in 0..5 {
        for second in first + 1..5 {
            let missing = [first, second];
            let broken = damaged(&whole, &stripe, &missing);
            assert_ne!(broken.bytes(), whole.bytes());
            restore_shards(&broken, &stripe, &missing).unwrap();
            assert_eq!(broken.bytes(), whole.bytes(), "{missing:?}");
            tried += 1;
        }
    }
    assert_eq!(tried, 10);
}

#[test]
fn columns_narrower_than_a_shard_are_parts_of_the_same_codewords() {
    // 4096 shards share 16 MiB: 4 KiB of a column at a time.
    let stripe = Stripe { offset: 64, shard_bytes: 4096 + 640, data: 4090, parity: 6 };
    let whole = encoded(&stripe, 3).bytes();
    let narrow = Stripe { offset: 0, shard_bytes: 64, data: 4090, parity: 6 };
    for block in [0, 63, 64, 73] {
        let mut bytes = Vec::new();
        for shard in 0..4096 {
            bytes.extend_from_slice(&whole[shard_range(&stripe, shard)][64 * block..][..64]);
        }
        let memory = Memory::new(bytes.clone());
        encode_shards(&memory, &narrow).unwrap();
        assert_eq!(memory.bytes(), bytes, "block {block}");
    }
}

#[test]
fn parity_never_changes() {
    let stripe = Stripe { offset: 64, shard_bytes: 128, data: 5, parity: 3 };
    let memory = Memory::new((0..64 + 8 * 128_u64).map(|at| (at * 31 % 251) as u8).collect());
    encode_shards(&memory, &stripe).unwrap();
    // The same vector stands in the tests of the SDK's twin.
    assert_eq!(
        blake3::hash(&memory.bytes()[64 + 5 * 128..]).to_string(),
        "a04e347932b75af18e72ed20000a10ea4ae8321bea5285b44ab37b24c2e51cf5"
    );
}

/// The field that the code is over, slowly: GF(2^16) modulo x^16 + x^5 + x^3 + x^2 + 1, its elements written in
/// Leopard's Cantor basis.
mod slow {
    const CANTOR: [u16; 16] = [
        0x0001, 0xACCA, 0x3C0E, 0x163E, 0xC582, 0xED2E, 0x914C, 0x4012, 0x6C98, 0x10D8, 0x6A72, 0xB900,
        0xFDB8, 0xFB34, 0xFF38, 0x991E,
    ];

    fn plain(element: u16) -> u16 {
        (0..16).filter(|bit| element >> bit & 1 == 1).fold(0, |sum, bit| sum ^ CANTOR[bit])
    }

    fn product(a: u16, b: u16) -> u16 {
        let (mut product, mut shifted) = (0, u32::from(a));
        for bit in 0..16 {
            if b >> bit & 1 == 1 {
                product ^= shifted;
            }
            shifted <<= 1;
            if shifted >> 16 == 1 {
                shifted ^= 0x1_002D;
            }
        }
        product as u16
    }

    fn inverse(a: u16) -> u16 {
        // a^(2^16 - 2)
        (1..16)
            .fold((1, a), |(result, power), _| {
                let power = product(power, power);
                (product(result, power), power)
            })
            .0
    }

    /// The value at `x` of the polynomial of least degree through `points`.
    pub(super) fn interpolated(points: &[(u16, u16)], x: u16) -> u16 {
        let points: Vec<(u16, u16)> = points.iter().map(|&(x, y)| (plain(x), plain(y))).collect();
        let x = plain(x);
        let sum = points.iter().fold(0, |sum, &(at, value)| {
            let others = points.iter().filter(|(other, _)| *other != at);
            let weight = others
                .fold(1, |weight, &(other, _)| product(weight, product(x ^ other, inverse(at ^ other))));
            sum ^ product(value, weight)
        });
        (0..=u16::MAX).find(|&element| plain(element) == sum).unwrap()
    }
}

/// Symbol `index` of a shard: low bytes of 32 symbols, then their high bytes, 64 bytes a block.
fn symbol(shard: &[u8], index: usize) -> u16 {
    let block = &shard[index / 32 * 64..];
    u16::from_le_bytes([block[index % 32], block[32 + index % 32]])
}

#[test]
fn parity_is_the_polynomial_through_the_data_computed_slowly() {
    // Whichever of both has the smaller power of two of shards lies at points 0.., the other behind it; where they
    // are even, parity goes first.
    for (data, parity, data_at, parity_at) in [(2, 2, 2, 0), (4, 4, 4, 0), (2, 4, 0, 2), (4, 8, 0, 4)] {
        let stripe = Stripe { offset: 0, shard_bytes: 64, data, parity };
        let bytes = encoded(&stripe, 4).bytes();
        for index in [0, 1, 17, 31] {
            let at = |shard| symbol(&bytes[shard_range(&stripe, shard)], index);
            let points: Vec<(u16, u16)> =
                (0..data).map(|shard| (data_at + shard as u16, at(shard))).collect();
            for shard in 0..parity {
                assert_eq!(
                    slow::interpolated(&points, parity_at + shard as u16),
                    at(data + shard),
                    "symbol {index} of parity shard {shard} of {data} + {parity}"
                );
            }
        }
    }
}

#[test]
fn a_stripe_that_cannot_be_is_refused_in_words() {
    let memory = Memory::new(vec![0; 64 * 10]);
    let stripe = Stripe { offset: 0, shard_bytes: 64, data: 5, parity: 5 };
    let refusal =
        |stripe: Stripe, missing: &[u32]| restore_shards(&memory, &stripe, missing).unwrap_err().to_string();
    assert_eq!(
        refusal(Stripe { data: 0, ..stripe }, &[]),
        "0 data and 5 parity shards: expected 1 or more of each, at most 4096 together"
    );
    assert_eq!(
        refusal(Stripe { shard_bytes: 32, ..stripe }, &[]),
        "shards of 32 bytes, expected a multiple of 64"
    );
    assert_eq!(
        refusal(Stripe { offset: 1, ..stripe }, &[]),
        "640 bytes at 1 are outside of a region of 640 bytes"
    );
    assert_eq!(refusal(stripe, &[3, 3]), "missing shards [3, 3]: expected ascending numbers below 10");
    assert_eq!(refusal(stripe, &[10]), "missing shards [10]: expected ascending numbers below 10");
    assert_eq!(
        refusal(stripe, &[0, 1, 2, 3, 4, 5]),
        "6 shards are missing, the 5 parity shards can replace no more than their own number"
    );
    let within = Extent { offset: 0, len: 1 };
    assert_eq!(
        recover_shard(&memory, &stripe, &[1], 2, within).unwrap_err().to_string(),
        "shard 2 is not among the missing: read it"
    );
    assert_eq!(memory.size_bytes(), 640);
}
