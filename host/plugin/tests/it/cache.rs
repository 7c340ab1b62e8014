//! The folder of compiled plugins: fast when sound, rebuilt when not, refused when not ours.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use plimsoll_core::Digest;
use plimsoll_plugin::{Host, HostOptions, Kind, PluginError};
use proptest::prelude::*;
use serde_json::json;

use crate::guests::{Guest, words};
use crate::samples::{plugin, statement};

fn host_at(folder: &Path) -> Result<Host, PluginError> {
    Host::new(HostOptions { cache_dir: Some(folder.to_owned()), ..HostOptions::default() })
}

fn guest(says: &[u8]) -> Vec<u8> {
    let mut guest = Guest::of(Kind::Proof);
    let (at, len) = guest.text(says);
    guest.answer("draw", &words(&[0, at, len])).build()
}

/// What a plugin says under a new host with this folder: compiled or from the cache, it must be the same.
fn said(folder: &Path, component: &[u8]) -> Vec<u8> {
    let scheme = host_at(folder).unwrap().load_scheme(&plugin(component.to_vec()), &json!({})).unwrap();
    scheme.instance().unwrap().draw(&statement(), &Digest([9; 32]), 4, None).unwrap()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = all.filter(|path| path.extension().is_some_and(|e| e == "cwasm")).collect();
    all.sort();
    all
}

#[test]
fn a_plugin_is_compiled_once_and_kept_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("new/cache");
    let component = guest(b"one");
    assert_eq!(said(&cache, &component), b"one");
    let [entry] = &entries(&cache)[..] else { panic!("{:?}", entries(&cache)) };
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&cache), mode(entry), mode(&cache.join("secret"))), (0o700, 0o600, 0o600));
    let written = fs::metadata(entry).unwrap().modified().unwrap();
    assert_eq!(said(&cache, &component), b"one");
    assert_eq!(fs::metadata(entry).unwrap().modified().unwrap(), written, "a sound entry was written again");
}

#[test]
fn a_damaged_entry_is_rebuilt_and_never_run() {
    let folder = tempfile::tempdir().unwrap();
    let component = guest(b"one");
    assert_eq!(said(folder.path(), &component), b"one");
    let entry = entries(folder.path()).remove(0);
    let sound = fs::read(&entry).unwrap();
    for damage in [sound[..sound.len() / 2].to_vec(), Vec::new(), vec![0; sound.len()], sound[..100].to_vec()]
    {
        fs::write(&entry, &damage).unwrap();
        assert_eq!(said(folder.path(), &component), b"one");
        assert_eq!(fs::read(&entry).unwrap(), sound, "not rebuilt");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn one_flipped_bit_anywhere_in_an_entry_is_found(at in 0.0..1.0f64, bit in 0u8..8) {
        let folder = tempfile::tempdir().unwrap();
        let component = guest(b"one");
        prop_assert_eq!(said(folder.path(), &component), b"one");
        let entry = entries(folder.path()).remove(0);
        let sound = fs::read(&entry).unwrap();
        let mut flipped = sound.clone();
        flipped[(sound.len() as f64 * at) as usize] ^= 1 << bit;
        fs::write(&entry, &flipped).unwrap();
        prop_assert_eq!(said(folder.path(), &component), b"one");
        prop_assert_eq!(fs::read(&entry).unwrap(), sound);
    }
}

#[test]
fn an_entry_of_another_plugin_or_of_another_folder_is_rebuilt() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, two) = (guest(b"one"), guest(b"two"));
    assert_eq!(said(ours.path(), &one), b"one");
    let entry_of_one = entries(ours.path()).remove(0);
    assert_eq!(said(ours.path(), &two), b"two");
    let entry_of_two = entries(ours.path()).into_iter().find(|path| *path != entry_of_one).unwrap();
    // Renamed: sound, but compiled from another component.
    fs::copy(&entry_of_two, &entry_of_one).unwrap();
    assert_eq!(said(ours.path(), &one), b"one");
    // From another folder: sound there, but the code is keyed with a secret that is not ours.
    assert_eq!(said(theirs.path(), &two), b"two");
    let foreign = entries(theirs.path()).remove(0);
    fs::copy(&foreign, ours.path().join(foreign.file_name().unwrap())).unwrap();
    let before = fs::read(&foreign).unwrap();
    assert_eq!(said(ours.path(), &two), b"two");
    assert_ne!(fs::read(&entry_of_two).unwrap(), before, "a foreign entry was trusted");
}

#[test]
fn a_folder_that_others_may_write_to_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o777, 0o770, 0o702] {
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        let text = host_at(folder.path()).map(drop).unwrap_err().to_string();
        let text = text.replace(&folder.path().display().to_string(), "/cache");
        assert_eq!(
            text,
            format!(
                "compiled plugins cannot be kept in /cache: others may write there (mode {mode:04o}), and what lies \
                 there is run; `chmod go-w /cache`, or name another folder"
            )
        );
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    host_at(folder.path()).unwrap();
}

#[test]
fn a_folder_of_somebody_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(folder.path(), Some(65_534), None).unwrap();
        let text = host_at(folder.path()).map(drop).unwrap_err().to_string();
        assert!(
            text.ends_with("it belongs to user 65534, not to user 0; name a folder of your own"),
            "{text}"
        );
    } else {
        // The root folder belongs to root and cannot be ours.
        assert!(matches!(host_at(Path::new("/")), Err(PluginError::CacheFolder { .. })));
    }
}

#[test]
fn a_folder_that_is_none_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link");
    symlink(folder.path(), &link).unwrap();
    let text = host_at(&link).map(drop).unwrap_err().to_string();
    assert!(text.ends_with("/link: it is a symbolic link; name the folder itself"), "{text}");
    let file = folder.path().join("file");
    fs::write(&file, b"x").unwrap();
    assert!(matches!(host_at(&file), Err(PluginError::CacheFolder { .. })));
}

#[test]
fn an_entry_that_is_a_link_or_open_to_others_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let component = guest(b"one");
    assert_eq!(said(folder.path(), &component), b"one");
    let entry = entries(folder.path()).remove(0);
    fs::set_permissions(&entry, Permissions::from_mode(0o666)).unwrap();
    assert_eq!(said(folder.path(), &component), b"one");
    assert_eq!(fs::metadata(&entry).unwrap().permissions().mode() & 0o777, 0o600, "not replaced");
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(&entry, &elsewhere).unwrap();
    symlink(&elsewhere, &entry).unwrap();
    assert_eq!(said(folder.path(), &component), b"one");
    assert!(!fs::symlink_metadata(&entry).unwrap().is_symlink(), "not replaced");
}

#[test]
fn a_damaged_secret_only_costs_time() {
    let folder = tempfile::tempdir().unwrap();
    let component = guest(b"one");
    assert_eq!(said(folder.path(), &component), b"one");
    for secret in [b"short".as_slice(), &[0; 32], &[]] {
        fs::write(folder.path().join("secret"), secret).unwrap();
        assert_eq!(said(folder.path(), &component), b"one");
    }
}

#[test]
fn the_folder_keeps_a_bounded_number_of_entries() {
    let folder = tempfile::tempdir().unwrap();
    let component = guest(b"one");
    assert_eq!(said(folder.path(), &component), b"one");
    for n in 0..300 {
        fs::write(folder.path().join(format!("{n:064x}-old.cwasm")), b"old").unwrap();
    }
    assert_eq!(said(folder.path(), &guest(b"two")), b"two");
    assert!(entries(folder.path()).len() <= 256);
    assert_eq!(said(folder.path(), &component), b"one");
}
