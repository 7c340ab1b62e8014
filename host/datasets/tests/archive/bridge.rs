//! A snapshot as one file of bytes that a proof of retrievability can hold.

use std::fs;
use std::sync::Arc;

use plimsoll_bundle::find;
use plimsoll_core::{Answer, Digest, Hotkey, Identity, NetUid, Span, Statement, Verdict};
use plimsoll_datasets::archive::Archive;
use plimsoll_plugin::{Host, HostOptions, MemorySpace, PluginRef};

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

#[test]
fn proof_merkle_commits_to_a_snapshot_and_any_chunk_of_it_can_be_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(folder.path()).unwrap();
    collect(&mut archive, 4, 6);
    let path = folder.path().join("cargo");
    let root = archive.write_cargo(place(400), &path).unwrap();
    let content = fs::read(&path).unwrap();
    let plugin = PluginRef::new("builtin:proof-merkle", find("proof-merkle").unwrap().component);
    let host = Host::new(HostOptions::default()).unwrap();
    let scheme = host.load_scheme(&plugin, &serde_json::json!({})).unwrap();
    let mut instance = scheme.instance().unwrap();
    let identity = Identity { netuid: NetUid(96), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) };
    let layout = instance.plan(&identity, content.len() as u64).unwrap();
    assert_eq!(layout.units * u64::from(layout.unit_bytes), content.len() as u64, "nothing is left out");
    let altered = Arc::new(MemorySpace::with(content.iter().map(|byte| byte ^ 1).collect()));
    let kept = Arc::new(MemorySpace::with(content));
    let commitment = instance.commit(kept.clone(), &identity, &layout).unwrap();
    assert_eq!(commitment, Some(root));
    let statement = Statement { identity, unit_bytes: layout.unit_bytes, units: layout.units, commitment };
    for unit in 0..layout.units {
        let randomness = Digest::of(&unit.to_le_bytes());
        let only = Span { first: unit, count: 1 };
        let challenge = instance.draw(&statement, &randomness, 1, Some(only)).unwrap();
        for (space, is_kept) in [(&kept, true), (&altered, false)] {
            let answer = instance.prove(space.clone(), &statement, &challenge).unwrap();
            let Answer::Proof(proof) = answer else { panic!("{answer:?}") };
            let verdict = instance.verify(&statement, &challenge, &proof).unwrap();
            assert_eq!(verdict == Verdict::Valid, is_kept, "chunk {unit}: {verdict:?}");
        }
    }
}
