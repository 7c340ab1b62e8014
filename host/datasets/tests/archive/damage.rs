//! Bytes that changed on the disk are found, told with whose dataset they concern, and put right by fresh ones.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_core::{Digest, Uid};
use plimsoll_datasets::archive::{Archive, ArchiveError, Damage, Depth, Report, Retention};

use crate::support::{check_day, collect, dataset, dataset_of, place, put, version_of};

const MINERS: u16 = 6;

fn two_days(folder: &Path) -> PathBuf {
    let mut archive = Archive::open(folder).unwrap();
    collect(&mut archive, 1, MINERS);
    collect(&mut archive, 2, MINERS);
    folder.join("archive/packs/00000000.pack")
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x40;
    fs::write(path, bytes).unwrap();
}

fn check(folder: &Path) -> Report {
    Archive::open_to_read(folder).unwrap().fsck(Depth::Stored).unwrap()
}

#[test]
fn a_flipped_byte_anywhere_in_a_pack_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let pack = two_days(folder.path());
    assert_eq!(check(folder.path()).damages, []);
    let whole = fs::read(&pack).unwrap();
    // The head and the first block's wholly, then a byte here and there.
    for at in (0..96).chain((96..whole.len()).step_by(61)) {
        flip(&pack, at);
        let report = check(folder.path());
        assert!(!report.is_sound(), "byte {at}");
        fs::write(&pack, &whole).unwrap();
    }
    assert!(check(folder.path()).is_sound());
}

#[test]
fn a_damage_names_the_miners_and_fresh_bytes_put_it_right() {
    let folder = tempfile::tempdir().unwrap();
    let pack = two_days(folder.path());
    // In the first block of lines, all of the first day's.
    flip(&pack, 300);
    let report = check(folder.path());
    let mut uids: Vec<u16> = report.affected.iter().map(|a| a.entry.uid.0).collect();
    uids.dedup();
    assert_eq!(uids, (1..MINERS).collect::<Vec<_>>());
    let named = &report.affected[0].entry.commitment.as_ref().unwrap().source.as_ref().unwrap().namespace;
    assert_eq!(named, "owner-1/set-1");
    let text = report.damages[0].to_string();
    assert_eq!(text, "pack 0: the block at byte 48 does not have its digest");
    assert!(report.damages.iter().any(|d| matches!(d, Damage::Object { .. })));

    let mut archive = Archive::open(folder.path()).unwrap();
    let error = archive.restore(place(100), Uid(1)).unwrap_err();
    assert!(error.is_damage() && error.to_string().ends_with("; run fsck, then collect what it names again"));
    let healed: u32 = (report.affected.iter())
        .map(|affected| {
            let uid = affected.entry.uid.0;
            let day = affected.place.block.0 / 100;
            put(&mut archive, &dataset_of(uid, version_of(uid, day))).healed
        })
        .sum();
    assert!(healed > 20, "{healed} lines were written again");
    (1..=2).for_each(|day| check_day(&archive, day, MINERS));
    drop(archive);
    let report = check(folder.path());
    // The damaged block is still there, but nobody needs it, until packs are written anew.
    assert!(report.affected.is_empty(), "{:?}", report.affected);
    assert!(report.damages.iter().all(|damage| matches!(damage, Damage::Pack(_))));
    let mut archive = Archive::open(folder.path()).unwrap();
    assert_eq!(archive.gc(&Retention::default()).unwrap().snapshots, 0);
    (1..=2).for_each(|day| check_day(&archive, day, MINERS));
    drop(archive);
    assert!(check(folder.path()).is_sound());
}

#[test]
fn what_a_snapshot_needs_and_is_damaged_is_not_let_go_of() {
    let folder = tempfile::tempdir().unwrap();
    let pack = two_days(folder.path());
    flip(&pack, 300);
    let before = fs::read(&pack).unwrap();
    let refused =
        Archive::open(folder.path()).unwrap().gc(&Retention { last: Some(1), ..Retention::default() });
    assert!(refused.unwrap_err().is_damage());
    assert!(fs::read(&pack).unwrap() == before && !check(folder.path()).affected.is_empty());
}

#[test]
fn a_damaged_recipe_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let bytes = dataset(0..30);
    let object = put(&mut archive, &bytes).object;
    drop(archive);
    let pack = folder.path().join("archive/packs/00000000.pack");
    let at = fs::read(&pack).unwrap().len() - 1;
    flip(&pack, at);
    let report = check(folder.path());
    assert!(matches!(report.damages[..], [Damage::Pack(_), Damage::Object { .. }]), "{:?}", report.damages);
    let mut archive = Archive::open(folder.path()).unwrap();
    assert!(archive.object(&object).unwrap_err().is_damage());
    put(&mut archive, &bytes);
    assert_eq!(archive.object(&object).unwrap(), bytes);
}

