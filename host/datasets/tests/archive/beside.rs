//! Runs that come after one another, beside one another, or are broken off: none costs another one's data.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use plimsoll_core::{BlockNumber, Keypair, NetUid, Uid};
use plimsoll_datasets::archive::{
    Archive, Damage, Depth, NewFile, Outcome, Place, Put, Retention, SnapshotFacts, Witness,
};

use crate::support::{check_day, collect, commit_of, dataset, entry, facts, files, kept, place, put};

fn failed() -> Outcome {
    Outcome::Failed { kind: "no-repository".to_owned(), text: "it is gone".to_owned() }
}

fn snapshot(archive: &mut Archive, facts: SnapshotFacts, wallet: Option<&Keypair>) {
    let mut batch = archive.batch().unwrap();
    batch.snapshot(facts, wallet, 0, true).unwrap();
    batch.commit().unwrap();
}

/// Puts in a file for a subnet's collection.
fn put_for(archive: &mut Archive, bytes: &[u8], netuid: u16) -> Put {
    let file = NewFile { bytes, rows: &[], witness: Witness::default(), from: None };
    let mut batch = archive.batch().unwrap();
    let put = batch.put_for(&file, "data.jsonl", NetUid(netuid)).unwrap();
    batch.commit().unwrap();
    put
}

#[test]
fn what_a_second_run_at_the_same_block_did_not_get_is_not_let_go_of() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let bytes = dataset(0..30);
    let first = put(&mut archive, &bytes);
    snapshot(&mut archive, facts(100, vec![entry(1, 0, kept(&first, &bytes, 1, 0))]), None);
    snapshot(&mut archive, facts(100, vec![entry(1, 0, failed())]), None);
    archive.gc(&Retention::default()).unwrap();
    assert_eq!(archive.object(&first.object).unwrap(), bytes);
    assert_eq!(archive.replaced(place(100)).unwrap().len(), 1);
    drop(archive);
    fs::remove_file(folder.path().join("archive/index.redb")).unwrap();
    Archive::rebuild_index(folder.path()).unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    snapshot(&mut archive, facts(200, Vec::new()), None);
    archive.gc(&Retention::default()).unwrap();
    assert_eq!(archive.object(&first.object).unwrap(), bytes, "nor after the index was made again");
    assert!(archive.fsck(Depth::Objects).unwrap().is_sound());
    archive.gc(&Retention { last: Some(1), ..Retention::default() }).unwrap();
    assert!(archive.object(&first.object).is_err(), "it goes with its block");
}

#[test]
fn an_unsigned_run_does_not_take_the_place_of_a_signed_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let (one, two) = (dataset(0..10), dataset(10..20));
    let (put_one, put_two) = (put(&mut archive, &one), put(&mut archive, &two));
    let wallet = Keypair::from_seed(&[7; 32]);
    snapshot(&mut archive, facts(100, vec![entry(1, 0, kept(&put_one, &one, 1, 0))]), Some(&wallet));
    snapshot(&mut archive, facts(100, vec![entry(1, 0, kept(&put_two, &two, 1, 0))]), None);
    assert_eq!(archive.snapshots().unwrap()[0].signer, Some(wallet.hotkey()));
    assert_eq!(archive.restore(place(100), Uid(1)).unwrap(), one);
    archive.gc(&Retention::default()).unwrap();
    assert_eq!(archive.object(&put_two.object).unwrap(), two);
    snapshot(&mut archive, facts(100, vec![entry(1, 0, kept(&put_two, &two, 1, 0))]), Some(&wallet));
    assert_eq!(archive.restore(place(100), Uid(1)).unwrap(), two, "a signed one does");
}

