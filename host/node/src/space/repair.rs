//! Refills exactly what is damaged.

use std::path::{Path, PathBuf};

use plimsoll_core::{Layout, Span, Spans};
use plimsoll_plugin::Scheme;
use plimsoll_store::scrub::{BadRun, Depth, ScrubOptions, scrub};
use plimsoll_store::{CancelFlag, Plot, Slots};
use serde::Serialize;

use super::check::expect_filled_by;
use super::progress::Progress;
use crate::NodeError;

/// What a repair did to one plot.
#[derive(Debug, Clone, Serialize)]
pub struct Repaired {
    /// The plot file.
    pub path: PathBuf,
    /// What was wrong, in words; empty where nothing was.
    pub found: Vec<String>,
    /// Units that were filled again.
    pub refilled_units: u64,
    /// Bytes of them.
    pub refilled_bytes: u64,
    /// Whether a full check afterwards found nothing.
    pub clean: bool,
}

/// Checks the whole plot, fills its bad units again in place and checks that the region's root is the sealed
/// one: what was refilled is then, bit by bit, what had been there.
///
/// # Errors
/// What the disk or the plugin said; a refill that does not give the sealed root is refused.
pub fn repair(
    path: &Path,
    scheme: &Scheme,
    cancel: &CancelFlag,
    progress: &dyn Progress,
) -> Result<Repaired, NodeError> {
    let plot = Plot::open_exclusive(path)?;
    let mut options = ScrubOptions::new(Depth::Full);
    options.cancel = cancel.clone();
    let before = scrub(&plot, &options)?;
    let mut found = before.findings();
    if let Slots::Stale(slot) = plot.slots() {
        found.push(format!("header slot {slot} was damaged or behind; it was written again"));
    }
    let mut outcome = Repaired {
        path: path.to_owned(),
        found,
        refilled_units: 0,
        refilled_bytes: 0,
        clean: before.is_clean(),
    };
    if before.is_clean() {
        return Ok(outcome);
    }
    expect_filled_by(&plot, scheme)?;
    let identity = plot.header().spec.identity;
    let layout = plot.header().spec.layout.clone();
    let space = plot.repair_space()?;
    let mut instance = scheme.instance()?;
    let unit_bytes = u64::from(layout.unit_bytes);
    let name = super::open::name_of(path);
    let spans = to_refill(&before.bad, &layout);
    progress.begin(&name, spans.iter().map(|(_, span)| span.count * unit_bytes).sum(), 0);
    // Ascending: a unit of a chain is filled from the one before it, which by then is right.
    for (pass, span) in spans {
        for piece in span.pieces(((16 << 20) / unit_bytes).max(1)) {
            if cancel.is_cancelled() {
                return Err(NodeError::Cancelled);
            }
            instance.fill(space.clone(), &identity, pass, piece)?;
            progress.advance(&name, piece.count * unit_bytes);
            outcome.refilled_units += piece.count;
        }
    }
    plot.finish_repair()?;
    progress.finish(&name);
    outcome.refilled_bytes = outcome.refilled_units * unit_bytes;
    outcome.clean = scrub(&plot, &options)?.is_clean();
    Ok(outcome)
}

/// Which units of which passes must be filled again. What lies behind the units belongs to no unit that the
/// host knows of, and earlier passes may have been overwritten: in both cases everything is filled again.
fn to_refill(bad: &[BadRun], layout: &Layout) -> Vec<(u32, Span)> {
    let behind = |run: &BadRun| run.region.end().is_none_or(|end| end > layout.units_bytes());
    if !bad.is_empty() && (layout.passes.len() > 1 || bad.iter().any(behind)) {
        let whole = |(pass, of): (u32, &plimsoll_core::Pass)| (pass, Span { first: 0, count: of.units });
        return (0..).zip(&layout.passes).map(whole).collect();
    }
    let units: Spans = bad.iter().filter_map(|run| run.units).collect();
    units.iter().map(|span| (0, span)).collect()
}
