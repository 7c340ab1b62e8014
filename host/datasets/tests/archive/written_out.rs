//! The first tools' layout on the disk.

use std::fs;
use std::os::unix::fs::symlink;

use plimsoll_core::Uid;
use plimsoll_datasets::archive::{Archive, Stale};

use crate::support::{collect, dataset_of, entry, facts, files, place, version_of};

#[test]
fn the_layout_is_written_out_byte_for_byte_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(&folder.path().join("data")).unwrap();
    collect(&mut archive, 1, 5);
    collect(&mut archive, 2, 5);
    let out = folder.path().join("out");
    for day in [1, 2] {
        let done = archive.checkout(place(day * 100), &out, &[], Stale::Keep).unwrap();
        assert_eq!(done.written, [1, 2, 3, 4].map(Uid));
        let expected: Vec<_> = (1..5)
            .map(|uid| {
                let path = out.join(format!("miner_datasets/miner_{uid}/data.jsonl"));
                (path, dataset_of(uid, version_of(uid, day)))
            })
            .collect();
        assert_eq!(files(&out), expected);
    }
    let some = folder.path().join("some");
    archive.checkout(place(100), &some, &[Uid(3)], Stale::Keep).unwrap();
    assert_eq!(files(&some).len(), 1);
}

#[test]
fn no_link_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(&folder.path().join("data")).unwrap();
    collect(&mut archive, 1, 3);
    let (out, elsewhere) = (folder.path().join("out"), folder.path().join("elsewhere"));
    fs::create_dir_all(out.join("miner_datasets/miner_1")).unwrap();
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("kept"), "kept").unwrap();
    // A link in the file's place and in the temporary one's is replaced, not written through.
    symlink(elsewhere.join("kept"), out.join("miner_datasets/miner_1/data.jsonl")).unwrap();
    symlink(elsewhere.join("kept"), out.join("miner_datasets/miner_1/.data.jsonl.new")).unwrap();
    archive.checkout(place(100), &out, &[Uid(1)], Stale::Keep).unwrap();
    assert_eq!(
        fs::read(out.join("miner_datasets/miner_1/data.jsonl")).unwrap(),
        dataset_of(1, version_of(1, 1))
    );
    // A link in a folder's place is refused.
    symlink(&elsewhere, out.join("miner_datasets/miner_2")).unwrap();
    let text = archive.checkout(place(100), &out, &[], Stale::Keep).unwrap_err().to_string();
    assert!(
        text.ends_with("miner_2: expected a folder, found a link or something else: move it away"),
        "{text}"
    );
    assert_eq!(files(&elsewhere), [(elsewhere.join("kept"), b"kept".to_vec())]);
}

#[test]
fn a_file_of_a_uid_without_a_dataset_is_told_and_removed_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(&folder.path().join("data")).unwrap();
    collect(&mut archive, 1, 4);
    let mut batch = archive.batch().unwrap();
    let gone = plimsoll_datasets::archive::Outcome::Failed { kind: "gone".into(), text: "gone".into() };
    batch.snapshot(facts(200, vec![entry(2, 0, gone)]), None, 0, false).unwrap();
    batch.commit().unwrap();
    archive.checkout(place(100), folder.path(), &[], Stale::Keep).unwrap();
    let file = folder.path().join("miner_datasets/miner_2/data.jsonl");
    let done = archive.checkout(place(200), folder.path(), &[], Stale::Keep).unwrap();
    assert!(done.written.is_empty() && done.stale == [Uid(2)] && file.exists());
    archive.checkout(place(200), folder.path(), &[], Stale::Remove).unwrap();
    assert!(!file.exists());
}
