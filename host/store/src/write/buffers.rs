//! Buffers that direct I/O accepts: their first byte lies on a page boundary.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, PoisonError};

use crate::PAGE_BYTES;

const GRAIN: usize = PAGE_BYTES as usize;

/// Bytes on a page boundary. Memory that was never touched is not resident.
#[derive(Debug)]
pub(crate) struct AlignedBuffer {
    slack: Vec<u8>,
    start: usize,
    len: usize,
}

impl AlignedBuffer {
    /// `len` zero bytes.
    pub(crate) fn new(len: usize) -> Self {
        let slack = vec![0; len + GRAIN];
        // The vector is never resized, so its first byte stays where it is.
        let start = slack.as_ptr().align_offset(GRAIN).min(GRAIN);
        Self { slack, start, len }
    }
}

impl Deref for AlignedBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.slack[self.start..self.start + self.len]
    }
}

impl DerefMut for AlignedBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.slack[self.start..self.start + self.len]
    }
}

/// A bounded number of equal buffers: whoever comes when all are lent waits.
#[derive(Debug)]
pub(crate) struct BufferPool {
    each_bytes: usize,
    most: usize,
    shelf: Mutex<Shelf>,
    returned: Condvar,
}

#[derive(Debug, Default)]
struct Shelf {
    idle: Vec<AlignedBuffer>,
    lent: usize,
}

/// A buffer that goes back to its pool when dropped.
#[derive(Debug)]
pub(crate) struct Lent<'a> {
    pool: &'a BufferPool,
    buffer: Option<AlignedBuffer>,
}

impl BufferPool {
    pub(crate) fn new(each_bytes: usize, most: usize) -> Self {
        Self { each_bytes, most, shelf: Mutex::default(), returned: Condvar::new() }
    }

    pub(crate) fn lend(&self) -> Lent<'_> {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        while shelf.idle.is_empty() && shelf.lent >= self.most {
            shelf = self.returned.wait(shelf).unwrap_or_else(PoisonError::into_inner);
        }
        shelf.lent += 1;
        let idle = shelf.idle.pop();
        drop(shelf);
        let buffer = idle.unwrap_or_else(|| AlignedBuffer::new(self.each_bytes));
        Lent { pool: self, buffer: Some(buffer) }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut shelf = self.pool.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.lent -= 1;
        shelf.idle.extend(self.buffer.take());
        self.pool.returned.notify_one();
    }
}

impl Deref for Lent<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // The buffer is there until the drop.
        self.buffer.as_deref().unwrap_or_default()
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.buffer.as_deref_mut().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn buffers_lie_on_page_boundaries() {
        for len in [1, 4096, 4097, 1 << 20] {
            let buffer = AlignedBuffer::new(len);
            assert_eq!(buffer.as_ptr().align_offset(GRAIN), 0);
            assert_eq!(buffer.len(), len);
        }
    }

    #[test]
    fn a_pool_never_lends_more_than_it_has() {
        let pool = Arc::new(BufferPool::new(4096, 3));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        std::thread::scope(|threads| {
            for _ in 0..12 {
                threads.spawn(|| {
                    for _ in 0..200 {
                        let mut buffer = pool.lend();
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        buffer[0] = 1;
                        now.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        let most = most.load(Ordering::SeqCst);
        assert!((1..=3).contains(&most), "{most} lent at once");
    }
}
