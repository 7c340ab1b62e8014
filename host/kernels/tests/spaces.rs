//! Masks, walks and gathered digests against what they are defined as.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use plimsoll_core::{Digest, Extent};
use plimsoll_kernels::{
    HashKind, Keystream, Mask, Walk, combine, digest_of, gather_digest, keystream_at, walk,
};
use proptest::prelude::*;
use support::{Memory, some_bytes};

fn stream(unit_bytes: u32, first_unit: u64) -> Mask<'static> {
    Mask::Stream { kind: Keystream::ChaCha8, key: Digest([6; 32]), unit_bytes, first_unit }
}

proptest! {
    #[test]
    fn a_masked_run_is_the_run_xor_the_mask_and_nothing_else_changes(
        (from, len) in (0_u64..400, 0_u64..300), unit_bytes in 1_u32..90, first_unit in 0_u64..9,
    ) {
        let before = some_bytes(2000, 5);
        let plot = Memory::new(before.clone());
        for _ in 0..2 {
            combine(&plot, Extent { offset: from, len }, stream(unit_bytes, first_unit), 1000).unwrap();
        }
        let mut expected = before.clone();
        for at in 0..len {
            let mut mask = [0];
            let unit = first_unit + at / u64::from(unit_bytes);
            keystream_at(Keystream::ChaCha8, &Digest([6; 32]), unit, at % u64::from(unit_bytes), &mut mask);
            expected[(1000 + at) as usize] = before[(from + at) as usize] ^ mask[0];
        }
        prop_assert!(plot.bytes() == expected);
    }

    #[test]
    fn masking_twice_in_place_gives_the_bytes_back(offset in 0_u64..500, len in 1_u64..500, mask_at in 0_u64..500) {
        let (before, other) = (some_bytes(1000, 5), Memory::new(some_bytes(1000, 6)));
        let plot = Memory::new(before.clone());
        let mask = Mask::Region { region: &other, offset: mask_at };
        combine(&plot, Extent { offset, len }, mask, offset).unwrap();
        prop_assert!(plot.bytes() != before);
        combine(&plot, Extent { offset, len }, mask, offset).unwrap();
        prop_assert!(plot.bytes() == before);
    }

    #[test]
    fn a_walk_reads_the_blocks_that_its_states_lead_to(
        block_bytes in 1_u32..70, offset in 0_u64..100, len in 70_u64..800, steps in 0_u32..40, start: [u8; 32],
    ) {
        let region = Memory::new(some_bytes(1000, 7));
        let over = Walk { over: Extent { offset, len }, block_bytes, kind: HashKind::Sha256 };
        let (visited, end) = walk(&region, &over, &Digest(start), steps).unwrap();
        let (mut state, blocks) = (start, len / u64::from(block_bytes));
        for index in &visited {
            let fraction = u128::from(u64::from_le_bytes(state[..8].try_into().unwrap()));
            prop_assert_eq!(u128::from(*index), fraction * u128::from(blocks) / (1 << 64));
            let at = (offset + index * u64::from(block_bytes)) as usize;
            let block = region.bytes()[at..at + block_bytes as usize].to_vec();
            state = digest_of(HashKind::Sha256, &[&state[..], &block].concat()).0;
        }
        prop_assert_eq!((visited.len(), end), (steps as usize, Digest(state)));
    }

    #[test]
    fn a_gathered_digest_is_the_digest_of_nonce_and_bytes(
        at in prop::collection::vec((0_u64..500, 0_u64..500), 0..6), nonce: Vec<u8>,
    ) {
        let bytes = some_bytes(1000, 8);
        let at: Vec<Extent> = at.into_iter().map(|(offset, len)| Extent { offset, len }).collect();
        let mut all = nonce.clone();
        at.iter().for_each(|at| all.extend(&bytes[at.offset as usize..(at.offset + at.len) as usize]));
        for kind in [HashKind::Blake3, HashKind::Sha256] {
            let found = gather_digest(&Memory::new(bytes.clone()), kind, &nonce, &at).unwrap();
            prop_assert_eq!(found, digest_of(kind, &all));
        }
    }
}

#[test]
fn a_mask_over_several_puts_goes_on_where_it_was() {
    let len = 9 << 20;
    let plot = Memory::new(vec![0; 2 * len]);
    combine(&plot, Extent { offset: 0, len: len as u64 }, stream(1 << 20, 3), len as u64 - 5).unwrap_err();
    combine(&plot, Extent { offset: 0, len: len as u64 }, stream(1 << 20, 3), len as u64).unwrap();
    let mut last = vec![0; 1 << 20];
    keystream_at(Keystream::ChaCha8, &Digest([6; 32]), 11, 0, &mut last);
    assert!(plot.bytes()[2 * len - (1 << 20)..] == last);
}

#[test]
fn what_cannot_be_combined_is_refused_with_its_reason() {
    let plot = Memory::new(vec![0; 100]);
    let why =
        |offset, len, mask, to| combine(&plot, Extent { offset, len }, mask, to).unwrap_err().to_string();
    let overlapping = "20 bytes at 0 overlap the same at 19: combine in place, or somewhere else";
    assert_eq!(why(0, 20, stream(8, 0), 19), overlapping);
    assert_eq!(why(0, 20, stream(8, 0), 81), "20 bytes at 81 are outside of a region of 100 bytes");
    assert_eq!(why(90, 20, stream(8, 0), 0), "20 bytes at 90 are outside of a region of 100 bytes");
    assert_eq!(why(0, 20, stream(8, u64::MAX), 50), format!("there is no unit behind {}", u64::MAX));
    assert!(why(0, 20, stream(0, 0), 50).ends_with("unit-bytes must be 1 or more"));
    let short = Mask::Region { region: &plot, offset: 81 };
    assert_eq!(why(0, 20, short, 50), "20 bytes at 81 are outside of a region of 100 bytes");
}

#[test]
fn a_walk_without_blocks_is_refused_with_its_sizes() {
    let region = Memory::new(vec![0; 100]);
    let why = |len, block_bytes| {
        let over = Walk { over: Extent { offset: 0, len }, block_bytes, kind: HashKind::Blake3 };
        walk(&region, &over, &Digest([0; 32]), 1).unwrap_err().to_string()
    };
    assert_eq!(why(101, 1), "101 bytes at 0 are outside of a region of 100 bytes");
    let text = "a walk over 10 bytes in blocks of 11: expected 1 to 1048576, and at least one block";
    assert_eq!(why(10, 11), text);
    assert!(why(10, 0).contains("in blocks of 0"));
}