#[test]
fn another_subnets_broken_off_collection_is_not_let_go_of() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    collect(&mut archive, 1, 3);
    let (waiting, passed) = (dataset(700..720), dataset(720..740));
    let of_two = put_for(&mut archive, &waiting, 2).object;
    let of_this = put_for(&mut archive, &passed, 96).object;
    collect(&mut archive, 2, 3);
    archive.gc(&Retention::default()).unwrap();
    assert_eq!(archive.object(&of_two).unwrap(), waiting);
    assert!(archive.object(&of_this).is_err(), "its own subnet has a newer snapshot");
    let two = Place { netuid: NetUid(2), block: BlockNumber(5) };
    snapshot(&mut archive, SnapshotFacts { place: two, ..facts(5, Vec::new()) }, None);
    archive.gc(&Retention::default()).unwrap();
    assert!(archive.object(&of_two).is_err(), "its collection has ended");
}

#[test]
fn two_files_of_one_commit_are_two() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let commit = commit_of(1, 0);
    let mut batch = archive.batch().unwrap();
    let mut objects = Vec::new();
    for path in ["data.jsonl", "eval/data.jsonl"] {
        let from = Some(("a/b", commit.as_str()));
        let file = NewFile { bytes: path.as_bytes(), rows: &[], witness: Witness::default(), from };
        objects.push(batch.put_at(&file, path).unwrap().object);
    }
    batch.commit().unwrap();
    let found = |path| archive.find_file("a/b", &commit, path).unwrap();
    assert_eq!(found("data.jsonl"), Some(objects[0]));
    assert_eq!(found("eval/data.jsonl"), Some(objects[1]));
    assert_eq!(found("data"), None);
    assert_eq!(archive.find_source("a/b", &commit).unwrap(), Some(objects[0]));
    assert_eq!(archive.find_source("a/b", &commit[..39]).unwrap(), None);
}

#[test]
fn a_damaged_object_of_no_snapshot_is_told_with_all_its_origins() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let (bytes, commit) = (dataset(0..30), commit_of(1, 0));
    for name in ["a/b", "c/d"] {
        let from = Some((name, commit.as_str()));
        let file = NewFile { bytes: &bytes, rows: &[], witness: Witness::default(), from };
        let mut batch = archive.batch().unwrap();
        batch.put(&file).unwrap();
        batch.commit().unwrap();
    }
    drop(archive);
    let pack = folder.path().join("archive/packs/00000000.pack");
    let mut stored = fs::read(&pack).unwrap();
    stored[300] ^= 1;
    fs::write(&pack, stored).unwrap();
    let report = Archive::open_to_read(folder.path()).unwrap().fsck(Depth::Stored).unwrap();
    assert!(report.damages.iter().any(|damage| matches!(damage, Damage::Object { .. })));
    assert!(report.affected.is_empty());
    let names: Vec<(&str, &str)> =
        report.origins.iter().map(|of| (of.namespace.as_str(), of.path.as_str())).collect();
    assert_eq!(names, [("a/b", "data.jsonl"), ("c/d", "data.jsonl")]);
}

#[test]
fn a_reader_sees_no_damage_while_old_packs_are_let_go_of() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    archive.set_pack_bytes(9000);
    (0..6).for_each(|day| collect(&mut archive, day, 8));
    let reader = Archive::open_to_read(folder.path()).unwrap();
    let before = files(&folder.path().join("archive/packs"));
    archive.gc(&Retention { last: Some(1), ..Retention::default() }).unwrap();
    for (path, _) in &before {
        assert!(path.exists(), "{} is needed by whoever began to read before", path.display());
    }
    check_day(&reader, 5, 8);
    drop((reader, archive));
    let archive = Archive::open(folder.path()).unwrap();
    assert!(before.iter().any(|(path, _)| !path.exists()), "the next writer removes them");
    let report = archive.fsck(Depth::Objects).unwrap();
    assert!(report.is_sound() && report.notes.is_empty(), "{report:?}");
}

#[test]
fn what_is_kept_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    collect(&mut archive, 1, 3);
    drop(Archive::open_to_read(folder.path()).unwrap());
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("archive")), 0o700);
    assert_eq!(mode(&folder.path().join("archive/packs")), 0o700);
    for (path, _) in files(folder.path()) {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
