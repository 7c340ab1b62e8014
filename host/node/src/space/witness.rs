//! Whether a plugin that says that units are filled has written them.

use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::{Layout, PlotSpace, RegionSpace, SpaceError, Span, Spans};

/// Bytes of which all are zero where nothing was written.
const PAGE_BYTES: u64 = 4096;
/// Bytes that are looked at together.
const LOOK_BYTES: u64 = 1 << 20;

/// What all passes of a run have written to a plot. In a layout of several passes any of them may write a unit: only
/// when the last one has ended, something is missing.
#[derive(Debug, Default)]
pub(super) struct Written(Mutex<Spans>);

impl Written {
    /// Adds what a call has written.
    pub(super) fn add(&self, call: &Witness) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        call.written.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|span| all.insert(span));
    }

    /// Bytes of the layout's units that no pass has written. Where an earlier run has filled some, nobody knows
    /// what it wrote: there, pages of zeros count as not written.
    pub(super) fn missing_bytes(
        &self,
        layout: &Layout,
        is_resumed: bool,
        space: &dyn PlotSpace,
    ) -> Result<u64, SpaceError> {
        let missing = self.0.lock().unwrap_or_else(PoisonError::into_inner).missing(layout.units_bytes());
        if !is_resumed {
            return Ok(missing.iter().map(|span| span.count).sum());
        }
        let mut zeros = 0;
        let mut buffer = vec![0; LOOK_BYTES as usize];
        for piece in missing.into_iter().flat_map(|span| span.pieces(LOOK_BYTES)) {
            // Whoever wants to stop need not wait.
            space.put(0, 0, &mut |_| {})?;
            let bytes = &mut buffer[..piece.count as usize];
            space.read_at(piece.first, bytes)?;
            let pages = bytes.chunks(PAGE_BYTES as usize).filter(|page| page.iter().all(|byte| *byte == 0));
            zeros += pages.map(|page| page.len() as u64).sum::<u64>();
        }
        Ok(zeros)
    }
}

/// A plot that remembers what is written to it during one call of `fill`.
///
/// What is reserved reads as zeros, so units that were never written would be sealed like any other. Only a layout
/// of one pass says where the bytes of a call must be; for others see [`Written`].
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
