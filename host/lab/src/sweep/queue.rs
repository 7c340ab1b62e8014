//! Where runs are lived through. Today that is this machine.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use plimsoll_node::NodeError;
use plimsoll_plugin::Host;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::cell::Cell;
use super::outcome::SeedOutcome;
use crate::LabError;
use crate::simulate::{Loads, Prepared, prepare_with};

/// One run to live through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Index of its cell.
    pub cell: usize,
    /// Its seed.
    pub seed: u64,
}

/// What a queue tells.
#[derive(Debug)]
pub enum Report {
    /// One more epoch of some run is over.
    Epoch,
    /// A run is over.
    Finished {
        /// Which.
        job: Job,
        /// What came of it.
        outcome: Box<SeedOutcome>,
    },
}

/// Who is told, from any thread; to break ends the work.
pub type Listener<'a> = dyn Fn(Report) -> Result<ControlFlow<()>, LabError> + Sync + 'a;

/// Lives through runs, somewhere, in any order. A run depends on its cell and its seed alone, so that any queue gives
/// the same.
pub trait CellQueue {
    /// Lives through every job and reports each as soon as it is over.
    ///
    /// # Errors
    /// The first error of a run or of the listener; [`NodeError::Cancelled`] where the listener broke off. What was
    /// reported before stays reported.
    fn live(&self, cells: &[Cell], jobs: &[Job], listener: &Listener<'_>) -> Result<(), LabError>;
}

/// The threads of this machine: as many runs at once as there are threads, each on a rayon pool of its own. Where there
/// are fewer runs than threads, they share the threads among them.
pub struct Pool {
    host: Host,
    threads: NonZeroUsize,
}

impl Pool {
    /// On so many threads; without a number, on all cores.
    #[must_use]
    pub fn new(host: Host, threads: Option<NonZeroUsize>) -> Self {
        let cores = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { host, threads: threads.unwrap_or_else(cores) }
    }

    /// One pool for each run that goes on at the same time. Pools of their own, because a thread of a shared one would
    /// begin another run whenever it waits for a part of its own, and pile runs up on its stack.
    fn pools(&self, jobs: usize) -> Result<Vec<ThreadPool>, LabError> {
        let threads = self.threads.get();
        let pools = jobs.clamp(1, threads);
        let pool = |at: usize| {
            let share = threads / pools + usize::from(at < threads % pools);
            let built = ThreadPoolBuilder::new().num_threads(share).build();
            built.map_err(|error| LabError::Choice(format!("cannot start {share} threads: {error}")))
        };
        (0..pools).map(pool).collect()
    }
}

impl CellQueue for Pool {
    fn live(&self, cells: &[Cell], jobs: &[Job], listener: &Listener<'_>) -> Result<(), LabError> {
        let mut needed: Vec<usize> = jobs.iter().map(|job| job.cell).collect();
        needed.sort_unstable();
        needed.dedup();
        let prepared = cells.iter().map(|_| OnceLock::new()).collect();
        let (loads, stop) = (Loads::default(), AtomicBool::new(false));
        let crew = Crew { host: &self.host, cells, loads, prepared, listener, stop };
        let pools = self.pools(jobs.len())?;
        // All plugins are loaded first: what is wrong with one is told before any time is spent.
        crew.each(&pools, needed.len(), &|at| crew.prepare(needed[at]))?;
        crew.each(&pools, jobs.len(), &|at| crew.live(jobs[at]))
    }
}

/// The threads at work.
struct Crew<'a> {
    host: &'a Host,
    cells: &'a [Cell],
    loads: Loads,
    prepared: Vec<OnceLock<Prepared>>,
    listener: &'a Listener<'a>,
    stop: AtomicBool,
}

impl Crew<'_> {
    /// Does `work` for every number below `count`, one after the other on each pool, until one fails.
    fn each(
        &self,
        pools: &[ThreadPool],
        count: usize,
        work: &(dyn Fn(usize) -> Result<(), LabError> + Sync),
    ) -> Result<(), LabError> {
        let (next, failure) = (AtomicUsize::new(0), Mutex::new(None));
        let hand = || {
            while !self.stop.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= count {
                    break;
                }
                if let Err(error) = work(at) {
                    // First the reason: those who stop because of it call themselves cancelled.
                    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    self.stop.store(true, Ordering::Relaxed);
                }
            }
        };
        thread::scope(|scope| {
            for pool in pools {
                scope.spawn(|| pool.install(hand));
            }
        });
        failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    fn prepare(&self, cell: usize) -> Result<(), LabError> {
        let Cell { scenario, figures, .. } = &self.cells[cell];
        let prepared = prepare_with(scenario.clone(), self.host, figures.clone(), &self.loads)?;
        self.prepared[cell].get_or_init(|| prepared);
        Ok(())
    }

    fn live(&self, job: Job) -> Result<(), LabError> {
        let Some(prepared) = self.prepared[job.cell].get() else { return Ok(()) };
        let mut failure = None;
        let run = prepared.run(job.seed, &mut |_| match (self.listener)(Report::Epoch) {
            Ok(flow) if !self.stop.load(Ordering::Relaxed) => flow,
            Ok(_) => ControlFlow::Break(()),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        });
        if let Some(error) = failure {
            return Err(error);
        }
        let outcome = Box::new(SeedOutcome::of(&run?));
        match (self.listener)(Report::Finished { job, outcome })? {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Box::new(NodeError::Cancelled).into()),
        }
    }
}
