//! The seed prototype's text and chain, against the original's own output and generator.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use std::sync::atomic::Ordering;

use plimsoll_core::{Digest, Span};
use plimsoll_kernels::{
    ALPHABET, HashKind, Isa, KernelError, SeedText, digest_of, fill_seed_text, seed_text, seed_text_digests,
};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use serde::Deserialize;
use support::Memory;

/// What the original program wrote for one seed.
#[derive(Deserialize)]
struct Run {
    seed: String,
    chunk_size: u32,
    state0: Digest,
    chunks: Vec<Chunk>,
}

#[derive(Deserialize)]
struct Chunk {
    id: u64,
    head: String,
    tail: String,
    len: usize,
    sha256: Digest,
    rng_state: Digest,
}

fn runs_of_the_original() -> Vec<Run> {
    serde_json::from_str(include_str!("vectors/seed-v1.json")).unwrap()
}

/// The definition, by the generator that the original used.
fn slow_text(state: &Digest, len: usize) -> Vec<u8> {
    let mut generator = rand::rngs::StdRng::from_seed(state.0);
    // 64-bit draws on every machine: what `usize` was for the original.
    (0..len).map(|_| ALPHABET[generator.gen_range(0..60_u64) as usize]).collect()
}

/// The chain by the definition: (text, row) of each unit, and the state behind the last.
fn slow_chain(state: &Digest, unit_bytes: usize, units: u64) -> (Vec<u8>, Vec<u8>, Digest) {
    let (mut text, mut rows, mut state) = (Vec::new(), Vec::new(), *state);
    for _ in 0..units {
        let chunk = slow_text(&state, unit_bytes);
        let digest = digest_of(HashKind::Sha256, &chunk);
        for (byte, mask) in state.0.iter_mut().zip(digest.0) {
            *byte ^= mask;
        }
        text.extend(chunk);
        rows.extend(digest.0);
        rows.extend(state.0);
    }
    (text, rows, state)
}

#[test]
fn the_text_of_every_implementation_is_the_originals() {
    for isa in Isa::usable() {
        for run in runs_of_the_original() {
            let mut state = digest_of(HashKind::Sha256, run.seed.as_bytes());
            assert_eq!(state, run.state0);
            for chunk in &run.chunks {
                let mut text = vec![0; run.chunk_size as usize];
                SeedText::with_isa(&state, isa).write(&mut text);
                assert_eq!(text.len(), chunk.len);
                assert!(text.starts_with(chunk.head.as_bytes()), "{isa}, chunk {}", chunk.id);
                assert!(text.ends_with(chunk.tail.as_bytes()), "{isa}, chunk {}", chunk.id);
                assert_eq!(digest_of(HashKind::Sha256, &text), chunk.sha256, "{isa}, chunk {}", chunk.id);
                state = chunk.rng_state;
            }
        }
    }
}

#[test]
fn a_filled_plot_has_the_originals_texts_digests_and_states() {
    for run in runs_of_the_original() {
        let (unit_bytes, count) = (u64::from(run.chunk_size), run.chunks.len() as u64);
        let rows = unit_bytes * count;
        let plot = Memory::new(vec![0; (rows + 64 * count) as usize]);
        let last =
            fill_seed_text(&plot, &run.state0, run.chunk_size, Span { first: 0, count }, rows).unwrap();
        let bytes = plot.bytes();
        for chunk in &run.chunks {
            let text = &bytes[(chunk.id * unit_bytes) as usize..][..chunk.len];
            assert_eq!(digest_of(HashKind::Sha256, text), chunk.sha256);
            let row = &bytes[(rows + 64 * chunk.id) as usize..][..64];
            assert_eq!(row, [chunk.sha256.0, chunk.rng_state.0].concat());
        }
        assert_eq!(last, run.chunks.last().unwrap().rng_state);
    }
}

#[test]
fn digests_of_a_text_are_those_of_the_text_at_every_length() {
    let state = digest_of(HashKind::Blake3, b"state");
    for len in [0, 1, 55, 56, 64, 1023, 8_191, 8_192, 8_193, 40_000] {
        for nonce in [&b""[..], &[7; 99], &[9; 1500]] {
            let text = slow_text(&state, len);
            let bound = digest_of(HashKind::Blake3, &[nonce, &text].concat());
            let found = seed_text_digests(&state, len as u32, nonce);
            assert_eq!(found, [digest_of(HashKind::Sha256, &text), bound], "{len} letters");
        }
    }
}

#[test]
fn the_first_chunk_of_the_seed_minervalidator_is_the_originals() {
    let mut state = digest_of(HashKind::Sha256, b"minervalidator");
    assert_eq!(hex::encode(state.0), "7429dcc4df4790bb937fccf0f04139791428b0c407ca54d241b52c30b41ae1c5");
    let mut text = [0; 1000];
    seed_text(&state, &mut text);
    assert_eq!(&text[..32], b"hkwj5CfgCUvl2EpMypHMWyzton8cQe04");
    let plot = Memory::new(vec![0; 3 * 1064]);
    state = fill_seed_text(&plot, &state, 1000, Span { first: 0, count: 3 }, 3000).unwrap();
    assert_eq!(&plot.bytes()[2000..2032], b"7iI8lIuXlhU7g5dgAa8mb184x7A1TJuj");
    assert_eq!(hex::encode(state.0), "de12973bece65a85756873b107ca5e936776f634f229bedef6b8ffe1d4bdced9");
}

