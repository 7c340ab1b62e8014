//! Filling a plot with sectors: all layers of a sector one after another, sector after sector.

use std::array;
use std::ops::Range;

use plimsoll_core::{Digest, Extent, PlotSpace};

use super::sdr_label::Label;
use super::sdr_layer::{By, Layer};
use super::sdr_table::SdrParents;
use crate::digests::each_read;
use crate::error::KernelError;
use crate::puts::{LARGEST_PUT_BYTES, check_extent};

/// Bytes of a label.
const LABEL_BYTES: u64 = 32;

/// Labels that are written together.
const LABELS_A_PUT: u32 = (LARGEST_PUT_BYTES / LABEL_BYTES) as u32;

/// Sectors that are filled side by side where whole ones are asked for: two keep the processor's SHA-256 unit
/// busy.
const SIDE_BY_SIDE: usize = 2;

/// How sectors lie in a plot: label g of the plot, 32 bytes at 32 × g, is node g mod `nodes` of layer
/// (g / `nodes`) mod `layers` + 1 of sector g / (`nodes` × `layers`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sdr {
    /// Nodes of a layer.
    pub nodes: u32,
    /// Layers of a sector.
    pub layers: u32,
}

impl Sdr {
    /// Labels of a sector, all layers together.
    #[must_use]
    pub const fn labels(&self) -> u64 {
        self.nodes as u64 * self.layers as u64
    }

    /// The sectors that `count` labels from label `first` touch.
    ///
    /// # Errors
    /// [`KernelError::BadInput`] for sectors without labels.
    pub fn sectors(&self, first: u64, count: u64) -> Result<Range<u64>, KernelError> {
        let Self { nodes, layers } = self;
        if self.labels() == 0 {
            return Err(KernelError::BadInput(format!(
                "sectors of {nodes} nodes in {layers} layers: both must be 1 or more"
            )));
        }
        let end = first.saturating_add(count).div_ceil(self.labels());
        Ok(first / self.labels()..if count == 0 { first / self.labels() } else { end })
    }

    /// Whether `count` labels from label `first`, and the whole of each sector that they touch, lie inside of
    /// a plot of `size_bytes`: which sectors.
    ///
    /// # Errors
    /// As [`Sdr::sectors`]; [`KernelError::Space`] for what is outside.
    pub fn check_in(&self, size_bytes: u64, first: u64, count: u64) -> Result<Range<u64>, KernelError> {
        let bytes = first.checked_mul(LABEL_BYTES).zip(count.checked_mul(LABEL_BYTES));
        let (offset, len) = bytes.unwrap_or((u64::MAX, u64::MAX));
        check_extent(size_bytes, Extent { offset, len })?;
        let sectors = self.sectors(first, count)?;
        let stack_bytes = self.labels().saturating_mul(LABEL_BYTES);
        let offset = sectors.start.saturating_mul(stack_bytes);
        let len = (sectors.end - sectors.start).saturating_mul(stack_bytes);
        check_extent(size_bytes, Extent { offset, len })?;
        Ok(sectors)
    }

    /// Whether there is one replica id for each of the `sectors`.
    ///
    /// # Errors
    /// [`KernelError::BadInput`] with both numbers.
    pub fn check_ids(sectors: &Range<u64>, replica_ids: usize) -> Result<(), KernelError> {
        if replica_ids as u64 == sectors.end - sectors.start {
            return Ok(());
        }
        Err(KernelError::BadInput(format!(
            "{replica_ids} replica ids for sectors {} to {}: one for each is needed",
            sectors.start, sectors.end
        )))
    }

    /// Memory that [`fill_sdr`] takes for whole sectors, two at a time if there are several; the graph, which
    /// is shared, not counted.
    #[must_use]
    pub const fn memory_bytes(&self, sectors: u64) -> u64 {
        let side_by_side = if sectors < SIDE_BY_SIDE as u64 { sectors } else { SIDE_BY_SIDE as u64 };
        2 * LABEL_BYTES * self.nodes as u64 * side_by_side
    }
}

/// Fills `count` labels of the plot from label `first`; `replica_ids` has one entry for each sector that they
/// touch. Idempotent. What of the sector lies before `first` (the rest of its layer, and the layer below) must
/// have been filled before, and is read.
///
/// # Errors
/// As [`Sdr::check_in`]; [`KernelError::BadInput`] for a graph of another number of nodes, another number of
/// replica ids, or no memory; [`KernelError::Space`] as the plot says.
pub fn fill_sdr(
    plot: &dyn PlotSpace,
    parents: &SdrParents,
    shape: Sdr,
    replica_ids: &[Digest],
    first: u64,
    count: u64,
) -> Result<(), KernelError> {
    let sectors = shape.check_in(plot.size_bytes(), first, count)?;
    if parents.graph().nodes() != shape.nodes {
        let (found, expected) = (parents.graph().nodes(), shape.nodes);
        return Err(KernelError::BadInput(format!("a graph of {found} nodes for sectors of {expected}")));
    }
    Sdr::check_ids(&sectors, replica_ids.len())?;
    let (labels, end) = (shape.labels(), first + count);
    let (mut at, mut ids) = (first, replica_ids);
    while at < end {
        let start = at - at % labels;
        if let ([one, other, rest @ ..], true, true) = (ids, at == start, end - at >= 2 * labels) {
            let starts = [at, at + labels];
            Stack::new(plot, parents, shape, [one, other], starts)?.fill(0..labels)?;
            (at, ids) = (at + 2 * labels, rest);
        } else if let [id, rest @ ..] = ids {
            let to = end.min(start + labels);
            Stack::new(plot, parents, shape, [id], [start])?.fill(at - start..to - start)?;
            (at, ids) = (to, rest);
        }
    }
    Ok(())
}

