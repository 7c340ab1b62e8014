//! The scheme's commitment, made again from the bytes on the disk.

use std::sync::Arc;

use plimsoll_core::{Digest, NodePlace, RegionSpace, SpaceError};
use plimsoll_plugin::Scheme;
use plimsoll_store::{CancelFlag, Plot};

use crate::NodeError;

/// What `scheme` commits to over the region of `plot`, which it has filled. The integrity tree was found whole
/// before: a scheme that uses it gets what the bytes are.
pub(super) fn recomputed(
    plot: &Plot,
    scheme: &Scheme,
    cancel: &CancelFlag,
) -> Result<Option<Digest>, NodeError> {
    let spec = &plot.header().spec;
    let region = Arc::new(Stoppable { region: plot.region(), cancel: cancel.clone() });
    Ok(scheme.instance()?.commit(region, &spec.identity, &spec.layout)?)
}

/// A region that cannot be read any more once somebody wants to stop.
struct Stoppable {
    region: Arc<dyn RegionSpace>,
    cancel: CancelFlag,
}

impl RegionSpace for Stoppable {
    fn size_bytes(&self) -> u64 {
        self.region.size_bytes()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        if self.cancel.is_cancelled() {
            return Err(SpaceError::Cancelled);
        }
        self.region.read_at(offset, into)
    }

    fn integrity_nodes(
        &self,
        level: u32,
        first: u64,
        count: u64,
    ) -> Option<Result<Vec<[u8; 32]>, SpaceError>> {
        self.region.integrity_nodes(level, first, count)
    }

    fn remembered_node(&self, place: &NodePlace) -> Option<[u8; 32]> {
        self.region.remembered_node(place)
    }

    fn remember_node(&self, place: NodePlace, node: [u8; 32]) {
        self.region.remember_node(place, node);
    }
}
