//! Any bytes come back.

use plimsoll_core::Digest;
use plimsoll_datasets::RowId;
use plimsoll_datasets::archive::{Archive, ArchiveError, Depth, NewFile, Witness};
use proptest::prelude::*;

use crate::support::{collect, commit_of, dataset, put, rows_of};

fn any_file() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just(b"\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\r".to_vec()),
        "[a-c]{0,3}\n".prop_map(String::into_bytes),
        "[a-c]{0,3}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..300),
        (0..40u64).prop_map(|n| dataset([n])),
    ];
    proptest::collection::vec(line, 0..40).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn any_files_come_back_byte_for_byte(batches in proptest::collection::vec(
        proptest::collection::vec(any_file(), 0..5), 1..4,
    )) {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = Archive::open(folder.path()).unwrap();
        archive.set_pack_bytes(3000);
        for files in &batches {
            let mut batch = archive.batch().unwrap();
            for bytes in files {
                let file = NewFile { bytes, rows: &[], witness: Witness::default(), from: None };
                prop_assert_eq!(batch.put(&file).unwrap().object, Digest::of(bytes));
            }
            batch.commit().unwrap();
        }
        drop(archive);
        let archive = Archive::open_to_read(folder.path()).unwrap();
        for bytes in batches.iter().flatten() {
            prop_assert_eq!(&archive.object(&Digest::of(bytes)).unwrap(), bytes);
        }
        prop_assert!(archive.fsck(Depth::Objects).unwrap().is_sound());
    }
}

#[test]
fn a_line_is_kept_once_however_often_and_by_whomever_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let first = put(&mut archive, &dataset(0..100));
    assert!(first.is_new && first.new_bytes == dataset(0..100).len() as u64);
    let second = put(&mut archive, &dataset((50..110).rev()));
    assert!(second.is_new && second.new_bytes == dataset(100..110).len() as u64);
    let again = put(&mut archive, &dataset(0..100));
    assert!(!again.is_new && again.new_bytes == 0 && again.object == first.object);
}

#[test]
fn the_same_line_may_be_another_row_to_another_rule() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let bytes = b"one\ntwo\nthree\n";
    let other = b"three\ntwo\none\n";
    put(&mut archive, bytes);
    let ids = [(1, RowId([7; 16])), (9, RowId([8; 16]))];
    let mut batch = archive.batch().unwrap();
    let file = NewFile { bytes: other, rows: &ids, witness: Witness::default(), from: None };
    let kept = batch.put(&file).unwrap();
    batch.commit().unwrap();
    assert_eq!(archive.rows_of(&kept.object).unwrap(), [RowId([7; 16]), RowId([8; 16])]);
    let usual: Vec<RowId> = rows_of(bytes).into_iter().map(|(_, id)| id).collect();
    assert_eq!(archive.rows_of(&Digest::of(bytes)).unwrap(), usual);
    // The same file with other rows: the later rule holds.
    put(&mut archive, other);
    assert_eq!(archive.rows_of(&kept.object).unwrap().len(), 3);
}

#[test]
fn rows_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let mut batch = archive.batch().unwrap();
    let id = RowId([1; 16]);
    for (rows, expected) in [
        (vec![(0, id), (2, id)], "rows: expected rows in order, one a line; found a second one at byte 2"),
        (vec![(5, id), (0, id)], "rows: expected rows in order, one a line; found a second one at byte 0"),
        (vec![(8, id)], "rows: a row begins at byte 8 of a file of 8 bytes"),
    ] {
        let file = NewFile { bytes: b"one\ntwo\n", rows: &rows, witness: Witness::default(), from: None };
        assert_eq!(batch.put(&file).unwrap_err().to_string(), expected);
    }
}

#[test]
fn what_was_fetched_from_where_is_found_again_and_a_branch_is_no_commit() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    collect(&mut archive, 0, 9);
    let object = archive.find_source("owner-2/set-7", &commit_of(7, 0)).unwrap().unwrap();
    assert!(archive.object(&object).is_ok());
    assert_eq!(archive.find_source("owner-2/set-7", &commit_of(7, 1)).unwrap(), None);
    let mut batch = archive.batch().unwrap();
    for (from, expected) in [
        (("a/b", "main"), "commit: expected the 40 hex digits that the hub served, not a branch or a tag"),
        (("../b", "main"), "namespace: expected owner/name in letters, digits and -_. of at most 193 bytes"),
    ] {
        let file = NewFile { bytes: b"x", rows: &[], witness: Witness::default(), from: Some(from) };
        assert_eq!(batch.put(&file).unwrap_err().to_string(), expected);
    }
}

#[test]
fn witnesses_are_kept_beside_the_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    let witness = Witness { sha256: Some([3; 32]), git_sha1: Some([4; 20]) };
    let mut batch = archive.batch().unwrap();
    let put = batch.put(&NewFile { bytes: b"x\n", rows: &[], witness, from: None }).unwrap();
    batch.commit().unwrap();
    assert_eq!(archive.witness(&put.object).unwrap(), witness);
    let missing = archive.witness(&Digest([9; 32])).unwrap_err();
    assert!(matches!(missing, ArchiveError::NoObject { .. }), "{missing}");
}

#[test]
fn a_batch_that_was_dropped_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    put(&mut archive, &dataset(0..10));
    let lost = dataset(0..900);
    let mut batch = archive.batch().unwrap();
    batch.put(&NewFile { bytes: &lost, rows: &[], witness: Witness::default(), from: None }).unwrap();
    drop(batch);
    assert!(archive.object(&Digest::of(&lost)).is_err());
    put(&mut archive, &lost);
    assert_eq!(archive.object(&Digest::of(&lost)).unwrap(), lost);
    assert!(archive.fsck(Depth::Objects).unwrap().is_sound());
}
