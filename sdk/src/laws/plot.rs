//! Laws of planning and filling a plot.

use super::cases::other_identities;
use super::{granted, law, unpanicked};
use crate::doubles::{MemoryPlot, MemoryRegion};
use crate::{Draws, Identity, Layout, Order, ProofScheme, Span};

pub(super) fn plan_fits<P: ProofScheme>(scheme: &P, identity: &Identity, capacity_bytes: u64) -> Layout {
    let plan = |bytes: u64| unpanicked::<P, _>("plan", &bytes, || scheme.plan(identity, bytes));
    let layout = granted::<P, _>("plan", &capacity_bytes, || plan(capacity_bytes));
    for bytes in [0, 1, layout.region_bytes - 1, layout.region_bytes, capacity_bytes, 1 << 44, u64::MAX] {
        let Ok(layout) = plan(bytes) else { continue };
        let Layout { unit_bytes, units, region_bytes, .. } = layout;
        let case = || format!("{layout:?} for {bytes} bytes");
        law::<P>("the plan fits the capacity", region_bytes <= bytes, case);
        let units_bytes = u64::from(unit_bytes).checked_mul(units);
        law::<P>("the region holds all units", units_bytes.is_some_and(|all| all <= region_bytes), case);
        law::<P>("a plan has units", units > 0 && unit_bytes > 0, case);
        let passes = !layout.passes.is_empty() && layout.passes.iter().all(|pass| pass.units > 0);
        law::<P>("a plan has passes that fill something", passes, case);
        let waste = bytes - region_bytes;
        let near = waste <= region_bytes / units || waste < region_bytes;
        law::<P>("the plan uses most of the capacity", near, case);
        let exact = plan(region_bytes).is_ok_and(|again| again == layout);
        law::<P>("the same plan fits the bytes that it takes, and is always the same", exact, case);
    }
    layout
}

fn fill_all<P: ProofScheme>(
    scheme: &P,
    identity: &Identity,
    layout: &Layout,
    plot: &MemoryPlot,
    spans: impl Fn(u64, Order) -> Vec<Span>,
) {
    for (number, pass) in (0..).zip(&layout.passes) {
        for span in spans(pass.units, pass.order) {
            granted::<P, _>("fill", &(number, span), || scheme.fill(plot, identity, number, span));
        }
    }
}

pub(super) fn filling_is_lawful<P: ProofScheme>(
    scheme: &P,
    identity: &Identity,
    layout: &Layout,
    draws: &mut Draws,
) -> MemoryRegion {
    let len = layout.region_bytes as usize;
    let whole = |units, _| vec![Span { first: 0, count: units }];
    let filled = |plot: MemoryPlot, spans: &dyn Fn(u64, Order) -> Vec<Span>| {
        fill_all(scheme, identity, layout, &plot, spans);
        plot.finish()
    };
    let region = filled(MemoryPlot::holding(vec![0; len]), &whole);
    let over_ones = filled(MemoryPlot::holding(vec![0xff; len]), &whole);
    let difference = |other: &MemoryRegion| {
        let at = region.bytes.iter().zip(&other.bytes).position(|(a, b)| a != b);
        format!("the first byte that differs is at {at:?} of {len}")
    };
    law::<P>("a full plot does not depend on what the disk held before", over_ones == region, || {
        difference(&over_ones)
    });
    let again = filled(MemoryPlot::holding(region.bytes.clone()), &whole);
    law::<P>("filling twice is filling once", again == region, || difference(&again));
    let cut = 1 + draws.below(3);
    let pieces = filled(MemoryPlot::holding(vec![0xaa; len]), &|units, order| in_pieces(units, order, cut));
    law::<P>("filling in pieces is filling at once", pieces == region, || difference(&pieces));
    let resumed = MemoryPlot::holding(region.bytes.clone());
    fill_all(scheme, identity, layout, &resumed, |units, _| {
        vec![Span { first: units / 2, count: units - units / 2 }]
    });
    let resumed = resumed.finish();
    law::<P>("filling again from the middle changes nothing", resumed == region, || difference(&resumed));
    for other in &other_identities(identity)[..2] {
        let plot = MemoryPlot::holding(vec![0; len]);
        fill_all(scheme, other, layout, &plot, whole);
        let name = "a plot of another owner or for another validator holds other bytes";
        law::<P>(name, plot.finish() != region, || format!("{other:?} and {identity:?}"));
    }
    region
}

/// Pieces of one, two, three... units; backwards where the order is free.
fn in_pieces(units: u64, order: Order, cut: u64) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut first = 0;
    while first < units {
        let count = (1 + (first * cut) % 3).min(units - first);
        spans.push(Span { first, count });
        first += count;
    }
    if order == Order::Independent {
        spans.reverse();
    }
    spans
}
