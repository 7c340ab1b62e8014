//! A region in memory that keeps the rules of the storage traits and counts what is asked of it.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use plimsoll_core::{NodePlace, PlotSpace, RegionSpace, SpaceError};
use plimsoll_kernels::{HashKind, Tree, merkle_leaf, merkle_level_above};

pub(crate) struct Memory {
    pub(crate) bytes: Mutex<Vec<u8>>,
    /// The integrity tree's levels, where the space keeps one.
    pub(crate) levels: Vec<Vec<[u8; 32]>>,
    /// Bytes read so far, nodes of the tree apart.
    pub(crate) read_bytes: AtomicU64,
    /// The largest buffer that a read or a put had.
    pub(crate) largest_bytes: AtomicUsize,
    /// Puts so far.
    pub(crate) puts: AtomicUsize,
    /// Puts after which every further one is refused.
    pub(crate) puts_left: AtomicUsize,
    /// Nodes of other trees, where the space remembers them.
    pub(crate) remembered: Option<Mutex<HashMap<NodePlace, [u8; 32]>>>,
    /// Whether the space asks for each put's bytes twice.
    pub(crate) asks_twice: bool,
}

impl Memory {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes: Mutex::new(bytes),
            levels: Vec::new(),
            read_bytes: AtomicU64::new(0),
            largest_bytes: AtomicUsize::new(0),
            puts: AtomicUsize::new(0),
            puts_left: AtomicUsize::new(usize::MAX),
            remembered: None,
            asks_twice: false,
        }
    }

    /// With the integrity tree that a store would keep.
    pub(crate) fn with_tree(bytes: Vec<u8>) -> Self {
        let tree = Tree::integrity(bytes.len() as u64);
        let leaf = |(index, bytes): (usize, &[u8])| {
            merkle_leaf(tree.kind, tree.leaf_bytes, tree.leaves(), index as u64, bytes).unwrap()
        };
        let mut level: Vec<_> = bytes.chunks(tree.leaf_bytes as usize).enumerate().map(leaf).collect();
        let mut levels = vec![level.iter().map(|node| node.0).collect()];
        while level.len() > 1 {
            level = merkle_level_above(HashKind::Blake3, &level, level.len() as u64);
            levels.push(level.iter().map(|node| node.0).collect());
        }
        Self { levels, ..Self::new(bytes) }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    fn range(&self, offset: u64, len: usize) -> Result<std::ops::Range<usize>, SpaceError> {
        self.largest_bytes.fetch_max(len, Ordering::Relaxed);
        let size_bytes = self.size_bytes();
        match offset.checked_add(len as u64) {
            Some(end) if end <= size_bytes => Ok(offset as usize..end as usize),
            _ => Err(SpaceError::OutOfRange { offset, len: len as u64, size_bytes }),
        }
    }
}

impl RegionSpace for Memory {
    fn size_bytes(&self) -> u64 {
        self.bytes.lock().unwrap().len() as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        let range = self.range(offset, into.len())?;
        self.read_bytes.fetch_add(into.len() as u64, Ordering::Relaxed);
        into.copy_from_slice(&self.bytes.lock().unwrap()[range]);
        Ok(())
    }

    fn integrity_nodes(
        &self,
        level: u32,
        first: u64,
        count: u64,
    ) -> Option<Result<Vec<[u8; 32]>, SpaceError>> {
        let level = self.levels.get(level as usize);
        if self.levels.is_empty() {
            return None;
        }
        let nodes = level.and_then(|level| level.get(first as usize..(first + count) as usize));
        Some(nodes.map(<[_]>::to_vec).ok_or_else(|| SpaceError::Refused(format!("no nodes at {first}"))))
    }

    fn remembered_node(&self, place: &NodePlace) -> Option<[u8; 32]> {
        self.remembered.as_ref()?.lock().unwrap().get(place).copied()
    }

    fn remember_node(&self, place: NodePlace, node: [u8; 32]) {
        if let Some(remembered) = &self.remembered {
            remembered.lock().unwrap().insert(place, node);
        }
    }
}

impl PlotSpace for Memory {
    fn put(&self, offset: u64, len: usize, write: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError> {
        assert!(len <= <dyn PlotSpace>::LARGEST_PUT_BYTES, "a put of {len} bytes");
        let range = self.range(offset, len)?;
        self.puts.fetch_add(1, Ordering::Relaxed);
        if self.puts_left.fetch_sub(1, Ordering::Relaxed) == 0 {
            self.puts_left.store(0, Ordering::Relaxed);
            return Err(SpaceError::Cancelled);
        }
        // What a lent buffer holds is unspecified: rubbish finds a kernel that relies on it.
        let mut buffer = vec![0xA5; len];
        if self.asks_twice {
            write(&mut buffer);
            buffer.fill(0x5A);
        }
        write(&mut buffer);
        self.bytes.lock().unwrap()[range].copy_from_slice(&buffer);
        Ok(())
    }
}

/// Bytes that differ from place to place.
pub(crate) fn some_bytes(len: usize, seed: u8) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
    bytes
}
