//! A snapshot as one file of bytes that a proof of retrievability can hold.

use std::fs;

use plimsoll_core::Digest;
use plimsoll_datasets::archive::Archive;

use crate::support::{collect, place};

#[test]
fn a_snapshot_is_one_file_of_chunks_under_one_blake3_root() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    collect(&mut archive, 4, 6);
    let path = folder.path().join("cargo");
    let root = archive.write_cargo(place(400), &path).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!(root, Digest::of(&bytes));
    let (manifest, _) = archive.manifest(place(400)).unwrap();
    let mut at = 0;
    let objects = manifest.entries.iter().filter_map(|entry| entry.object());
    let parts = std::iter::once(manifest.to_bytes()).chain(objects.map(|o| archive.object(&o).unwrap()));
    for part in parts {
        assert_eq!(bytes[at..at + part.len()], part);
        at += part.len().next_multiple_of(1024);
    }
    assert_eq!(bytes.len(), at);
    let text = archive.write_cargo(place(400), &path).unwrap_err().to_string();
    assert!(text.contains("cargo: cannot create: "), "{text}");
}
