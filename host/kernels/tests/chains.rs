//! Chained units against the definition, by every shape.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use plimsoll_core::{Digest, Span};
use plimsoll_kernels::{Chain, HashKind, chain_leaf, chain_unit, digest_of, fill_chain, merkle_leaf};
use proptest::prelude::*;
use support::{Memory, some_bytes};

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    digest_of(HashKind::Sha256, &parts.concat()).0
}

/// The definition, word by word: every digest there ever was is kept.
fn by_definition(chain: Chain, key: &Digest, unit: u64, segments: usize) -> Vec<u8> {
    let mut digests = vec![sha256(&[&key.0, &unit.to_le_bytes()]); chain.window as usize];
    let mut unit = vec![[0; 32]; segments];
    for layer in 1..=chain.layers {
        let mut order: Vec<usize> = (0..segments).collect();
        if chain.reverse {
            order.reverse();
        }
        for at in order {
            let newest_first: Vec<u8> =
                digests.iter().rev().take(chain.window as usize).flatten().copied().collect();
            unit[at] =
                if layer == 1 { sha256(&[&newest_first]) } else { sha256(&[&unit[at], &newest_first]) };
            digests.push(unit[at]);
        }
    }
    unit.concat()
}

prop_compose! {
    fn any_chain()(layers in 1_u32..5, window in 1_u32..5, reverse: bool) -> Chain {
        Chain { layers, window, reverse }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_plot_holds_the_units_of_the_definition(
        chain in any_chain(), key: [u8; 32], segments in 1_usize..12, first in 0_u64..5, count in 0_u64..6,
    ) {
        let (key, unit_bytes) = (Digest(key), 32 * segments as u32);
        let before = some_bytes(12 * unit_bytes as usize, 3);
        let mut plot = Memory::new(before.clone());
        plot.asks_twice = true;
        fill_chain(&plot, chain, &key, unit_bytes, Span { first, count }).unwrap();
        for (unit, (bytes, before)) in
            (0..).zip(plot.bytes().chunks(unit_bytes as usize).zip(before.chunks(unit_bytes as usize)))
        {
            if (first..first + count).contains(&unit) {
                prop_assert!(bytes == by_definition(chain, &key, unit, segments), "unit {}", unit);
            } else {
                prop_assert!(bytes == before, "unit {}", unit);
            }
        }
    }

    #[test]
    fn a_unit_and_its_leaf_are_those_of_the_definition(chain in any_chain(), key: [u8; 32], unit in 0_u64..9) {
        let key = Digest(key);
        let expected = by_definition(chain, &key, unit, 64);
        let mut bytes = vec![9; 2048];
        chain_unit(chain, &key, unit, &mut bytes).unwrap();
        prop_assert!(bytes == expected);
        for kind in [HashKind::Blake3, HashKind::Sha256] {
            let leaf = merkle_leaf(kind, 2048, 9, unit, &expected).unwrap();
            prop_assert_eq!(chain_leaf(chain, &key, unit, 2048, kind, 9).unwrap(), leaf);
        }
    }
}

#[test]
fn plots_larger_than_a_put_are_filled_whole() {
    let (chain, key, unit_bytes) =
        (Chain { layers: 1, window: 1, reverse: false }, Digest([8; 32]), 96 << 10);
    let plot = Memory::new(vec![0; 45 * (96 << 10)]);
    fill_chain(&plot, chain, &key, unit_bytes, Span { first: 0, count: 45 }).unwrap();
    let bytes = plot.bytes();
    for unit in [0, 1, 41, 42, 43, 44] {
        let mut expected = vec![0; unit_bytes as usize];
        chain_unit(chain, &key, unit as u64, &mut expected).unwrap();
        assert!(bytes.chunks(unit_bytes as usize).nth(unit).unwrap() == expected, "unit {unit}");
    }
}

/// From an implementation of the definition in another language.
const GOLDEN: [&str; 4] = [
    "aece70af7000d7ada96ccc9221cdc2ae484f025f3a494ef7ec5386584253cfc8",
    "612df6227c316d8af73e0174d816ba99429957873a56bc314310a782576e87eb",
    "849f0a4b031e8170f897581ef91e641b8d06e6e14723b68e7a501917937163ae",
    "4a5dbb938e3fb2ccff43d731c6a3feb3753f712a0ce73589b7fb97a50ced7c46",
];

#[test]
fn the_bytes_of_a_chain_never_change() {
    let digest = |layers, window, reverse| {
        let mut unit = vec![0; 1024];
        chain_unit(Chain { layers, window, reverse }, &Digest([0x11; 32]), 7, &mut unit).unwrap();
        digest_of(HashKind::Sha256, &unit).to_string()
    };
    let all = [digest(1, 1, false), digest(2, 1, false), digest(20, 1, true), digest(3, 4, false)];
    assert_eq!(all, GOLDEN);
}

#[test]
fn a_chain_that_cannot_be_is_refused_by_name() {
    let why = |layers, window, unit_bytes| {
        Chain { layers, window, reverse: false }.check(unit_bytes).unwrap_err().to_string()
    };
    assert_eq!(why(0, 1, 32), "layers of a chain is 0, expected 1 to 128");
    assert_eq!(why(129, 1, 32), "layers of a chain is 129, expected 1 to 128");
    assert_eq!(why(1, 0, 32), "window of a chain is 0, expected 1 to 16");
    assert_eq!(why(1, 1, 0), "unit-bytes of a chain is 0, expected 1 to 4194304");
    assert_eq!(why(1, 1, 33), "unit-bytes of a chain is 33, expected a multiple of 32");
    let plot = Memory::new(vec![0; 64]);
    let chain = Chain { layers: 1, window: 1, reverse: false };
    let outside = fill_chain(&plot, chain, &Digest([0; 32]), 32, Span { first: 1, count: 2 }).unwrap_err();
    assert_eq!(outside.to_string(), "64 bytes at 32 are outside of a region of 64 bytes");
}

#[test]
fn the_price_of_a_segment_counts_its_compressions() {
    let price = |layers, window| Chain { layers, window, reverse: false }.compressions();
    assert_eq!([price(1, 1), price(2, 1), price(20, 1), price(2, 2)], [1, 3, 39, 4]);
}
