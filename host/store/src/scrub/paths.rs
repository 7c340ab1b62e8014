//! Single groups, each up to the root in the header.

use std::sync::atomic::Ordering;

use plimsoll_core::{Digest, Span, Spans};
use plimsoll_kernels::{HashKind, merkle_verify};
use rayon::prelude::*;

use super::full::bad_leaves;
use super::source::GROUPS_A_STEP;
use super::{Badness, Confidence, Sample, ScrubOptions, ScrubReport, bad_runs};
use crate::tree::{leaf_of, level_above, read_nodes};
use crate::{GROUP_BYTES, Geometry, Plot, StoreError};

/// What is known of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// Its bytes fold up to the root.
    Good {
        /// Whether the leaf that the tree keeps for it does not.
        leaf_is_bad: bool,
    },
    /// Its bytes differ from a leaf that does, or neither does.
    Bad,
}

/// Whether `leaf`, made from the bytes of group `index`, is the right one. One damaged node beside its path to
/// the root is made up for from what lies below it; where more are, nothing can be proven and the group counts
/// as bad.
pub(super) fn judge(plot: &Plot, geometry: &Geometry, index: u64, leaf: &Digest) -> Judged {
    let tree = geometry.tree();
    let root = plot.header().integrity_root;
    let siblings: Vec<(u32, u64)> = (0..tree.levels() - 1)
        .map(|level| (level, (index >> level) ^ 1))
        .filter(|&(level, sibling)| sibling < tree.nodes_at(level))
        .collect();
    let mut path: Vec<Digest> =
        siblings.iter().map(|&(level, at)| kept(plot, level, at).unwrap_or_default()).collect();
    let leads_up = |path: &[Digest]| {
        let bytes: Vec<u8> = path.iter().flat_map(|node| node.0).collect();
        merkle_verify(HashKind::Blake3, &root, tree.leaves(), index, leaf, &bytes)
    };
    let good = Judged::Good { leaf_is_bad: kept(plot, 0, index) != Some(*leaf) };
    if leads_up(&path) {
        return good;
    }
    for (at, &(level, sibling)) in siblings.iter().enumerate() {
        let Some(made) = made_again(plot, geometry, level, sibling) else { continue };
        let old = std::mem::replace(&mut path[at], made);
        if old != made && leads_up(&path) {
            return good;
        }
        path[at] = old;
    }
    Judged::Bad
}

fn kept(plot: &Plot, level: u32, index: u64) -> Option<Digest> {
    let nodes = read_nodes(plot.file(), &plot.geometry(), level, index, 1).ok()?;
    nodes.first().copied()
}

/// A node from the level below it, a leaf from its bytes.
fn made_again(plot: &Plot, geometry: &Geometry, level: u32, index: u64) -> Option<Digest> {
    if level == 0 {
        let group = geometry.group(index);
        let mut bytes = vec![0; group.len as usize];
        plot.region().read_at(group.offset, &mut bytes).ok()?;
        return Some(leaf_of(geometry, index, &bytes));
    }
    let below = Span::between(2 * index, geometry.tree().nodes_at(level - 1).min(2 * index + 2));
    let nodes = read_nodes(plot.file(), geometry, level - 1, below.first, below.count).ok()?;
    level_above(geometry, level - 1, &nodes).first().copied()
}

pub(super) fn check_sample(
    plot: &Plot,
    options: &ScrubOptions,
    sample: Sample,
    seed: &Digest,
    report: &mut ScrubReport,
) -> Result<(), StoreError> {
    let geometry = plot.geometry();
    let mut drawn = sample.draw(geometry.groups(), seed);
    let (mut found, mut sampled) = (Found::default(), 0);
    loop {
        let block: Vec<u64> = drawn.by_ref().take(GROUPS_A_STEP as usize).collect();
        if block.is_empty() {
            break;
        }
        sampled += block.len() as u64;
        let results = judge_all(plot, options, &block);
        for (&index, result) in block.iter().zip(results) {
            found.note(&geometry, index, result?, report);
        }
    }
    let layout = &plot.header().spec.layout;
    report.bad.extend(bad_runs(&found.differing, layout, Badness::Differs));
    report.bad.extend(bad_runs(&found.unreadable, layout, Badness::Unreadable));
    report.bad.sort_by_key(|run| run.region.offset);
    report.bad_nodes.extend(bad_leaves(plot, &found.leaves));
    report.confidence = Some(Confidence::of(geometry.groups(), sampled));
    Ok(())
}

/// Reads and judges these groups over all cores; `None` is a group that cannot be read.
fn judge_all(plot: &Plot, options: &ScrubOptions, groups: &[u64]) -> Vec<Result<Option<Judged>, StoreError>> {
    let (geometry, region) = (plot.geometry(), plot.region());
    let one = |buffer: &mut Vec<u8>, &index: &u64| {
        if options.cancel.is_cancelled() {
            return Err(StoreError::Cancelled);
        }
        let group = geometry.group(index);
        let bytes = &mut buffer[..group.len as usize];
        if region.read_at(group.offset, bytes).is_err() {
            return Ok(None);
        }
        options.progress.fetch_add(group.len, Ordering::Relaxed);
        Ok(Some(judge(plot, &geometry, index, &leaf_of(&geometry, index, bytes))))
    };
    groups.par_iter().map_init(|| vec![0; GROUP_BYTES as usize], one).collect()
}

/// What a sample came upon: bytes of the region, and leaves.
#[derive(Default)]
struct Found {
    differing: Spans,
    unreadable: Spans,
    leaves: Spans,
}

impl Found {
    fn note(&mut self, geometry: &Geometry, index: u64, judged: Option<Judged>, report: &mut ScrubReport) {
        let group = geometry.group(index);
        let bytes = Span { first: group.offset, count: group.len };
        let Some(judged) = judged else { return self.unreadable.insert(bytes) };
        report.checked_bytes += group.len;
        match judged {
            Judged::Bad => self.differing.insert(bytes),
            Judged::Good { leaf_is_bad: true } => self.leaves.insert(Span { first: index, count: 1 }),
            Judged::Good { leaf_is_bad: false } => {}
        }
    }
}
