//! Keystreams and fills, against other implementations and the definition.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use std::sync::atomic::Ordering;

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use plimsoll_core::{Digest, Extent, Span};
use plimsoll_kernels::{
    HashKind, Isa, KernelError, Keystream, digest_extents, digest_of, fill, keyed_digest, keystream_at,
    keystream_by, keystream_digest, keystream_leaf, merkle_leaf,
};
use proptest::prelude::*;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use support::{Memory, some_bytes};

const KEY: Digest = Digest(*b"a key of thirty-two bytes, it is");

fn chacha_of_another_crate<R: RngCore>(mut generator: R, skip: usize, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; skip + len];
    generator.fill_bytes(&mut bytes);
    bytes.split_off(skip)
}

/// The definition, byte by byte from other implementations or the bare block function.
fn slow(kind: Keystream, key: &Digest, unit: u64, offset: u64, len: usize) -> Vec<u8> {
    macro_rules! chacha {
        ($generator:ty) => {{
            let mut generator = <$generator>::from_seed(key.0);
            generator.set_stream(unit);
            generator.set_word_pos(u128::from(offset / 64) * 16);
            chacha_of_another_crate(generator, (offset % 64) as usize, len)
        }};
    }
    match kind {
        Keystream::Blake3Xof => {
            let mut bytes = vec![0; offset as usize + len];
            let hasher = blake3::Hasher::new_keyed(&key.0).update(&unit.to_le_bytes()).finalize_xof();
            { hasher }.fill(&mut bytes);
            bytes.split_off(offset as usize)
        }
        Keystream::ChaCha8 => chacha!(rand_chacha::ChaCha8Rng),
        Keystream::ChaCha12 => chacha!(rand_chacha::ChaCha12Rng),
        Keystream::ChaCha20 => chacha!(rand_chacha::ChaCha20Rng),
        Keystream::Aes128Ctr => {
            let cipher = aes::Aes128::new_from_slice(&key.0[..16]).unwrap();
            let byte = |at: u64| {
                let mut block = [0; 16];
                block[..8].copy_from_slice(&unit.to_le_bytes());
                block[8..].copy_from_slice(&(at / 16).to_be_bytes());
                cipher.encrypt_block((&mut block).into());
                block[(at % 16) as usize]
            };
            (offset..offset + len as u64).map(byte).collect()
        }
        _ => unreachable!("a stream without a reference"),
    }
}

fn fast(kind: Keystream, unit: u64, offset: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0xEE; len];
    keystream_at(kind, &KEY, unit, offset, &mut bytes);
    bytes
}

#[test]
fn published_first_blocks_come_out() {
    let zero = |kind| {
        let mut block = [0; 16];
        keystream_at(kind, &Digest([0; 32]), 0, 0, &mut block);
        hex::encode(block)
    };
    // ChaCha20 and ChaCha12, 256-bit zero key and nonce: draft-strombergson-chacha-test-vectors-01, TC1.
    assert_eq!(zero(Keystream::ChaCha20), "76b8e0ada0f13d90405d6ae55386bd28");
    assert_eq!(zero(Keystream::ChaCha12), "9bf49a6a0755f953811fce125f2683d5");
    assert_eq!(zero(Keystream::ChaCha8), "3e00ef2f895f40d67f5bb8e81f09a5a1");
    // AES-128 of a zero block under a zero key: the well-known GCM hash key.
    assert_eq!(zero(Keystream::Aes128Ctr), "66e94bd4ef8a2c3b884cfa59ca342b2e");
}

#[test]
fn streams_keep_their_bytes_from_version_to_version() {
    let digests = Keystream::ALL.map(|kind| {
        let bytes = fast(kind, 0x0102_0304_0506_0708, 1000, 1 << 16);
        format!("{kind} {}", Digest::of(&bytes))
    });
    let golden = [
        "blake3-xof c5358857a231d2af8cbbf228784aaef3e004be02e1a618ecae29c190616e4317",
        "chacha8 65d0def44b157236ce8813ee1795e8b9d8fff862746deed371655621ea409285",
        "chacha12 ec31f924866c0a09704cc94ae0d3b8c03e97b2e9a846c499c50b6c53836505d3",
        "chacha20 da21bb1a77cc32b5d202226a71f60bcc2c51460007b90b70695e38df3618dc92",
        "aes128-ctr dfe3e90ac59eba90cf0ede771c82a33ee964bfc11556040ccde9578d389e0527",
    ];
    assert_eq!(digests, golden);
}

