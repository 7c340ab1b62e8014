//! The native twins against other programs' numbers and against themselves.

use plimsoll_sdk::doubles::{MemoryPlot, MemoryRegion};
use plimsoll_sdk::pure::{
    digest_of, keyed_digest, keystream_at, keystream_digest, keystream_leaf, merkle_depth, merkle_leaf,
    merkle_verify, seed_text, seed_text_digests,
};
use plimsoll_sdk::{Draws, Extent, HashKind, Keystream, Parts, Plot, Region, Span};
use proptest::prelude::*;

const KINDS: [HashKind; 2] = [HashKind::Blake3, HashKind::Sha256];
const STREAMS: [Keystream; 5] = [
    Keystream::Blake3Xof,
    Keystream::ChaCha8,
    Keystream::ChaCha12,
    Keystream::ChaCha20,
    Keystream::Aes128Ctr,
];

fn counting_key() -> [u8; 32] {
    std::array::from_fn(|at| at as u8)
}

#[test]
fn keystreams_are_those_of_other_implementations() {
    // Bytes 60 to 92 of unit 7 under the key 00 01 … 1f: the official `blake3` for Python, `openssl enc`,
    // and ChaCha with a 64-bit counter and nonce written out after Bernstein's paper.
    let known = [
        "f746d85ab42fae167c05e67fa7e636d1d4381c2939bd808a09a1d1386039f1b0",
        "d96ea71003efed7550daa2aaf4f5c604c5b98126302bd1d0c909ec2102b44669",
        "5693ec320703ddb9fc6c2f3ccd2490e089f0b52d522f2e66fe22917d2af34c2f",
        "75659477f10f844822e87a8962364e33fc88109a329da241f1ed0905aa9a33e7",
        "0d9a6762954f30ccedac48b2c556868ec4a03f95e92958c0043256e976d5a705",
    ];
    for (stream, known) in STREAMS.into_iter().zip(known) {
        let bytes = keystream_at(stream, &counting_key(), 7, 60, 32);
        assert_eq!(hex::encode(bytes), known, "{stream:?}");
    }
}

#[test]
fn the_seed_text_is_the_original_programs() {
    let state = digest_of(HashKind::Sha256, b"minervalidator");
    assert_eq!(hex::encode(state), "7429dcc4df4790bb937fccf0f04139791428b0c407ca54d241b52c30b41ae1c5");
    let text = seed_text(&state, 1000);
    assert_eq!(&text[..32], b"hkwj5CfgCUvl2EpMypHMWyzton8cQe04");
    let bound = digest_of(HashKind::Blake3, &[b"nonce", &text[..]].concat());
    assert_eq!(seed_text_digests(&state, 1000, b"nonce"), [digest_of(HashKind::Sha256, &text), bound]);
    let plot = MemoryPlot::new(3 * 1064).unwrap();
    let behind = plot.fill_seed_text(&state, 1000, Span { first: 0, count: 3 }, 3000).unwrap();
    assert_eq!(hex::encode(behind), "de12973bece65a85756873b107ca5e936776f634f229bedef6b8ffe1d4bdced9");
    let region = plot.finish().bytes;
    assert_eq!(&region[2000..2032], b"7iI8lIuXlhU7g5dgAa8mb184x7A1TJuj");
    assert_eq!(
        hex::encode(&region[3000..3064]),
        "7fb7877e33582d15552b09bedb526d29eb634bd210da5830e5a2726c4f12b01a\
         0b9e5bbaec1fbdaec654c54e2b135450ff4bfb1617100ce2a4175e5cfb0851df"
    );
}

#[test]
fn sha256_trees_are_those_of_certificate_transparency() {
    // Leaves of one byte 0, 1, …: RFC 6962 roots from the definition, computed with Python's hashlib.
    let roots = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "a20bf9a7cc2dc8a08f5f415a71b19f6ac427bab54d24eec868b5d3103449953a",
        "3b6cccd7e3e023ff393006f030315ee7ad9eb111b022b41fba7e5b7a3973f688",
        "3560191803028444b232018ac047fdb561c09c23a7a6876c85e08b5e4d48e9f3",
    ];
    for (n_leaves, root) in [1, 2, 3, 7].into_iter().zip(roots) {
        let region = MemoryRegion::new((0..n_leaves).collect());
        let over = Extent { offset: 0, len: u64::from(n_leaves) };
        assert_eq!(hex::encode(region.merkle_root(HashKind::Sha256, 1, over).unwrap()), root, "{n_leaves}");
    }
}

