//! A plot as a miner has it when it is asked: bytes, some of them perhaps zeros, and what was touched of them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::{RegionSpace, SpaceError, Span, Spans};

use super::plots::Plot;
use crate::attack::region::{IntegrityTree, read};

/// A region that notes what is read of it. Its tree is the whole plot's: it is 1/2048 of the space, and whoever drops
/// units keeps it.
pub(super) struct Held {
    bytes: Arc<Vec<u8>>,
    tree: Arc<IntegrityTree>,
    unit_bytes: u64,
    units: u64,
    /// Units that read as zeros.
    zeros: Spans,
    touched: Mutex<BTreeSet<u64>>,
}

impl Held {
    /// The plot with zeros for these units.
    pub(super) fn without(plot: &Plot, zeros: Spans) -> Arc<Self> {
        Self::of(plot, Arc::clone(&plot.bytes), zeros)
    }

    /// Other bytes under the plot's tree.
    pub(super) fn remade(plot: &Plot, bytes: Vec<u8>) -> Arc<Self> {
        Self::of(plot, Arc::new(bytes), Spans::new())
    }

    fn of(plot: &Plot, bytes: Arc<Vec<u8>>, zeros: Spans) -> Arc<Self> {
        let (unit_bytes, units) = (u64::from(plot.layout.unit_bytes).max(1), plot.layout.units);
        let (tree, touched) = (Arc::clone(&plot.tree), Mutex::default());
        Arc::new(Self { bytes, tree, unit_bytes, units, zeros, touched })
    }

    /// Units of which anything was read, ascending.
    pub(super) fn touched(&self) -> Vec<u64> {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// The units that a run of bytes lies in; what is behind them belongs to none.
    fn units_of(&self, offset: u64, end: u64) -> Span {
        let last = end.div_ceil(self.unit_bytes).min(self.units);
        Span::between((offset / self.unit_bytes).min(last), last)
    }
}

impl RegionSpace for Held {
    fn size_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        read(&self.bytes, offset, into)?;
        let end = offset + into.len() as u64;
        let units = self.units_of(offset, end);
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).extend(units.first..units.end());
        if self.zeros.is_empty() {
            return Ok(());
        }
        for unit in (units.first..units.end()).filter(|&unit| self.zeros.contains(unit)) {
            let from = (unit * self.unit_bytes).max(offset) - offset;
            let to = ((unit + 1) * self.unit_bytes).min(end) - offset;
            // Both lie inside of `into`.
            into[from as usize..to as usize].fill(0);
        }
        Ok(())
    }

    fn integrity_nodes(
        &self,
        level: u32,
        first: u64,
        count: u64,
    ) -> Option<Result<Vec<[u8; 32]>, SpaceError>> {
        self.tree.nodes(level, first, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::{Layout, Order, Pass};

    #[test]
    fn lost_units_read_as_zeros_and_every_touched_unit_is_noted() {
        let pass = Pass { name: "fill".into(), units: 5, order: Order::Independent };
        let layout =
            Layout { unit_bytes: 10, units: 5, region_bytes: 55, memory_bytes: 0, passes: vec![pass] };
        let bytes: Vec<u8> = (1..=55).collect();
        let tree = Arc::new(IntegrityTree::of(&bytes).unwrap());
        let plot = Plot { layout, bytes: Arc::new(bytes), tree };
        let zeros = [Span::between(1, 2), Span::between(3, 4)].into_iter().collect();
        let held = Held::without(&plot, zeros);
        let read = |offset, len| {
            let mut out = vec![0; len];
            held.read_at(offset, &mut out).unwrap();
            out
        };
        assert_eq!(read(8, 4), [9, 10, 0, 0]);
        assert_eq!(held.touched(), [0, 1]);
        assert_eq!(read(38, 4), [0, 0, 41, 42]);
        assert_eq!(read(50, 5), [51, 52, 53, 54, 55], "what lies behind the units is nobody's");
        assert_eq!(held.touched(), [0, 1, 3, 4]);
        assert!(Held::remade(&plot, vec![7; 55]).touched().is_empty());
        assert!(matches!(held.read_at(51, &mut [0; 5]), Err(SpaceError::OutOfRange { .. })));
    }
}
