//! Fills plots over all cores and seals them.
//!
//! Each worker thread has a plugin instance of its own and takes spans from one board. Everything is planned,
//! locked and preallocated before the first byte is generated, so that a full disk is found at once (P9).
//! Whatever ends the run early, the journals are brought up to date first, so that nothing finished is lost.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use plimsoll_core::{Digest, Identity, Layout, Order};
use plimsoll_plugin::Scheme;
use plimsoll_store::{CancelFlag, Filling, IoChoice, SchemeTag};

use super::board::{Board, Task};
use super::conductor::{Conductor, Hand};
use super::open::{OpenPlot, open_all};
use super::progress::Progress;
use super::witness::Witness;
use crate::NodeError;

/// A span handed to a worker covers about so much: long enough that a call into the plugin costs nothing, short
/// enough that the workers write the file nearly in order, which disks and file systems like best.
const PIECE_BYTES: u64 = 4 << 20;

/// One plot to fill.
#[derive(Debug, Clone)]
pub struct GenerateJob {
    /// The plot file.
    pub path: PathBuf,
    /// Whose space it is.
    pub identity: Identity,
    /// Bytes offered to the scheme, which plans the largest layout that fits.
    pub capacity_bytes: u64,
}

/// How to fill.
#[derive(Debug, Clone)]
pub struct GenerateOptions {
    /// Worker threads; without it, one a core, or two a core where writes bypass the page cache, so that
    /// generating goes on while another worker waits for the disk.
    pub workers: Option<usize>,
    /// Start over instead of resuming.
    pub restart: bool,
    /// Which I/O method to write with.
    pub io: IoChoice,
    /// Set to stop: finished spans are kept.
    pub cancel: CancelFlag,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        Self { workers: None, restart: false, io: IoChoice::Auto, cancel: CancelFlag::new() }
    }
}

/// One plot that is filled and sealed.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Generated {
    /// The plot file.
    pub path: PathBuf,
    /// What was planned.
    pub layout: Layout,
    /// What the scheme committed to.
    pub commitment: Option<Digest>,
    /// BLAKE3 of the region.
    pub integrity_root: Digest,
    /// Bytes of the region.
    pub bytes: u64,
    /// Bytes of it that an earlier run had finished.
    pub resumed_bytes: u64,
    /// From the first span to the sealed file.
    pub seconds: f64,
    /// How it was written, and why so.
    pub io_method: String,
}

/// The tag that binds a plot to the plugin and the parameters that filled it.
#[must_use]
pub fn scheme_tag(scheme: &Scheme) -> SchemeTag {
    scheme.tag()
}

/// Fills and seals every job's plot, in parallel; resumes what an earlier run left.
///
/// # Errors
/// The first failure of planning, of the disk or of the plugin; [`NodeError::Cancelled`] after the cancel
/// flag. Finished spans are in the journals in every case.
pub fn generate(
    scheme: &Scheme,
    jobs: &[GenerateJob],
    options: &GenerateOptions,
    progress: &dyn Progress,
) -> Result<Vec<Generated>, NodeError> {
    conduct(scheme, jobs, options, progress)
}

/// As [`generate`], for whoever conducts.
pub(crate) fn conduct(
    conductor: &dyn Conductor,
    jobs: &[GenerateJob],
    options: &GenerateOptions,
    progress: &dyn Progress,
) -> Result<Vec<Generated>, NodeError> {
    let plots = open_all(conductor, jobs, options, progress)?;
    let direct = plots.iter().any(|plot| plot.direct);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let workers = options.workers.unwrap_or(if direct { 2 * cores } else { cores }).max(1);

    let mut board = Board::new();
    for plot in &plots {
        if plot.is_complete() {
            board.add_complete();
        } else {
            plot.with_filling(|filling| {
                board.add(&plot.layout, piece_bytes(&plot.layout, workers), |pass| filling.remaining(pass));
            })?;
        }
    }
    let state = Mutex::new(State { board, failure: None });
    let run = Run { conductor, plots: &plots, progress, state, wake: Condvar::new() };
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| run.work());
        }
    });
    let failure = lock(&run.state).failure.take();
    if let Some(failure) = failure {
        for plot in &plots {
            plot.keep_what_is_finished();
        }
        return Err(failure);
    }
    plots.into_iter().map(OpenPlot::into_generated).collect()
}

