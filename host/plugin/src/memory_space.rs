//! A region in memory: for conformance, for measuring, for tests. A real space without a disk.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use plimsoll_core::{PlotSpace, RegionSpace, SpaceError};

/// A region of zeros that can be filled and read.
#[derive(Debug, Default)]
pub struct MemorySpace {
    bytes: RwLock<Vec<u8>>,
}

impl MemorySpace {
    /// A region of `size_bytes` zeros.
    #[must_use]
    pub fn new(size_bytes: usize) -> Self {
        Self::with(vec![0; size_bytes])
    }

    /// A region with this content.
    #[must_use]
    pub fn with(bytes: Vec<u8>) -> Self {
        Self { bytes: RwLock::new(bytes) }
    }

    /// A copy of the whole content.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        self.lock().clone()
    }

    fn lock(&self) -> RwLockReadGuard<'_, Vec<u8>> {
        // A panic while writing leaves bytes, never a broken invariant.
        self.bytes.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of `len` bytes at `offset` in a slice of `size` bytes.
fn place(offset: u64, len: usize, size: usize) -> Result<std::ops::Range<usize>, SpaceError> {
    let outside = || SpaceError::OutOfRange { offset, len: len as u64, size_bytes: size as u64 };
    let first = usize::try_from(offset).map_err(|_| outside())?;
    let end = first.checked_add(len).filter(|end| *end <= size).ok_or_else(outside)?;
    Ok(first..end)
}

impl RegionSpace for MemorySpace {
    fn size_bytes(&self) -> u64 {
        self.lock().len() as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        let bytes = self.lock();
        let range = place(offset, into.len(), bytes.len())?;
        into.copy_from_slice(&bytes[range]);
        Ok(())
    }
}

impl PlotSpace for MemorySpace {
    fn put(&self, offset: u64, len: usize, write: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError> {
        if len > <dyn PlotSpace>::LARGEST_PUT_BYTES {
            return Err(SpaceError::Refused(format!("a put of {len} bytes")));
        }
        let mut bytes = self.bytes.write().unwrap_or_else(PoisonError::into_inner);
        let size = bytes.len();
        write(&mut bytes[place(offset, len, size)?]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_read_and_nothing_outside() {
        let space = MemorySpace::new(10);
        space.put(3, 4, &mut |into| into.copy_from_slice(b"abcd")).unwrap();
        let mut out = [0; 6];
        space.read_at(2, &mut out).unwrap();
        assert_eq!(&out, b"\0abcd\0");
        let outside = SpaceError::OutOfRange { offset: 7, len: 4, size_bytes: 10 };
        assert_eq!(space.put(7, 4, &mut |_| ()), Err(outside));
        assert!(matches!(space.read_at(u64::MAX, &mut out), Err(SpaceError::OutOfRange { .. })));
    }
}
