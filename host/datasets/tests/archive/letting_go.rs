//! Retention and takedown: nothing that a kept snapshot needs is ever dropped.

use std::fs;

use plimsoll_core::{BlockNumber, Uid};
use plimsoll_datasets::archive::{Archive, ArchiveError, Depth, NewFile, Outcome, Retention, Witness};
use proptest::prelude::*;

use crate::support::{check_day, collect, dataset, entry, facts, files, kept, place, put};

fn retention() -> impl Strategy<Value = Retention> {
    (proptest::option::of(0..4u32), proptest::option::of(0..900u64), proptest::option::of(1..400u64))
        .prop_map(|(last, since, one_in_blocks)| Retention {
            last,
            since: since.map(BlockNumber),
            one_in_blocks,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_let_go_of_what_is_kept_comes_back(
        days in proptest::collection::vec((0..9u64, proptest::option::of(retention())), 1..7),
        pack_bytes in 2000..40_000u32,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = Archive::open(folder.path()).unwrap();
        archive.set_pack_bytes(pack_bytes);
        for (day, retention) in days {
            let places: Vec<_> = archive.snapshots().unwrap().iter().map(|s| s.place).collect();
            if !places.contains(&place(day * 100)) {
                collect(&mut archive, day, 7);
            }
            let pending = put(&mut archive, &dataset([700, 701, 2])).object;
            if let Some(retention) = retention {
                let places: Vec<_> = archive.snapshots().unwrap().iter().map(|s| s.place).collect();
                let expected: Vec<_> = retention.kept(&places).into_iter().collect();
                archive.gc(&retention).unwrap();
                let left: Vec<_> = archive.snapshots().unwrap().iter().map(|s| s.place).collect();
                prop_assert_eq!(left, expected);
            }
            prop_assert_eq!(archive.object(&pending).unwrap(), dataset([700, 701, 2]));
            for snapshot in archive.snapshots().unwrap() {
                check_day(&archive, snapshot.place.block.0 / 100, 7);
            }
            prop_assert!(archive.fsck(Depth::Objects).unwrap().is_sound());
        }
    }
}

#[test]
fn what_nobody_needs_leaves_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let big = dataset(1000..9000);
    let object = put(&mut archive, &big).object;
    collect(&mut archive, 1, 5);
    let collected = archive.gc(&Retention::default()).unwrap();
    assert!(collected.objects == 1 && collected.freed_bytes > 300_000, "{collected:?}");
    assert!(matches!(archive.object(&object).unwrap_err(), ArchiveError::NoObject { .. }));
    check_day(&archive, 1, 5);
    assert_eq!(archive.gc(&Retention::default()).unwrap().objects, 0);
    // It can come again.
    assert_eq!(put(&mut archive, &big).new_bytes, big.len() as u64);
    assert_eq!(archive.object(&object).unwrap(), big);
}

#[test]
fn what_was_taken_down_is_gone_from_the_disk_but_for_lines_that_others_have() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    // Digits that do not compress, so that they can be looked for.
    let secret = b"0c4f2b9a7716e35d8\n".to_vec();
    let one = [&secret[..], &dataset(0..3)].concat();
    let two = dataset(0..5);
    let (put_one, put_two) = (put(&mut archive, &one), put(&mut archive, &two));
    let mut batch = archive.batch().unwrap();
    let entries = vec![entry(1, 0, kept(&put_one, &one, 1, 0)), entry(2, 0, kept(&put_two, &two, 2, 0))];
    batch.snapshot(facts(100, entries), None, 0, false).unwrap();
    batch.commit().unwrap();
    archive.take_down(&put_one.object, "asked for by its author").unwrap();
    let expected = format!("object {} was taken down: asked for by its author", put_one.object);
    assert_eq!(archive.restore(place(100), Uid(1)).unwrap_err().to_string(), expected);
    assert_eq!(archive.restore(place(100), Uid(2)).unwrap(), two);
    assert_eq!(archive.rows(place(100)).unwrap().len(), 1);
    assert_eq!(archive.show(place(100), Uid(1)).unwrap().unwrap().object(), Some(put_one.object));
    assert!(archive.fsck(Depth::Objects).unwrap().is_sound());
    let mut batch = archive.batch().unwrap();
    let file = NewFile { bytes: &one, rows: &[], witness: Witness::default(), from: None };
    assert_eq!(batch.put(&file).unwrap_err().to_string(), expected);
    drop(batch);
    // Its line is no piece any more: a new file with it takes it in again.
    let with = [&secret[..], b"more\n"].concat();
    let with_it = put(&mut archive, &with);
    assert_eq!(with_it.new_bytes, with.len() as u64);
    for reason in ["", "a\nb", &"x".repeat(501)] {
        assert!(archive.take_down(&put_two.object, reason).is_err());
    }
}

#[test]
fn a_snapshot_may_still_name_what_was_taken_down() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let bytes = dataset(0..4);
    let put = put(&mut archive, &bytes);
    archive.take_down(&put.object, "a reason").unwrap();
    let mut batch = archive.batch().unwrap();
    batch.snapshot(facts(5, vec![entry(1, 0, kept(&put, &bytes, 1, 0))]), None, 0, false).unwrap();
    batch.commit().unwrap();
    assert!(archive.fsck(Depth::Objects).unwrap().is_sound());
}

#[test]
fn nothing_is_let_go_of_while_a_manifest_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    collect(&mut archive, 1, 5);
    collect(&mut archive, 2, 5);
    drop(archive);
    let pack = folder.path().join("archive/packs/00000000.pack");
    let mut bytes = fs::read(&pack).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&pack, bytes).unwrap();
    let before = files(&folder.path().join("archive/packs"));
    let mut archive = Archive::open(folder.path()).unwrap();
    let error = archive.gc(&Retention { last: Some(1), ..Retention::default() }).unwrap_err();
    assert!(error.is_damage(), "{error}");
    assert_eq!(files(&folder.path().join("archive/packs")), before);
    check_day(&archive, 1, 5);
}

#[test]
fn a_commitments_secret_is_nowhere_in_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let secret = "AKIAIOSFODNN7EXAMPLEwJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";
    let mut foreign =
        entry(3, 0, Outcome::Failed { kind: "foreign".into(), text: "not of this source".into() });
    let note = foreign.commitment.as_mut().unwrap();
    (note.raw, note.source) = (plimsoll_datasets::archive::RawNote::of(secret.as_bytes()), None);
    let mut batch = archive.batch().unwrap();
    batch.snapshot(facts(9, vec![foreign.clone()]), None, 0, false).unwrap();
    batch.commit().unwrap();
    let (manifest, _) = archive.manifest(place(9)).unwrap();
    assert_eq!(manifest.entries, [foreign]);
    let shown = format!("{manifest:?}");
    for part in [&secret[..20], &secret[20..]] {
        assert!(!shown.contains(part));
        let found = |bytes: &[u8]| bytes.windows(part.len()).any(|window| window == part.as_bytes());
        assert!(!found(&manifest.to_bytes()));
        assert!(files(folder.path()).iter().all(|(_, bytes)| !found(bytes)));
    }
}
