//! The plot under attack: planned and filled by the scheme, in memory.

use std::sync::Arc;

use plimsoll_core::{Identity, Layout, Span, Spans};
use plimsoll_plugin::{MemorySpace, PluginError, SchemeInstance};

use super::Options;
use super::region::{Disk, IntegrityTree, Trace};
use crate::LabError;

/// Units that make statistics worth something.
const ENOUGH_UNITS: u64 = 48;
/// Groups of the integrity tree, of which holes can be made, are 64 KiB: some are needed.
const ENOUGH_BYTES: u64 = 1 << 20;
/// What one call of `fill` covers, as a miner's calls do.
const PIECE_BYTES: u64 = 4 << 20;
/// Units are dropped in runs that cover whole groups of the integrity tree, as a cheater would.
pub(crate) const GROUP_BYTES: u64 = plimsoll_kernels::INTEGRITY_LEAF_BYTES;

/// A filled region with its integrity tree.
#[derive(Debug, Clone)]
pub(super) struct Plot {
    pub(super) layout: Layout,
    pub(super) bytes: Arc<Vec<u8>>,
    pub(super) tree: Arc<IntegrityTree>,
}

/// A layout of at most `options.bytes`; smaller where a smaller one has enough units, larger where there is none.
pub(super) fn planned(
    instance: &mut SchemeInstance,
    identity: &Identity,
    options: &Options,
) -> Result<Layout, LabError> {
    let mut capacity = ENOUGH_BYTES.min(options.bytes.max(1));
    loop {
        match instance.plan(identity, capacity) {
            Ok(layout) if layout.units >= ENOUGH_UNITS || capacity >= options.bytes => return Ok(layout),
            Ok(_) | Err(PluginError::Refused { .. }) if capacity < Options::MOST_BYTES => {
                let next = capacity.saturating_mul(2);
                capacity = if capacity < options.bytes { next.min(options.bytes) } else { next };
            }
            Ok(layout) => return Ok(layout),
            Err(error @ PluginError::Refused { .. }) => {
                let why = format!(
                    "it has no plan for up to {capacity} bytes ({error}); give it smaller units with `--params`"
                );
                return Err(LabError::Setup { scheme: instance.name().to_owned(), why });
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Fills `units` of every pass, in pieces and in order.
pub(crate) fn fill(
    instance: &mut SchemeInstance,
    plot: &Arc<MemorySpace>,
    identity: &Identity,
    layout: &Layout,
    most_units: u64,
) -> Result<(), PluginError> {
    let piece = (PIECE_BYTES / u64::from(layout.unit_bytes)).max(1);
    for (number, pass) in (0u32..).zip(&layout.passes) {
        for span in Span::between(0, pass.units.min(most_units)).pieces(piece) {
            instance.fill(Arc::clone(plot) as _, identity, number, span)?;
        }
    }
    Ok(())
}

/// Room for the region of `layout`.
pub(super) fn room(layout: &Layout, scheme: &str) -> Result<Arc<MemorySpace>, LabError> {
    let too_large = || LabError::Setup {
        scheme: scheme.to_owned(),
        why: format!("its plot of {} bytes is too large to be held in memory", layout.region_bytes),
    };
    if layout.region_bytes > Options::MOST_BYTES {
        return Err(too_large());
    }
    let bytes = usize::try_from(layout.region_bytes).map_err(|_| too_large())?;
    Ok(Arc::new(MemorySpace::new(bytes)))
}

impl Plot {
    /// A region of these bytes.
    pub(super) fn of(layout: Layout, bytes: Vec<u8>) -> Result<Self, LabError> {
        let tree = Arc::new(IntegrityTree::of(&bytes)?);
        Ok(Self { layout, bytes: Arc::new(bytes), tree })
    }

    /// The region with its tree.
    pub(super) fn disk(&self) -> Arc<Disk> {
        Disk::new(Arc::clone(&self.bytes), Some(Arc::clone(&self.tree)))
    }

    /// The region changed under its tree.
    pub(super) fn changed(&self, change: impl FnOnce(&mut [u8])) -> Arc<Disk> {
        let mut bytes = (*self.bytes).clone();
        change(&mut bytes);
        Disk::new(Arc::new(bytes), Some(Arc::clone(&self.tree)))
    }

    /// Bytes of all units; what lies behind them is the scheme's own.
    pub(super) fn units_bytes(&self) -> usize {
        // `Layout::check` holds it below the region's bytes, which are in memory.
        self.layout.units_bytes() as usize
    }

    /// The bytes of a run of units.
    pub(super) fn range(&self, units: Span) -> std::ops::Range<usize> {
        let unit = u64::from(self.layout.unit_bytes);
        let end = self.units_bytes();
        let at = |index: u64| usize::try_from(index.saturating_mul(unit)).unwrap_or(end).min(end);
        at(units.first)..at(units.end())
    }

    /// The units that a trace touched.
    pub(super) fn units_of(&self, trace: &Trace) -> Spans {
        let unit = u64::from(self.layout.unit_bytes);
        let within = |span: Span| {
            let end = span.end().div_ceil(unit).min(self.layout.units);
            Span::between((span.first / unit).min(end), end)
        };
        trace.places.iter().map(within).collect()
    }

    /// The units in runs that are dropped or kept together: whole groups of the integrity tree where there are
    /// some, single units where there are not.
    pub(super) fn runs(&self) -> Vec<Span> {
        let unit = u64::from(self.layout.unit_bytes);
        let run = if self.layout.units_bytes() >= 8 * GROUP_BYTES { GROUP_BYTES.div_ceil(unit) } else { 1 };
        Span::between(0, self.layout.units).pieces(run).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::{Order, Pass};

    fn plot(unit_bytes: u32, units: u64, behind: usize) -> Plot {
        let pass = Pass { name: "fill".into(), units, order: Order::Independent };
        let size = unit_bytes as usize * units as usize + behind;
        let layout =
            Layout { unit_bytes, units, region_bytes: size as u64, memory_bytes: 0, passes: vec![pass] };
        Plot::of(layout, vec![3; size]).unwrap()
    }

    #[test]
    fn a_trace_counts_the_units_that_it_touches_and_not_what_lies_behind_them() {
        let plot = plot(100, 10, 50);
        let places: Spans = [Span::between(150, 201), Span::between(999, 1050)].into_iter().collect();
        let trace = Trace { places, reads: 2, bytes: 0 };
        let units: Vec<Span> = plot.units_of(&trace).iter().collect();
        assert_eq!(units, [Span::between(1, 3), Span::between(9, 10)]);
        assert_eq!(plot.range(Span::between(8, 99)), 800..1000);
    }

    #[test]
    fn runs_cover_whole_groups_of_a_large_region_and_single_units_of_a_small_one() {
        assert_eq!(plot(1 << 12, 160, 0).runs().len(), 10);
        assert_eq!(plot(1 << 17, 16, 0).runs().len(), 16);
        assert_eq!(plot(100, 10, 0).runs().len(), 10);
        let units: u64 = plot(100_000, 41, 7).runs().iter().map(|run| run.count).sum();
        assert_eq!(units, 41);
    }
}
