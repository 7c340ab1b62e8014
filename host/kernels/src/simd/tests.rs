//! Draws that random keystream never brings: at every border of a letter, and of acceptance.

use proptest::prelude::*;

use super::{Avx2, Avx512};
use crate::seed_text::{ALPHABET, ZONE};

/// The definition.
fn letter_of(draw: u64) -> Option<u8> {
    let product = u128::from(draw) * 60;
    (product as u64 <= ZONE).then(|| ALPHABET[(product >> 64) as usize])
}

/// The draws as `LANES` blocks of words, block after block; what is missing is rejected draws.
fn as_blocks<const LANES: usize>(draws: &[u64]) -> [[u32; LANES]; 16] {
    let mut words = [[u32::MAX; LANES]; 16];
    for (at, draw) in draws.iter().enumerate() {
        words[2 * (at % 8)][at / 8] = *draw as u32;
        words[2 * (at % 8) + 1][at / 8] = (draw >> 32) as u32;
    }
    words
}

/// What each room makes of the draws.
fn by_every_room(draws: &[u64]) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = Vec::new();
    if let Some(machine) = Avx512::detect() {
        let text = draws.chunks(128).flat_map(|batch| machine.letters_of(&as_blocks(batch)));
        all.push(("avx512", text.collect()));
    }
    if let Some(machine) = Avx2::detect() {
        let text = draws.chunks(64).flat_map(|batch| machine.letters_of(&as_blocks(batch)));
        all.push(("avx2", text.collect()));
    }
    all
}

#[test]
fn draws_at_every_border_give_the_letters_of_the_definition() {
    let mut draws = Vec::new();
    for symbol in 0..=60_u128 {
        for border in [symbol << 64, (symbol << 64) + u128::from(ZONE)] {
            draws.extend((0..8).map(|near| (border / 60 + near).saturating_sub(4) as u64));
        }
    }
    let halves =
        [0, 1, 2, 14, 15, 16, 17, 1 << 28, (1 << 28) - 1, 1 << 31, u32::MAX / 15, u32::MAX - 1, u32::MAX];
    for high in halves {
        draws.extend(halves.map(|low| u64::from(high) << 32 | u64::from(low)));
    }
    // Where the lower half borrows exactly: low = (high's last four bits, low's first 28).
    for digit in 0..16_u32 {
        let low = (0..8).fold(0, |low, _| low << 4 | digit);
        draws.extend(
            (0..5).map(|near| (u64::from(digit) << 32 | u64::from(low)).wrapping_add(near).wrapping_sub(2)),
        );
    }
    let text: Vec<u8> = draws.iter().filter_map(|&draw| letter_of(draw)).collect();
    assert!(text.len() > 600 && text.len() < draws.len());
    for (name, fast) in by_every_room(&draws) {
        assert_eq!(String::from_utf8_lossy(&fast), String::from_utf8_lossy(&text), "{name}");
    }
}

proptest! {
    #[test]
    fn every_pattern_of_rejected_draws_keeps_the_order(
        accepted in prop::collection::vec(any::<(bool, u64)>(), 0..300),
    ) {
        let draws: Vec<u64> =
            accepted.iter().map(|(any, v)| if *any { *v } else { u64::MAX - v % 1000 }).collect();
        let text: Vec<u8> = draws.iter().filter_map(|&draw| letter_of(draw)).collect();
        for (name, fast) in by_every_room(&draws) {
            prop_assert_eq!(&fast, &text, "{}", name);
        }
    }
}
