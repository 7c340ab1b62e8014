#![expect(unsafe_code, reason = "mapping a file is unsafe: another process may cut it short")]
//! Windows of a plot's region in memory, for scans under the exclusive lock.
//!
//! The lock keeps every program that honours it from cutting the file short. Against the others each window
//! is measured and read in by the system before it is touched, so that a short file or a bad disk is an error;
//! what answers audits never maps at all.

use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::{Advice, Mmap, MmapOptions};
use plimsoll_core::{Extent, SpaceError};

use crate::Geometry;
use crate::error::device;

/// Bytes of the region that are mapped at once.
pub(crate) const WINDOW_BYTES: u64 = 64 << 20;

/// One window; its bytes are the region's at the extent it was made for.
pub(crate) struct Window {
    map: Mmap,
    path: PathBuf,
    at: Extent,
}

impl Window {
    /// Maps `at`, a part of the region. The caller holds the exclusive lock.
    pub(crate) fn open(
        file: &File,
        path: &Path,
        geometry: &Geometry,
        at: Extent,
    ) -> Result<Self, SpaceError> {
        let fault = |e: std::io::Error| device(path, at.offset, at.len, &e);
        let begin = geometry.region_offset + at.offset;
        let there = file.metadata().map_err(fault)?.len();
        if begin + at.len > there {
            return Err(fault(std::io::ErrorKind::UnexpectedEof.into()));
        }
        // SAFETY: the mapping is private to this process and read only. The exclusive lock keeps the file
        // from being changed or cut short by everybody who opens plots through this crate; the file was just
        // measured to reach behind the window, and `piece` turns what is missing nevertheless into an error
        // before it is touched. Bytes that change under the mapping can only make a digest differ.
        let map =
            unsafe { MmapOptions::new().offset(begin).len(at.len as usize).map(file) }.map_err(fault)?;
        Ok(Self { map, path: path.to_owned(), at })
    }

    /// `len` bytes from `from` of the window, which the system has read in before they are touched. `from` is a
    /// multiple of a page.
    pub(crate) fn piece(&self, from: usize, len: usize) -> Result<&[u8], SpaceError> {
        self.map
            .advise_range(Advice::PopulateRead, from, len)
            .map_err(|e| device(&self.path, self.at.offset + from as u64, len as u64, &e))?;
        Ok(&self.map[from..from + len])
    }
}
