//! The host's graphs and walks: its pure kernels as the plugin calls them, its handles as [`GraphPlot`] and
//! [`Walks`].

use super::convert::digest;
use super::handles::{hash_kind, keystream};
use crate::bindings::imports::{graph_plots, graphs, storage, types, walks};
use crate::graphs::{Chain, GraphPlot, Mask, Sdr, Walked, Walks};
use crate::{Digest, Extent, HashKind, Result, Span};

const fn chain(shape: Chain) -> graphs::Chain {
    let Chain { layers, window, reverse } = shape;
    graphs::Chain { layers, window, reverse }
}

/// The host promises 32 bytes; a trap is the right answer where it breaks that.
#[cfg(target_family = "wasm")]
fn promised(bytes: &[u8]) -> Digest {
    digest(bytes).unwrap_or_else(|error| panic!("a host kernel gave {error}"))
}

#[cfg(target_family = "wasm")]
pub(crate) fn sdr_parents(porep_id: &Digest, nodes: u32, node: u32) -> Vec<u32> {
    graphs::sdr_parents(porep_id, nodes, node)
}

#[cfg(target_family = "wasm")]
pub(crate) fn sdr_label(replica_id: &Digest, layer: u32, node: u32, parents: &[u8]) -> Digest {
    promised(&graphs::sdr_label(replica_id, layer, node, parents))
}

#[cfg(target_family = "wasm")]
pub(crate) fn chain_leaf(
    shape: Chain,
    key: &Digest,
    unit: u64,
    unit_bytes: u32,
    kind: HashKind,
    leaves: u64,
) -> Digest {
    promised(&graphs::chain_leaf(chain(shape), key, unit, unit_bytes, hash_kind(kind), leaves))
}

impl GraphPlot for storage::Plot {
    fn fill_sdr(&self, shape: &Sdr, replica_ids: &[Digest], labels: Span) -> Result<()> {
        let Sdr { porep_id, nodes, layers } = *shape;
        let shape = graph_plots::Sdr { porep_id: porep_id.to_vec(), nodes, layers };
        let replica_ids: Vec<Vec<u8>> = replica_ids.iter().map(|id| id.to_vec()).collect();
        Ok(graph_plots::fill_sdr(self, &shape, &replica_ids, labels.into())?)
    }

    fn fill_chain(&self, shape: Chain, key: &Digest, unit_bytes: u32, units: Span) -> Result<()> {
        Ok(graph_plots::fill_chain(self, chain(shape), key, unit_bytes, units.into())?)
    }

    fn combine(&self, source: Extent, mask: &Mask, to: u64) -> Result<()> {
        let source: types::Extent = source.into();
        match *mask {
            Mask::Bytes(offset) => graph_plots::combine_bytes(self, source, offset, to)?,
            Mask::Stream { kind, ref key, unit_bytes, first_unit } => {
                graph_plots::combine_stream(self, source, keystream(kind), key, unit_bytes, first_unit, to)?;
            }
        }
        Ok(())
    }
}

impl Walks for storage::Region {
    fn walk(
        &self,
        kind: HashKind,
        over: Extent,
        block_bytes: u32,
        state: &Digest,
        steps: u32,
    ) -> Result<Walked> {
        let walked = walks::walk(self, hash_kind(kind), over.into(), block_bytes, state, steps)?;
        Ok(Walked { blocks: walked.blocks, state: digest(&walked.state)? })
    }

    fn gather_digest(&self, kind: HashKind, nonce: &[u8], at: &[Extent]) -> Result<Digest> {
        let at: Vec<types::Extent> = at.iter().map(|&at| at.into()).collect();
        digest(&walks::gather_digest(self, hash_kind(kind), nonce, &at)?)
    }
}
