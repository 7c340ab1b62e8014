//! An index that was lost is made again from the packs.

use std::fs;

use plimsoll_core::{Keypair, NetUid};
use plimsoll_datasets::archive::{Archive, ArchiveError, Damage, Depth, Retention};

use crate::support::{check_day, collect, commit_of, dataset, entry, facts, kept, place, put, rows_of};

#[test]
fn all_of_it_comes_back_without_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    archive.set_pack_bytes(9000);
    (0..6).for_each(|day| collect(&mut archive, day, 8));
    archive.gc(&Retention { last: Some(3), ..Retention::default() }).unwrap();
    let pending = put(&mut archive, &dataset(800..820)).object;
    let down = put(&mut archive, &dataset(820..840)).object;
    archive.take_down(&down, "a reason").unwrap();
    let mut batch = archive.batch().unwrap();
    let wallet = Keypair::from_seed(&[3; 32]);
    batch.snapshot(facts(900, Vec::new()), Some(&wallet), 5, false).unwrap();
    batch.commit().unwrap();
    let (manifest, seal) = archive.manifest(place(900)).unwrap();
    let source = archive.find_source("owner-2/set-7", &commit_of(7, 2)).unwrap();
    drop(archive);
    let index = folder.path().join("archive/index.redb");
    for lost in [true, false] {
        match lost {
            true => fs::remove_file(&index).unwrap(),
            false => fs::write(&index, "damaged ".repeat(1000)).unwrap(),
        }
        assert!(Archive::open(folder.path()).is_err());
        let rebuilt = Archive::rebuild_index(folder.path()).unwrap();
        assert_eq!(rebuilt.lost_bytes, 0);
        let archive = Archive::open(folder.path()).unwrap();
        (3..6).for_each(|day| check_day(&archive, day, 8));
        assert_eq!(archive.manifest(place(900)).unwrap(), (manifest.clone(), seal));
        assert_eq!(archive.find_source("owner-2/set-7", &commit_of(7, 2)).unwrap(), source);
        assert_eq!(archive.object(&pending).unwrap(), dataset(800..820));
        assert!(matches!(archive.object(&down).unwrap_err(), ArchiveError::TakenDown { .. }));
        let report = archive.fsck(Depth::Objects).unwrap();
        assert_eq!(report.damages, []);
    }
    // It goes on as before: what is there is not written again.
    let mut archive = Archive::open(folder.path()).unwrap();
    assert_eq!(put(&mut archive, &dataset(800..820)).new_bytes, 0);
    collect(&mut archive, 10, 8);
    check_day(&archive, 10, 8);
    assert_eq!(archive.newest(NetUid(96)).unwrap().unwrap().place, place(1000));
    assert!(archive.fsck(Depth::Objects).unwrap().is_sound());
}

#[test]
fn a_damaged_block_costs_only_what_it_held() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let lost = dataset(0..20);
    let object = put(&mut archive, &lost).object;
    let bytes = dataset(20..40);
    let whole = put(&mut archive, &bytes);
    let rows = rows_of(&bytes).len() as u32;
    let mut batch = archive.batch().unwrap();
    batch.snapshot(facts(100, vec![entry(1, 0, kept(&whole, &bytes, 1, 0))]), None, 0, false).unwrap();
    batch.commit().unwrap();
    drop(archive);
    let pack = folder.path().join("archive/packs/00000000.pack");
    let mut stored = fs::read(&pack).unwrap();
    stored[200] ^= 1;
    fs::write(&pack, &stored).unwrap();
    let rebuilt = Archive::rebuild_index(folder.path()).unwrap();
    assert!(rebuilt.lost_bytes > 100 && rebuilt.snapshots == 1 && rebuilt.objects == 2, "{rebuilt:?}");
    let mut archive = Archive::open(folder.path()).unwrap();
    assert_eq!(archive.restore(place(100), plimsoll_core::Uid(1)).unwrap(), bytes);
    assert_eq!(archive.rows(place(100)).unwrap()[0].rows.len() as u32, rows);
    assert!(matches!(archive.object(&object).unwrap_err(), ArchiveError::NoObject { .. }));
    put(&mut archive, &lost);
    assert_eq!(archive.object(&object).unwrap(), lost);
}