#[test]
fn doubles_keep_the_contracts_bounds() {
    let region = MemoryRegion::new(vec![7; 2 << 20]);
    let over = |offset, len| Extent { offset, len };
    assert!(region.read(over(0, 1 << 20)).is_ok());
    assert!(region.read(over(0, (1 << 20) + 1)).is_err());
    assert!(region.read(over(2 << 20, 1)).is_err());
    assert!(region.read(over(u64::MAX, 2)).is_err());
    assert!(region.read_many(&[over(0, 1 << 20), over(0, 1)]).is_err());
    assert!(region.merkle_root(HashKind::Blake3, 1000, over(0, 4096)).is_err());
    assert!(region.merkle_root(HashKind::Sha256, 1000, over(0, 0)).is_err());
    assert!(region.merkle_paths(HashKind::Sha256, 1000, over(0, 4096), &[5]).is_err());
    assert!(region.merkle_paths(HashKind::Sha256, 1000, over(0, 4096), &[0; 4097]).is_err());
    assert!(region.read_many(&[over(0, 0); 4097]).is_err());
    let digests =
        |nonce, count| region.digest_many(HashKind::Blake3, &vec![0; nonce], &vec![over(0, 9); count]);
    assert!(digests(4096, 4096).is_ok());
    assert!(digests(4097, 1).is_err());
    assert!(digests(0, 4097).is_err());
    let plot = MemoryPlot::new(100).unwrap();
    assert!(plot.write(99, &[1, 2]).is_err());
    assert!(plot.fill(Keystream::ChaCha8, &[0; 32], 33, Span { first: 3, count: 1 }).is_err());
    assert!(plot.fill(Keystream::ChaCha8, &[0; 32], 33, Span { first: u64::MAX, count: 1 }).is_err());
    assert_eq!(plot.read(over(0, 100)).unwrap(), [0; 100]);
}

#[test]
fn twins_take_no_more_bytes_at_once_than_the_host_does() {
    let all = vec![0; (4 << 20) + 1];
    let takes = |bytes: &[u8], call: &dyn Fn(&[u8])| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| call(bytes))).is_ok()
    };
    type Call<'a> = &'a dyn Fn(&[u8]);
    let calls: [(&str, usize, Call<'_>); 4] = [
        ("digest-of", 0, &|bytes| assert_ne!(digest_of(HashKind::Sha256, bytes), [0; 32])),
        ("keyed-digest", 32, &|bytes| assert_ne!(keyed_digest(&[1; 32], bytes), [0; 32])),
        ("merkle-leaf", 0, &|bytes| assert_ne!(merkle_leaf(KINDS[0], 8 << 20, 2, 1, bytes), [0; 32])),
        ("merkle-verify", 64, &|bytes| {
            assert!(!merkle_verify(KINDS[0], &[0; 32], 2, 1, &[0; 32], bytes));
        }),
    ];
    for (name, others, call) in calls {
        let most = (4 << 20) - others;
        assert!(takes(&all[..most], call), "{name}");
        assert!(!takes(&all[..=most], call), "{name}");
    }
    let digest = |nonce: &[u8]| {
        assert_ne!(keystream_digest(STREAMS[0], &[1; 32], 0, 64, KINDS[0], nonce), [0; 32]);
    };
    assert!(takes(&[0; 4096], &digest) && !takes(&[0; 4097], &digest));
}

