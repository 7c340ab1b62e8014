//! The tree on the disk, folded again from its leaves.

use plimsoll_core::{Span, Spans};

use super::{BadNodes, ScrubOptions, ScrubReport};
use crate::tree::{NODES_A_STEP, level_above, read_nodes};
use crate::{Plot, StoreError};

/// Checks every node; says whether all of them, the leaves included, are proven by the header's root.
pub(super) fn check(
    plot: &Plot,
    options: &ScrubOptions,
    report: &mut ScrubReport,
) -> Result<bool, StoreError> {
    let (geometry, file) = (plot.geometry(), plot.file());
    let tree = geometry.tree();
    let top = tree.levels() - 1;
    // At level l: nodes that are not what the nodes below them fold up to.
    let mut off = vec![Spans::new(); tree.levels() as usize + 1];
    let mut unreadable = vec![Spans::new(); tree.levels() as usize];
    for level in 0..top {
        for span in Span::between(0, tree.nodes_at(level)).pieces(NODES_A_STEP) {
            if options.cancel.is_cancelled() {
                return Err(StoreError::Cancelled);
            }
            let above = Span::between(span.first / 2, span.end().div_ceil(2));
            let Ok(below) = read_nodes(file, &geometry, level, span.first, span.count) else {
                unreadable[level as usize].insert(span);
                continue;
            };
            let Ok(kept) = read_nodes(file, &geometry, level + 1, above.first, above.count) else {
                continue;
            };
            let folded = level_above(&geometry, level, &below);
            for (index, _) in (above.first..).zip(folded.iter().zip(&kept)).filter(|(_, (a, b))| a != b) {
                off[level as usize + 1].insert(Span { first: index, count: 1 });
            }
        }
    }
    match read_nodes(file, &geometry, top, 0, 1) {
        Ok(root) if root[0] == plot.header().integrity_root => {}
        // As if the header were the level above.
        Ok(_) => off[top as usize + 1].insert(Span { first: 0, count: 1 }),
        Err(_) => unreadable[top as usize].insert(Span { first: 0, count: 1 }),
    }
    for level in 0..=top {
        let mut bad = culprits(&off, level, tree.nodes_at(level));
        unreadable[level as usize].iter().for_each(|span| bad.insert(span));
        report.bad_nodes.extend(bad.iter().map(|nodes| BadNodes {
            level,
            nodes,
            file_offset: geometry.node_offset(level, nodes.first),
        }));
    }
    Ok(report.bad_nodes.is_empty())
}

/// The nodes of `level` that are to blame. What is off above a node may be the node's fault or its parent's:
/// a parent that is also off with regard to its own parent is itself to blame.
fn culprits(off: &[Spans], level: u32, nodes: u64) -> Spans {
    let level = level as usize;
    let mut bad = Spans::new();
    for parent in off[level + 1].iter().flat_map(|run| run.first..run.end()) {
        let parent_to_blame = off.get(level + 2).is_some_and(|above| above.contains(parent / 2));
        let pair = Span::between(2 * parent, nodes.min(2 * parent + 2));
        let off_below: Vec<u64> = (pair.first..pair.end()).filter(|&n| off[level].contains(n)).collect();
        match off_below[..] {
            // Both agree with what is below them.
            [] if parent_to_blame => {}
            [] => bad.insert(pair),
            _ => off_below.iter().for_each(|&first| bad.insert(Span { first, count: 1 })),
        }
    }
    bad
}
