//! Which disk was last seen under a path, remembered off that disk.
//!
//! Whatever lies on a disk is gone when the disk is: an unmounted disk leaves an empty folder that says nothing of
//! what should be there. So its marker is kept a second time, in a folder of the user's own. It holds one small
//! file a path, named by the BLAKE3 of the path, with the marker in its first line and the path in its second.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use plimsoll_core::Digest;

use crate::disk::{remove_if_there, replace_file};
use crate::{DiskMarker, StoreError};

/// The folder that remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDisks {
    folder: PathBuf,
}

impl KnownDisks {
    /// In `folder`, which need not exist yet.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Whether `root` is the disk that it was the last time; gives the marker there. A root that was never seen
    /// passes with whatever it has.
    ///
    /// # Errors
    /// [`StoreError::MissingFolder`]; [`StoreError::OtherDisk`] where another disk, or none, is mounted;
    /// [`StoreError::BadKnownDisk`]; [`StoreError::Io`].
    pub fn check(&self, root: &Path) -> Result<Option<DiskMarker>, StoreError> {
        let found = DiskMarker::read(root)?;
        for name in names_of(root)? {
            if let Some(expected) = self.known(&name)? {
                expected.expect_at(root)?;
            }
        }
        Ok(found)
    }

    /// Remembers that `root` is the disk with `marker`.
    ///
    /// # Errors
    /// As [`KnownDisks::check`]: what is known is never replaced, see [`KnownDisks::forget`].
    pub fn remember(&self, root: &Path, marker: &DiskMarker) -> Result<(), StoreError> {
        marker.expect_at(root)?;
        fs::create_dir_all(&self.folder).map_err(StoreError::io(&self.folder, "create the folder"))?;
        for name in names_of(root)? {
            match self.known(&name)? {
                Some(known) => known.expect_at(root)?,
                None => {
                    let text = [marker.as_str().as_bytes(), name.as_os_str().as_bytes(), b""].join(&b'\n');
                    replace_file(&self.file_of(&name), &text)?;
                }
            }
        }
        Ok(())
    }

    /// Forgets what was under `root`: the operator says that the disk was replaced.
    ///
    /// # Errors
    /// [`StoreError::MissingFolder`], [`StoreError::Io`].
    pub fn forget(&self, root: &Path) -> Result<(), StoreError> {
        for name in names_of(root)? {
            remove_if_there(&self.file_of(&name))?;
        }
        Ok(())
    }

    fn file_of(&self, name: &Path) -> PathBuf {
        let digest = Digest::of(name.as_os_str().as_bytes()).to_string();
        self.folder.join(digest)
    }

    fn known(&self, name: &Path) -> Result<Option<DiskMarker>, StoreError> {
        let path = self.file_of(name);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError::io(&path, "read which disk was there")(e)),
        };
        let first = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
        match DiskMarker::parse(&String::from_utf8_lossy(first)) {
            Some(marker) => Ok(Some(marker)),
            None => Err(StoreError::BadKnownDisk { path, root: name.to_owned() }),
        }
    }
}

/// What `root` is called: as it was given, and with every link followed. Either may lead to another disk one day.
fn names_of(root: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let given = std::path::absolute(root).map_err(StoreError::io(root, "make absolute"))?;
    let real = fs::canonicalize(root).map_err(|e| match e.kind() {
        ErrorKind::NotFound => StoreError::MissingFolder { path: root.to_owned() },
        _ => StoreError::io(root, "follow")(e),
    })?;
    let mut names = vec![given, real];
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_whose_disk_is_gone_is_told_by_what_was_remembered_elsewhere() {
        let (home, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let known = KnownDisks::at(&home.path().join("state/disks"));
        assert_eq!(known.check(root.path()).unwrap(), None);
        let marker = DiskMarker::read_or_make(root.path()).unwrap();
        known.remember(root.path(), &marker).unwrap();
        known.remember(root.path(), &marker).unwrap();
        assert_eq!(known.check(root.path()).unwrap(), Some(marker.clone()));
        // Unmounted: the same path, and nothing there.
        fs::remove_file(root.path().join(crate::MARKER_NAME)).unwrap();
        let text = known.check(root.path()).unwrap_err().to_string();
        assert!(text.contains(&format!("it has no .plimsoll-disk, expected {}", marker.as_str())), "{text}");
        // Another disk in its place is neither taken for it nor put in its place.
        let other = DiskMarker::read_or_make(root.path()).unwrap();
        for refused in [known.check(root.path()).map(drop), known.remember(root.path(), &other)] {
            assert!(matches!(refused, Err(StoreError::OtherDisk { .. })), "{refused:?}");
        }
        known.forget(root.path()).unwrap();
        known.remember(root.path(), &other).unwrap();
        assert_eq!(known.check(root.path()).unwrap(), Some(other));
    }

    #[test]
    fn a_link_that_leads_to_another_disk_is_told_too() {
        let (home, old, new) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let known = KnownDisks::at(home.path());
        let link = home.path().join("plots");
        std::os::unix::fs::symlink(old.path(), &link).unwrap();
        known.remember(&link, &DiskMarker::read_or_make(&link).unwrap()).unwrap();
        fs::remove_file(old.path().join(crate::MARKER_NAME)).unwrap();
        assert!(matches!(known.check(old.path()), Err(StoreError::OtherDisk { .. })), "by its real name");
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(new.path(), &link).unwrap();
        assert!(matches!(known.check(&link), Err(StoreError::OtherDisk { .. })), "by the link");
    }

    #[test]
    fn what_is_remembered_and_cannot_be_read_is_an_error_that_names_the_file() {
        let (home, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let known = KnownDisks::at(home.path());
        known.remember(root.path(), &DiskMarker::read_or_make(root.path()).unwrap()).unwrap();
        let file = fs::read_dir(home.path()).unwrap().next().unwrap().unwrap().path();
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text.lines().nth(1), root.path().canonicalize().unwrap().to_str());
        fs::write(&file, "torn").unwrap();
        let text = known.check(root.path()).unwrap_err().to_string();
        assert!(text.starts_with(&format!("{} does not say which disk ", file.display())), "{text}");
        let gone = known.check(&root.path().join("gone"));
        assert!(matches!(gone, Err(StoreError::MissingFolder { .. })));
    }
}
