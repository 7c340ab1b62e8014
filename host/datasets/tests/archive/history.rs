//! What was when.

use plimsoll_core::{BlockNumber, Hotkey, NetUid, Uid};
use plimsoll_datasets::archive::{Archive, Outcome};

use crate::support::{check_day, collect, dataset_of, entry, facts, kept, place, put, version_of};

#[test]
fn every_day_comes_back_also_when_days_came_in_out_of_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    for day in [3, 1, 5, 2, 4] {
        collect(&mut archive, day, 12);
    }
    let archive = Archive::open_to_read(folder.path()).unwrap();
    let blocks: Vec<u64> = archive.snapshots().unwrap().iter().map(|s| s.place.block.0).collect();
    assert_eq!(blocks, [100, 200, 300, 400, 500]);
    assert_eq!(archive.newest(NetUid(96)).unwrap().unwrap().place, place(500));
    assert_eq!(archive.newest(NetUid(1)).unwrap(), None);
    (1..=5).for_each(|day| check_day(&archive, day, 12));
}

#[test]
fn the_history_of_a_uid_is_where_it_changed() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    (0..7).for_each(|day| collect(&mut archive, day, 8));
    for uid in 1..8 {
        let visits = archive.history(NetUid(96), Uid(uid)).unwrap();
        let expected: Vec<u64> =
            (0..7).filter(|day| *day == 0 || version_of(uid, *day) != version_of(uid, day - 1)).collect();
        assert_eq!(visits.iter().map(|v| v.block.0 / 100).collect::<Vec<_>>(), expected, "uid {uid}");
    }
    let mut batch = archive.batch().unwrap();
    batch.snapshot(facts(900, Vec::new()), None, 0, false).unwrap();
    batch.commit().unwrap();
    let last = archive.history(NetUid(96), Uid(3)).unwrap().pop().unwrap();
    assert_eq!((last.block, last.entry), (BlockNumber(900), None));
    assert!(archive.history(NetUid(96), Uid(99)).unwrap().is_empty());
}

#[test]
fn two_days_differ_where_a_miner_does() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    collect(&mut archive, 1, 10);
    collect(&mut archive, 2, 10);
    let diff = archive.diff_days(place(100), place(200)).unwrap();
    let uids: Vec<u16> = diff.changes.iter().map(|change| change.uid.0).collect();
    let expected: Vec<u16> = (1..10).filter(|uid| version_of(*uid, 1) != version_of(*uid, 2)).collect();
    assert_eq!(uids, expected);
    assert_eq!(diff.same as usize + uids.len(), 10);
    assert!(diff.changes.iter().all(|change| change.is_other_object() && !change.is_other_miner()));
    assert!(archive.diff_days(place(100), place(100)).unwrap().changes.is_empty());
    let text = archive.diff_days(place(100), place(101)).unwrap_err().to_string();
    assert_eq!(text, "no snapshot of netuid 96 at block 101 is kept");
}

#[test]
fn a_uid_that_went_to_another_hotkey_is_another_miner() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let bytes = dataset_of(4, 0);
    let put = put(&mut archive, &bytes);
    let mine = entry(4, 0, kept(&put, &bytes, 4, 0));
    let mut theirs = entry(4, 0, Outcome::Failed { kind: "no-file".into(), text: "nothing there".into() });
    theirs.hotkey = Hotkey([9; 32]);
    let mut batch = archive.batch().unwrap();
    batch.snapshot(facts(1, vec![mine]), None, 0, false).unwrap();
    batch.snapshot(facts(2, vec![theirs]), None, 0, false).unwrap();
    batch.commit().unwrap();
    let diff = archive.diff_days(place(1), place(2)).unwrap();
    assert!(diff.changes[0].is_other_miner() && diff.changes[0].is_other_object());
    let text = archive.restore(place(2), Uid(4)).unwrap_err().to_string();
    assert_eq!(
        text,
        "no dataset of uid 4 is kept in the snapshot of netuid 96 at block 2: no-file: nothing there"
    );
    let text = archive.restore(place(2), Uid(5)).unwrap_err().to_string();
    assert!(text.ends_with(": there was no such miner"), "{text}");
}
