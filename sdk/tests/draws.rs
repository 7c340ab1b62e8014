//! Sampling: in range, distinct, unbiased, and the same bytes for ever.

use std::collections::BTreeSet;

use plimsoll_sdk::{Challenge, Draws, Hotkey, Identity, Span, Statement};
use proptest::prelude::*;

fn statement(unit_bytes: u32, units: u64, commitment: Option<[u8; 32]>) -> Statement {
    let identity = Identity { netuid: 7, owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) };
    Statement { identity, unit_bytes, units, commitment }
}

#[test]
fn challenges_never_change() {
    // From a second implementation in Python over the official `blake3`: these bytes are consensus.
    let draw = |statement: &Statement, samples, focus| {
        let Challenge { nonce, units } = Challenge::draw(statement, &[9; 32], samples, focus).unwrap();
        (hex::encode(nonce), units)
    };
    let (nonce, units) = draw(&statement(65_536, 1000, Some([3; 32])), 5, None);
    assert_eq!(nonce, "204e523ffef99f7beea972c11cbf13bb307a03216737c67c6b2cf71669817775");
    assert_eq!(units, [546, 607, 641, 707, 943]);
    let (nonce, units) = draw(&statement(65_536, 1000, None), 300, Some(Span { first: 990, count: 10 }));
    assert_eq!(nonce, "38ff3a16228db9f814b87cf895b740538e89872d6274deb7cb614c2c7f72f302");
    assert_eq!(units, (990..1000).collect::<Vec<_>>());
    // Half of all words must be drawn again.
    let (nonce, units) = draw(&statement(1024, (1 << 63) + 1, None), 6, None);
    assert_eq!(nonce, "f2cd20f776ddc6ce4c3445b15ccb0cb146c17b0ecceba36eefdd53299d578a9f");
    assert_eq!(
        units,
        [
            384_910_116_865_500_852,
            806_834_480_739_310_962,
            1_443_439_541_429_088_585,
            2_616_437_534_735_330_738,
            7_578_863_571_276_983_853,
            8_637_674_703_847_083_232
        ]
    );
}

#[test]
fn every_pair_of_six_is_drawn_as_often() {
    let mut draws = Draws::new("pairs", &[]);
    let mut counts = [[0u32; 6]; 6];
    for _ in 0..15_000 {
        let pair = draws.distinct(2, Span { first: 0, count: 6 });
        counts[pair[0] as usize][pair[1] as usize] += 1;
    }
    let pairs = (0..6).flat_map(|a| (a + 1..6).map(move |b| (a, b)));
    // Mean 1000 for each of the 15, standard deviation 31.
    assert!(pairs.clone().all(|(a, b)| (850..1150).contains(&counts[a][b])), "{counts:?}");
    assert_eq!(pairs.map(|(a, b)| counts[a][b]).sum::<u32>(), 15_000);
}

#[test]
fn numbers_below_a_bound_that_modulo_would_bend_are_even() {
    // Modulo 3 × 2^62 would give the lower third of the numbers twice as often.
    let (mut draws, n) = (Draws::new("bias", &[]), 3u64 << 62);
    let low = (0..6000).filter(|_| draws.below(n) < n / 3).count();
    assert!((1820..2180).contains(&low), "{low}");
}

#[test]
fn inputs_are_kept_apart_by_their_lengths() {
    let word = |purpose, inputs: &[&[u8]]| Draws::new(purpose, inputs).word();
    assert_ne!(word("p", &[b"ab", b"c"]), word("p", &[b"a", b"bc"]));
    assert_ne!(word("p", &[b"a"]), word("p", &[b"a", b""]));
    assert_ne!(word("pa", &[b"b"]), word("p", &[b"ab"]));
    assert_eq!(word("p", &[b"a"]), word("p", &[b"a"]));
}

proptest! {
    #[test]
    fn a_draw_is_distinct_ascending_inside_its_focus_and_complete(
        seed: u64, first: u64, count in 1..500u64, samples in 1..600u32,
    ) {
        let first = first % (u64::MAX - count);
        let focus = Span { first, count };
        let statement = statement(64, u64::MAX, None);
        let mut randomness = [0; 32];
        randomness[..8].copy_from_slice(&seed.to_le_bytes());
        let challenge = Challenge::draw(&statement, &randomness, samples, Some(focus)).unwrap();
        prop_assert_eq!(challenge.units.len() as u64, u64::from(samples).min(count));
        prop_assert!(challenge.units.is_sorted_by(|a, b| a < b));
        prop_assert!(challenge.units.iter().all(|unit| (first..first + count).contains(unit)));
        let parsed = Challenge::parse(&challenge.to_bytes(), &statement);
        prop_assert_eq!(parsed, Ok(challenge));
    }

    #[test]
    fn below_is_below_and_reaches_both_ends_of_small_ranges(seed: u64, n in 1..9u64) {
        let mut draws = Draws::new("ends", &[&seed.to_le_bytes()]);
        let drawn: BTreeSet<u64> = (0..400).map(|_| draws.below(n)).collect();
        prop_assert_eq!(drawn, (0..n).collect::<BTreeSet<_>>());
        prop_assert_eq!(draws.below(0), 0);
    }

    #[test]
    fn no_bytes_parse_but_those_of_a_challenge(bytes: Vec<u8>, units in 0..1000u64) {
        let statement = statement(64, units, None);
        if let Ok(challenge) = Challenge::parse(&bytes, &statement) {
            prop_assert_eq!(challenge.to_bytes(), bytes);
            prop_assert!(challenge.units.iter().all(|&unit| unit < units));
        }
    }
}

#[test]
fn a_malformed_challenge_is_refused_with_what_is_wrong_with_it() {
    let statement = statement(64, 10, None);
    let with = |units: &[u64]| Challenge { nonce: [1; 32], units: units.to_vec() }.to_bytes();
    let refusal = |bytes: &[u8]| Challenge::parse(bytes, &statement).unwrap_err().to_string();
    assert_eq!(refusal(&[0; 31]), "bad input: no challenge: 31 bytes, expected a nonce of 32");
    let uneven = "bad input: no challenge: 41 bytes, expected 32 and 8 for each of one or more units";
    assert_eq!(refusal(&[&with(&[3])[..], &[0]].concat()), uneven);
    assert!(refusal(&with(&[])).starts_with("bad input: no challenge: 32 bytes, expected 32 and 8"));
    assert_eq!(refusal(&with(&[3, 3])), "bad input: no challenge: unit 3 behind unit 3, expected ascending");
    assert_eq!(refusal(&with(&[4, 3])), "bad input: no challenge: unit 3 behind unit 4, expected ascending");
    assert_eq!(refusal(&with(&[10])), "bad input: no challenge: unit 10, the statement has 10 units");
    assert!(Challenge::draw(&statement, &[0; 32], 0, None).is_err());
    assert!(Challenge::draw(&statement, &[0; 32], 1, Some(Span { first: 9, count: 2 })).is_err());
}
