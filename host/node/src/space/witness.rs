//! Whether a plugin that says that units are filled has written them.

use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::{Layout, PlotSpace, RegionSpace, SpaceError, Span, Spans};

/// A plot that remembers what is written to it during one call of `fill`.
///
/// What is reserved reads as zeros, so units that were never written would be sealed like any other. Only a layout
/// of one pass says where the bytes of a call must be: in others a pass may write what a later one replaces.
pub(super) struct Witness {
    space: Arc<dyn PlotSpace>,
    written: Mutex<Spans>,
}

impl Witness {
    pub(super) fn over(space: Arc<dyn PlotSpace>) -> Arc<Self> {
        Arc::new(Self { space, written: Mutex::default() })
    }

    /// Bytes of `units` that were not written, if the layout says that they had to be.
    pub(super) fn unwritten_bytes(&self, layout: &Layout, units: Span) -> u64 {
        if layout.passes.len() != 1 {
            return 0;
        }
        let unit = u64::from(layout.unit_bytes);
        let asked = Span { first: units.first.saturating_mul(unit), count: units.count.saturating_mul(unit) };
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let within =
            |span: Span| Span::between(span.first.max(asked.first), span.end().min(asked.end())).count;
        asked.count - written.iter().map(within).sum::<u64>()
    }
}

impl RegionSpace for Witness {
    fn size_bytes(&self) -> u64 {
        self.space.size_bytes()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        self.space.read_at(offset, into)
    }

    fn integrity_nodes(
        &self,
        level: u32,
        first: u64,
        count: u64,
    ) -> Option<Result<Vec<[u8; 32]>, SpaceError>> {
        self.space.integrity_nodes(level, first, count)
    }
}

impl PlotSpace for Witness {
    fn put(&self, offset: u64, len: usize, write: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError> {
        self.space.put(offset, len, write)?;
        let span = Span { first: offset, count: len as u64 };
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(span);
        Ok(())
    }
}
