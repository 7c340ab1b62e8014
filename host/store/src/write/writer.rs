//! Writes pieces of any size and place: large ones at once, small ones through lanes.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plimsoll_core::{PlotSpace, SpaceError};

use super::lanes::{LARGEST_PIECE_BYTES, Lanes};
use super::leaves::Leaves;
use super::{BufferPool, PlotFile};
use crate::{GROUP_BYTES, PAGE_BYTES};

/// Buffers lent at once: with 4 MiB each they keep the writer far below 256 MiB.
const MOST_BUFFERS: usize = 16;
/// From here on a piece that begins a group is written at once.
const LARGE_BYTES: usize = 256 << 10;
/// A piece, what lies before it in its group, and a page for filling up the region's end.
const BUFFER_BYTES: usize = <dyn PlotSpace>::LARGEST_PUT_BYTES + GROUP_BYTES as usize + PAGE_BYTES as usize;

/// The way from a kernel's buffer to the file. Shared by all workers.
pub(crate) struct Writer {
    file: PlotFile,
    /// Leaves made from what is put: not where a later pass puts the same bytes again.
    leaves: Option<Leaves>,
    pool: BufferPool,
    lanes: Mutex<Lanes>,
}

impl Writer {
    pub(crate) fn new(file: PlotFile, digest: bool) -> Self {
        let pool = BufferPool::new(BUFFER_BYTES, MOST_BUFFERS);
        Self { file, leaves: digest.then(Leaves::default), pool, lanes: Mutex::default() }
    }

    pub(crate) const fn file(&self) -> &PlotFile {
        &self.file
    }

    /// Whether leaves on the disk can be trusted where they are not zero.
    pub(crate) const fn digests(&self) -> bool {
        self.leaves.is_some()
    }

    /// Nothing of another thread is lost when one panics in between: a lane changes after its write.
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lends a buffer, and stores what `write` leaves there. The range was checked.
    pub(crate) fn put(
        &self,
        offset: u64,
        len: usize,
        write: &mut dyn FnMut(&mut [u8]),
    ) -> Result<(), SpaceError> {
        let mut buffer = self.pool.lend();
        let skew = (offset % GROUP_BYTES) as usize;
        write(&mut buffer[skew..skew + len]);
        let large = len >= LARGEST_PIECE_BYTES || (skew == 0 && len >= LARGE_BYTES);
        if !large {
            return self.lanes().put(&self.file, self.leaves.as_ref(), offset, &buffer[skew..skew + len]);
        }
        self.lanes().close_overlapping(&self.file, self.leaves.as_ref(), offset, offset + len as u64)?;
        if let Some(leaves) = &self.leaves {
            leaves.note(&self.file, offset, &buffer[skew..skew + len])?;
        }
        self.file.write_region(offset - skew as u64, &mut buffer, skew, skew + len)
    }

    /// Reads what was put before.
    pub(crate) fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        self.lanes().settle(&self.file, self.leaves.as_ref(), offset, offset + into.len() as u64)?;
        self.file.read_region(offset, into)
    }

    /// Hands everything to the file, without waiting for the disk.
    pub(crate) fn settle(&self) -> Result<(), SpaceError> {
        self.lanes().settle(&self.file, self.leaves.as_ref(), 0, u64::MAX)?;
        self.leaves.as_ref().map_or(Ok(()), |leaves| leaves.settle(&self.file))
    }

    /// Waits until the disk has everything that was handed to the file.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}
