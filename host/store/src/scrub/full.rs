//! Every group of the region.

use std::sync::atomic::Ordering;

use plimsoll_core::{Span, Spans};
use plimsoll_kernels::{HashKind, MerkleStack};

use super::paths::{Judged, judge};
use super::source::{GROUPS_A_STEP, Source};
use super::{BadNodes, Badness, ScrubOptions, ScrubReport, bad_runs};
use crate::tree::read_nodes;
use crate::{GROUP_BYTES, Plot, StoreError};

/// What was seen on the way.
struct Seen {
    /// Groups whose bytes are not what the tree's leaf says.
    differing: Spans,
    unreadable: Spans,
    stack: MerkleStack,
}

pub(super) fn check(
    plot: &Plot,
    options: &ScrubOptions,
    whole_tree: bool,
    report: &mut ScrubReport,
) -> Result<(), StoreError> {
    let geometry = plot.geometry();
    let groups = geometry.groups();
    let source = Source::choose(plot, options.reading)?;
    let mut seen = Seen {
        differing: Spans::new(),
        unreadable: Spans::new(),
        stack: MerkleStack::new(HashKind::Blake3, groups),
    };
    for span in Span::between(0, groups).pieces(GROUPS_A_STEP) {
        if options.cancel.is_cancelled() {
            return Err(StoreError::Cancelled);
        }
        let made = source.leaves(plot, span);
        let kept = read_nodes(plot.file(), &geometry, 0, span.first, span.count).unwrap_or_default();
        for (at, leaf) in made.into_iter().enumerate() {
            let index = span.first + at as u64;
            let here = Span { first: index, count: 1 };
            let Ok(leaf) = leaf else {
                seen.unreadable.insert(here);
                continue;
            };
            seen.stack.push(leaf);
            if kept.get(at) != Some(&leaf) {
                seen.differing.insert(here);
            }
            let bytes = geometry.group(index).len;
            report.checked_bytes += bytes;
            options.progress.fetch_add(bytes, Ordering::Relaxed);
        }
    }
    conclude(plot, seen, whole_tree, report);
    Ok(())
}

/// Tells bad bytes from bad leaves.
fn conclude(plot: &Plot, seen: Seen, whole_tree: bool, report: &mut ScrubReport) {
    let geometry = plot.geometry();
    let Seen { mut differing, unreadable, stack } = seen;
    let found = stack.finish();
    if found == Some(plot.header().integrity_root) {
        // The bytes fold up to the root by themselves: whatever differs is the tree's own damage.
        let leaves = std::mem::take(&mut differing);
        report.bad_nodes.retain(|run| run.level > 0);
        report.bad_nodes.splice(0..0, bad_leaves(plot, &leaves));
    } else if !whole_tree {
        differing = still_bad(plot, &differing);
    }
    let bytes_of = |groups: &Spans| -> Spans {
        groups
            .iter()
            .map(|run| {
                let last = geometry.group(run.end() - 1);
                Span::between(run.first * GROUP_BYTES, last.offset + last.len)
            })
            .collect()
    };
    let layout = &plot.header().spec.layout;
    report.bad.extend(bad_runs(&bytes_of(&differing), layout, Badness::Differs));
    report.bad.extend(bad_runs(&bytes_of(&unreadable), layout, Badness::Unreadable));
    report.bad.sort_by_key(|run| run.region.offset);
}

/// These leaves as a finding.
pub(super) fn bad_leaves(plot: &Plot, leaves: &Spans) -> Vec<BadNodes> {
    let geometry = plot.geometry();
    let named = |nodes: Span| BadNodes { level: 0, nodes, file_offset: geometry.node_offset(0, nodes.first) };
    leaves.iter().map(named).collect()
}

/// Of these groups, those whose bytes do not lead up to the root either.
fn still_bad(plot: &Plot, differing: &Spans) -> Spans {
    let geometry = plot.geometry();
    let mut bad = Spans::new();
    for run in differing.iter().flat_map(|run| run.pieces(GROUPS_A_STEP)) {
        for (index, leaf) in (run.first..).zip(Source::Cached.leaves(plot, run)) {
            let judged = leaf.map(|leaf| judge(plot, &geometry, index, &leaf));
            if !matches!(judged, Ok(Judged::Good { .. })) {
                bad.insert(Span { first: index, count: 1 });
            }
        }
    }
    bad
}