fn bytes(len: usize) -> Vec<u8> {
    let mut draws = Draws::new("bytes", &[&len.to_le_bytes()]);
    (0..len).map(|_| draws.below(256) as u8).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_stream_is_the_same_from_every_offset(stream in 0..5usize, unit: u64, offset in 0..400u32, len in 0..300u32) {
        let (stream, key) = (STREAMS[stream], counting_key());
        let all = keystream_at(stream, &key, unit, 0, offset + len);
        let part = keystream_at(stream, &key, unit, offset.into(), len);
        prop_assert_eq!(&part, &all[offset as usize..]);
        prop_assert_ne!(keystream_at(stream, &key, unit, 0, 32), keystream_at(stream, &key, unit ^ 1, 0, 32));
    }

    #[test]
    fn a_blake3_root_is_the_plain_hash_whatever_the_leaf(len in 1..20_000usize, log2 in 10..13u32, offset in 0..70u64) {
        let region = MemoryRegion::new(bytes(len + offset as usize));
        let over = Extent { offset, len: len as u64 };
        let root = region.merkle_root(HashKind::Blake3, 1 << log2, over).unwrap();
        prop_assert_eq!(root, digest_of(HashKind::Blake3, &region.bytes[offset as usize..]));
    }

    #[test]
    fn a_path_leads_from_its_leaf_to_the_root_and_from_no_other(n_leaves in 1..40u64, index in 0..40u64, kind in 0..2usize) {
        let (kind, index, leaf_bytes) = (KINDS[kind], index % n_leaves, 1024u32);
        let region = MemoryRegion::new(bytes(n_leaves as usize * 1024));
        let over = Extent { offset: 0, len: region.size_bytes() };
        let root = region.merkle_root(kind, leaf_bytes, over).unwrap();
        let path = region.merkle_paths(kind, leaf_bytes, over, &[index]).unwrap().remove(0);
        prop_assert_eq!(path.len(), 32 * merkle_depth(n_leaves, index) as usize);
        let own = &region.bytes[index as usize * 1024..][..1024];
        let leaf = merkle_leaf(kind, leaf_bytes, n_leaves, index, own);
        prop_assert!(merkle_verify(kind, &root, n_leaves, index, &leaf, &path));
        prop_assert!(!merkle_verify(kind, &root, n_leaves, n_leaves, &leaf, &path));
        prop_assert!(!merkle_verify(kind, &root, 0, index, &leaf, &path));
        for other in (0..n_leaves).filter(|&other| other != index) {
            prop_assert!(!merkle_verify(kind, &root, n_leaves, other, &leaf, &path));
        }
        for bit in 0..path.len() * 8 {
            let mut bad = path.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!merkle_verify(kind, &root, n_leaves, index, &leaf, &bad));
        }
        prop_assert!(!merkle_verify(kind, &root, n_leaves, index, &leaf, &[&path[..], &[0; 32]].concat()));
        let opened = region.merkle_openings(kind, leaf_bytes, over, &[index]).unwrap();
        let mut parts = Parts::of(&opened);
        prop_assert_eq!(parts.merkle_opening(kind, leaf_bytes, n_leaves, index, &root), Ok(own));
        prop_assert_eq!(parts.end(), Ok(()));
    }

    #[test]
    fn a_verifier_regenerates_what_a_region_holds(stream in 0..5usize, units in 1..6u64, kind in 0..2usize, nonce: [u8; 9]) {
        let (stream, kind, key, len) = (STREAMS[stream], KINDS[kind], counting_key(), 2048u32);
        let plot = MemoryPlot::new(units * u64::from(len)).unwrap();
        plot.fill(stream, &key, len, Span { first: 0, count: units }).unwrap();
        let region = plot.finish();
        let over = Extent { offset: 0, len: region.size_bytes() };
        let root = region.merkle_root(kind, len, over).unwrap();
        for unit in 0..units {
            let at = Extent { offset: unit * u64::from(len), len: len.into() };
            let held = region.digest_many(kind, &nonce, &[at]).unwrap();
            prop_assert_eq!(held[0], keystream_digest(stream, &key, unit, len, kind, &nonce));
            let leaf = keystream_leaf(stream, &key, unit, len, kind, units);
            let path = region.merkle_paths(kind, len, over, &[unit]).unwrap().remove(0);
            prop_assert!(merkle_verify(kind, &root, units, unit, &leaf, &path));
        }
    }
}

#[test]
fn a_keyed_digest_depends_on_key_and_bytes() {
    let digests = [keyed_digest(&[1; 32], b"a"), keyed_digest(&[2; 32], b"a"), keyed_digest(&[1; 32], b"b")];
    assert!(digests[0] != digests[1] && digests[0] != digests[2]);
    assert_eq!(digests[0], plimsoll_sdk::twins::keyed_digest(&[1; 32], b"a"));
}