#[test]
fn a_day_of_which_one_object_is_gone_is_kept_and_let_go_of_like_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let (lost, bytes) = (dataset(0..20), dataset(20..40));
    let (gone, whole) = (put(&mut archive, &lost), put(&mut archive, &bytes));
    let mut batch = archive.batch().unwrap();
    let entries = vec![entry(1, 0, kept(&whole, &bytes, 1, 0)), entry(2, 0, kept(&gone, &lost, 1, 0))];
    batch.snapshot(facts(100, entries), None, 0, false).unwrap();
    batch.commit().unwrap();
    drop(archive);
    let pack = folder.path().join("archive/packs/00000000.pack");
    let mut stored = fs::read(&pack).unwrap();
    stored[200] ^= 1;
    fs::write(&pack, &stored).unwrap();
    Archive::rebuild_index(folder.path()).unwrap();
    Archive::rebuild_index(folder.path()).unwrap();
    for kept in ["index.redb.old", "index.redb.old.2"] {
        assert!(folder.path().join("archive").join(kept).exists(), "{kept}");
    }
    let mut archive = Archive::open(folder.path()).unwrap();
    let told = Damage::Gone { place: place(100), uid: plimsoll_core::Uid(2), object: gone.object };
    assert_eq!(archive.fsck(Depth::Objects).unwrap().damages, [told]);
    let refused = archive.drop_damaged(place(100)).unwrap_err().to_string();
    assert!(refused.contains("is whole, so it is kept"), "{refused}");
    archive.gc(&Retention::default()).unwrap();
    assert_eq!(archive.restore(place(100), plimsoll_core::Uid(1)).unwrap(), bytes);
    put(&mut archive, &lost);
    assert!(archive.fsck(Depth::Objects).unwrap().is_sound());
    archive.gc(&Retention::default()).unwrap();
    assert_eq!(archive.restore(place(100), plimsoll_core::Uid(2)).unwrap(), lost);
}

#[test]
fn packs_and_ends_that_were_never_committed_do_not_come_back_as_data() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    collect(&mut archive, 1, 6);
    let packs = folder.path().join("archive/packs");
    let committed = fs::read(packs.join("00000000.pack")).unwrap();
    // A batch that reached the disk and was never named: its pieces' numbers are given to others later.
    archive.set_pack_bytes(1);
    let mut batch = archive.batch().unwrap();
    let lost = dataset(5000..8000);
    batch
        .put(&plimsoll_datasets::archive::NewFile {
            bytes: &lost,
            rows: &[],
            witness: plimsoll_datasets::archive::Witness::default(),
            from: None,
        })
        .unwrap();
    drop(batch);
    drop(archive);
    assert!(fs::read_dir(&packs).unwrap().count() > 2, "blocks of it are there");
    let stale = fs::read(packs.join("00000001.pack")).unwrap();
    fs::write(packs.join("00000000.pack"), [&committed[..], &stale[48..]].concat()).unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    assert_eq!(fs::read_dir(&packs).unwrap().count(), 1);
    assert_eq!(fs::read(packs.join("00000000.pack")).unwrap(), committed);
    collect(&mut archive, 2, 6);
    drop(archive);
    // Even where one comes back, such as from a copy of the folder: what was read first stands.
    fs::write(packs.join("00000001.pack"), stale).unwrap();
    fs::remove_file(folder.path().join("archive/index.redb")).unwrap();
    Archive::rebuild_index(folder.path()).unwrap();
    let archive = Archive::open(folder.path()).unwrap();
    (1..=2).for_each(|day| check_day(&archive, day, 6));
    assert!(archive.fsck(Depth::Objects).unwrap().is_sound());
}

#[test]
fn a_block_within_a_dataset_is_not_taken_for_one() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut forger = Archive::open(other.path()).unwrap();
    put(&mut forger, b"{\"forged\": true}\n");
    drop(forger);
    // Whole blocks of another archive as one line that does not compress.
    let mut forged = fs::read(other.path().join("archive/packs/00000000.pack")).unwrap();
    forged.retain(|byte| *byte != b'\n');
    let noise: Vec<u8> = (0..200u32).flat_map(blake3_of).filter(|byte| *byte != b'\n').collect();
    let line = [&noise[..], &forged, &noise, b"\n"].concat();
    let mut archive = Archive::open(folder.path()).unwrap();
    put(&mut archive, &line);
    drop(archive);
    let pack = folder.path().join("archive/packs/00000000.pack");
    let mut stored = fs::read(&pack).unwrap();
    stored[50] ^= 1;
    fs::write(&pack, stored).unwrap();
    let rebuilt = Archive::rebuild_index(folder.path()).unwrap();
    assert_eq!((rebuilt.blocks, rebuilt.objects), (1, 0), "{rebuilt:?}");
}

fn blake3_of(number: u32) -> [u8; 32] {
    plimsoll_core::Digest::of(&number.to_le_bytes()).0
}
