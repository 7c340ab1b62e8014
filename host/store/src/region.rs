//! Reading a region by `pread` only: a file that is cut short under a reader is an error, never a signal.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::{NodePlace, RegionSpace, SpaceError};

use crate::error::device;
use crate::lock::PlotLock;
use crate::tree::read_nodes;
use crate::{Geometry, NODE_BYTES};

/// Nodes that one call may ask for: 32 MiB.
const MOST_NODES: u64 = 1 << 20;
/// Nodes that a sealed plot remembers of other trees: some 6 MiB.
const MOST_REMEMBERED: usize = 1 << 16;

pub(crate) fn check_range(size_bytes: u64, offset: u64, len: usize) -> Result<(), SpaceError> {
    let len = len as u64;
    if offset.checked_add(len).is_none_or(|end| end > size_bytes) {
        return Err(SpaceError::OutOfRange { offset, len, size_bytes });
    }
    Ok(())
}

/// Nodes of the tree on the disk, as they are: whoever trusts them folds them up to a root that is known.
pub(crate) fn integrity_nodes(
    file: &File,
    path: &Path,
    geometry: &Geometry,
    level: u32,
    first: u64,
    count: u64,
) -> Result<Vec<[u8; 32]>, SpaceError> {
    let tree = geometry.tree();
    let there = if level < tree.levels() { tree.nodes_at(level) } else { 0 };
    if first.checked_add(count).is_none_or(|end| end > there) {
        return Err(SpaceError::Refused(format!(
            "{}: nodes {first}..{} of level {level}: there are {there}",
            path.display(),
            first.saturating_add(count)
        )));
    }
    if count > MOST_NODES {
        return Err(SpaceError::Refused(format!("{count} nodes in one call: at most {MOST_NODES}")));
    }
    let offset = geometry.node_offset(level, first);
    read_nodes(file, geometry, level, first, count)
        .map(|nodes| nodes.into_iter().map(|node| node.0).collect())
        .map_err(|e| device(path, offset, count * NODE_BYTES, &e))
}

/// The region of a sealed plot. Holds the plot's lock.
#[derive(Debug)]
pub(crate) struct SealedRegion {
    pub(crate) file: Arc<File>,
    pub(crate) path: PathBuf,
    pub(crate) geometry: Geometry,
    /// A row that rots afterwards still fails its proof, for the leaf that is opened is read from the disk.
    pub(crate) remembered: Remembered,
    #[expect(dead_code, reason = "held for as long as somebody may read")]
    pub(crate) lock: Arc<PlotLock>,
}

/// Nodes of trees that schemes build over parts of the region; none any more once a repair has written there.
pub(crate) type Remembered = Mutex<Option<HashMap<NodePlace, [u8; 32]>>>;

impl SealedRegion {
    /// Forgets all nodes, and remembers none from now on: a reader that began before a repair's write could still
    /// offer a node of the old bytes.
    pub(crate) fn forget_nodes(&self) {
        *self.remembered.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl RegionSpace for SealedRegion {
    fn size_bytes(&self) -> u64 {
        self.geometry.region_bytes
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        check_range(self.geometry.region_bytes, offset, into.len())?;
        self.file
            .read_exact_at(into, self.geometry.region_offset + offset)
            .map_err(|e| device(&self.path, offset, into.len() as u64, &e))
    }

    fn integrity_nodes(
        &self,
        level: u32,
        first: u64,
        count: u64,
    ) -> Option<Result<Vec<[u8; 32]>, SpaceError>> {
        Some(integrity_nodes(&self.file, &self.path, &self.geometry, level, first, count))
    }

    fn remembered_node(&self, place: &NodePlace) -> Option<[u8; 32]> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.get(place).copied()
    }

    fn remember_node(&self, place: NodePlace, node: [u8; 32]) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(nodes) = remembered.as_mut().filter(|nodes| nodes.len() < MOST_REMEMBERED) {
            nodes.insert(place, node);
        }
    }
}
