//! The bytes of a manifest and its roots, for ever.

use plimsoll_core::{BlockNumber, Digest, Hotkey, Keypair, Uid};
use plimsoll_datasets::archive::{
    Archive, ArchiveError, CommitmentNote, Entry, Manifest, Outcome, RawNote, Seal, SnapshotFacts, Source,
    Standing, entries_root, verify_entry,
};

use crate::support::{CHAIN, facts, place, put};

fn entries(object: Digest) -> Vec<Entry> {
    let source = Source {
        namespace: "flock-io/set_1".to_owned(),
        revision: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        competition: "1".to_owned(),
    };
    let note = |source: Option<Source>, raw: &[u8]| CommitmentNote {
        block: BlockNumber(7_000_000),
        raw: RawNote::of(raw),
        source,
    };
    let kept = Outcome::Kept { object, bytes: 4, rows: 2, valid: 1, commit: [0x23; 20] };
    let failed = Outcome::Failed { kind: "foreign".to_owned(), text: "not of this source".to_owned() };
    let entry = |uid, commitment, outcome| Entry {
        uid: Uid(uid),
        hotkey: Hotkey([uid as u8; 32]),
        coldkey: (uid == 2).then_some(Hotkey([0xcc; 32])),
        commitment,
        outcome,
    };
    vec![
        entry(2, Some(note(Some(source), b"flock-io/set_1:1:0123")), kept),
        entry(0, None, Outcome::Skipped),
        entry(1, Some(note(None, b"AKIAIOSFODNN7EXAMPLE secret")), failed),
    ]
}

fn kept_manifest(wallet: Option<&Keypair>) -> (Manifest, Seal, Digest) {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let object = put(&mut archive, b"a\nb\n").object;
    let mut batch = archive.batch().unwrap();
    let id = batch.snapshot(facts(7_082_055, entries(object)), wallet, 5, false).unwrap();
    batch.commit().unwrap();
    let (manifest, seal) = archive.manifest(place(7_082_055)).unwrap();
    (manifest, seal, id)
}

const GOLDEN: &str = "\
    504c494d534f4c4c2d4441544153455453\
    01\
    2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f\
    6000\
    47106c0000000000\
    0000000000000000000000000000000000000000000000000000000000000000\
    0000000000000000000000000000000000000000000000000000000000000000\
    03000000";

#[test]
fn the_bytes_of_a_manifest_are_the_documented_ones() {
    let (manifest, seal, id) = kept_manifest(None);
    let bytes = manifest.to_bytes();
    let hex = hex::encode(&bytes);
    assert_eq!(hex[..256], *GOLDEN);
    assert_eq!(hex[256..320], hex::encode(manifest.root.0));
    // No standing is recorded. Uid 0: its length, uid, hotkey, no coldkey, no commitment, nothing to fetch.
    assert_eq!(hex[320..322 + 78], format!("002500{}", "00".repeat(37)));
    // Uid 1: a foreign commitment is a length and a prefix.
    let prefix = hex::encode(&blake3::hash(b"AKIAIOSFODNN7EXAMPLE secret").as_bytes()[..8]);
    let one = format!(
        "0100{}0001c0cf6a00000000001b00{prefix}000207666f726569676e126e6f74206f66207468697320736f75726365",
        "01".repeat(32)
    );
    assert_eq!(hex[400..400 + 4 + one.len()], format!("{:02x}00{one}", one.len() / 2));
    assert_eq!(id, Digest::of(&bytes));
    let leaf = |uid| {
        let (entry, _) = manifest.opening(Uid(uid)).unwrap();
        blake3::derive_key("plimsoll archive manifest 1: entry", &entry)
    };
    let node = |left: [u8; 32], right: [u8; 32]| {
        blake3::derive_key("plimsoll archive manifest 1: node", &[left, right].concat())
    };
    assert_eq!(manifest.root.0, node(node(leaf(0), leaf(1)), leaf(2)));
    assert_eq!(manifest.root.to_string(), ROOT);
    assert_eq!(id.to_string(), ID);
    assert!(seal.is_good_for(&manifest) && seal.signed.is_none() && seal.at_ms == 5);
    assert_eq!(Manifest::from_bytes(&bytes).unwrap(), manifest);
}

const ROOT: &str = "765c3c0188597bf295c02f34ba426d6badacf1879503bec0876612f1be5b1279";
const ID: &str = "c0c041d85f7f470c92f3f508b1d55013dd98b7527f3ab1a6c905cc4519a94939";

