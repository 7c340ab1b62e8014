//! A sweep from its cells to what came of them.

use std::ops::{ControlFlow, Range};
use std::sync::{Mutex, PoisonError};

use plimsoll_node::NodeError;

use super::cell::Cell;
use super::keep::Keep;
use super::outcome::SeedOutcome;
use super::queue::{CellQueue, Job, Report};
use super::summary::{CellSummary, summary};
use crate::LabError;

/// What whoever watches is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It begins.
    Begins {
        /// Runs to live through.
        runs: usize,
        /// Runs that were kept from before.
        kept: usize,
        /// Epochs of those to live through.
        epochs: u64,
    },
    /// One epoch is over.
    Epoch,
    /// A run is over.
    Finished(Job),
}

/// Who watches, from any thread; to break ends the sweep, and what is finished is kept.
pub type Watcher<'a> = dyn Fn(Step) -> ControlFlow<()> + Sync + 'a;

/// All cells of a sweep, and what came of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Swept {
    /// In the order of the cells.
    pub cells: Vec<CellSummary>,
    /// Runs that were taken from what was kept.
    pub kept_runs: usize,
    /// Runs that were lived through.
    pub fresh_runs: usize,
    /// Why finished runs could not be kept, though they are all here.
    pub unkept: Option<String>,
}

/// Lives through every cell under every seed, except for what is kept already.
///
/// # Errors
/// What goes wrong in a run; [`NodeError::Cancelled`] where `watch` broke off. What was finished before is kept.
pub fn sweep(
    cells: &[Cell],
    seeds: Range<u64>,
    queue: &dyn CellQueue,
    keep: Option<&Keep>,
    watch: &Watcher<'_>,
) -> Result<Swept, LabError> {
    let mut found: Vec<Vec<Option<SeedOutcome>>> = Vec::new();
    let mut jobs = Vec::new();
    for (at, cell) in cells.iter().enumerate() {
        let mut of_cell = Vec::new();
        for seed in seeds.clone() {
            let kept = keep.map_or(Ok(None), |keep| keep.find(&cell.key(seed)))?;
            if kept.is_none() {
                jobs.push(Job { cell: at, seed });
            }
            of_cell.push(kept);
        }
        found.push(of_cell);
    }
    let kept_runs = found.iter().flatten().flatten().count();
    let epochs = jobs.iter().map(|job| cells[job.cell].scenario.epochs).sum();
    if watch(Step::Begins { runs: jobs.len(), kept: kept_runs, epochs }).is_break() {
        return Err(Box::new(NodeError::Cancelled).into());
    }
    let results = Mutex::new((found, None));
    let first_seed = seeds.start;
    if !jobs.is_empty() {
        queue.live(cells, &jobs, &|report| match report {
            Report::Epoch => Ok(watch(Step::Epoch)),
            Report::Finished { job, outcome } => {
                let kept = store(keep, &cells[job.cell], &outcome);
                let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                if let Err(error) = kept {
                    results.1.get_or_insert(error.to_string());
                }
                results.0[job.cell][(job.seed - first_seed) as usize] = Some(*outcome);
                drop(results);
                Ok(watch(Step::Finished(job)))
            }
        })?;
    }
    let (found, unkept) = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let cells = cells.iter().zip(found).map(|(cell, of)| summary(cell, &of.into_iter().flatten().collect::<Vec<_>>()));
    Ok(Swept { cells: cells.collect(), kept_runs, fresh_runs: jobs.len(), unkept })
}

/// A run in which a plugin broke down is not kept: it may have been this machine's fault.
fn store(keep: Option<&Keep>, cell: &Cell, outcome: &SeedOutcome) -> Result<(), LabError> {
    match keep {
        Some(keep) if outcome.faults == 0 => keep.keep(&cell.key(outcome.seed), outcome),
        _ => Ok(()),
    }
}
