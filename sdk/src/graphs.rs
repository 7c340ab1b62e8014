//! Labels that depend on one another: Filecoin's stacked graph, chained units, masks and walks. In a plugin
//! these are native calls into the host; elsewhere they are the slow and obvious twins.
//!
//! Which bytes come out is defined in `wit/graphs.wit` and `wit/walks.wit`.

use crate::{Digest, Extent, HashKind, Keystream, Result, Span};

#[cfg(target_family = "wasm")]
use crate::export::graphs as played_by;
#[cfg(not(target_family = "wasm"))]
use crate::graph_twins as played_by;

/// Base parents of a node of a stacked graph: the labels of its own layer.
pub const SDR_BASE_PARENTS: usize = 6;

/// Memory that the host keeps for a graph of `nodes` nodes while it fills: 56 bytes a node up to 256 MiB, no
/// table for more, and 12 bytes for each of the 2^h arguments of the permutation's round function, h being the
/// smallest with 4^h ≥ 8 × nodes. All workers share it.
#[must_use]
pub const fn sdr_graph_bytes(nodes: u32) -> u64 {
    let table = 56 * nodes as u64;
    let places = 8 * nodes as u64;
    let half_bits = (u64::BITS - places.saturating_sub(1).leading_zeros()).div_ceil(2);
    (if table > 256 << 20 { 0 } else { table }) + (12 << half_bits)
}

/// Sectors of `nodes` labels of 32 bytes in `layers` layers, one after another: label g of the plot, at 32 × g,
/// is node g mod `nodes` of layer (g / `nodes`) mod `layers` + 1 of sector g / (`nodes` × `layers`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sdr {
    /// Selects the graph.
    pub porep_id: Digest,
    /// Nodes of a layer.
    pub nodes: u32,
    /// Layers of a sector.
    pub layers: u32,
}

/// Where a label is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which sector, from 0.
    pub sector: u64,
    /// Which layer, from 1.
    pub layer: u32,
    /// Which node, from 0.
    pub node: u32,
}

impl Sdr {
    /// Bytes of a sector, all layers.
    #[must_use]
    pub const fn sector_bytes(&self) -> u64 {
        32 * self.nodes as u64 * self.layers as u64
    }

    /// Where label `label` of the plot is.
    #[must_use]
    pub const fn place(&self, label: u64) -> Place {
        let (nodes, layers) = (self.nodes as u64, self.layers as u64);
        let layer = (label / nodes % layers) as u32 + 1;
        Place { sector: label / nodes / layers, layer, node: (label % nodes) as u32 }
    }

    /// The labels of the plot that label `label` follows from, as [`sdr_label`] wants them: none, 6 or 14.
    #[must_use]
    pub fn parents(&self, label: u64) -> Vec<u64> {
        let Place { layer, node, .. } = self.place(label);
        let start = label - u64::from(node);
        let mut parents = sdr_parents(&self.porep_id, self.nodes, node);
        parents.truncate(match (node, layer) {
            (0, _) => 0,
            (_, 1) => SDR_BASE_PARENTS,
            _ => parents.len(),
        });
        let below = |at| if at < SDR_BASE_PARENTS { 0 } else { u64::from(self.nodes) };
        (0..).zip(parents).map(|(at, parent)| start + u64::from(parent) - below(at)).collect()
    }
}

/// How a unit is chained from its seed, SHA-256(key ‖ unit as eight little-endian bytes); a segment is 32 bytes.
///
/// All digests before the first are the seed. Layer 1: segment = SHA-256(the last `window` digests, the newest
/// first). Layers above: SHA-256(segment ‖ the last `window` digests, the newest first). The digests run on
/// from layer to layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// 1 to 128.
    pub layers: u32,
    /// 1 to 16.
    pub window: u32,
    /// Whether each layer goes from the last segment to the first.
    pub reverse: bool,
}

impl Chain {
    /// Blocks of SHA-256 that a unit of `unit_bytes` takes: a message of n digests has 9 bytes of padding.
    #[must_use]
    pub fn unit_blocks(&self, unit_bytes: u32) -> u64 {
        let blocks = |digests: u32| u64::from((32 * digests + 9).div_ceil(64));
        let above = blocks(self.window + 1) * u64::from(self.layers.saturating_sub(1));
        u64::from(unit_bytes / 32) * (blocks(self.window) + above)
    }
}