#[test]
fn every_implementation_agrees_with_the_originals_generator_at_every_length() {
    let lengths = [0, 1, 7, 63, 64, 65, 119, 120, 121, 127, 128, 129, 255, 256, 999, 4096, 100_000];
    for seed in 0..4 {
        let state = digest_of(HashKind::Blake3, &[seed]);
        let text = slow_text(&state, 100_000);
        for isa in Isa::usable() {
            for len in lengths {
                let mut fast = vec![0; len];
                SeedText::with_isa(&state, isa).write(&mut fast);
                assert!(fast == text[..len], "{isa}, {len} bytes of seed {seed}");
            }
        }
    }
}

proptest! {
    #[test]
    fn a_text_written_in_pieces_is_the_text_written_at_once(
        state: [u8; 32],
        pieces in prop::collection::vec(0_usize..700, 1..12),
    ) {
        let text = slow_text(&Digest(state), pieces.iter().sum());
        for isa in Isa::usable() {
            let mut writer = SeedText::with_isa(&Digest(state), isa);
            let mut written = Vec::new();
            for &len in &pieces {
                let mut piece = vec![0xFF; len];
                writer.write(&mut piece);
                written.extend(piece);
            }
            prop_assert_eq!(&written, &text, "{}", isa);
        }
    }

    #[test]
    fn a_chain_resumed_from_a_row_is_the_chain_filled_at_once(
        state: [u8; 32],
        unit_bytes in 1_u32..300,
        units in 1_u64..40,
        cut in 0_u64..40,
    ) {
        let (state, cut) = (Digest(state), cut % (units + 1));
        let (text, rows, last) = slow_chain(&state, unit_bytes as usize, units);
        let mut plot = Memory::new(vec![0; text.len() + rows.len()]);
        plot.asks_twice = true;
        let rows_at = text.len() as u64;
        let middle =
            fill_seed_text(&plot, &state, unit_bytes, Span { first: 0, count: cut }, rows_at).unwrap();
        let end = fill_seed_text(&plot, &middle, unit_bytes, Span::between(cut, units), rows_at).unwrap();
        prop_assert_eq!(end, last);
        prop_assert!(plot.bytes() == [text, rows].concat());
    }
}

#[test]
fn a_unit_larger_than_a_put_is_written_in_pieces_of_one_text() {
    let unit_bytes = 5_000_000;
    let state = digest_of(HashKind::Blake3, b"large");
    let plot = Memory::new(vec![0; 2 * (unit_bytes + 64)]);
    let end = fill_seed_text(&plot, &state, unit_bytes as u32, Span { first: 0, count: 2 }, 10_000_000);
    let (text, rows, last) = slow_chain(&state, unit_bytes, 2);
    assert_eq!(end, Ok(last));
    assert!(plot.bytes() == [text, rows].concat());
    assert!(plot.largest_bytes.load(Ordering::Relaxed) <= 4 << 20);
}

#[test]
fn tiny_units_with_more_rows_than_text_are_written_a_few_thousand_at_a_time() {
    let state = digest_of(HashKind::Blake3, b"tiny");
    let units = 10_000;
    let plot = Memory::new(vec![0; units * 65]);
    let end = fill_seed_text(&plot, &state, 1, Span { first: 0, count: units as u64 }, units as u64);
    let (text, rows, last) = slow_chain(&state, 1, units as u64);
    assert_eq!(end, Ok(last));
    assert!(plot.bytes() == [text, rows].concat());
    assert!(plot.largest_bytes.load(Ordering::Relaxed) <= 512 * 1024);
}

#[test]
fn a_fill_that_was_stopped_can_be_repeated() {
    let state = digest_of(HashKind::Blake3, b"stop");
    let (text, rows, last) = slow_chain(&state, 3_000_000, 3);
    let plot = Memory::new(vec![0; text.len() + rows.len()]);
    plot.puts_left.store(1, Ordering::Relaxed);
    let fill = || fill_seed_text(&plot, &state, 3_000_000, Span { first: 0, count: 3 }, text.len() as u64);
    assert_eq!(fill().unwrap_err().to_string(), "stopped on request");
    plot.puts_left.store(usize::MAX, Ordering::Relaxed);
    assert_eq!(fill(), Ok(last));
    assert!(plot.bytes() == [text.clone(), rows].concat());
}

#[test]
fn a_fill_of_nothing_gives_the_state_back_and_writes_nothing() {
    let state = digest_of(HashKind::Blake3, b"none");
    let plot = Memory::new(vec![7; 100]);
    assert_eq!(fill_seed_text(&plot, &state, 10, Span { first: 1, count: 0 }, 30), Ok(state));
    assert_eq!(plot.bytes(), vec![7; 100]);
}

#[test]
fn rows_inside_of_the_text_and_units_outside_of_the_region_are_refused_before_a_byte_is_written() {
    let state = Digest([1; 32]);
    let plot = Memory::new(vec![7; 1000]);
    let fill = |first, count, rows| fill_seed_text(&plot, &state, 100, Span { first, count }, rows);
    assert_eq!(
        fill(0, 3, 200).unwrap_err().to_string(),
        "rows at 200 of 192 bytes would overwrite the text at 0 of 300 bytes: \
         rows must begin behind the last unit"
    );
    for (first, count, rows) in [(9, 2, 0), (0, 8, 800), (0, 1, u64::MAX), (u64::MAX, 1, 0)] {
        assert!(matches!(fill(first, count, rows), Err(KernelError::Space(_))), "{first} {count} {rows}");
    }
    assert!(matches!(
        fill_seed_text(&plot, &state, 0, Span { first: 0, count: 1 }, 0),
        Err(KernelError::BadInput(_))
    ));
    assert_eq!(plot.bytes(), vec![7; 1000]);
}
