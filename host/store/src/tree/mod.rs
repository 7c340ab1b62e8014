//! The integrity tree: BLAKE3 over the region in groups of 64 KiB, kept behind the region level by level.
//!
//! Its root is the plain BLAKE3 of the region, so that `b3sum` of the region's bytes agrees with the header.

mod groups;
mod nodes;

mod complete;

pub(crate) use complete::complete;
pub(crate) use groups::{FROM_CACHE, FROM_DISK, leaf_of, leaves_by_lending, leaves_by_reading};
pub(crate) use nodes::{NODES_A_STEP, UNKNOWN, level_above, read_nodes, write_nodes};
