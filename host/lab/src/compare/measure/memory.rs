//! Memory that filling takes, beside what the scheme planned.

use std::thread::available_parallelism;

use plimsoll_core::Layout;
use plimsoll_node::measure::meter::{Took, forget_peak_rss, peak_rss_bytes, rss_bytes, timed};
use plimsoll_node::space::Generated;

use super::bench::Bench;
use crate::LabError;

/// What the host may take for each worker: buffers of a put and of small pieces, and the plugin's instance.
const HOST_BYTES_A_WORKER: u64 = 8 << 20;
/// What it may take beside: leaves of the integrity tree, the journal, the system's own.
const HOST_BYTES: u64 = 16 << 20;

/// Of one fill.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::compare) struct FillMemory {
    /// Peak of the whole process.
    pub(super) peak_bytes: Option<u64>,
    /// How far it lay above what was resident before.
    pub(super) growth_bytes: Option<u64>,
    /// How far plan and host allow it to.
    pub(super) allowed_bytes: u64,
}

impl FillMemory {
    /// The one of both fills that went further beyond what it was allowed, or that took more where neither did;
    /// and the higher peak.
    pub(super) fn or(self, other: Self) -> Self {
        let weight = |of: &Self| {
            let taken = of.growth_bytes.unwrap_or(0);
            (taken.saturating_sub(of.allowed_bytes), of.growth_bytes)
        };
        let worse = if weight(&other) > weight(&self) { other } else { self };
        Self { peak_bytes: self.peak_bytes.max(other.peak_bytes), ..worse }
    }
}

impl Bench<'_> {
    /// Fills and seals a plot, with clock and memory watched.
    pub(super) fn watched(
        &self,
        name: &str,
        capacity_bytes: u64,
    ) -> Result<(Generated, Took, FillMemory), LabError> {
        forget_peak_rss();
        let before = rss_bytes();
        let (generated, took) = timed(|| self.generate(name, capacity_bytes))?;
        let peak_bytes = peak_rss_bytes();
        let growth_bytes = peak_bytes.zip(before).map(|(peak, before)| peak.saturating_sub(before));
        let cores = available_parallelism().map_or(1, usize::from) as u64;
        // As many workers as `generate` takes.
        let workers = if generated.io_method.starts_with("direct") { 2 * cores } else { cores };
        let allowed_bytes = allowed_bytes(&generated.layout, workers);
        Ok((generated, took, FillMemory { peak_bytes, growth_bytes, allowed_bytes }))
    }
}

/// What so many workers may take: as many of them as there are units have work. At most what a number holds.
fn allowed_bytes(layout: &Layout, workers: u64) -> u64 {
    let units = layout.passes.iter().map(|pass| pass.units).max().unwrap_or(0);
    let each = layout.memory_bytes.saturating_add(HOST_BYTES_A_WORKER);
    workers.min(units).saturating_mul(each).saturating_add(HOST_BYTES)
}

#[cfg(test)]
mod tests {
    use plimsoll_core::{Order, Pass};

    use super::*;

    fn layout(memory_bytes: u64, units: u64) -> Layout {
        let passes = vec![Pass { name: "fill".into(), units, order: Order::Independent }];
        Layout { unit_bytes: 1, units, region_bytes: units, memory_bytes, passes }
    }

    #[test]
    fn every_worker_that_has_a_unit_may_take_what_was_planned() {
        let mib = |layout: &Layout, workers| allowed_bytes(layout, workers) >> 20;
        assert_eq!(mib(&layout(0, 1000), 4), 16 + 4 * 8);
        assert_eq!(mib(&layout(100 << 20, 1000), 4), 16 + 4 * 108);
        assert_eq!(mib(&layout(100 << 20, 1), 4), 16 + 108);
        assert_eq!(allowed_bytes(&layout(u64::MAX, 9), 4), u64::MAX);
    }

    #[test]
    fn the_fill_that_went_furthest_beyond_is_kept_with_the_highest_peak() {
        let fill = |peak: u64, growth, allowed_bytes| FillMemory {
            peak_bytes: Some(peak),
            growth_bytes: growth,
            allowed_bytes,
        };
        let (small, large) = (fill(5, Some(90), 80), fill(9, Some(200), 500));
        assert_eq!(small.or(large), fill(9, Some(90), 80));
        assert_eq!(large.or(small), fill(9, Some(90), 80));
        assert_eq!(fill(1, None, 3).or(fill(1, Some(0), 3)), fill(1, Some(0), 3));
        let modest = fill(5, Some(90), 90);
        assert_eq!(
            (modest.or(large), large.or(modest)),
            (large, large),
            "neither went beyond: the larger counts"
        );
        assert_eq!(FillMemory::default().or(large), large);
    }
}
