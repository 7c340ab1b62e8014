//! A plot file that is being written, with its two ways in.
//!
//! Where direct I/O is used, *every* write to the region is direct: pieces of a page are read, patched and
//! written back under one lock, so that cached and direct writes never meet on one page. Header and tree lie
//! on pages of their own and always go through the cache.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use plimsoll_core::SpaceError;
use rustix::fs::{Advice, OFlags};
use rustix::io::Errno;
use serde::Serialize;

use super::AlignedBuffer;
use crate::error::device;
use crate::{Geometry, PAGE_BYTES, StoreError};

/// Cached writes that may be dirty before somebody waits for the disk.
const MOST_DIRTY_BYTES: u64 = 64 << 20;

/// Which way in is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IoChoice {
    /// Direct where the file system takes it.
    #[default]
    Auto,
    /// Direct, or an error.
    Direct,
    /// Through the page cache.
    Buffered,
}

/// Which way in is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IoMethod {
    /// Past the page cache (`O_DIRECT`) or through it.
    pub direct: bool,
    /// Why, in one sentence.
    pub why: String,
    /// Whether the file's room is reserved on the disk.
    pub reserved: bool,
}

impl fmt::Display for IoMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (way, room) = (
            if self.direct { "direct" } else { "buffered" },
            if self.reserved { "reserved" } else { "not reserved" },
        );
        write!(f, "{way} writes ({}), room {room}", self.why)
    }
}

/// The open file.
#[derive(Debug)]
pub(crate) struct PlotFile {
    path: PathBuf,
    geometry: Geometry,
    /// Through the cache: reads, header, tree, and the region where `direct` is not there.
    cached: File,
    direct: Option<File>,
    /// The page that a piece is patched into.
    edge: Mutex<AlignedBuffer>,
    dirty_bytes: AtomicU64,
    /// Why a sync failed: the system reports it once and may have dropped what it could not write.
    failed_sync: OnceLock<(io::ErrorKind, String)>,
}

pub(crate) fn open_read(path: &Path, write: bool) -> io::Result<File> {
    OpenOptions::new().read(true).write(write).open(path)
}

/// A second handle that goes past the cache, and why; or none, and why not. The header page is written back
/// through it as the trial, for some file systems accept the flag and fail the write.
pub(crate) fn open_direct(path: &Path, choice: IoChoice) -> Result<(Option<File>, String), StoreError> {
    if choice == IoChoice::Buffered {
        return Ok((None, "as asked for".to_owned()));
    }
    let flags = i32::try_from(OFlags::DIRECT.bits()).unwrap_or_default();
    let trial = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).and_then(|file| {
        let mut page = AlignedBuffer::new(PAGE_BYTES as usize);
        file.read_exact_at(&mut page, 0)?;
        file.write_all_at(&page, 0)?;
        Ok(file)
    });
    match trial {
        Ok(file) => Ok((Some(file), "the file system takes O_DIRECT".to_owned())),
        Err(source) if choice == IoChoice::Direct => {
            let what_to_do = "the file system must take O_DIRECT where direct writes are asked for: ask for \
                automatic or buffered ones, or put the plot on another file system";
            Err(failed_trial(path, "write with O_DIRECT", &source, what_to_do))
        }
        Err(e) if refuses_direct(&e) => Ok((None, format!("the file system refuses O_DIRECT: {e}"))),
        Err(source) => {
            let what_to_do = "the disk must take its first page back before a plot is filled: check the disk";
            Err(failed_trial(path, "write the header again", &source, what_to_do))
        }
    }
}

fn failed_trial(path: &Path, doing: &'static str, found: &io::Error, what_to_do: &str) -> StoreError {
    let source = io::Error::new(found.kind(), format!("{found}; {what_to_do}"));
    StoreError::Io { path: path.to_owned(), doing, source }
}

/// Whether an error of an open, a read or a write with `O_DIRECT` is about the flag, and not about the disk.
fn refuses_direct(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::INVAL | Errno::OPNOTSUPP))
}

/// A handle that reads past the cache, where the file system takes it.
pub(crate) fn open_direct_read(path: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::DIRECT.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    file.read_exact_at(&mut AlignedBuffer::new(PAGE_BYTES as usize), 0)?;
    Ok(file)
}

impl PlotFile {
    pub(crate) fn new(path: &Path, geometry: Geometry, cached: File, direct: Option<File>) -> Self {
        let edge = Mutex::new(AlignedBuffer::new(PAGE_BYTES as usize));
        Self {
            path: path.to_owned(),
            geometry,
            cached,
            direct,
            edge,
            dirty_bytes: AtomicU64::new(0),
            failed_sync: OnceLock::new(),
        }
    }

