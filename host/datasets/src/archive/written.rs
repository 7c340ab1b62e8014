//! The first tools' layout written out: `miner_datasets/miner_<uid>/data.jsonl`.
//!
//! A file is written under another name, flushed, renamed. No link is followed, whoever put it there: folders are
//! opened one by one, and what was in a file's place is replaced by the rename.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use plimsoll_core::Uid;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::error::ArchiveError;
use super::manifest::Place;
use super::store::Archive;

const FOLDER: &str = "miner_datasets";
const FILE: &str = "data.jsonl";
const TEMPORARY: &str = ".data.jsonl.new";

/// What to do with a file of a uid that has no dataset in the snapshot: it would pass for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stale {
    /// Leaves it and tells of it.
    #[default]
    Keep,
    /// Removes it and tells of it.
    Remove,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checkout {
    /// Miners whose dataset was written, or was there already, byte for byte.
    pub written: Vec<Uid>,
    /// Miners without a dataset that had a file from before.
    pub stale: Vec<Uid>,
}

impl Archive {
    /// Writes every dataset of a snapshot below `folder`; of the named uids only, unless there are none.
    ///
    /// # Errors
    /// [`ArchiveError::Place`] where a folder is a link or something else, [`ArchiveError::Disk`], or that the archive is
    /// damaged.
    pub fn checkout(
        &self,
        place: Place,
        folder: &Path,
        uids: &[Uid],
        stale: Stale,
    ) -> Result<Checkout, ArchiveError> {
        let (manifest, _) = self.manifest(place)?;
        let view = self.view()?;
        let top = Folder::open(folder)?.inside(FOLDER, true)?;
        let mut done = Checkout::default();
        for entry in manifest.entries.iter().filter(|e| uids.is_empty() || uids.contains(&e.uid)) {
            let name = format!("miner_{}", entry.uid);
            let object = match entry.object() {
                Some(object) if self.reason_down(&object)?.is_none() => Some(object),
                _ => None,
            };
            if let (Some(object), Some(miner)) = (object, top.make(&name, object.is_some())?) {
                miner.replace(&view.object(&object)?)?;
                done.written.push(entry.uid);
            } else if let Some(miner) = top.make(&name, false)?
                && miner.has_file()?
            {
                done.stale.push(entry.uid);
                if stale == Stale::Remove {
                    miner.remove()?;
                }
            }
        }
        Ok(done)
    }
}

/// An open folder.
struct Folder {
    path: PathBuf,
    open: OwnedFd,
}

impl Folder {
    /// The folder that the caller names, made if it is not there; its own way may have links.
    fn open(path: &Path) -> Result<Self, ArchiveError> {
        std::fs::create_dir_all(path).map_err(ArchiveError::disk(path, "create"))?;
        let open = rustix::fs::open(path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        Ok(Self { path: path.to_owned(), open: open.map_err(|e| disk(path, "open", e))? })
    }

    fn inside(&self, name: &str, make: bool) -> Result<Self, ArchiveError> {
        let path = self.path.join(name);
        let made = self.make(name, make)?;
        made.ok_or_else(|| disk(&path, "open", Errno::NOENT))
    }

    /// The folder `name` in this one, made if it is not there and `make` says so.
    fn make(&self, name: &str, make: bool) -> Result<Option<Self>, ArchiveError> {
        let path = self.path.join(name);
        if make {
            match rustix::fs::mkdirat(&self.open, name, Mode::from_raw_mode(0o755)) {
                Ok(()) => rustix::fs::fsync(&self.open).map_err(|e| disk(&self.path, "sync", e))?,
                Err(Errno::EXIST) => {}
                Err(e) => return Err(disk(&path, "create", e)),
            }
        }
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.open, name, flags, Mode::empty()) {
            Ok(open) => Ok(Some(Self { path, open })),
            Err(Errno::NOENT) if !make => Ok(None),
            Err(Errno::LOOP | Errno::NOTDIR) => {
                let why = "expected a folder, found a link or something else: move it away".to_owned();
                Err(ArchiveError::Place { path, why })
            }
            Err(e) => Err(disk(&path, "open", e)),
        }
    }

    fn has_file(&self) -> Result<bool, ArchiveError> {
        match rustix::fs::statat(&self.open, FILE, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(e) => Err(disk(&self.path.join(FILE), "look at", e)),
        }
    }

    fn remove(&self) -> Result<(), ArchiveError> {
        rustix::fs::unlinkat(&self.open, FILE, AtFlags::empty())
            .and_then(|()| rustix::fs::fsync(&self.open))
            .map_err(|e| disk(&self.path.join(FILE), "remove", e))
    }

    /// Writes the file whole, or leaves the one that was there.
    fn replace(&self, bytes: &[u8]) -> Result<(), ArchiveError> {
        let temporary = self.path.join(TEMPORARY);
        // What a crash left, or a link that somebody put there.
        match rustix::fs::unlinkat(&self.open, TEMPORARY, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(e) => return Err(disk(&temporary, "remove", e)),
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = rustix::fs::openat(&self.open, TEMPORARY, flags, Mode::from_raw_mode(0o644))
            .map_err(|e| disk(&temporary, "create", e))?;
        let mut file = File::from(open);
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        let renamed = written.map_err(ArchiveError::disk(&temporary, "write")).and_then(|()| {
            rustix::fs::renameat(&self.open, TEMPORARY, &self.open, FILE)
                .map_err(|e| disk(&self.path.join(FILE), "replace", e))
        });
        if renamed.is_err() {
            let _ = rustix::fs::unlinkat(&self.open, TEMPORARY, AtFlags::empty());
        }
        renamed?;
        rustix::fs::fsync(&self.open).map_err(|e| disk(&self.path, "sync", e))
    }
}

fn disk(path: &Path, doing: &'static str, errno: Errno) -> ArchiveError {
    ArchiveError::disk(path, doing)(errno.into())
}
