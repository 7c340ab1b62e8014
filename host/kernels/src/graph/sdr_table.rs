//! The parents of all nodes, computed once and shared by layers, sectors and threads.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use plimsoll_core::Digest;

use super::sdr_expander::Rounds;
use super::sdr_graph::{SDR_PARENTS, SdrGraph};
use crate::error::KernelError;

/// Parents of one node: the base ones first.
pub(super) type Row = [u32; SDR_PARENTS];

/// Rows that are computed together where there is no table.
pub(super) const WINDOW_ROWS: u32 = 4096;

/// A graph with what makes its parents fast: the round function's values, and a table of all parents where
/// that is not too large.
#[derive(Debug)]
pub struct SdrParents {
    porep_id: Digest,
    graph: SdrGraph,
    rounds: Rounds,
    /// Empty where there is none.
    table: Vec<Row>,
}

/// The graphs in use.
static IN_USE: Mutex<Vec<Weak<SdrParents>>> = Mutex::new(Vec::new());

impl SdrParents {
    /// The most bytes of a table: enough for sectors of 128 MiB. Above that, each layer computes the parents
    /// anew, which takes a fifth of its time.
    pub const LARGEST_TABLE_BYTES: u64 = 256 << 20;

    /// Prepares the graph of `porep_id` over `nodes` nodes.
    ///
    /// # Errors
    /// As [`SdrGraph::new`]; [`KernelError::BadInput`] where there is no memory for the table.
    pub fn new(porep_id: &Digest, nodes: u32) -> Result<Self, KernelError> {
        let mut prepared = Self::untabled(porep_id, nodes)?;
        let bytes = Self::table_bytes(nodes);
        if bytes > 0 {
            let table = &mut prepared.table;
            table.try_reserve_exact(nodes as usize).map_err(|_| {
                KernelError::BadInput(format!("no memory for {bytes} bytes of a graph's parents"))
            })?;
            table.resize(nodes as usize, [0; SDR_PARENTS]);
            prepared.graph.write_parents(&prepared.rounds, 0, table);
        }
        Ok(prepared)
    }

    /// Without a table, whatever the size.
    pub(super) fn untabled(porep_id: &Digest, nodes: u32) -> Result<Self, KernelError> {
        let graph = SdrGraph::new(porep_id, nodes)?;
        let rounds = graph.rounds();
        Ok(Self { porep_id: *porep_id, graph, rounds, table: Vec::new() })
    }

    /// The same, shared with whoever uses it at the moment; who comes while it is being prepared waits for it.
    ///
    /// # Errors
    /// As [`SdrParents::new`].
    pub fn shared(porep_id: &Digest, nodes: u32) -> Result<Arc<Self>, KernelError> {
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.retain(|graph| graph.strong_count() > 0);
        if let Some(graph) = Self::among(&in_use, porep_id, nodes) {
            return Ok(graph);
        }
        let graph = Arc::new(Self::new(porep_id, nodes)?);
        in_use.push(Arc::downgrade(&graph));
        Ok(graph)
    }

    /// The one that [`SdrParents::shared`] would give, if anybody uses it.
    #[must_use]
    pub fn in_use(porep_id: &Digest, nodes: u32) -> Option<Arc<Self>> {
        Self::among(&IN_USE.lock().unwrap_or_else(PoisonError::into_inner), porep_id, nodes)
    }

    fn among(in_use: &[Weak<Self>], porep_id: &Digest, nodes: u32) -> Option<Arc<Self>> {
        in_use.iter().filter_map(Weak::upgrade).find(|graph| graph.is_of(porep_id, nodes))
    }

    /// Bytes that the table takes; 0 where it would be too large.
    #[must_use]
    pub const fn table_bytes(nodes: u32) -> u64 {
        let bytes = nodes as u64 * size_of::<Row>() as u64;
        if bytes > Self::LARGEST_TABLE_BYTES { 0 } else { bytes }
    }

    /// Whether it is the graph of `porep_id` over `nodes` nodes.
    #[must_use]
    pub fn is_of(&self, porep_id: &Digest, nodes: u32) -> bool {
        self.porep_id == *porep_id && self.graph.nodes() == nodes
    }

    /// The graph.
    #[must_use]
    pub const fn graph(&self) -> &SdrGraph {
        &self.graph
    }

    /// The rows of nodes `first` to `first` + `count` - 1, from the table or through `window`. At most
    /// [`WINDOW_ROWS`].
    pub(super) fn rows<'a>(&'a self, first: u32, count: u32, window: &'a mut Vec<Row>) -> &'a [Row] {
        if let Some(rows) = self.table.get(first as usize..(first + count) as usize) {
            return rows;
        }
        window.resize(count as usize, [0; SDR_PARENTS]);
        self.graph.write_parents(&self.rounds, first, window);
        window
    }
}
