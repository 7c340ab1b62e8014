//! The run itself.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use plimsoll_chain::Chain;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;

use super::arriving::{Ended, Hands, MEMORY_KIB, one};
use super::ends::Ends;
use super::incoming::Incoming;
use super::keeping::{Answer, Done, Keeper, Said, ToKeep, ToSeal};
use super::listener::Listener;
use super::plan::{Plan, held, locked, plan};
use super::summary::{Spent, Summary};
use super::unpinned::{outcome_of, resolve};
use super::wanted::{File, State};
use super::work::Work;
use super::{CollectError, CollectOptions, Selection};
use crate::archive::{Archive, ArchiveError};
use crate::fetch::{Fetch, Kind};
use crate::source::Source;

/// Checked files that wait for the archive.
const WAITING_FILES: usize = 4;

/// Collects a subnet's datasets: [`plan`], then [`carry_out`].
///
/// # Errors
/// The chain's, the archive's, the own disk's. What happens to one miner's dataset is in the summary.
pub async fn collect(
    options: &CollectOptions,
    chain: &dyn Chain,
    fetch: &Arc<Fetch>,
    archive: &Arc<Mutex<Archive>>,
    source: &Source,
    listener: &Arc<dyn Listener>,
) -> Result<Summary, CollectError> {
    let began = Instant::now();
    let plan = plan(options, chain, archive, source).await?;
    let mut summary = carry_out(plan, options, fetch, archive, listener).await?;
    summary.seconds = began.elapsed().as_secs_f64();
    Ok(summary)
}

/// Carries out a plan.
///
/// # Errors
/// As [`collect`].
pub async fn carry_out(
    mut plan: Plan,
    options: &CollectOptions,
    fetch: &Arc<Fetch>,
    archive: &Arc<Mutex<Archive>>,
    listener: &Arc<dyn Listener>,
) -> Result<Summary, CollectError> {
    let (began, before) = (Instant::now(), Spent::of(fetch));
    fetch.begin_run();
    listener.planned(&plan);
    let incoming = Incoming::open(&options.data_dir, options.netuid)?;
    let mut ends = Ends::new(options.min_rows);
    let mut is_whole = options.selection == Selection::default();
    for (file, refusal) in resolve(&mut plan.files, fetch).await {
        // What it means, and so what of it waits, is not known before it is asked again.
        is_whole &= refusal.kind() == Kind::Absent;
        ends.end(&plan, listener.as_ref(), &[file], &Err(outcome_of(&refusal)));
    }
    look_up(&mut plan.files, archive).await?;
    let work = Work::of(&plan, &incoming);
    if is_whole {
        incoming.sweep(&work.names)?;
    }
    for (files, judged) in &work.known {
        ends.end(&plan, listener.as_ref(), files, &Ok((judged.clone(), false)));
    }
    plan.judge.forget_others();
    let done =
        Working { plan: &plan, options, fetch, archive, listener, incoming }.through(work, &mut ends).await?;
    if !plan.carries() && !done.carries {
        plan.judge.remember();
    }
    let mut summary = Summary::of(&plan, options, &ends, &done);
    summary.spent(&before, fetch);
    summary.seconds = began.elapsed().as_secs_f64();
    Ok(summary)
}

/// Whether the archive has what branches and tags were found to mean.
async fn look_up(files: &mut [File], archive: &Arc<Mutex<Archive>>) -> Result<(), CollectError> {
    if files.iter().all(|file| !matches!(file.state, State::Missing { .. })) {
        return Ok(());
    }
    let mut missing: Vec<(usize, File)> = files.iter().cloned().enumerate().collect();
    missing.retain(|(_, file)| matches!(file.state, State::Missing { .. }));
    let archive = Arc::clone(archive);
    let found = blocking(move || {
        let archive = locked(&archive);
        let look = |(at, file): (usize, File)| {
            let commit = file.state.commit().cloned();
            commit.map(|commit| Ok((at, held(&archive, &file.namespace, commit, &file.path)?)))
        };
        missing.into_iter().filter_map(look).collect::<Result<Vec<_>, CollectError>>()
    });
    for (at, state) in found.await? {
        files[at].state = state;
    }
    Ok(())
}

