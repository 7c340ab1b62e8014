//! The doubles and twins of graphs, masks and walks, against the words of the contract.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use plimsoll_sdk::doubles::{MemoryPlot, MemoryRegion};
use plimsoll_sdk::graphs::{Chain, GraphPlot, Mask, Place, Sdr, Walks, chain_leaf, sdr_graph_bytes};
use plimsoll_sdk::pure::{digest_of, keystream_at, merkle_leaf};
use plimsoll_sdk::{Extent, HashKind, Hotkey, Identity, Keystream, Plot, Span, SpanChallenge, Statement};
use proptest::prelude::*;

fn some_bytes(len: u32) -> Vec<u8> {
    keystream_at(Keystream::ChaCha8, &[1; 32], 0, 0, len)
}

fn statement(units: u64) -> Statement {
    let identity = Identity { netuid: 7, owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) };
    Statement { identity, unit_bytes: 64, units, commitment: Some([3; 32]) }
}

#[test]
fn a_masked_run_can_be_written_again_and_its_source_stays() {
    let plot = MemoryPlot::holding(some_bytes(1000));
    let source = Extent { offset: 10, len: 100 };
    let stream = Mask::Stream { kind: Keystream::Aes128Ctr, key: [5; 32], unit_bytes: 40, first_unit: 3 };
    for mask in [stream, Mask::Bytes(300)] {
        plot.combine(source, &mask, 500).unwrap();
        plot.combine(source, &mask, 500).unwrap();
        let with = match mask {
            Mask::Bytes(_) => some_bytes(1000)[300..400].to_vec(),
            Mask::Stream { .. } => {
                let units = (3..6).map(|unit| keystream_at(Keystream::Aes128Ctr, &[5; 32], unit, 0, 40));
                units.flatten().take(100).collect::<Vec<u8>>()
            }
        };
        let expected: Vec<u8> = some_bytes(1000)[10..110].iter().zip(with).map(|(a, b)| a ^ b).collect();
        assert_eq!(plot.read(Extent { offset: 500, len: 100 }).unwrap(), expected);
        let refusal = plot.combine(source, &mask, 60).unwrap_err().to_string();
        assert_eq!(refusal, "bad input: 100 bytes at 60 would overwrite what is read at 10");
    }
    assert_eq!(plot.finish().bytes[..500], some_bytes(1000)[..500]);
}

#[test]
fn a_walk_goes_where_its_states_lead() {
    let region = MemoryRegion::new(some_bytes(1000));
    let over = Extent { offset: 8, len: 95 };
    let walked = region.walk(HashKind::Sha256, over, 10, &[0xff; 32], 3).unwrap();
    // The largest state leads to the last whole block.
    assert_eq!((walked.blocks[0], walked.blocks.len()), (8, 3));
    let mut state = [0xff; 32];
    for block in &walked.blocks {
        let at = 8 + 10 * *block as usize;
        state = digest_of(HashKind::Sha256, &[&state[..], &region.bytes[at..at + 10]].concat());
    }
    assert_eq!(walked.state, state);
    for (len, block_bytes, steps) in [(95, 0, 1), (9, 10, 1), (95, 10, 4097), (1000, 10, 1000)] {
        assert!(
            region.walk(HashKind::Sha256, Extent { offset: 8, len }, block_bytes, &state, steps).is_err()
        );
    }
    let at = [Extent { offset: 5, len: 7 }, Extent { offset: 990, len: 10 }];
    let all = [b"nonce", &region.bytes[5..12], &region.bytes[990..]].concat();
    let gathered = region.gather_digest(HashKind::Blake3, b"nonce", &at).unwrap();
    assert_eq!(gathered, digest_of(HashKind::Blake3, &all));
    assert!(region.gather_digest(HashKind::Blake3, b"", &[Extent { offset: 991, len: 10 }]).is_err());
}

