//! The header's bytes, and what a torn or damaged one means.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::fs;
use std::path::Path;

use plimsoll_core::{Digest, Hotkey, Identity, Layout, NetUid, Order, Pass};
use plimsoll_store::{
    FillOptions, Filling, Plot, PlotHeader, PlotSpec, SLOT_BYTES, SchemeTag, Slots, StoreError, read_header,
};
use proptest::prelude::*;
use support::{eager, fill_rest, sealed, spec};

const PAGE: usize = 2 * SLOT_BYTES;

fn page_of(path: &Path) -> [u8; PAGE] {
    fs::read(path).unwrap()[..PAGE].try_into().unwrap()
}

/// The header while filling and once sealed.
fn two_pages() -> ([u8; PAGE], [u8; PAGE]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let filling = Filling::create_or_resume(&path, &spec(1000, 3), &eager()).unwrap();
    let before = page_of(&path);
    fill_rest(&filling, 3).unwrap();
    filling.seal(Some(Digest([9; 32]))).unwrap();
    (before, page_of(&path))
}

#[test]
fn the_bytes_of_a_sealed_header_are_these() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let mut spec = spec(1000, 3);
    spec.layout.memory_bytes = 77;
    let plot = sealed(&path, &spec);
    let slot = plot.header().encode_slot();
    let root = plot.header().integrity_root.to_string();
    let fields = [
        "504c494d504c4f54", // PLIMPLOT
        "0100",             // version
        "0200",             // sealed
        "01000000",         // has a commitment
        "0200000000000000", // generation
        "0300",             // netuid
        "000000000000",
        &"01".repeat(32), // owner
        &"02".repeat(32), // validator
        &"03".repeat(32), // plugin
        &"04".repeat(32), // parameters
        "e8030000",       // unit bytes
        "00000000",
        "0300000000000000", // units
        "b80b000000000000", // region bytes
        "4d00000000000000", // memory bytes
        "0010000000000000", // region offset
        "0020000000000000", // tree offset
        "2000000000000000", // tree bytes
        &"09".repeat(32),   // commitment
        &root,
        &"00".repeat(16), // fill id
        "0c00",           // length of the scheme's name
        "0100",           // passes
        "00000000",
        "70726f6f662d73747265616d", // proof-stream
        &"00".repeat(64 - 12),
        "0300000000000000", // units of the pass
        "00",               // independent
        "04",               // length of its name
        "000000000000",
        "66696c6c", // fill
        &"00".repeat(48 - 4),
    ];
    let expected = hex::decode(fields.concat()).unwrap();
    assert_eq!(hex::encode(&slot[..expected.len()]), hex::encode(&expected));
    assert!(slot[expected.len()..SLOT_BYTES - 32].iter().all(|&b| b == 0));
    assert_eq!(slot[SLOT_BYTES - 32..], *blake3::hash(&slot[..SLOT_BYTES - 32]).as_bytes());
    let page = page_of(&path);
    assert!(page[..SLOT_BYTES] == slot && page[SLOT_BYTES..] == slot);
}

#[test]
fn a_header_write_torn_at_any_byte_leaves_the_old_or_the_new_header() {
    let (before, after) = two_pages();
    let path = Path::new("a.plot");
    for torn in 0..=SLOT_BYTES {
        // The second slot is written first,
        let mut page = before;
        page[SLOT_BYTES..SLOT_BYTES + torn].copy_from_slice(&after[SLOT_BYTES..SLOT_BYTES + torn]);
        let (header, _) = PlotHeader::decode_page(&page, path).unwrap();
        let same_yet = before[SLOT_BYTES..] == page[SLOT_BYTES..];
        assert_eq!(header.sealed, !same_yet && torn == SLOT_BYTES, "{torn} bytes of the second slot");
        // then the first.
        let mut page = after;
        page[torn..SLOT_BYTES].copy_from_slice(&before[torn..SLOT_BYTES]);
        let (header, _) = PlotHeader::decode_page(&page, path).unwrap();
        assert!(header.sealed, "{torn} bytes of the first slot");
    }
}

#[test]
fn any_flipped_bit_of_a_header_is_found_and_the_other_slot_holds() {
    let (_, page) = two_pages();
    let path = Path::new("a.plot");
    let (whole, slots) = PlotHeader::decode_page(&page, path).unwrap();
    assert_eq!(slots, Slots::Both);
    for bit in 0..PAGE * 8 {
        let mut flipped = page;
        flipped[bit / 8] ^= 1 << (bit % 8);
        let (header, slots) = PlotHeader::decode_page(&flipped, path).unwrap();
        assert_eq!(slots, Slots::Stale(u8::from(bit / 8 >= SLOT_BYTES)), "bit {bit}");
        assert_eq!(header, whole);
    }
}

#[test]
fn a_header_damaged_twice_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    drop(sealed(&path, &spec(1000, 3)));
    let mut file = fs::read(&path).unwrap();
    file[100] ^= 1;
    file[SLOT_BYTES + 100] ^= 1;
    fs::write(&path, &file).unwrap();
    for error in [
        Plot::open(&path).unwrap_err(),
        Filling::create_or_resume(&path, &spec(1000, 3), &FillOptions::default()).err().unwrap(),
    ] {
        assert_eq!(
            error.to_string(),
            format!(
                "{} is no readable plot: the header's checksum does not match: it is damaged",
                path.display()
            )
        );
    }
}

