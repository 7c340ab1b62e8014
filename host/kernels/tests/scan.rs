//! Scans against the definition, record by record.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use std::sync::atomic::Ordering;

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use plimsoll_core::{Digest, Extent};
use plimsoll_kernels::{Hit, KernelError, ScanKind, Selection, scan_score, scan_select};
use proptest::prelude::*;
use support::{Memory, some_bytes};

fn score(kind: ScanKind, key: &Digest, record: &[u8]) -> u64 {
    let first = match kind {
        ScanKind::Aes128 => {
            let mut block: [u8; 16] = record.try_into().unwrap();
            aes::Aes128::new_from_slice(&key.0[..16]).unwrap().encrypt_block((&mut block).into());
            block[..8].to_vec()
        }
        _ => blake3::keyed_hash(&key.0, record).as_bytes()[..8].to_vec(),
    };
    u64::from_le_bytes(first.try_into().unwrap())
}

/// Every hit there could be, in the order of records and then of keys.
fn all(kind: ScanKind, keys: &[Digest], record_bytes: usize, bytes: &[u8]) -> Vec<Hit> {
    let hit = |(record, bytes): (usize, &[u8])| {
        let of_key = |(key, of): (usize, &Digest)| Hit {
            score: score(kind, of, bytes),
            record: record as u64,
            key: key as u32,
        };
        keys.iter().enumerate().map(of_key).collect::<Vec<_>>()
    };
    bytes.chunks(record_bytes).enumerate().flat_map(hit).collect()
}

fn keys(count: u8) -> Vec<Digest> {
    (0..count).map(|key| Digest([key; 32])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_scan_gives_what_the_definition_gives(
        (kind, record_bytes) in prop_oneof![
            Just((ScanKind::Aes128, 16_u32)),
            (1_u32..300).prop_map(|bytes| (ScanKind::Blake3, bytes)),
        ],
        records in 0_usize..400,
        offset in 0_u64..50,
        n_keys in 1_u8..5,
        wanted in 1_u32..40,
        share in 0_u64..=100,
    ) {
        let bytes = some_bytes(records * record_bytes as usize + 60, n_keys);
        let region = Memory::new(bytes.clone());
        let over = Extent { offset, len: records as u64 * u64::from(record_bytes) };
        let inside = &bytes[offset as usize..][..over.len as usize];
        let keys = keys(n_keys);
        let mut known = all(kind, &keys, record_bytes as usize, inside);
        let threshold = u64::MAX / 100 * share;
        let below: Vec<Hit> =
            known.iter().filter(|hit| hit.score < threshold).take(wanted as usize).copied().collect();
        let selection = Selection::Below { threshold, limit: wanted };
        prop_assert_eq!(scan_select(&region, kind, &keys, record_bytes, over, selection).unwrap(), below);
        known.sort();
        known.truncate(wanted as usize);
        let selection = Selection::Least { count: wanted };
        prop_assert_eq!(scan_select(&region, kind, &keys, record_bytes, over, selection).unwrap(), known);
    }
}

#[test]
fn equal_scores_are_taken_in_the_order_of_records_and_keys() {
    let region = Memory::new(vec![5; 16 * 1000]);
    let over = Extent { offset: 0, len: 16_000 };
    let keys = [Digest([1; 32]), Digest([1; 32])];
    let hits =
        scan_select(&region, ScanKind::Aes128, &keys, 16, over, Selection::Least { count: 3 }).unwrap();
    assert_eq!(hits.iter().map(|hit| (hit.record, hit.key)).collect::<Vec<_>>(), [(0, 0), (0, 1), (1, 0)]);
    assert_eq!(hits[0].score, scan_score(ScanKind::Aes128, &keys[0], &[5; 16]).unwrap());
}

#[test]
fn a_scan_reads_every_byte_once_and_no_more_than_it_needs() {
    let region = Memory::new(some_bytes(3 << 20, 3));
    let over = Extent { offset: 0, len: 3 << 20 };
    let scan = |selection| {
        let before = region.read_bytes.load(Ordering::Relaxed);
        let hits = scan_select(&region, ScanKind::Aes128, &keys(3), 16, over, selection).unwrap();
        (hits.len(), region.read_bytes.load(Ordering::Relaxed) - before)
    };
    assert_eq!(scan(Selection::Least { count: 4096 }), (4096, 3 << 20));
    assert_eq!(scan(Selection::Below { threshold: 0, limit: 9 }), (0, 3 << 20));
    assert_eq!(scan(Selection::Below { threshold: u64::MAX, limit: 9 }), (9, 1 << 20));
    assert!(region.largest_bytes.load(Ordering::Relaxed) <= 1 << 20);
}

#[test]
fn scans_that_cannot_be_are_refused_before_reading() {
    let region = Memory::new(vec![0; 100]);
    let least = Selection::Least { count: 1 };
    let scan = |kind, keys: &[Digest], record_bytes, len, selection| {
        scan_select(&region, kind, keys, record_bytes, Extent { offset: 0, len }, selection).unwrap_err()
    };
    let (aes, blake) = (ScanKind::Aes128, ScanKind::Blake3);
    let one = keys(1);
    assert_eq!(scan(aes, &one, 32, 64, least).to_string(), "record-bytes must be 16 for aes128, not 32");
    assert_eq!(
        scan(blake, &one, 0, 64, least).to_string(),
        "record-bytes must be from 1 to 65536 for blake3, not 0"
    );
    assert_eq!(
        scan(aes, &one, 16, 100, least).to_string(),
        "100 bytes are no whole number of records of 16 bytes"
    );
    assert_eq!(scan(aes, &[], 16, 96, least).to_string(), "a scan takes 1 to 64 keys, not 0");
    assert_eq!(scan(aes, &keys(65), 16, 96, least).to_string(), "a scan takes 1 to 64 keys, not 65");
    for selection in [Selection::Least { count: 0 }, Selection::Below { threshold: 1, limit: 4097 }] {
        assert!(scan(aes, &one, 16, 96, selection).to_string().starts_with("a scan gives 1 to 4096 hits"));
    }
    assert!(matches!(scan(aes, &one, 16, 112, least), KernelError::Space(_)));
    assert_eq!(region.read_bytes.load(Ordering::Relaxed), 0);
    assert!(scan_score(aes, &one[0], &[0; 15]).is_err());
}
