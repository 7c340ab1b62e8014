//! Leaves of the integrity tree, written while their bytes are still hot.
//!
//! A leaf on the disk is either the chaining value of what was last put into its whole group, or zero, which
//! means "not known": whatever covers only a part of a group makes its leaf zero again. Leaves become durable
//! by the same sync as the bytes they stand for; whoever completes the tree reads the groups of zero leaves.

use plimsoll_core::{Digest, SpaceError};

use super::PlotFile;
use crate::GROUP_BYTES;
use crate::error::device;
use crate::tree::{UNKNOWN, leaf_of, write_nodes};

/// Notes `bytes`, just put at `offset`: whole groups get their leaf, parts of groups lose it.
pub(super) fn note(file: &PlotFile, offset: u64, bytes: &[u8]) -> Result<(), SpaceError> {
    let geometry = file.geometry();
    let end = offset + bytes.len() as u64;
    let (first, last) = (offset / GROUP_BYTES, (end - 1) / GROUP_BYTES);
    let nodes: Vec<Digest> = (first..=last)
        .map(|index| {
            let group = geometry.group(index);
            if group.offset < offset || group.offset + group.len > end {
                return UNKNOWN;
            }
            let at = (group.offset - offset) as usize;
            leaf_of(geometry, index, &bytes[at..at + group.len as usize])
        })
        .collect();
    write_nodes(file.cached(), geometry, 0, first, &nodes)
        .map_err(|e| device(file.path(), offset, bytes.len() as u64, &e))
}
