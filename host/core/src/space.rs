//! Where bytes lie, seen from above: kernels and plugins reach storage through these traits only.

/// Why bytes could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// Outside of the region: the caller's fault.
    #[error("{len} bytes at {offset} are outside of a region of {size_bytes} bytes")]
    OutOfRange {
        /// First byte asked for.
        offset: u64,
        /// How many.
        len: u64,
        /// What there is.
        size_bytes: u64,
    },
    /// Against the rules of this space: the caller's fault.
    #[error("{0}")]
    Refused(String),
    /// The disk's fault.
    #[error("{path}: {len} bytes at {offset}: {reason}")]
    Device {
        /// Which file.
        path: String,
        /// Where in the region.
        offset: u64,
        /// How many bytes.
        len: u64,
        /// What the system said.
        reason: String,
    },
    /// Somebody asked to stop; finished spans are kept.
    #[error("stopped on request")]
    Cancelled,
}

/// A filled region, read-only. Offsets count from the region's start, never from the file's.
pub trait RegionSpace: Send + Sync {
    /// Bytes of the region.
    fn size_bytes(&self) -> u64;

    /// Reads exactly `into.len()` bytes.
    ///
    /// # Errors
    /// [`SpaceError::OutOfRange`], or what the device said; a short read is an error, never an end of file.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError>;

    /// Nodes of the region's integrity tree, if this space keeps them: `level` 0 has one chaining value a
    /// 64 KiB group of the region, each level above one a pair (an odd last node is carried up unchanged).
    /// `None` where no tree is kept; then whoever needs it hashes the bytes.
    fn integrity_nodes(
        &self,
        _level: u32,
        _first: u64,
        _count: u64,
    ) -> Option<Result<Vec<[u8; 32]>, SpaceError>> {
        None
    }

    /// A node that [`Self::remember_node`] left here, if this space remembers any.
    fn remembered_node(&self, _place: &NodePlace) -> Option<[u8; 32]> {
        None
    }

    /// Offers a node of a tree for later. A space whose bytes are complete may remember it, in memory only, so
    /// that a tree with millions of small leaves is not hashed anew for every proof.
    fn remember_node(&self, _place: NodePlace, _node: [u8; 32]) {}
}

/// Where a node of a SHA-256 tree stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodePlace {
    /// First byte of the region that the tree covers.
    pub offset: u64,
    /// How many bytes it covers.
    pub len: u64,
    /// Bytes of a leaf.
    pub leaf_bytes: u64,
    /// The node's level: 0 is the leaves'.
    pub level: u32,
    /// Which of its level.
    pub index: u64,
}

/// A region being filled. Every write is idempotent, so that the host can resume after a crash.
pub trait PlotSpace: RegionSpace {
    /// Lends a buffer for the `len` bytes at `offset`, lets `write` fill all of it, and stores it.
    /// The buffer's first content is unspecified. `len` is at most [`PlotSpace::LARGEST_PUT_BYTES`].
    ///
    /// # Errors
    /// As [`RegionSpace::read_at`]; also [`SpaceError::Cancelled`].
    fn put(&self, offset: u64, len: usize, write: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError>;
}

impl dyn PlotSpace + '_ {
    /// The most bytes that one `put` may have.
    pub const LARGEST_PUT_BYTES: usize = 4 << 20;

    /// Stores `bytes` at `offset`.
    ///
    /// # Errors
    /// As [`PlotSpace::put`].
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), SpaceError> {
        let mut at = offset;
        for piece in bytes.chunks(Self::LARGEST_PUT_BYTES) {
            self.put(at, piece.len(), &mut |buffer| buffer.copy_from_slice(piece))?;
            at += piece.len() as u64;
        }
        Ok(())
    }
}