#[test]
fn every_implementation_gives_the_stream_of_another_crate_at_every_length() {
    for kind in Keystream::ALL {
        for isa in Isa::usable() {
            for len in [0, 1, 7, 63, 64, 65, 255, 256, 511, 512, 513, 1023, 1024, 1025, 5000, 70_000] {
                let mut bytes = vec![0xEE; len];
                keystream_by(isa, kind, &KEY, 9, 0, &mut bytes);
                assert!(bytes == slow(kind, &KEY, 9, 0, len), "{kind}, {isa}, {len} bytes");
            }
        }
    }
}

#[test]
fn the_block_counter_runs_over_its_lower_half() {
    for kind in [Keystream::ChaCha8, Keystream::ChaCha12, Keystream::ChaCha20] {
        for isa in Isa::usable() {
            for blocks_before in 0..18 {
                let offset = ((1 << 32) - blocks_before) * 64 + 5;
                let mut bytes = vec![0; 3000];
                keystream_by(isa, kind, &KEY, 1 << 40, offset, &mut bytes);
                assert!(bytes == slow(kind, &KEY, 1 << 40, offset, 3000), "{kind}, {isa}, {blocks_before}");
            }
        }
    }
}

proptest! {
    #[test]
    fn any_piece_of_a_stream_is_what_the_definition_gives(
        key: [u8; 32],
        unit: u64,
        offset in 0_u64..9000,
        len in 0_usize..4000,
    ) {
        let key = Digest(key);
        for kind in Keystream::ALL {
            for isa in Isa::usable() {
                let mut bytes = vec![0xEE; len];
                keystream_by(isa, kind, &key, unit, offset, &mut bytes);
                prop_assert!(bytes == slow(kind, &key, unit, offset, len), "{} {}", kind, isa);
            }
        }
    }

    #[test]
    fn spans_filled_in_any_order_give_the_plot_filled_at_once(
        unit_bytes in 1_u32..3000,
        units in 1_u64..30,
        cut in 0_u64..30,
    ) {
        let cut = cut % units;
        for kind in [Keystream::Blake3Xof, Keystream::ChaCha8, Keystream::Aes128Ctr] {
            let mut plot = Memory::new(vec![1; (u64::from(unit_bytes) * units) as usize]);
            plot.asks_twice = true;
            fill(&plot, kind, &KEY, unit_bytes, Span::between(cut, units)).unwrap();
            fill(&plot, kind, &KEY, unit_bytes, Span::between(0, cut)).unwrap();
            let expected = (0..units).flat_map(|unit| fast(kind, unit, 0, unit_bytes as usize));
            prop_assert!(plot.bytes() == expected.collect::<Vec<_>>());
        }
    }
}

#[test]
fn small_units_share_a_put_and_large_ones_are_cut() {
    for (unit_bytes, units, puts) in [(4096_u32, 1500_u64, 2), (5_000_000, 2, 3), (4 << 20, 2, 2)] {
        let plot = Memory::new(vec![0; unit_bytes as usize * units as usize]);
        fill(&plot, Keystream::ChaCha8, &KEY, unit_bytes, Span { first: 0, count: units }).unwrap();
        assert_eq!(plot.puts.load(Ordering::Relaxed), puts, "{unit_bytes}");
        let bytes = plot.bytes();
        for unit in [0, units / 2, units - 1] {
            let filled = &bytes[unit as usize * unit_bytes as usize..][..unit_bytes as usize];
            assert!(filled == fast(Keystream::ChaCha8, unit, 0, unit_bytes as usize), "unit {unit}");
        }
    }
}

#[test]
fn a_fill_outside_of_the_region_is_refused_before_a_byte_is_written() {
    let plot = Memory::new(vec![7; 1000]);
    for (first, count) in [(9, 2), (11, 0), (u64::MAX, 1), (0, u64::MAX)] {
        let refused = fill(&plot, Keystream::ChaCha8, &KEY, 100, Span { first, count });
        assert!(matches!(refused, Err(KernelError::Space(_))), "{first} {count}");
    }
    let empty = fill(&plot, Keystream::ChaCha8, &KEY, 0, Span { first: 0, count: 1 });
    assert_eq!(
        empty.unwrap_err().to_string(),
        "units of 0 bytes cannot be filled: unit-bytes must be 1 or more"
    );
    assert_eq!(plot.bytes(), vec![7; 1000]);
}

