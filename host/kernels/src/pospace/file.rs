//! Plot files in memory, and units around them.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use plimsoll_core::{Extent, RegionSpace};
use rustix::fs::{MemfdFlags, memfd_create};

use super::{TRAILER_BYTES, refused};
use crate::digests::LARGEST_READ_BYTES;
use crate::error::KernelError;
use crate::puts::puts;

/// A file that is only in memory, with a path for a library that wants one.
pub(super) struct MemoryFile(File);

impl MemoryFile {
    pub(super) fn create() -> Result<Self, KernelError> {
        let fd = memfd_create("plimsoll-plot", MemfdFlags::CLOEXEC).map_err(|e| failed(&e.into()))?;
        Ok(Self(File::from(fd)))
    }

    /// Good as long as the file is.
    pub(super) fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.0.as_raw_fd()).into()
    }

    pub(super) fn len(&self) -> Result<u64, KernelError> {
        Ok(self.0.metadata().map_err(|e| failed(&e))?.len())
    }

    pub(super) fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), KernelError> {
        self.0.read_exact_at(into, offset).map_err(|e| failed(&e))
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), KernelError> {
        self.0.write_all_at(bytes, offset).map_err(|e| failed(&e))
    }
}

fn failed(error: &std::io::Error) -> KernelError {
    refused(format!("a plot file in memory: {error}"))
}

/// What a unit holds: the file, zeros, the file's length, a digest of all of it.
pub(super) struct Unit {
    file: MemoryFile,
    file_bytes: u64,
    trailer_at: u64,
    trailer: [u8; TRAILER_BYTES as usize],
}

impl Unit {
    pub(super) fn around(file: MemoryFile, unit_bytes: u64) -> Result<Self, KernelError> {
        let file_bytes = file.len()?;
        let trailer_at = unit_bytes.saturating_sub(TRAILER_BYTES);
        if file_bytes > trailer_at || file_bytes == 0 {
            return Err(refused(format!(
                "a plot of {file_bytes} bytes does not fit its unit of {unit_bytes}"
            )));
        }
        let mut trailer = [0; TRAILER_BYTES as usize];
        trailer[..8].copy_from_slice(&file_bytes.to_le_bytes());
        let mut unit = Self { file, file_bytes, trailer_at, trailer };
        let mut hasher = blake3::Hasher::new();
        for piece in puts(Extent { offset: 0, len: trailer_at + 8 }, LARGEST_READ_BYTES) {
            hasher.update(&unit.bytes(piece.offset, piece.len)?);
        }
        unit.trailer[8..].copy_from_slice(hasher.finalize().as_bytes());
        Ok(unit)
    }

    /// `len` bytes of the unit from `offset`.
    pub(super) fn bytes(&self, offset: u64, len: u64) -> Result<Vec<u8>, KernelError> {
        let mut bytes = vec![0; len as usize];
        let of_file = self.file_bytes.saturating_sub(offset).min(len) as usize;
        self.file.read(offset, &mut bytes[..of_file])?;
        let end = offset + len;
        if end > self.trailer_at {
            let from = offset.max(self.trailer_at);
            let trailer = &self.trailer[(from - self.trailer_at) as usize..(end - self.trailer_at) as usize];
            bytes[(from - offset) as usize..].copy_from_slice(trailer);
        }
        Ok(bytes)
    }
}

/// The plot file in the unit `at`, after its digest was found to be right.
pub(super) fn read_unit(region: &dyn RegionSpace, at: Extent) -> Result<MemoryFile, KernelError> {
    let trailer_at = at.offset + at.len.saturating_sub(TRAILER_BYTES);
    let mut trailer = [0; TRAILER_BYTES as usize];
    region.read_at(trailer_at, &mut trailer)?;
    let [length, digest @ ..] = &trailer.as_chunks::<8>().0[..] else { unreachable!() };
    let file_bytes = u64::from_le_bytes(*length);
    let file = MemoryFile::create()?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; LARGEST_READ_BYTES as usize];
    for piece in puts(Extent { offset: at.offset, len: trailer_at - at.offset }, LARGEST_READ_BYTES) {
        let bytes = &mut buffer[..piece.len as usize];
        region.read_at(piece.offset, bytes)?;
        hasher.update(bytes);
        let inside = piece.offset - at.offset;
        let of_file = file_bytes.saturating_sub(inside).min(piece.len) as usize;
        file.write(inside, &bytes[..of_file])?;
    }
    hasher.update(length);
    if hasher.finalize().as_bytes()[..] != *digest.as_flattened() || file_bytes > at.len - TRAILER_BYTES {
        let text = format!("the unit at {} is damaged: it has another digest than it names", at.offset);
        return Err(refused(text));
    }
    Ok(file)
}