#[test]
fn a_later_format_is_named() {
    let (_, mut page) = two_pages();
    for slot in page.chunks_mut(SLOT_BYTES) {
        slot[8] = 9;
        let checksum = *blake3::hash(&slot[..SLOT_BYTES - 32]).as_bytes();
        slot[SLOT_BYTES - 32..].copy_from_slice(&checksum);
    }
    let error = PlotHeader::decode_page(&page, Path::new("a.plot")).unwrap_err().to_string();
    assert_eq!(error, "a.plot is no readable plot: its format is version 9, this program knows version 1");
}

#[test]
fn a_slot_that_a_crash_left_behind_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let (before, after) = two_pages();
    drop(sealed(&path, &spec(1000, 3)));
    let mut file = fs::read(&path).unwrap();
    file[..SLOT_BYTES].copy_from_slice(&before[..SLOT_BYTES]);
    fs::write(&path, &file).unwrap();
    assert_eq!(read_header(&path).unwrap().1, Slots::Stale(0));
    assert_eq!(Plot::open(&path).unwrap().slots(), Slots::Stale(0));
    assert!(matches!(
        Filling::create_or_resume(&path, &spec(1000, 3), &FillOptions::default()),
        Err(StoreError::AlreadySealed { .. })
    ));
    assert!(page_of(&path) == after);
}

#[test]
fn what_the_format_cannot_hold_is_refused_before_a_file_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let mut specs = vec![spec(1000, 3); 4];
    specs[0].scheme.name = "n".repeat(65);
    specs[1].layout.passes = vec![specs[1].layout.passes[0].clone(); 25];
    specs[2].layout.passes[0].name = "ü".repeat(25);
    specs[3].layout.units = 4;
    let texts = [
        "scheme name of the plot: 65 bytes, at most 64 fit",
        "passes of the plot: 25 of them, at most 24 fit",
        &format!("pass name of the plot: `{}` is longer than 48 bytes", "ü".repeat(25)),
        "layout of the plot: the plan says 4 units of 1000 bytes in a region of 3000 bytes",
    ];
    for (spec, text) in specs.iter().zip(texts) {
        let error = Filling::create_or_resume(&path, spec, &FillOptions::default()).err().unwrap();
        assert_eq!(error.to_string(), text);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

prop_compose! {
    fn any_spec()(
        netuid: u16, owner: [u8; 32], validator: [u8; 32], plugin: [u8; 32], params: [u8; 32],
        name in "[a-z-]{0,64}", unit_bytes in 1u32.., units in 1u64..1 << 28, beyond in 0u64..1 << 40,
        memory_bytes: u64,
        passes in proptest::collection::vec(("[a-zü ]{0,24}", 1u64.., any::<bool>()), 1..=24),
    ) -> PlotSpec {
        let passes = passes.into_iter().map(|(name, units, sequential)| {
            Pass { name, units, order: if sequential { Order::Sequential } else { Order::Independent } }
        });
        PlotSpec {
            identity: Identity { netuid: NetUid(netuid), owner: Hotkey(owner), validator: Hotkey(validator) },
            scheme: SchemeTag { name, plugin: Digest(plugin), params: Digest(params) },
            layout: Layout {
                unit_bytes,
                units,
                region_bytes: units * u64::from(unit_bytes) + beyond,
                memory_bytes,
                passes: passes.collect(),
            },
        }
    }
}

proptest! {
    #[test]
    fn a_header_survives_its_own_bytes(spec in any_spec(), commitment: Option<[u8; 32]>, root: [u8; 32]) {
        spec.check().unwrap();
        let (_, page) = {
            let header = PlotHeader::new_sealed(spec.clone(), commitment.map(Digest), Digest(root));
            (header.clone(), header.encode_page())
        };
        let (header, slots) = PlotHeader::decode_page(&page, Path::new("x")).unwrap();
        prop_assert_eq!(slots, Slots::Both);
        prop_assert_eq!(&header.spec, &spec);
        prop_assert_eq!(header.commitment, commitment.map(Digest));
        prop_assert_eq!(header.integrity_root, Digest(root));
    }

    #[test]
    fn no_bytes_make_reading_a_header_panic(
        mut page in proptest::collection::vec(any::<u8>(), SLOT_BYTES), with_magic: bool, places in proptest::collection::vec((8usize..2016, any::<u8>()), 0..20),
    ) {
        if with_magic {
            // A right header with wrong fields behind a right checksum.
            page = PlotHeader::new_sealed(spec(1000, 3), None, Digest([1; 32])).encode_slot().to_vec();
            places.iter().for_each(|&(at, byte)| page[at] = byte);
            let checksum = *blake3::hash(&page[..SLOT_BYTES - 32]).as_bytes();
            page[SLOT_BYTES - 32..].copy_from_slice(&checksum);
        }
        let slot: [u8; SLOT_BYTES] = page.try_into().unwrap();
        if let Ok(header) = PlotHeader::decode_slot(&slot) {
            prop_assert_eq!(header.encode_slot(), slot);
        }
    }
}