/// A run under way.
struct Working<'r> {
    plan: &'r Plan,
    options: &'r CollectOptions,
    fetch: &'r Arc<Fetch>,
    archive: &'r Arc<Mutex<Archive>>,
    listener: &'r Arc<dyn Listener>,
    incoming: Incoming,
}

impl Working<'_> {
    /// Fetches, checks and keeps, then seals the snapshot.
    async fn through(self, work: Work, ends: &mut Ends) -> Result<Done, CollectError> {
        let (to_keep, from) = sync_channel(WAITING_FILES);
        let (answers, mut told) = unbounded_channel();
        let awaited = work.again.len();
        let keeper = Keeper {
            netuid: self.options.netuid,
            incoming: self.incoming.clone(),
            source: self.plan.judge.source.clone(),
            answers,
            listener: Arc::clone(self.listener),
        };
        let archive = Arc::clone(self.archive);
        let keeping = tokio::task::spawn_blocking(move || {
            let mut archive = locked(&archive);
            keeper.run(&mut archive, work.again, &from)
        });
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let hands = Hands {
            fetch: Arc::clone(self.fetch),
            source: self.plan.judge.source.clone(),
            checking: Arc::new(Semaphore::new(cores)),
            memory: Arc::new(Semaphore::new(MEMORY_KIB as usize)),
            incoming: self.incoming.clone(),
            to_keep: to_keep.clone(),
        };
        let mut fetching = JoinSet::new();
        for wanted in work.fetches {
            fetching.spawn(one(hands.clone(), wanted));
        }
        let fetched = self.wait(&mut fetching, &hands, &mut told, awaited, ends).await;
        fetching.shutdown().await;
        drop(hands);
        if fetched.is_ok() {
            self.seal(to_keep, ends).await;
        } else {
            drop(to_keep);
        }
        let kept: Result<Done, ArchiveError> = joined(keeping.await);
        // Where both failed, it is the archive's failure that the other came of.
        let done = kept?;
        fetched.map(|()| done)
    }

    /// Waits until every file's fate is known.
    async fn wait(
        &self,
        fetching: &mut JoinSet<Result<Ended, CollectError>>,
        hands: &Hands,
        told: &mut UnboundedReceiver<Said>,
        awaited: usize,
        ends: &mut Ends,
    ) -> Result<(), CollectError> {
        let (mut handed, mut answered) = (awaited, 0);
        while !fetching.is_empty() || answered < handed {
            tokio::select! {
                Some(ended) = fetching.join_next() => match joined(ended)? {
                    Ended::Handed => handed += 1,
                    Ended::Refused(files, outcome) => {
                        ends.end(self.plan, self.listener.as_ref(), &files, &Err(outcome));
                    }
                },
                answer = told.recv() => {
                    // Without an answer the archive has failed, and says why when it is joined.
                    let Some(said) = answer else { return Ok(()) };
                    answered += 1;
                    match said {
                        Said::Ended(Answer { files, put, is_new }) => {
                            let put = put.map(|judged| (judged, is_new));
                            ends.end(self.plan, self.listener.as_ref(), &files, &put);
                        }
                        Said::Damaged(of) => {
                            fetching.spawn(one(hands.clone(), of));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Sends the snapshot after the files.
    async fn seal(&self, to_keep: SyncSender<ToKeep>, ends: &Ends) {
        let facts = ends.facts(self.plan);
        let at_ms = self.options.clock.unix_ms();
        let seal = ToKeep::Snapshot(Box::new(ToSeal { facts, wallet: self.options.wallet.clone(), at_ms }));
        // Where nobody receives it, the archive has failed.
        let _ = blocking(move || to_keep.send(seal).is_ok()).await;
    }
}

/// Does what takes its time on a thread for that.
pub(super) async fn blocking<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> T {
    joined(tokio::task::spawn_blocking(what).await)
}

/// A panic of a task goes on here; none is ever cancelled while it is waited for.
fn joined<T>(ended: Result<T, tokio::task::JoinError>) -> T {
    ended.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))
}