#[test]
fn a_label_has_the_parents_of_its_place() {
    let shape = Sdr { porep_id: [7; 32], nodes: 64, layers: 3 };
    assert_eq!(shape.sector_bytes(), 6144);
    assert_eq!(shape.place(64 * 3 + 64 + 5), Place { sector: 1, layer: 2, node: 5 });
    assert!(shape.parents(64 * 4).is_empty());
    let first = shape.parents(64 * 3 + 5);
    assert!(first.len() == 6 && first[0] == 64 * 3 + 4 && first.iter().all(|&at| (192..197).contains(&at)));
    let second = shape.parents(64 * 4 + 5);
    assert!(second[..6].iter().zip(&first).all(|(above, below)| above - below == 64));
    assert!(second.len() == 14 && second[6..].iter().all(|&at| (192..256).contains(&at)));
    assert_eq!(sdr_graph_bytes(64), 56 * 64 + 12 * 32);
    assert_eq!(sdr_graph_bytes(1 << 30), 12 << 17);
}

#[test]
fn sectors_and_chains_outside_of_a_plot_are_refused() {
    let plot = MemoryPlot::new(4096).unwrap();
    let shape = Sdr { porep_id: [7; 32], nodes: 64, layers: 2 };
    plot.fill_sdr(&shape, &[[1; 32]], Span { first: 0, count: 128 }).unwrap();
    assert!(plot.fill_sdr(&shape, &[], Span { first: 0, count: 128 }).is_err());
    assert!(plot.fill_sdr(&shape, &[[1; 32]; 2], Span { first: 100, count: 29 }).is_err());
    let chain = Chain { layers: 2, window: 2, reverse: true };
    plot.fill_chain(chain, &[9; 32], 1024, Span { first: 1, count: 3 }).unwrap();
    assert!(plot.fill_chain(chain, &[9; 32], 1024, Span { first: 4, count: 1 }).is_err());
    let unit = plot.read(Extent { offset: 2048, len: 1024 }).unwrap();
    let leaf = chain_leaf(chain, &[9; 32], 2, 1024, HashKind::Blake3, 9);
    assert_eq!(leaf, merkle_leaf(HashKind::Blake3, 1024, 9, 2, &unit));
}

proptest! {
    #[test]
    fn a_span_challenge_is_read_back_and_asks_for_items_of_its_span(
        randomness: [u8; 32], samples in 1_u32..40, first in 0_u64..50, count in 1_u64..50, again in 0_u32..3,
    ) {
        let (statement, focus) = (statement(100), Span { first, count });
        let drawn = |samples| SpanChallenge::draw(&statement, &randomness, samples, 20, Some(focus));
        prop_assert_eq!(drawn(samples).is_err(), samples > 20);
        let samples = samples.min(20);
        let challenge = drawn(samples).unwrap();
        prop_assert_eq!((challenge.span, challenge.samples), (focus, samples));
        let read = SpanChallenge::parse(&challenge.to_bytes(), &statement, 20);
        prop_assert_eq!(read.as_ref(), Ok(&challenge));
        let (items, closer) = challenge.items(8, again);
        prop_assert_eq!(items.len() as u64, u64::from(challenge.samples).min(8 * count));
        prop_assert!(items.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(items.iter().all(|item| (8 * first..8 * (first + count)).contains(item)));
        prop_assert!(closer.len() <= again as usize && closer.iter().all(|item| items.contains(item)));
    }

    #[test]
    fn bytes_that_are_no_span_challenge_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        prop_assert!(SpanChallenge::parse(&bytes, &statement(100), 20).is_err());
    }
}

#[test]
fn a_span_challenge_out_of_range_is_refused_with_its_numbers() {
    let why = |samples, focus| {
        SpanChallenge::draw(&statement(100), &[0; 32], samples, 20, focus).unwrap_err().to_string()
    };
    let text = "bad input: 0 samples of 100 units from 0: expected at least one sample, inside the 100 units";
    assert_eq!(why(0, None), text);
    assert!(why(1, Some(Span { first: 99, count: 2 })).contains("of 2 units from 99"));
    let mut bytes = SpanChallenge::draw(&statement(100), &[0; 32], 20, 20, None).unwrap().to_bytes();
    let short = SpanChallenge::parse(&bytes[1..], &statement(100), 20).unwrap_err().to_string();
    assert_eq!(short, "bad input: no challenge: 51 bytes, expected 52");
    bytes[48] = 21;
    let many = SpanChallenge::parse(&bytes, &statement(100), 20).unwrap_err().to_string();
    assert_eq!(
        many,
        "bad input: no challenge: 21 samples of 100 units from 0, expected 1 to 20 inside the 100 units"
    );
}
