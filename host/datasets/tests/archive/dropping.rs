//! Snapshots whose manifest is damaged: dropped by name, and no other with them.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_core::{Keypair, NetUid, Uid};
use plimsoll_datasets::archive::{Archive, ArchiveError, Damage, Depth, Retention};

use crate::support::{check_day, collect, dataset, entry, facts, kept, place, put};

const MINERS: u16 = 6;

fn pack(folder: &Path) -> PathBuf {
    folder.join("archive/packs/00000000.pack")
}

/// Damages the first block of entries and seals from byte `from` of the pack on.
fn damage_entries(folder: &Path, from: usize) {
    let mut bytes = fs::read(pack(folder)).unwrap();
    let mut at = from;
    loop {
        assert_eq!(&bytes[at..at + 4], b"PLBK");
        let number = u64::from_le_bytes(bytes[at + 8..at + 16].try_into().unwrap());
        if (1u64 << 40..1u64 << 41).contains(&number) {
            break;
        }
        let size = |field: usize| u32::from_le_bytes(bytes[at + field..at + field + 4].try_into().unwrap());
        at += 64 + size(20) as usize + size(28) as usize;
    }
    bytes[at + 64] ^= 1;
    fs::write(pack(folder), bytes).unwrap();
}

fn length(folder: &Path) -> usize {
    fs::metadata(pack(folder)).unwrap().len() as usize
}

fn damaged_blocks(archive: &Archive) -> Vec<u64> {
    let report = archive.fsck(Depth::Stored).unwrap();
    let of = |damage: &Damage| match damage {
        Damage::Snapshot { place, .. } => Some(place.block.0),
        _ => None,
    };
    report.damages.iter().filter_map(of).collect()
}

#[test]
fn a_damaged_snapshot_is_dropped_by_name_and_what_others_name_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    (1..=2).for_each(|day| collect(&mut archive, day, MINERS));
    let from = length(folder.path());
    collect(&mut archive, 3, MINERS);
    drop(archive);
    damage_entries(folder.path(), from);
    let mut archive = Archive::open(folder.path()).unwrap();
    assert_eq!(damaged_blocks(&archive), [300]);
    assert!(archive.gc(&Retention::default()).unwrap_err().is_damage(), "what it needs is not known");
    let dropped = archive.drop_damaged(place(300)).unwrap();
    assert_eq!((dropped.place, dropped.instead), (place(300), None));
    archive.gc(&Retention::default()).unwrap();
    assert_eq!(archive.fsck(Depth::Objects).unwrap().damages, []);
    (1..=2).for_each(|day| check_day(&archive, day, MINERS));
    assert_eq!(archive.newest(NetUid(96)).unwrap().unwrap().place, place(200));
    // Its files were put in since: they are not put in again.
    let before = archive.stored_bytes().unwrap().lines;
    collect(&mut archive, 3, MINERS);
    check_day(&archive, 3, MINERS);
    assert_eq!(archive.stored_bytes().unwrap().lines, before);
    assert!(archive.fsck(Depth::Objects).unwrap().is_sound());
}

#[test]
fn every_snapshot_that_needs_a_damaged_block_is_named_and_dropped_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    collect(&mut archive, 1, MINERS);
    let from = length(folder.path());
    (2..=3).for_each(|day| collect(&mut archive, day, MINERS));
    drop(archive);
    // What changed on the second day is in the third's manifest, whose own seal can be read.
    damage_entries(folder.path(), from);
    let mut archive = Archive::open(folder.path()).unwrap();
    assert_eq!(damaged_blocks(&archive), [200, 300]);
    archive.drop_damaged(place(200)).unwrap();
    assert_eq!(damaged_blocks(&archive), [300]);
    archive.drop_damaged(place(300)).unwrap();
    archive.gc(&Retention::default()).unwrap();
    assert_eq!(archive.fsck(Depth::Objects).unwrap().damages, []);
    check_day(&archive, 1, MINERS);
}

#[test]
fn what_is_whole_is_not_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    collect(&mut archive, 1, MINERS);
    let text = archive.drop_damaged(place(100)).unwrap_err().to_string();
    assert_eq!(
        text,
        "snapshot: that of netuid 96 at block 100 is whole, so it is kept: `datasets gc` lets go of old ones"
    );
    assert!(matches!(archive.drop_damaged(place(900)).unwrap_err(), ArchiveError::NoSnapshot { .. }));
    drop(archive);
    let mut reader = Archive::open_to_read(folder.path()).unwrap();
    assert!(matches!(reader.drop_damaged(place(100)).unwrap_err(), ArchiveError::ReadOnly { .. }));
    check_day(&reader, 1, MINERS);
}

#[test]
fn one_that_had_been_replaced_counts_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let (one, two) = (dataset(0..10), dataset(10..20));
    let (put_one, put_two) = (put(&mut archive, &one), put(&mut archive, &two));
    let wallet = Keypair::from_seed(&[7; 32]);
    let mut snapshot = |outcome, wallet| {
        let from = length(folder.path());
        let mut batch = archive.batch().unwrap();
        let id = batch.snapshot(facts(100, vec![entry(1, 0, outcome)]), wallet, 0, true).unwrap();
        batch.commit().unwrap();
        (id, from)
    };
    let (first, _) = snapshot(kept(&put_one, &one, 1, 0), None);
    let (_, from) = snapshot(kept(&put_two, &two, 1, 0), Some(&wallet));
    drop(archive);
    damage_entries(folder.path(), from);
    let mut archive = Archive::open(folder.path()).unwrap();
    assert_eq!(archive.drop_damaged(place(100)).unwrap().instead, Some(first));
    archive.gc(&Retention::default()).unwrap();
    assert_eq!(archive.restore(place(100), Uid(1)).unwrap(), one);
    assert!(archive.replaced(place(100)).unwrap().is_empty());
    assert_eq!(archive.fsck(Depth::Objects).unwrap().damages, []);
}
