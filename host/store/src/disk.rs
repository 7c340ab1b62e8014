//! Folders, free space, and small files that are replaced as a whole.

use std::ffi::OsString;
use std::fs::{self, File};
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
/// After a crash the file is the old one or the new one.
///
/// # Errors
/// [`StoreError::MissingFolder`] or [`StoreError::Io`].
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = beside(path, "tmp");
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    match written {
        Ok(()) => {}
        Err(e) if e.kind() == ErrorKind::NotFound => {
            return Err(StoreError::MissingFolder { path: folder_of(path).to_owned() });
        }
        Err(source) => {
            // What is half written helps nobody; the old file stays.
            let _ = fs::remove_file(&temporary);
            return Err(StoreError::Io { path: temporary, doing: "write", source });
        }
    }
    fs::rename(&temporary, path).map_err(StoreError::io(path, "replace"))?;
    sync_folder_of(path)
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
}