#[test]
fn a_pack_that_is_short_or_gone_is_told_and_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let pack = two_days(folder.path());
    let whole = fs::read(&pack).unwrap();
    fs::write(&pack, &whole[..whole.len() / 2]).unwrap();
    let report = check(folder.path());
    let text = report.damages[0].to_string();
    assert!(text.ends_with(&format!("has {} bytes, expected {}", whole.len() / 2, whole.len())), "{text}");
    put(&mut Archive::open(folder.path()).unwrap(), &dataset(900..910));
    assert_eq!(fs::read(&pack).unwrap(), whole[..whole.len() / 2]);
    fs::remove_file(&pack).unwrap();
    let report = check(folder.path());
    assert!(report.damages[0].to_string().ends_with("00000000.pack is missing"));
    fs::write(&pack, &whole).unwrap();
    assert!(check(folder.path()).is_sound());
}

#[test]
fn a_torn_tail_of_any_length_is_no_damage_and_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let pack = two_days(folder.path());
    let whole = fs::read(&pack).unwrap();
    for torn in [1, 63, 64, 65, 4000] {
        fs::write(&pack, [&whole[..], &whole[16..16 + torn]].concat()).unwrap();
        let report = check(folder.path());
        assert!(report.is_sound());
        assert!(report.notes[0].ends_with(&format!("ends with {torn} bytes that were never committed")));
    }
    let mut archive = Archive::open(folder.path()).unwrap();
    let object = put(&mut archive, &dataset(900..910)).object;
    assert_eq!(archive.object(&object).unwrap(), dataset(900..910));
    assert!(fs::read(&pack).unwrap().starts_with(&whole));
    drop(archive);
    assert!(check(folder.path()).notes.is_empty());
}

#[test]
fn a_flipped_byte_in_the_index_never_gives_wrong_bytes() {
    let folder = tempfile::tempdir().unwrap();
    two_days(folder.path());
    let index = folder.path().join("archive/index.redb");
    let whole = fs::read(&index).unwrap();
    let used: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    let mut found = 0;
    for at in used.iter().step_by(used.len() / 120) {
        flip(&index, *at);
        match Archive::open(folder.path()) {
            Err(ArchiveError::Index { path, .. }) => {
                assert_eq!(path, index);
                found += 1;
            }
            Err(other) => panic!("{other}"),
            // A page that is not in use, or one that could be made anew from another.
            Ok(archive) => {
                assert!(archive.fsck(Depth::Objects).unwrap().is_sound(), "byte {at}");
                check_day(&archive, 2, MINERS);
            }
        }
        fs::write(&index, &whole).unwrap();
    }
    assert!(found > 10, "{found} flips were found");
}

#[test]
fn an_index_that_is_something_else_or_gone_or_newer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    two_days(folder.path());
    let index = folder.path().join("archive/index.redb");
    let whole = fs::read(&index).unwrap();
    fs::write(&index, "no index at all. ".repeat(500)).unwrap();
    let text = Archive::open(folder.path()).unwrap_err().to_string();
    assert!(text.starts_with(&format!("the index {} cannot be used: ", index.display())), "{text}");
    for lost in [true, false] {
        match lost {
            true => fs::remove_file(&index).unwrap(),
            false => fs::write(&index, "").unwrap(),
        }
        let text = Archive::open(folder.path()).unwrap_err().to_string();
        assert!(
            text.contains(
                "has packs but no index: rebuild the index from them with `datasets fsck --rebuild-index`"
            ),
            "{text}"
        );
    }
    fs::write(&index, &whole).unwrap();
    assert!(check(folder.path()).is_sound());
    {
        let mut builder = redb::Builder::new();
        builder.set_concurrency_mode(redb::ConcurrencyMode::SingleWriter);
        let write = builder.open(&index).unwrap().begin_write().unwrap();
        let head: redb::TableDefinition<'_, &str, &[u8]> = redb::TableDefinition::new("head");
        write.open_table(head).unwrap().insert("version", &9u64.to_le_bytes()[..]).unwrap();
        write.commit().unwrap();
    }
    let expected = format!(
        "the archive {} has version 9, this program knows version 1: use a newer program",
        folder.path().join("archive").display()
    );
    assert_eq!(Archive::open(folder.path()).unwrap_err().to_string(), expected);
    assert_eq!(Archive::open_to_read(folder.path()).unwrap_err().to_string(), expected);
}

#[test]
fn where_nothing_was_collected_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let text = Archive::open_to_read(folder.path()).unwrap_err().to_string();
    assert!(text.ends_with("/archive is no archive: collect first, or name the data folder that holds one"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let mut archive = Archive::open(folder.path()).unwrap();
    let object = put(&mut archive, b"").object;
    assert_eq!(object, Digest::of(b""));
    assert_eq!(archive.object(&object).unwrap(), b"");
}
