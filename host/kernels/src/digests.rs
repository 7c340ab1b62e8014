//! Digests of bytes and of runs of a region.

use std::fmt;

use plimsoll_core::{Digest, Extent, RegionSpace};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use crate::error::KernelError;
use crate::puts::{check_extent, puts};

/// The most bytes that are read at a time.
pub(crate) const LARGEST_READ_BYTES: u64 = 1 << 20;

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum HashKind {
    /// BLAKE3, 32 bytes.
    Blake3,
    /// SHA-256.
    Sha256,
}

impl HashKind {
    /// The name in parameters and tables, as serialised.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blake3 => "blake3",
            Self::Sha256 => "sha256",
        }
    }
}

impl fmt::Display for HashKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A digest under way.
#[derive(Clone)]
pub(crate) enum Hashing {
    Blake3(Box<blake3::Hasher>),
    Sha256(sha2::Sha256),
}

impl Hashing {
    pub(crate) fn new(kind: HashKind) -> Self {
        match kind {
            HashKind::Blake3 => Self::Blake3(Box::default()),
            HashKind::Sha256 => Self::Sha256(sha2::Sha256::new()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Blake3(hasher) => {
                hasher.update(bytes);
            }
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Digest {
        match self {
            Self::Blake3(hasher) => Digest(*hasher.finalize().as_bytes()),
            Self::Sha256(hasher) => Digest(hasher.finalize().into()),
        }
    }
}

/// H(`bytes`).
#[must_use]
pub fn digest_of(kind: HashKind, bytes: &[u8]) -> Digest {
    match kind {
        HashKind::Blake3 => Digest::of(bytes),
        HashKind::Sha256 => Digest(sha2::Sha256::digest(bytes).into()),
    }
}

/// Keyed BLAKE3 of `bytes` with `key`.
#[must_use]
pub fn keyed_digest(key: &Digest, bytes: &[u8]) -> Digest {
    Digest(*blake3::keyed_hash(key.as_bytes(), bytes).as_bytes())
}

/// H(`nonce` ‖ bytes) of each extent, in the order asked; reads 1 MiB at most at a time.
///
/// # Errors
/// [`KernelError::Space`]: an extent outside of the region (before anything is read), or what the device
/// said.
pub fn digest_extents(
    region: &dyn RegionSpace,
    kind: HashKind,
    nonce: &[u8],
    at: &[Extent],
) -> Result<Vec<Digest>, KernelError> {
    for extent in at {
        check_extent(region.size_bytes(), *extent)?;
    }
    let mut buffer = Vec::new();
    at.iter()
        .map(|extent| {
            let mut hashing = Hashing::new(kind);
            hashing.update(nonce);
            each_read(region, *extent, &mut buffer, |piece| hashing.update(piece))?;
            Ok(hashing.finish())
        })
        .collect()
}

/// Reads `over`, which is inside of the region, piece by piece; `buffer` only serves to be used again.
pub(crate) fn each_read(
    region: &dyn RegionSpace,
    over: Extent,
    buffer: &mut Vec<u8>,
    mut eat: impl FnMut(&[u8]),
) -> Result<(), KernelError> {
    for extent in puts(over, LARGEST_READ_BYTES) {
        let len = extent.len as usize;
        if buffer.len() < len {
            buffer.resize(len, 0);
        }
        region.read_at(extent.offset, &mut buffer[..len])?;
        eat(&buffer[..len]);
    }
    Ok(())
}
