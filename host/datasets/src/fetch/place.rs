//! Where a file goes, and where its part waits.

use std::fs::{File, Metadata, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::names::{NameFault, check_path};
use super::refusal::Refusal;
use crate::Error;

/// What is left of 255 bytes beside `.`, the etag's digits and `.part`.
const MAX_NAME_BYTES: usize = 200;
const ETAG_DIGITS: usize = 16;

/// Why a try ended: the other side's fault, or the own disk's.
#[derive(Debug)]
pub(super) enum Stop {
    Refused(Refusal),
    Failed(Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A name in a folder, both chosen on this side.
#[derive(Debug, Clone)]
pub(super) struct Place {
    folder: PathBuf,
    name: String,
}

impl Place {
    pub(super) fn new(folder: &Path, name: &str) -> Result<Self, Refusal> {
        check_path(name)?;
        if name.contains('/') || name.len() > MAX_NAME_BYTES {
            return Err(NameFault::TooLong.into());
        }
        Ok(Self { folder: folder.to_owned(), name: name.to_owned() })
    }

    pub(super) fn file(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    pub(super) fn part(&self, etag: &str) -> PathBuf {
        let etag: String = etag.chars().take(ETAG_DIGITS).collect();
        self.folder.join(format!(".{}.{etag}.part", self.name))
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.folder.join(format!(".{}.journal", self.name))
    }

    /// The finished file's size, if there is one.
    pub(super) fn finished(&self) -> Result<Option<u64>, Stop> {
        match std::fs::symlink_metadata(self.file()) {
            Ok(found) if found.is_file() => Ok(Some(found.len())),
            Ok(_) => Err(Refusal::PlaceTaken.into()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(disk(&self.file(), "look")(source).into()),
        }
    }

    /// Opens a part for reading and appending, locked against other processes; no link is followed.
    pub(super) fn open_part(&self, etag: &str, create: bool) -> Result<Option<File>, Stop> {
        let path = self.part(etag);
        let no_links = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(create)
            .truncate(false)
            .mode(0o600)
            .custom_flags(no_links)
            .open(&path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound && !create => return Ok(None),
            Err(error) if rustix::io::Errno::from_io_error(&error) == Some(rustix::io::Errno::LOOP) => {
                return Err(Refusal::PlaceTaken.into());
            }
            Err(source) => return Err(disk(&path, "open")(source).into()),
        };
        match file.try_lock() {
            // Whoever held the lock may have given the file its final name in the meantime: then it is not ours to change.
            Ok(()) if is_at(&file, &path) => Ok(Some(file)),
            Ok(()) | Err(std::fs::TryLockError::WouldBlock) => Err(Refusal::Busy.into()),
            Err(std::fs::TryLockError::Error(source)) => Err(disk(&path, "lock")(source).into()),
        }
    }

    /// Gives the part its name for good: after this, a crash of the machine does not lose it.
    pub(super) fn seal(&self, etag: &str) -> Result<(), Error> {
        let (from, to) = (self.part(etag), self.file());
        std::fs::rename(&from, &to).map_err(disk(&from, "rename"))?;
        let folder = File::open(&self.folder).map_err(disk(&self.folder, "open"))?;
        folder.sync_all().map_err(disk(&self.folder, "flush"))
    }

    /// Removes a part and the journal.
    pub(super) fn clear(&self, etag: &str) -> Result<(), Error> {
        remove(&self.part(etag))?;
        remove(&self.journal())
    }
}

/// Whether `path` still leads to the open `file`.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(named)) = (file.metadata(), std::fs::symlink_metadata(path)) else { return false };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

pub(super) fn remove(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(disk(path, "remove")(error)),
        _ => Ok(()),
    }
}

/// Makes an error of a path and what was being done.
pub(super) fn disk(path: &Path, what: &'static str) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Disk { path, what, source }
}

pub(super) fn len(file: &File, path: &Path) -> Result<u64, Error> {
    file.metadata()
        .as_ref()
        .map(Metadata::len)
        .map_err(|error| disk(path, "look")(std::io::Error::from(error.kind())))
}
