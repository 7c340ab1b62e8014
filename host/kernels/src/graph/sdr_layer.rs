//! A run of nodes of one layer, for one sector or for several of the same graph side by side.

use plimsoll_core::Digest;

use super::sdr_base::BASE;
use super::sdr_label::{Label, Labeller, Portable, header};
use super::sdr_table::{Row, SdrParents, WINDOW_ROWS};
use crate::graph::sdr_graph::SDR_PARENTS;
#[cfg(target_arch = "x86_64")]
use crate::simd::ShaNi;

/// Nodes between asking for a label and reading it: a label takes about seven reads of memory.
const AHEAD: usize = 3;

/// What a layer is made from.
pub(super) struct Layer<'a, const LANES: usize> {
    pub(super) parents: &'a SdrParents,
    /// One sector each.
    pub(super) replica_ids: [&'a Digest; LANES],
    /// The first is 1.
    pub(super) number: u32,
    /// The labels of the layer below; empty in layer 1.
    pub(super) below: [&'a [Label]; LANES],
}

/// Which implementation; all give the same labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The processor's own instructions where it has them.
    Best,
    /// The `sha2` crate.
    #[cfg(test)]
    Portable,
}

impl<const LANES: usize> Layer<'_, LANES> {
    /// Labels nodes `first` to `end` - 1 of `labels`, whose earlier nodes are labelled.
    pub(super) fn label(&self, by: By, labels: &mut [&mut [Label]; LANES], first: u32, end: u32) {
        match by {
            #[cfg(target_arch = "x86_64")]
            By::Best if let Some(machine) = ShaNi::detect() => self.label_by(machine, labels, first, end),
            _ => self.label_by(Portable, labels, first, end),
        }
    }

    fn label_by(&self, by: impl Labeller, labels: &mut [&mut [Label]; LANES], first: u32, end: u32) {
        let mut window = Vec::new();
        let mut at = first;
        while at < end {
            let count = WINDOW_ROWS.min(end - at);
            let rows = self.parents.rows(at, count, &mut window);
            if self.number == 1 {
                self.label_rows::<BASE>(by, labels, at, rows);
            } else {
                self.label_rows::<SDR_PARENTS>(by, labels, at, rows);
            }
            at += count;
        }
    }

    fn label_rows<const PARENTS: usize>(
        &self,
        by: impl Labeller,
        labels: &mut [&mut [Label]; LANES],
        first: u32,
        rows: &[Row],
    ) {
        let mut states = by.headers(&self.headers(first));
        for (node, (at, row)) in (first..).zip(rows.iter().enumerate()) {
            if let Some(later) = rows.get(at + AHEAD) {
                self.ask_for::<PARENTS>(by, labels, later);
            }
            let next = self.headers(node.wrapping_add(1));
            let new;
            if node == 0 {
                let replica_ids = self.replica_ids;
                new = replica_ids.map(|id| self.lonely_label(id));
                states = by.headers(&next);
            } else {
                let done = labels.each_ref().map(|labels| &labels[..node as usize]);
                let parents = std::array::from_fn(|lane| {
                    std::array::from_fn(|parent| {
                        let index = row[parent] as usize;
                        if parent < BASE { &done[lane][index] } else { &self.below[lane][index] }
                    })
                });
                (new, states) = by.labels::<LANES, PARENTS>(&states, &parents, &next);
            }
            for (labels, new) in labels.iter_mut().zip(new) {
                labels[node as usize] = new;
            }
        }
    }

    /// The first node's label: it has no parents.
    fn lonely_label(&self, replica_id: &Digest) -> Label {
        let digest = crate::digest_of(crate::HashKind::Sha256, &header(replica_id, self.number, 0));
        let mut label = Label(digest.0);
        label.0[31] &= 0x3f;
        label
    }

    fn headers(&self, node: u32) -> [[u8; 64]; LANES] {
        self.replica_ids.map(|id| header(id, self.number, node))
    }

    /// Asks the cache for the parents of a later node; the predecessor is near by then.
    fn ask_for<const PARENTS: usize>(&self, by: impl Labeller, labels: &[&mut [Label]; LANES], row: &Row) {
        for (labels, below) in labels.iter().zip(self.below) {
            let base = row[1..BASE].iter().filter_map(|&index| labels.get(index as usize));
            let expander = row[BASE..PARENTS].iter().filter_map(|&index| below.get(index as usize));
            base.chain(expander).for_each(|label| by.soon(label));
        }
    }
}
