//! Folders, free space, and small files that are replaced as a whole.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::StoreError;

/// Room on the disk that holds a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DiskSpace {
    /// Bytes of the whole file system.
    pub total_bytes: u64,
    /// Bytes that a user without privileges may still take.
    pub free_bytes: u64,
}

/// How much room there is at `path`, a folder or a file.
///
/// # Errors
/// [`StoreError::MissingFolder`] where there is nothing: a disk that is not mounted is no disk with no room.
pub fn free_space(path: &Path) -> Result<DiskSpace, StoreError> {
    match rustix::fs::statvfs(path) {
        Ok(disk) => Ok(DiskSpace {
            total_bytes: disk.f_blocks.saturating_mul(disk.f_frsize),
            free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
        }),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => {
            Err(StoreError::MissingFolder { path: path.to_owned() })
        }
        Err(e) => Err(StoreError::io(path, "ask for the free space")(e.into())),
    }
}

/// `<path>.<suffix>` in the same folder.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// The folder that `path` lies in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes names in the folder of `path` durable.
pub(crate) fn sync_folder_of(path: &Path) -> Result<(), StoreError> {
    let folder = folder_of(path);
    let open = File::open(folder).map_err(|e| match e.kind() {
        ErrorKind::NotFound => StoreError::MissingFolder { path: folder.to_owned() },
        _ => StoreError::Io { path: folder.to_owned(), doing: "open", source: e },
    })?;
    match open.sync_all() {
        // Some network file systems cannot sync a folder; there is nothing better to do on them.
        Err(e) if e.kind() == ErrorKind::InvalidInput => Ok(()),
        other => other.map_err(StoreError::io(folder, "sync")),
    }
}

/// Replaces `path` by `bytes` at once: a temporary file, made durable, renamed into place, the folder synced.
/// After a crash the file is the old one or the new one; of several writers one wins as a whole.
///
/// # Errors
/// [`StoreError::MissingFolder`] or [`StoreError::Io`].
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = write_beside(path, bytes)?;
    if let Err(source) = fs::rename(&temporary, path) {
        let _ = fs::remove_file(&temporary);
        return Err(StoreError::Io { path: path.to_owned(), doing: "replace", source });
    }
    sync_folder_of(path)
}

/// Makes `path` with `bytes` at once, as a whole, unless it is there; says whether it did.
///
/// # Errors
/// As [`replace_file`].
pub(crate) fn create_file(path: &Path, bytes: &[u8]) -> Result<bool, StoreError> {
    let temporary = write_beside(path, bytes)?;
    let mut made = fs::hard_link(&temporary, path);
    if made.as_ref().is_err_and(|e| matches!(e.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied))
    {
        // A file system without links: whole for everybody who comes after, though not after a crash.
        made = write_new(path, bytes);
    }
    // What cannot be removed takes a few bytes.
    let _ = fs::remove_file(&temporary);
    match made {
        Ok(()) => sync_folder_of(path).map(|()| true),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(StoreError::io(path, "create")(e)),
    }
}

/// A durable file beside `path` under a name that nobody else has.
fn write_beside(path: &Path, bytes: &[u8]) -> Result<PathBuf, StoreError> {
    let mut own = [0; 8];
    getrandom::fill(&mut own)
        .map_err(|e| StoreError::io(path, "draw a random number")(std::io::Error::other(e.to_string())))?;
    let temporary = beside(path, &format!("{}.tmp", hex::encode(own)));
    match write_new(&temporary, bytes) {
        Ok(()) => Ok(temporary),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            Err(StoreError::MissingFolder { path: folder_of(path).to_owned() })
        }
        Err(source) => {
            // What is half written helps nobody; the old file stays.
            let _ = fs::remove_file(&temporary);
            Err(StoreError::Io { path: temporary, doing: "write", source })
        }
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes what crashes left of [`replace_file`] beside `path`; the caller knows that nobody writes it now.
pub(crate) fn remove_temporaries_of(path: &Path) {
    let Some(name) = path.file_name().map(|name| name.as_encoded_bytes()) else { return };
    let is_ours = |found: &[u8]| {
        let own = found.strip_prefix(name).and_then(|rest| rest.strip_prefix(b"."));
        own.and_then(|rest| rest.strip_suffix(b".tmp"))
            .is_some_and(|hex| hex.len() == 16 && hex.iter().all(u8::is_ascii_hexdigit))
    };
    let Ok(entries) = fs::read_dir(folder_of(path)) else { return };
    for entry in entries.flatten().filter(|entry| is_ours(entry.file_name().as_encoded_bytes())) {
        // Only room is lost where it cannot be removed.
        let _ = fs::remove_file(entry.path());
    }
}

/// Removes `path` if it is there.
pub(crate) fn remove_if_there(path: &Path) -> Result<bool, StoreError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(StoreError::io(path, "remove")(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_is_named_and_is_no_full_disk() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("not-mounted");
        let error = free_space(&missing).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "folder {} does not exist: create it, or mount the disk that holds it",
                missing.display()
            )
        );
    }

    #[test]
    fn free_space_is_what_the_system_says() {
        let folder = tempfile::tempdir().unwrap();
        let space = free_space(folder.path()).unwrap();
        let output = std::process::Command::new("df")
            .args(["-B1", "--output=size"])
            .arg(folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let size: u64 = text.lines().nth(1).unwrap().trim().parse().unwrap();
        assert_eq!(space.total_bytes, size);
        assert!(space.free_bytes > 0 && space.free_bytes <= size);
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small");
        replace_file(&path, b"old").unwrap();
        replace_file(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let nowhere = folder.path().join("gone/small");
        assert!(matches!(replace_file(&nowhere, b""), Err(StoreError::MissingFolder { .. })));
    }

    #[test]
    fn writers_of_one_file_do_not_meet_in_a_temporary_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small");
        std::thread::scope(|threads| {
            for byte in 0..8u8 {
                let path = &path;
                threads.spawn(move || (0..20).for_each(|_| replace_file(path, &[byte; 5000]).unwrap()));
            }
        });
        let found = fs::read(&path).unwrap();
        assert!(found.len() == 5000 && found.iter().all(|&byte| byte == found[0]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_created_once_and_what_a_crash_left_is_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small");
        assert!(create_file(&path, b"first").unwrap());
        assert!(!create_file(&path, b"second").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"first");
        for leftover in ["small.0123456789abcdef.tmp", "small.tmp", "smaller.0123456789abcdef.tmp"] {
            fs::write(folder.path().join(leftover), "torn").unwrap();
        }
        remove_temporaries_of(&path);
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["small", "small.tmp", "smaller.0123456789abcdef.tmp"]);
    }
}
