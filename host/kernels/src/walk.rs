//! Reads that depend on one another, and reads gathered into one digest.

use plimsoll_core::{Digest, Extent, RegionSpace};

use crate::digests::{HashKind, Hashing, each_read};
use crate::error::KernelError;
use crate::puts::check_extent;

/// A walk over blocks of a region: which block is read next follows from what was read before, so that the
/// reads cannot be batched, and whoever fetches them from elsewhere pays a round trip for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// The run that is walked over; what is left behind its last whole block is never read.
    pub over: Extent,
    /// Bytes of a block.
    pub block_bytes: u32,
    /// What hashes.
    pub kind: HashKind,
}

impl Walk {
    /// The most bytes of a block.
    pub const MOST_BLOCK_BYTES: u32 = 1 << 20;

    /// Number of blocks.
    #[must_use]
    pub const fn blocks(&self) -> u64 {
        self.over.len / if self.block_bytes == 0 { 1 } else { self.block_bytes as u64 }
    }

    /// The block that `state` leads to: its first eight bytes, little-endian, as a fraction of 2^64, times the
    /// number of blocks. A block is at most blocks / 2^64 more likely than another.
    #[must_use]
    pub fn block_of(&self, state: &Digest) -> u64 {
        let mut word = [0; 8];
        word.copy_from_slice(&state.0[..8]);
        ((u128::from(u64::from_le_bytes(word)) * u128::from(self.blocks())) >> 64) as u64
    }

    /// The state behind a block: H(state ‖ block).
    #[must_use]
    pub fn step(&self, state: &Digest, block: &[u8]) -> Digest {
        let mut hashing = Hashing::new(self.kind);
        hashing.update(&state.0);
        hashing.update(block);
        hashing.finish()
    }

    fn check(&self, region: &dyn RegionSpace) -> Result<(), KernelError> {
        check_extent(region.size_bytes(), self.over)?;
        let (block, most) = (self.block_bytes, Self::MOST_BLOCK_BYTES);
        if block == 0 || block > most || self.blocks() == 0 {
            return Err(KernelError::BadInput(format!(
                "a walk over {} bytes in blocks of {block}: expected 1 to {most}, and at least one block",
                self.over.len
            )));
        }
        Ok(())
    }
}

/// Walks `steps` steps from `state`: the blocks read, in order, and the last state.
///
/// # Errors
/// [`KernelError::BadInput`] for blocks that cannot be; [`KernelError::Space`] as the region says.
pub fn walk(
    region: &dyn RegionSpace,
    walk: &Walk,
    state: &Digest,
    steps: u32,
) -> Result<(Vec<u64>, Digest), KernelError> {
    walk.check(region)?;
    let (mut visited, mut state) = (Vec::new(), *state);
    let mut block = vec![0; walk.block_bytes as usize];
    for _ in 0..steps {
        let index = walk.block_of(&state);
        region.read_at(walk.over.offset + index * u64::from(walk.block_bytes), &mut block)?;
        state = walk.step(&state, &block);
        visited.push(index);
    }
    Ok((visited, state))
}

/// H(`nonce` ‖ the bytes of all extents one after another); reads 1 MiB at most at a time. For a digest each,
/// see [`crate::digest_extents`].
///
/// # Errors
/// [`KernelError::Space`]: an extent outside of the region (before anything is read), or what the device
/// said.
pub fn gather_digest(
    region: &dyn RegionSpace,
    kind: HashKind,
    nonce: &[u8],
    at: &[Extent],
) -> Result<Digest, KernelError> {
    for extent in at {
        check_extent(region.size_bytes(), *extent)?;
    }
    let mut hashing = Hashing::new(kind);
    hashing.update(nonce);
    let mut buffer = Vec::new();
    for extent in at {
        each_read(region, *extent, &mut buffer, |piece| hashing.update(piece))?;
    }
    Ok(hashing.finish())
}
