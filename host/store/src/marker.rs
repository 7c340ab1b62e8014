//! Which disk this is: a file with a random name at the root of where plots are kept.
//!
//! A mount point whose disk is gone is an ordinary empty folder on another disk. Whoever wrote down the
//! marker can tell, and never fills the wrong disk again.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::disk::create_file;

/// The file's name.
pub const MARKER_NAME: &str = ".plimsoll-disk";

/// The random name of a disk: 32 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DiskMarker(String);

impl DiskMarker {
    /// The marker at `root`; `None` where the folder has none.
    ///
    /// # Errors
    /// [`StoreError::MissingFolder`]; [`StoreError::OtherDisk`] for a file that is no marker;
    /// [`StoreError::Io`].
    pub fn read(root: &Path) -> Result<Option<Self>, StoreError> {
        if !root.is_dir() {
            return Err(StoreError::MissingFolder { path: root.to_owned() });
        }
        let path = root.join(MARKER_NAME);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map(Some).ok_or_else(|| {
                let why = format!("its {MARKER_NAME} does not hold 32 hex digits");
                StoreError::OtherDisk { path: root.to_owned(), why }
            }),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::io(&path, "read the disk's marker")(e)),
        }
    }

    /// A marker as its file has it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let id = text.trim();
        (id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Self(id.to_owned()))
    }

    /// The marker at `root`, which is made if there is none. Of several that make one at the same time all get
    /// the same.
    ///
    /// # Errors
    /// As [`DiskMarker::read`].
    pub fn read_or_make(root: &Path) -> Result<Self, StoreError> {
        if let Some(marker) = Self::read(root)? {
            return Ok(marker);
        }
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|e| {
            StoreError::io(root, "draw a random number")(std::io::Error::other(e.to_string()))
        })?;
        let marker = Self(hex::encode(id));
        if create_file(&root.join(MARKER_NAME), format!("{}\n", marker.0).as_bytes())? {
            return Ok(marker);
        }
        // Somebody was quicker: theirs counts.
        Self::read(root)?.ok_or_else(|| {
            let why = format!("its {MARKER_NAME} came and went");
            StoreError::OtherDisk { path: root.to_owned(), why }
        })
    }

    /// Whether `root` is this disk.
    ///
    /// # Errors
    /// [`StoreError::OtherDisk`] where it has another marker or none; as [`DiskMarker::read`].
    pub fn expect_at(&self, root: &Path) -> Result<(), StoreError> {
        let why = match Self::read(root)? {
            Some(found) if found == *self => return Ok(()),
            Some(found) => format!("its marker is {}, expected {}", found.0, self.0),
            None => format!("it has no {MARKER_NAME}, expected {}", self.0),
        };
        Err(StoreError::OtherDisk { path: root.to_owned(), why })
    }

    /// The 32 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_not_mounted_is_no_empty_disk() {
        let (disk, empty) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let marker = DiskMarker::read_or_make(disk.path()).unwrap();
        assert_eq!(DiskMarker::read_or_make(disk.path()).unwrap(), marker);
        marker.expect_at(disk.path()).unwrap();
        assert_eq!(
            marker.expect_at(empty.path()).unwrap_err().to_string(),
            format!(
                "{} is not the disk that the plots were made on: it has no .plimsoll-disk, expected {}; mount the right disk there",
                empty.path().display(),
                marker.as_str()
            )
        );
        let other = DiskMarker::read_or_make(empty.path()).unwrap();
        assert_ne!(other, marker);
        assert!(matches!(marker.expect_at(empty.path()), Err(StoreError::OtherDisk { .. })));
        let missing = empty.path().join("gone");
        assert!(matches!(marker.expect_at(&missing), Err(StoreError::MissingFolder { .. })));
        fs::write(disk.path().join(MARKER_NAME), "torn").unwrap();
        assert!(matches!(marker.expect_at(disk.path()), Err(StoreError::OtherDisk { .. })));
    }

    #[test]
    fn all_that_mark_a_disk_at_once_get_the_same_marker() {
        for _ in 0..20 {
            let disk = tempfile::tempdir().unwrap();
            let start = std::sync::Barrier::new(8);
            let made: Vec<DiskMarker> = std::thread::scope(|threads| {
                let make = || {
                    start.wait();
                    DiskMarker::read_or_make(disk.path()).unwrap()
                };
                let all: Vec<_> = (0..8).map(|_| threads.spawn(make)).collect();
                all.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let kept = DiskMarker::read(disk.path()).unwrap().unwrap();
            assert!(made.iter().all(|marker| *marker == kept), "{made:?}");
            assert_eq!(fs::read_dir(disk.path()).unwrap().count(), 1, "nothing is left beside it");
        }
    }
}