#[test]
fn a_verifier_regenerates_the_digests_and_leaves_of_an_honest_plot() {
    for kind in Keystream::ALL {
        for (unit_bytes, hash) in
            [(1024_u32, HashKind::Blake3), (65_536, HashKind::Blake3), (999, HashKind::Sha256)]
        {
            let plot = Memory::new(vec![0; unit_bytes as usize * 5]);
            fill(&plot, kind, &KEY, unit_bytes, Span { first: 0, count: 5 }).unwrap();
            let at: Vec<_> = (0..5)
                .map(|unit| Extent { offset: unit * u64::from(unit_bytes), len: u64::from(unit_bytes) })
                .collect();
            let digests = digest_extents(&plot, hash, b"nonce", &at).unwrap();
            let bytes = plot.bytes();
            for (unit, held) in bytes.chunks(unit_bytes as usize).enumerate() {
                let unit = unit as u64;
                let digest = keystream_digest(kind, &KEY, unit, unit_bytes, hash, b"nonce");
                assert_eq!(digests[unit as usize], digest);
                assert_eq!(digest, digest_of(hash, &[b"nonce", held].concat()));
                let leaf = merkle_leaf(hash, u64::from(unit_bytes), 5, unit, held);
                assert_eq!(keystream_leaf(kind, &KEY, unit, unit_bytes, hash, 5), leaf);
                assert!(leaf.is_ok());
            }
        }
    }
}

#[test]
fn a_leaf_that_cannot_be_is_an_error_and_no_digest() {
    let leaf = |unit, len, hash, leaves| keystream_leaf(Keystream::ChaCha8, &KEY, unit, len, hash, leaves);
    assert_eq!(leaf(5, 1024, HashKind::Blake3, 5).unwrap_err().to_string(), "leaf 5 is not one of 5");
    assert_eq!(
        leaf(0, 1000, HashKind::Blake3, 5).unwrap_err().to_string(),
        "leaf-bytes of a blake3 tree must be a power of two, 1024 or more, not 1000"
    );
    assert!(leaf(0, 0, HashKind::Sha256, 5).is_err());
    assert!(leaf(u64::MAX - 1, 1024, HashKind::Blake3, u64::MAX).is_err());
}

#[test]
fn digests_of_long_extents_are_read_a_mebibyte_at_a_time() {
    let bytes = some_bytes(3_000_001, 1);
    let region = Memory::new(bytes.clone());
    let at = [
        Extent { offset: 0, len: 3_000_001 },
        Extent { offset: 17, len: 0 },
        Extent { offset: 5, len: 2_000_000 },
    ];
    for kind in [HashKind::Blake3, HashKind::Sha256] {
        let digests = digest_extents(&region, kind, b"", &at).unwrap();
        assert_eq!(digests[0], digest_of(kind, &bytes));
        assert_eq!(digests[1], digest_of(kind, b""));
        assert_eq!(digests[2], digest_of(kind, &bytes[5..2_000_005]));
    }
    assert!(region.largest_bytes.load(Ordering::Relaxed) <= 1 << 20);
}

#[test]
fn one_extent_outside_of_the_region_refuses_all_before_reading() {
    let region = Memory::new(vec![0; 100]);
    let at = [Extent { offset: 0, len: 10 }, Extent { offset: 95, len: 6 }];
    let refused = digest_extents(&region, HashKind::Blake3, b"", &at).unwrap_err();
    assert_eq!(refused.to_string(), "6 bytes at 95 are outside of a region of 100 bytes");
    assert_eq!(region.read_bytes.load(Ordering::Relaxed), 0);
}

#[test]
fn digests_are_the_published_ones() {
    let empty = [HashKind::Blake3, HashKind::Sha256].map(|kind| digest_of(kind, b"").to_string());
    assert_eq!(empty[0], "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
    assert_eq!(empty[1], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(keyed_digest(&KEY, b"x").0, *blake3::keyed_hash(&KEY.0, b"x").as_bytes());
}

#[test]
fn names_are_those_of_the_plugin_contract() {
    for kind in Keystream::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
    assert_eq!(
        Keystream::ALL.map(Keystream::name).join(" "),
        "blake3-xof chacha8 chacha12 chacha20 aes128-ctr"
    );
    for kind in [HashKind::Blake3, HashKind::Sha256] {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.to_string());
    }
}