    pub(crate) const fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) const fn cached(&self) -> &File {
        &self.cached
    }

    /// Writes `buffer[from..to]`, where `buffer[0]` belongs at byte `base` of the region: a page boundary in
    /// both. What `buffer` holds behind `to` is overwritten where the region's last page is filled up.
    pub(crate) fn write_region(
        &self,
        base: u64,
        buffer: &mut [u8],
        from: usize,
        to: usize,
    ) -> Result<(), SpaceError> {
        let written = match &self.direct {
            Some(direct) => self.write_direct(direct, base, buffer, from, to),
            None => self.write_cached(base, &buffer[from..to], from),
        };
        written.map_err(|e| device(&self.path, base + from as u64, (to - from) as u64, &e))
    }

    fn write_cached(&self, base: u64, bytes: &[u8], from: usize) -> io::Result<()> {
        self.cached.write_all_at(bytes, self.geometry.region_offset + base + from as u64)?;
        let dirty = self.dirty_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if dirty / MOST_DIRTY_BYTES != (dirty + bytes.len() as u64) / MOST_DIRTY_BYTES {
            // Waiting here bounds the memory that dirty pages take; the journal still waits for its own sync.
            self.sync()?;
            self.forget_cache();
        }
        Ok(())
    }

    fn write_direct(
        &self,
        direct: &File,
        base: u64,
        buffer: &mut [u8],
        from: usize,
        mut to: usize,
    ) -> io::Result<()> {
        const PAGE: usize = PAGE_BYTES as usize;
        let file_offset = |at: usize| self.geometry.region_offset + base + at as u64;
        if base + to as u64 == self.geometry.region_bytes {
            // The rest of the last page is nobody's: fill it up rather than patch it.
            let end = to.next_multiple_of(PAGE);
            buffer[to..end].fill(0);
            to = end;
        }
        let (first_whole, end_whole) = (from.next_multiple_of(PAGE), to / PAGE * PAGE);
        if from < first_whole {
            self.patch(
                direct,
                file_offset(first_whole - PAGE),
                from % PAGE,
                &buffer[from..to.min(first_whole)],
            )?;
        }
        if first_whole < end_whole {
            direct.write_all_at(&buffer[first_whole..end_whole], file_offset(first_whole))?;
        }
        if to > end_whole && end_whole >= first_whole {
            self.patch(direct, file_offset(end_whole), 0, &buffer[end_whole..to])?;
        }
        Ok(())
    }

    fn patch(&self, direct: &File, page_offset: u64, at: usize, piece: &[u8]) -> io::Result<()> {
        let mut page = self.edge.lock().unwrap_or_else(PoisonError::into_inner);
        direct.read_exact_at(&mut page, page_offset)?;
        page[at..at + piece.len()].copy_from_slice(piece);
        direct.write_all_at(&page, page_offset)
    }

    /// Reads what is on the file.
    pub(crate) fn read_region(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        self.cached
            .read_exact_at(into, self.geometry.region_offset + offset)
            .map_err(|e| device(&self.path, offset, into.len() as u64, &e))
    }

    /// Reads what is on the file, by the way it was written. `room` lies on a page boundary and reaches to the end of
    /// the last page.
    pub(crate) fn read_back(&self, offset: u64, len: usize, room: &mut [u8]) -> Result<(), SpaceError> {
        match &self.direct {
            None => self.read_region(offset, &mut room[..len]),
            Some(direct) => {
                let whole = &mut room[..len.next_multiple_of(PAGE_BYTES as usize)];
                direct
                    .read_exact_at(whole, self.geometry.region_offset + offset)
                    .map_err(|e| device(&self.path, offset, len as u64, &e))
            }
        }
    }

    /// Everything written so far becomes durable, or nothing can be said of it: after one failure every further
    /// call fails without asking again.
    pub(crate) fn sync(&self) -> io::Result<()> {
        if let Some((kind, reason)) = self.failed_sync.get() {
            return Err(io::Error::new(*kind, reason.clone()));
        }
        rustix::fs::fdatasync(&self.cached).map_err(|e| {
            let error = io::Error::from(e);
            self.failed_sync.get_or_init(|| (error.kind(), error.to_string()));
            error
        })
    }

    /// Drops clean pages from the cache: they would push out what others need, and a later read should see
    /// what direct writes left on the disk.
    pub(crate) fn forget_cache(&self) {
        // Advice only: where it is refused nothing is lost.
        let _ = rustix::fs::fadvise(&self.cached, 0, None, Advice::DontNeed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_or_full_disk_is_not_a_file_system_without_direct_writes() {
        for (errno, refuses) in [
            (Errno::INVAL, true),
            (Errno::OPNOTSUPP, true),
            (Errno::IO, false),
            (Errno::NOSPC, false),
            (Errno::DQUOT, false),
            (Errno::ROFS, false),
            (Errno::ACCESS, false),
        ] {
            assert_eq!(refuses_direct(&errno.into()), refuses, "{errno}");
        }
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let text = |choice| {
            let error = open_direct(&gone, choice).unwrap_err().to_string();
            error.replace(&gone.display().to_string(), "gone")
        };
        assert_eq!(
            text(IoChoice::Auto),
            "gone: cannot write the header again: No such file or directory (os error 2); the disk must take \
             its first page back before a plot is filled: check the disk"
        );
        assert_eq!(
            text(IoChoice::Direct),
            "gone: cannot write with O_DIRECT: No such file or directory (os error 2); the file system must take \
             O_DIRECT where direct writes are asked for: ask for automatic or buffered ones, or put the plot on \
             another file system"
        );
    }
}