/// How much of a plot one worker is handed at a time. A scheme that takes memory of its own gets more than that
/// asks for: two units, where there are two for every worker, because it may fill them side by side; and in a
/// sequential pass half of that memory, because it reads what a piece follows from back into it.
fn piece_bytes(layout: &Layout, workers: usize) -> u64 {
    let sequential = layout.passes.iter().any(|pass| pass.order == Order::Sequential);
    let pairs = layout.units / 2 >= workers as u64;
    PIECE_BYTES.max(match (layout.memory_bytes, sequential) {
        (1.., true) => layout.memory_bytes / 2,
        (1.., false) if pairs => 2 * u64::from(layout.unit_bytes),
        _ => 0,
    })
}

struct State {
    board: Board,
    failure: Option<NodeError>,
}

struct Run<'a> {
    conductor: &'a dyn Conductor,
    plots: &'a [OpenPlot<'a>],
    progress: &'a dyn Progress,
    state: Mutex<State>,
    wake: Condvar,
}

impl Run<'_> {
    /// A worker that panics is a failure like any other: the others stop, and what is finished is kept.
    fn work(&self) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.tasks())) {
            let said = panic.downcast_ref::<&str>().map(ToString::to_string);
            let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
            let reason = format!("a worker panicked: {}", said.unwrap_or_else(|| "it said nothing".into()));
            self.fail(NodeError::System { doing: "go on filling", reason });
        }
    }

    fn tasks(&self) {
        let mut hand = match self.conductor.hand() {
            Ok(hand) => hand,
            Err(error) => return self.fail(error),
        };
        while let Some(task) = self.next() {
            let result = self.perform(hand.as_mut(), &task);
            let mut state = lock(&self.state);
            state.board.done(&task);
            if let Err(error) = result {
                state.failure.get_or_insert(error);
            }
            self.wake.notify_all();
        }
    }

    fn fail(&self, error: NodeError) {
        lock(&self.state).failure.get_or_insert(error);
        self.wake.notify_all();
    }

    /// Waits for the next task; `None` when all is done or anything failed.
    fn next(&self) -> Option<Task> {
        let mut state = lock(&self.state);
        loop {
            if state.failure.is_some() || state.board.is_done() {
                return None;
            }
            if let Some(task) = state.board.take() {
                return Some(task);
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn perform(&self, hand: &mut dyn Hand, task: &Task) -> Result<(), NodeError> {
        match *task {
            Task::Fill { plot, pass, span } => {
                let plot = &self.plots[plot];
                let witness = Witness::over(plot.with_filling(Filling::space)?);
                hand.fill(Arc::clone(&witness) as _, &plot.job.identity, pass, span)?;
                let missing_bytes = witness.unwritten_bytes(&plot.layout, span);
                if missing_bytes > 0 {
                    let plot = plot.job.path.clone();
                    return Err(NodeError::Unwritten { plot, units: span, missing_bytes });
                }
                if plot.layout.passes.len() > 1 {
                    plot.written.add(&witness);
                }
                plot.with_filling(|filling| filling.finished(pass, span))??;
                self.progress.advance(&plot.name, span.count * u64::from(plot.layout.unit_bytes));
            }
            Task::Finish { plot } => {
                let plot = &self.plots[plot];
                plot.finish(hand)?;
                self.progress.finish(&plot.name);
            }
        }
        Ok(())
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "fill_tests.rs"]
mod tests;

#[cfg(test)]
mod piece_tests {
    use super::*;
    use plimsoll_core::Pass;

    fn piece(unit_bytes: u32, units: u64, memory_bytes: u64, order: Order) -> u64 {
        let passes = vec![Pass { name: "p".into(), units, order }];
        let region_bytes = units * u64::from(unit_bytes);
        piece_bytes(&Layout { unit_bytes, units, region_bytes, memory_bytes, passes }, 4)
    }

    #[test]
    fn a_piece_grows_for_a_scheme_that_takes_memory() {
        assert_eq!(piece(1 << 16, 1000, 0, Order::Independent), PIECE_BYTES);
        assert_eq!(piece(1 << 16, 1000, 1 << 30, Order::Independent), PIECE_BYTES);
        assert_eq!(piece(88 << 20, 8, 1 << 26, Order::Independent), 2 * (88 << 20));
        assert_eq!(piece(88 << 20, 7, 1 << 26, Order::Independent), PIECE_BYTES);
        assert_eq!(piece(88 << 20, 8, 0, Order::Independent), PIECE_BYTES);
        assert_eq!(piece(1 << 30, 704, 64 << 30, Order::Sequential), 32 << 30);
        assert_eq!(piece(1 << 16, 1000, 0, Order::Sequential), PIECE_BYTES);
    }
}