/// What bytes are combined with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// As many bytes of the same plot from here.
    Bytes(u64),
    /// Byte b is masked with byte b mod `unit_bytes` of the stream of unit `first_unit` + b / `unit_bytes`.
    Stream {
        /// Which.
        kind: Keystream,
        /// Its key.
        key: Digest,
        /// Bytes of a unit.
        unit_bytes: u32,
        /// The unit at the first byte.
        first_unit: u64,
    },
}

/// The way of a walk: the blocks that were read, in order, and the last state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// Indices of blocks.
    pub blocks: Vec<u64>,
    /// H(state ‖ block), of the last step.
    pub state: Digest,
}

/// What a [`crate::Plot`] can be filled with beside streams.
pub trait GraphPlot {
    /// Fills `labels`; `replica_ids` has one digest for each sector that they touch, at most 4096. What of a
    /// sector lies before the first of them must have been filled before. Takes two layers of memory, of two
    /// sectors where two whole ones are asked for.
    ///
    /// # Errors
    /// [`crate::PluginError::BadInput`] out of range or without memory, [`crate::PluginError::Storage`] for a
    /// bad disk.
    fn fill_sdr(&self, shape: &Sdr, replica_ids: &[Digest], labels: Span) -> Result<()>;

    /// Fills each unit of `units` with its chain; unit i begins at i × `unit_bytes`, which is at most 4 MiB and
    /// a multiple of 32.
    ///
    /// # Errors
    /// As [`GraphPlot::fill_sdr`].
    fn fill_chain(&self, shape: Chain, key: &Digest, unit_bytes: u32, units: Span) -> Result<()>;

    /// Writes the bytes of `source` XOR `mask` to `to`. What is written must overlap nothing that is read: a
    /// mask in place cannot be taken up again after a crash.
    ///
    /// # Errors
    /// As [`GraphPlot::fill_sdr`].
    fn combine(&self, source: Extent, mask: &Mask, to: u64) -> Result<()>;
}

/// Reads of a [`crate::Region`] that depend on one another, or are gathered.
pub trait Walks {
    /// At each step, block floor(the state's first eight bytes, little-endian, × blocks / 2^64) of `over` is
    /// read, and the state becomes H(state ‖ block). Blocks are whole, of 1 byte to 1 MiB; at most 4096 steps.
    ///
    /// # Errors
    /// [`crate::PluginError::BadInput`] out of range, [`crate::PluginError::Storage`] for a bad disk.
    fn walk(
        &self,
        kind: HashKind,
        over: Extent,
        block_bytes: u32,
        state: &Digest,
        steps: u32,
    ) -> Result<Walked>;

    /// H(nonce ‖ the bytes of all extents one after another).
    ///
    /// # Errors
    /// As [`Walks::walk`].
    fn gather_digest(&self, kind: HashKind, nonce: &[u8], at: &[Extent]) -> Result<Digest>;
}

/// The parents of `node` of `nodes`: the 6 of its own layer, then the 8 of the layer below.
#[must_use]
pub fn sdr_parents(porep_id: &Digest, nodes: u32, node: u32) -> Vec<u32> {
    played_by::sdr_parents(porep_id, nodes, node)
}

/// The label of `node` in `layer` (the first is 1) from its parents' labels, 32 bytes each: none for node 0, 6
/// in layer 1, 14 above it.
#[must_use]
pub fn sdr_label(replica_id: &Digest, layer: u32, node: u32, parents: &[u8]) -> Digest {
    played_by::sdr_label(replica_id, layer, node, parents)
}

/// The Merkle leaf of unit `unit` of `unit_bytes`, made again: leaf `unit` of `leaves`.
#[must_use]
pub fn chain_leaf(
    shape: Chain,
    key: &Digest,
    unit: u64,
    unit_bytes: u32,
    kind: HashKind,
    leaves: u64,
) -> Digest {
    played_by::chain_leaf(shape, key, unit, unit_bytes, kind, leaves)
}
