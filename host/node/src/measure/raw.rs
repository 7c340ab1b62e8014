//! The reference for generating: the same bytes, constant, written the same way and flushed once.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rustix::fs::{FallocateFlags, OFlags, fallocate};

const PIECE_BYTES: usize = 4 << 20;
const ALIGN: usize = 4096;

/// Writes `bytes` of one constant to a fresh file at `path` with `workers` threads and flushes it.
pub(super) fn write_constant(path: &Path, bytes: u64, direct: bool, workers: usize) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    if direct {
        options.custom_flags(OFlags::DIRECT.bits().cast_signed());
    }
    let file = options.open(path)?;
    fallocate(&file, FallocateFlags::empty(), 0, bytes)?;
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        let hands: Vec<_> = (0..workers).map(|_| scope.spawn(|| write_pieces(&file, bytes, &next))).collect();
        hands.into_iter().try_for_each(|hand| {
            hand.join().unwrap_or_else(|_| Err(io::Error::other("a writing thread panicked")))
        })
    })?;
    file.sync_data()
}

fn write_pieces(file: &File, bytes: u64, next: &AtomicU64) -> io::Result<()> {
    let slack = vec![0xA5u8; PIECE_BYTES + ALIGN];
    let start = slack.as_ptr().align_offset(ALIGN);
    let piece = &slack[start..start + PIECE_BYTES];
    loop {
        let at = next.fetch_add(PIECE_BYTES as u64, Ordering::Relaxed);
        if at >= bytes {
            return Ok(());
        }
        let len = usize::try_from(bytes - at).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        // The last piece is rounded up, as the plot file's own tail is.
        file.write_all_at(&piece[..len.next_multiple_of(ALIGN)], at)?;
    }
}