#[test]
fn standings_lie_behind_the_head_and_leave_entries_and_their_root_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let object = put(&mut archive, b"a\nb\n").object;
    let stood = |incentive, stake_rao| Standing { incentive: Some(incentive), stake_rao };
    let days =
        [(7, [stood(65_535, Some(258)), stood(3, None)]), (8, [stood(1, None), stood(2, Some(1 << 40))])];
    for (block, [of_one, of_two]) in days {
        let standings = [(Uid(1), of_one), (Uid(2), of_two), (Uid(9), stood(9, None))].into();
        let mut batch = archive.batch().unwrap();
        let facts = SnapshotFacts { standings, ..facts(block, entries(object)) };
        batch.snapshot(facts, None, 0, false).unwrap();
        batch.commit().unwrap();
    }
    let (manifest, _) = archive.manifest(place(7)).unwrap();
    let bytes = manifest.to_bytes();
    // Nothing of uid 0, both of uid 1, the incentive of uid 2; nobody has uid 9.
    assert_eq!(hex::encode(&bytes[160..178]), "010003ffff02010000000000000103002500");
    assert_eq!(Manifest::from_bytes(&bytes).unwrap(), manifest);
    let of = |uid| manifest.standing(Uid(uid));
    assert_eq!([of(0), of(1), of(2)], [Standing::default(), days[0].1[0], days[0].1[1]]);
    assert_eq!((of(9), manifest.root.to_string().as_str()), (Standing::default(), ROOT));
    // The same miners: that their incentive changes is no change of a dataset.
    let diff = archive.diff_days(place(7), place(8)).unwrap();
    assert_eq!((diff.same, diff.changes.len()), (3, 0));
    assert_eq!(archive.history(place(7).netuid, Uid(1)).unwrap().len(), 1);
    for at in 160..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        if let Ok(changed) = Manifest::from_bytes(&bad) {
            assert!(at < 176 && changed.id() != manifest.id(), "{at}");
        }
    }
}

#[test]
fn a_signed_manifest_holds_for_its_collector_alone() {
    let wallet = Keypair::from_seed(&[7; 32]);
    let (manifest, seal, _) = kept_manifest(Some(&wallet));
    assert_eq!(manifest.collector, Some(wallet.hotkey()));
    assert!(seal.is_good_for(&manifest));
    let (unsigned, loose, _) = kept_manifest(None);
    assert!(!seal.is_good_for(&unsigned) && !loose.is_good_for(&manifest));
    let stripped = Seal { signed: None, ..seal };
    assert!(!stripped.is_good_for(&manifest));
    let other = Keypair::from_seed(&[8; 32]);
    let forged = Seal { signed: Some((wallet.hotkey(), other.sign(b"x"))), ..seal };
    assert!(!forged.is_good_for(&manifest));
}

#[test]
fn one_miner_is_shown_under_the_root_without_the_others() {
    let (manifest, ..) = kept_manifest(None);
    for uid in 0..3 {
        let (bytes, path) = manifest.opening(Uid(uid)).unwrap();
        assert!(verify_entry(&manifest.root, &bytes, &path));
    }
    assert!(manifest.opening(Uid(3)).is_none());
    assert_ne!(entries_root(&[]), manifest.root);
}

#[test]
fn no_byte_of_a_manifest_can_be_changed() {
    let (manifest, ..) = kept_manifest(None);
    let bytes = manifest.to_bytes();
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        match Manifest::from_bytes(&bad) {
            // Chain, netuid, block, block's hash and collector are not under the root, but under the id.
            Ok(changed) => assert!((18..124).contains(&at) && changed.id() != manifest.id(), "{at}"),
            Err(e) => assert!(e.to_string().starts_with("manifest: "), "{e}"),
        }
        assert!(Manifest::from_bytes(&bytes[..at]).is_err());
    }
    let mut newer = bytes;
    newer[17] = 9;
    let text = Manifest::from_bytes(&newer).unwrap_err().to_string();
    assert_eq!(text, "manifest: version 9, this program knows 1: use a newer program");
}

#[test]
fn a_snapshot_is_replaced_only_on_request_and_never_mixed_with_another_chains() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let object = put(&mut archive, b"a\nb\n").object;
    let mut batch = archive.batch().unwrap();
    let id = batch.snapshot(facts(7, entries(object)), None, 0, false).unwrap();
    assert_eq!(batch.snapshot(facts(7, entries(object)), None, 9, false).unwrap(), id, "the same again");
    let fewer = facts(7, entries(object)[1..].to_vec());
    let text = batch.snapshot(fewer.clone(), None, 0, false).unwrap_err().to_string();
    let expected =
        format!("netuid 96 at block 7 is kept already, with the manifest {id}: ask for it to be replaced");
    assert_eq!(text, expected);
    let replaced = batch.snapshot(fewer, None, 0, true).unwrap();
    let other = SnapshotFacts { chain: Digest([1; 32]), ..facts(8, Vec::new()) };
    let text = batch.snapshot(other, None, 0, false).unwrap_err().to_string();
    assert!(
        text.starts_with(&format!("this archive keeps snapshots of the chain with genesis {CHAIN}, not 01"))
    );
    let lost = batch.snapshot(facts(9, entries(Digest([9; 32]))), None, 0, false).unwrap_err();
    assert!(matches!(lost, ArchiveError::NoObject { .. }), "{lost}");
    let twice = facts(9, [entries(object), entries(object)].concat());
    assert_eq!(
        batch.snapshot(twice, None, 0, false).unwrap_err().to_string(),
        "entries: uid 0 is there twice"
    );
    batch.commit().unwrap();
    assert_eq!(archive.snapshots().unwrap()[0].manifest, replaced);
}