/// Sectors that are filled side by side, with two layers of each in memory.
struct Stack<'a, const LANES: usize> {
    plot: &'a dyn PlotSpace,
    parents: &'a SdrParents,
    shape: Sdr,
    replica_ids: [&'a Digest; LANES],
    /// The first label of each sector.
    starts: [u64; LANES],
    below: [Vec<Label>; LANES],
    current: [Vec<Label>; LANES],
}

impl<'a, const LANES: usize> Stack<'a, LANES> {
    fn new(
        plot: &'a dyn PlotSpace,
        parents: &'a SdrParents,
        shape: Sdr,
        replica_ids: [&'a Digest; LANES],
        starts: [u64; LANES],
    ) -> Result<Self, KernelError> {
        let (mut below, mut current) = (array::from_fn(|_| Vec::new()), array::from_fn(|_| Vec::new()));
        for layer in below.iter_mut().chain(&mut current) {
            reserve(layer, shape.nodes)?;
        }
        Ok(Self { plot, parents, shape, replica_ids, starts, below, current })
    }

    /// Fills the labels `run` of each sector, counted from the sector's first.
    fn fill(&mut self, run: Range<u64>) -> Result<(), KernelError> {
        let nodes = u64::from(self.shape.nodes);
        let (mut layer, mut first) = ((run.start / nodes) as u32, (run.start % nodes) as u32);
        if layer > 0 {
            self.read_below(layer - 1)?;
        }
        self.read_current(layer, first)?;
        let mut at = run.start;
        while at < run.end {
            let end = (u64::from(first) + (run.end - at)).min(nodes) as u32;
            self.fill_layer(layer, first..end)?;
            at += u64::from(end - first);
            std::mem::swap(&mut self.below, &mut self.current);
            (layer, first) = (layer + 1, 0);
        }
        Ok(())
    }

    /// Labels and stores nodes of `layer`, counted from 0.
    fn fill_layer(&mut self, layer: u32, nodes: Range<u32>) -> Result<(), KernelError> {
        let Self { plot, parents, replica_ids, below, current, .. } = self;
        let below = below.each_ref().map(|labels| if layer == 0 { &[][..] } else { &labels[..] });
        let making = Layer { parents, replica_ids: *replica_ids, number: layer + 1, below };
        let mut labels = current.each_mut().map(|labels| &mut labels[..]);
        let mut at = nodes.start;
        while at < nodes.end {
            let end = (at - at % LABELS_A_PUT).saturating_add(LABELS_A_PUT).min(nodes.end);
            making.label(By::Best, &mut labels, at, end);
            for (labels, start) in labels.iter().zip(self.starts) {
                let place = start + u64::from(layer) * u64::from(self.shape.nodes) + u64::from(at);
                let new = &labels[at as usize..end as usize];
                plot.put(place * LABEL_BYTES, size_of_val(new), &mut |buffer| {
                    for (bytes, label) in buffer.as_chunks_mut().0.iter_mut().zip(Label::bytes(new)) {
                        *bytes = *label;
                    }
                })?;
            }
            at = end;
        }
        Ok(())
    }

    fn read_below(&mut self, layer: u32) -> Result<(), KernelError> {
        for (labels, start) in self.below.iter_mut().zip(self.starts) {
            read(self.plot, labels, start + u64::from(layer) * u64::from(self.shape.nodes))?;
        }
        Ok(())
    }

    fn read_current(&mut self, layer: u32, nodes: u32) -> Result<(), KernelError> {
        for (labels, start) in self.current.iter_mut().zip(self.starts) {
            let first = start + u64::from(layer) * u64::from(self.shape.nodes);
            read(self.plot, &mut labels[..nodes as usize], first)?;
        }
        Ok(())
    }
}

/// Makes room for the labels of a layer.
fn reserve(layer: &mut Vec<Label>, nodes: u32) -> Result<(), KernelError> {
    layer.try_reserve_exact(nodes as usize).map_err(|_| {
        let bytes = u64::from(nodes) * LABEL_BYTES;
        KernelError::BadInput(format!("no memory for a layer of {bytes} bytes: smaller sectors take less"))
    })?;
    layer.resize(nodes as usize, Label::default());
    Ok(())
}

/// Reads labels back that were stored from label `first` of the plot.
fn read(plot: &dyn PlotSpace, labels: &mut [Label], first: u64) -> Result<(), KernelError> {
    let over = Extent { offset: first * LABEL_BYTES, len: size_of_val(labels) as u64 };
    let mut rest = labels.iter_mut();
    let region: &dyn plimsoll_core::RegionSpace = plot;
    let mut piece = Vec::new();
    each_read(region, over, &mut piece, |bytes| {
        for (bytes, label) in bytes.as_chunks().0.iter().zip(rest.by_ref()) {
            label.0 = *bytes;
        }
    })
}
