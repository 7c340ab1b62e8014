//! Completing the tree of a plot: leaves that are not known are made by reading, then every level above.

use std::fs::File;
use std::io;
use std::path::Path;

use plimsoll_core::{Digest, SpaceError};

use super::{FROM_DISK, NODES_A_STEP, UNKNOWN, leaves_by_reading, level_above, read_nodes, write_nodes};
use crate::CancelFlag;
use crate::error::{StoreError, device};
use crate::{GROUP_BYTES, Geometry};

/// Groups between two looks at the flag: 64 MiB of the region.
const GROUPS_A_STEP: u64 = (64 << 20) / GROUP_BYTES;

/// Makes every leaf, or with `trust` only those that are zero, then all levels above; gives the root.
pub(crate) fn complete(
    file: &File,
    path: &Path,
    geometry: &Geometry,
    trust: bool,
    cancel: &CancelFlag,
    read: impl Fn(u64, usize, &mut [u8]) -> Result<(), SpaceError> + Sync,
) -> Result<Digest, StoreError> {
    let groups = geometry.groups();
    for first in (0..groups).step_by(GROUPS_A_STEP as usize) {
        if cancel.is_cancelled() {
            return Err(StoreError::Cancelled);
        }
        let count = GROUPS_A_STEP.min(groups - first);
        let mut leaves = if trust {
            read_nodes(file, geometry, 0, first, count).map_err(StoreError::io(path, "read the tree"))?
        } else {
            vec![UNKNOWN; count as usize]
        };
        let mut changed = false;
        for run in unknown_runs(&leaves) {
            let made =
                leaves_by_reading(geometry, first + run.start as u64, run.len() as u64, FROM_DISK, &read);
            for (index, leaf) in run.zip(made) {
                leaves[index] = leaf?;
                changed = true;
            }
        }
        if changed {
            write_nodes(file, geometry, 0, first, &leaves).map_err(write_error(path))?;
        }
    }
    raise(file, path, geometry)
}

fn unknown_runs(leaves: &[Digest]) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for (index, leaf) in leaves.iter().enumerate() {
        match runs.last_mut() {
            _ if *leaf != UNKNOWN => {}
            Some(run) if run.end == index => run.end += 1,
            _ => runs.push(index..index + 1),
        }
    }
    runs
}

fn write_error(path: &Path) -> impl Fn(io::Error) -> StoreError {
    move |e| device(path, 0, 0, &e).into()
}

/// Makes every level above the leaves from the one below it; gives the root.
fn raise(file: &File, path: &Path, geometry: &Geometry) -> Result<Digest, StoreError> {
    let tree = geometry.tree();
    let top = tree.levels() - 1;
    for level in 0..top {
        let nodes = tree.nodes_at(level);
        for first in (0..nodes).step_by(NODES_A_STEP as usize) {
            let count = NODES_A_STEP.min(nodes - first);
            let below = read_nodes(file, geometry, level, first, count)
                .map_err(StoreError::io(path, "read the tree"))?;
            let above = level_above(geometry, level, &below);
            write_nodes(file, geometry, level + 1, first / 2, &above).map_err(write_error(path))?;
        }
    }
    let root = read_nodes(file, geometry, top, 0, 1).map_err(StoreError::io(path, "read the tree"))?;
    Ok(root[0])
}
