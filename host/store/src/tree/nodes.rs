//! Nodes on the disk.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use plimsoll_core::Digest;
use plimsoll_kernels::{HashKind, merkle_level_above};

use crate::{Geometry, NODE_BYTES};

const NODE: usize = NODE_BYTES as usize;

/// Nodes of one level that are in memory at once: 1 MiB. Even, so that pairs stay together.
pub(crate) const NODES_A_STEP: u64 = 1 << 15;

/// A leaf that is not known. No input is known whose chaining value is zero.
pub(crate) const UNKNOWN: Digest = Digest([0; 32]);

/// Reads nodes `first..first + count` of `level`, which are there.
pub(crate) fn read_nodes(
    file: &File,
    geometry: &Geometry,
    level: u32,
    first: u64,
    count: u64,
) -> io::Result<Vec<Digest>> {
    let mut nodes = vec![[0; NODE]; count as usize];
    file.read_exact_at(nodes.as_flattened_mut(), geometry.node_offset(level, first))?;
    Ok(nodes.into_iter().map(Digest).collect())
}

/// Writes nodes from `first` of `level`.
pub(crate) fn write_nodes(
    file: &File,
    geometry: &Geometry,
    level: u32,
    first: u64,
    nodes: &[Digest],
) -> io::Result<()> {
    let bytes: Vec<[u8; NODE]> = nodes.iter().map(|node| node.0).collect();
    file.write_all_at(bytes.as_flattened(), geometry.node_offset(level, first))
}

/// The nodes above a run of `level` that begins with an even node.
pub(crate) fn level_above(geometry: &Geometry, level: u32, below: &[Digest]) -> Vec<Digest> {
    merkle_level_above(HashKind::Blake3, below, geometry.tree().nodes_at(level))
}
