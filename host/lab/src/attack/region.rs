//! What a prover has under its region handle: bytes, perhaps wrong ones, and perhaps an integrity tree.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_core::{Digest, RegionSpace, SpaceError, Span, Spans};
use plimsoll_kernels::{HashKind, INTEGRITY_LEAF_BYTES, merkle_leaf, merkle_level_above};

/// The nodes that a store keeps of a region's integrity tree, level by level from the groups up.
#[derive(Debug)]
pub(crate) struct IntegrityTree(Vec<Vec<[u8; 32]>>);

impl IntegrityTree {
    /// Of these bytes; of none there is no level.
    pub(crate) fn of(bytes: &[u8]) -> Result<Self, plimsoll_kernels::KernelError> {
        let groups = (bytes.len() as u64).div_ceil(INTEGRITY_LEAF_BYTES);
        // The group's size is 64 KiB.
        let pieces = bytes.chunks(INTEGRITY_LEAF_BYTES as usize);
        let leaf = |(index, group): (u64, &[u8])| {
            merkle_leaf(HashKind::Blake3, INTEGRITY_LEAF_BYTES, groups, index, group)
        };
        let mut level: Vec<Digest> = (0..).zip(pieces).map(leaf).collect::<Result<_, _>>()?;
        let mut levels = Vec::new();
        while !level.is_empty() {
            levels.push(level.iter().map(|node| node.0).collect());
            let count = level.len() as u64;
            level = if count > 1 { merkle_level_above(HashKind::Blake3, &level, count) } else { Vec::new() };
        }
        Ok(Self(levels))
    }

    /// `count` nodes of a level, as [`RegionSpace::integrity_nodes`] gives them.
    pub(crate) fn nodes(
        &self,
        level: u32,
        first: u64,
        count: u64,
    ) -> Option<Result<Vec<[u8; 32]>, SpaceError>> {
        let nodes = self.0.get(level as usize)?;
        let range = usize::try_from(first).ok()?..usize::try_from(first.checked_add(count)?).ok()?;
        let outside = || SpaceError::OutOfRange { offset: first, len: count, size_bytes: nodes.len() as u64 };
        Some(nodes.get(range).map(<[_]>::to_vec).ok_or_else(outside))
    }

    /// What keeping it takes.
    pub(super) fn bytes(&self) -> u64 {
        self.0.iter().map(|level| level.len() as u64 * 32).sum()
    }
}

/// What was read of a region.
#[derive(Debug, Default, Clone)]
pub(super) struct Trace {
    /// Which bytes.
    pub(super) places: Spans,
    /// In how many reads.
    pub(super) reads: u64,
    /// How many bytes, each as often as it was read.
    pub(super) bytes: u64,
}

/// Reads from bytes in memory.
pub(crate) fn read(bytes: &[u8], offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
    let (len, size_bytes) = (into.len() as u64, bytes.len() as u64);
    let outside = || SpaceError::OutOfRange { offset, len, size_bytes };
    let end = offset.checked_add(len).filter(|&end| end <= size_bytes).ok_or_else(outside)?;
    // Both lie inside of a slice.
    into.copy_from_slice(&bytes[offset as usize..end as usize]);
    Ok(())
}

/// A region as an adversary has it.
#[derive(Debug)]
pub(super) struct Disk {
    bytes: Arc<Vec<u8>>,
    tree: Option<Arc<IntegrityTree>>,
    trace: Mutex<Trace>,
}

impl Disk {
    /// Bytes, and a tree that need not be theirs.
    pub(super) fn new(bytes: Arc<Vec<u8>>, tree: Option<Arc<IntegrityTree>>) -> Arc<Self> {
        Arc::new(Self { bytes, tree, trace: Mutex::default() })
    }

    /// What was read since the last time this was asked.
    pub(super) fn take_trace(&self) -> Trace {
        std::mem::take(&mut *self.trace())
    }

    fn trace(&self) -> MutexGuard<'_, Trace> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RegionSpace for Disk {
    fn size_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        read(&self.bytes, offset, into)?;
        let len = into.len() as u64;
        let mut trace = self.trace();
        trace.places.insert(Span { first: offset, count: len });
        trace.reads += 1;
        trace.bytes += len;
        Ok(())
    }

    fn integrity_nodes(
        &self,
        level: u32,
        first: u64,
        count: u64,
    ) -> Option<Result<Vec<[u8; 32]>, SpaceError>> {
        self.tree.as_ref()?.nodes(level, first, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::Extent;
    use plimsoll_kernels::{Tree, merkle_paths, merkle_root};

    #[test]
    fn a_kept_tree_gives_the_root_and_the_paths_of_the_bytes_without_reading_them() {
        for size in [1, 65_536, 65_537, 5 << 16, (7 << 16) + 9] {
            let bytes: Vec<u8> = (0..size).map(|i| (i * 31 % 251) as u8).collect();
            let tree = Arc::new(IntegrityTree::of(&bytes).unwrap());
            let bytes = Arc::new(bytes);
            let (kept, plain) = (Disk::new(Arc::clone(&bytes), Some(tree)), Disk::new(bytes, None));
            let over = Extent { offset: 0, len: size as u64 };
            let whole = Tree { kind: HashKind::Blake3, leaf_bytes: 65_536, over };
            assert_eq!(merkle_root(&*kept, &whole).unwrap(), merkle_root(&*plain, &whole).unwrap());
            assert_eq!(kept.take_trace().bytes, 0);
            assert_eq!(plain.take_trace().bytes, size as u64);
            let paths = |disk: &Disk| merkle_paths(disk, &whole, &[0]).unwrap();
            assert_eq!(paths(&kept), paths(&plain));
        }
    }

    #[test]
    fn reads_are_traced_and_bounded() {
        let disk = Disk::new(Arc::new(vec![7; 100]), None);
        let mut out = [0; 10];
        disk.read_at(20, &mut out).unwrap();
        disk.read_at(25, &mut out).unwrap();
        let trace = disk.take_trace();
        assert_eq!((trace.reads, trace.bytes, trace.places.units()), (2, 20, 15));
        assert_eq!(disk.take_trace().reads, 0);
        assert!(matches!(disk.read_at(91, &mut out), Err(SpaceError::OutOfRange { .. })));
        assert!(matches!(disk.read_at(u64::MAX, &mut out), Err(SpaceError::OutOfRange { .. })));
        assert!(disk.integrity_nodes(0, 0, 1).is_none());
    }
}
