//! Whether a plugin that says that units are filled has written them.

use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::{Layout, PlotSpace, RegionSpace, SpaceError, Span, Spans};

/// Bytes of a unit that are looked at first.
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
    /// what it wrote: there, units count as not written that are zeros from end to end. Some zeros may be what a
    /// unit holds.
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
        let unit = u64::from(layout.unit_bytes);
        let touched = |span: Span| Span::between(span.first / unit, span.end().div_ceil(unit));
        let touched: Spans = missing.into_iter().map(touched).collect();
        let blank = touched.iter().map(|units| blank_units(units, layout.unit_bytes, space));
        Ok(blank.sum::<Result<u64, SpaceError>>()? * unit)
    }
}

/// How many of `units` are zeros from end to end. Of a unit that is larger than a page no more is read than until
/// something is found.
fn blank_units(units: Span, unit_bytes: u32, space: &dyn PlotSpace) -> Result<u64, SpaceError> {
    let unit = u64::from(unit_bytes);
    let mut buffer = vec![0; LOOK_BYTES as usize];
    let mut blank = 0;
    for piece in units.pieces((PAGE_BYTES / unit).max(1)) {
        // Whoever wants to stop need not wait.
        space.put(0, 0, &mut |_| {})?;
        let bytes = Span::between(piece.first * unit, piece.end() * unit);
        let first = &mut buffer[..bytes.count.min(PAGE_BYTES) as usize];
        space.read_at(bytes.first, first)?;
        if piece.count > 1 {
            blank += first.chunks(unit_bytes as usize).filter(|unit| is_blank(unit)).count() as u64;
        } else if is_blank(first) {
            let rest = Span::between(bytes.first + first.len() as u64, bytes.end());
            blank += u64::from(is_blank_there(rest, &mut buffer, space)?);
        }
    }
    Ok(blank)
}

fn is_blank_there(place: Span, buffer: &mut [u8], space: &dyn PlotSpace) -> Result<bool, SpaceError> {
    for piece in place.pieces(LOOK_BYTES) {
        space.put(0, 0, &mut |_| {})?;
        let bytes = &mut buffer[..piece.count as usize];
        space.read_at(piece.first, bytes)?;
        if !is_blank(bytes) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
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

#[cfg(test)]
mod tests {
    use plimsoll_plugin::MemorySpace;

    use super::*;

    #[test]
    fn units_are_blank_that_are_zeros_from_end_to_end_whatever_their_size() {
        for unit_bytes in [1_u32, 24, 4096, 5000, 3 << 20] {
            let unit = unit_bytes as usize;
            let mut bytes = vec![0; 9 * unit];
            bytes[unit] = 1;
            bytes[5 * unit - 1] = 1;
            bytes[8 * unit + unit / 2] = 1;
            let space = MemorySpace::with(bytes);
            let blank = |first, end| blank_units(Span::between(first, end), unit_bytes, &space);
            assert_eq!((blank(0, 9), blank(1, 5), blank(2, 4)), (Ok(6), Ok(2), Ok(2)), "{unit_bytes}");
        }
    }
}
