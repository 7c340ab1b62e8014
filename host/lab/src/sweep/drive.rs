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

/// The most runs of one sweep: each takes a few hundred bytes until the end.
const MOST_RUNS: u64 = 10_000_000;

/// Lives through every cell under every seed, except for what is kept already.
///
/// # Errors
/// [`LabError::Choice`] for more runs than one sweep can have. What goes wrong in a run; [`NodeError::Cancelled`] where `watch` broke off. What was finished before is kept.
pub fn sweep(
    cells: &[Cell],
    seeds: Range<u64>,
    queue: &dyn CellQueue,
    keep: Option<&Keep>,
    watch: &Watcher<'_>,
) -> Result<Swept, LabError> {
    check_size(cells.len(), &seeds)?;
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
    let cells = cells
        .iter()
        .zip(found)
        .map(|(cell, of)| summary(cell, &of.into_iter().flatten().collect::<Vec<_>>()));
    Ok(Swept { cells: cells.collect(), kept_runs, fresh_runs: jobs.len(), unkept })
}

fn check_size(cells: usize, seeds: &Range<u64>) -> Result<(), LabError> {
    let seeds = seeds.end.saturating_sub(seeds.start);
    let runs = (cells as u64).saturating_mul(seeds);
    if runs > MOST_RUNS {
        let why = format!(
            "that is {runs} runs, {cells} cells under {seeds} seeds, at most {MOST_RUNS} make one sweep: leave some values or seeds out"
        );
        return Err(LabError::Choice(why));
    }
    Ok(())
}

/// A run in which a plugin broke down is not kept: it may have been this machine's fault.
fn store(keep: Option<&Keep>, cell: &Cell, outcome: &SeedOutcome) -> Result<(), LabError> {
    match keep {
        Some(keep) if outcome.faults == 0 => keep.keep(&cell.key(outcome.seed), outcome),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::axes::Axes;
    use super::super::queue::Listener;
    use super::super::samples::{outcome, scenario};
    use super::super::setting::Setting;
    use super::*;
    use crate::simulate::SchemeFigures;

    /// Knows every run beforehand, and counts those that it is asked for.
    #[derive(Default)]
    struct Known {
        asked: AtomicUsize,
        breaks_down: bool,
    }

    impl CellQueue for Known {
        fn live(&self, _cells: &[Cell], jobs: &[Job], listener: &Listener<'_>) -> Result<(), LabError> {
            for &job in jobs {
                self.asked.fetch_add(1, Ordering::Relaxed);
                let _ = listener(Report::Epoch)?;
                let mut outcome = outcome(job.seed);
                outcome.faults = u64::from(self.breaks_down);
                if listener(Report::Finished { job, outcome: Box::new(outcome) })?.is_break() {
                    return Err(Box::new(NodeError::Cancelled).into());
                }
            }
            Ok(())
        }
    }

    fn cells() -> Vec<Cell> {
        let settings = vec![Setting::read("audits.samples=5,20").unwrap()];
        let figures = |scheme: &str, params: &serde_json::Value| Ok(SchemeFigures::shipped(scheme, params)?);
        Axes { settings, ..Axes::default() }.cells(&scenario(), &figures).unwrap()
    }

    fn on(_: Step) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn a_sweep_that_was_broken_off_goes_on_where_it_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let keep = Keep::open(&folder.path().join("runs.redb")).unwrap();
        let (cells, queue) = (cells(), Known::default());
        let finished = AtomicUsize::new(0);
        let third = |step: Step| match step {
            Step::Finished(_) if finished.fetch_add(1, Ordering::Relaxed) == 2 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        assert!(sweep(&cells, 1..5, &queue, Some(&keep), &third).is_err());
        let whole = sweep(&cells, 1..5, &queue, Some(&keep), &on).unwrap();
        assert_eq!((whole.kept_runs, whole.fresh_runs, queue.asked.load(Ordering::Relaxed)), (3, 5, 8));
        let again = sweep(&cells, 1..5, &queue, Some(&keep), &on).unwrap();
        assert_eq!((again.kept_runs, again.fresh_runs, &again.cells), (8, 0, &whole.cells));
        let never = sweep(&cells, 1..5, &queue, None, &on).unwrap();
        assert_eq!((never.kept_runs, &never.cells), (0, &whole.cells));
        let longer = sweep(&cells, 3..7, &queue, Some(&keep), &on).unwrap();
        assert_eq!((longer.kept_runs, longer.fresh_runs), (4, 4), "other seeds of the same cells");
    }

    #[test]
    fn a_run_in_which_a_plugin_broke_down_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let keep = Keep::open(&folder.path().join("runs.redb")).unwrap();
        let queue = Known { breaks_down: true, ..Known::default() };
        for _ in 0..2 {
            let swept = sweep(&cells(), 1..3, &queue, Some(&keep), &on).unwrap();
            assert_eq!((swept.kept_runs, swept.fresh_runs, swept.cells[0].faults_count), (0, 4, 2));
        }
    }

    #[test]
    fn a_sweep_of_too_many_runs_is_refused_before_it_begins() {
        let refused = sweep(&cells(), 1..5_000_002, &Known::default(), None, &on).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "that is 10000002 runs, 2 cells under 5000001 seeds, at most 10000000 make one sweep: leave some values or seeds out"
        );
    }

    #[test]
    fn who_watches_is_told_how_much_there_is_to_do() {
        let steps = Mutex::new(Vec::new());
        let watch = |step: Step| {
            steps.lock().unwrap().push(step);
            ControlFlow::Continue(())
        };
        sweep(&cells()[..1], 1..3, &Known::default(), None, &watch).unwrap();
        let job = |seed| Step::Finished(Job { cell: 0, seed });
        let begins = Step::Begins { runs: 2, kept: 0, epochs: 8 };
        assert_eq!(*steps.lock().unwrap(), [begins, Step::Epoch, job(1), Step::Epoch, job(2)]);
        let refused = sweep(&cells(), 1..3, &Known::default(), None, &|_| ControlFlow::Break(()));
        assert!(matches!(refused, Err(LabError::Node(_))));
    }
}
