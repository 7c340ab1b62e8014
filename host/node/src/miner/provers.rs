//! A few threads that prove, and the line before them.
//!
//! A thread that has done its work takes the next from the line itself and leaves only when nobody waits: under load a
//! request costs no waking of a thread.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

/// At most so many at work at the same time; whoever came first is next. Clones stand in one line.
#[derive(Clone)]
pub(super) struct Provers(Arc<Line>);

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undone {
    /// Nobody was free in time: the work was not begun.
    NoTurn,
    /// The work panicked, or the process ends.
    BrokeDown,
}

type Work = Box<dyn FnOnce() + Send>;

struct Line {
    most: usize,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    at_work: usize,
    came: u64,
    /// By arrival. Whoever takes work out, to do it or to leave, is its owner: it is done once or never.
    waiting: BTreeMap<u64, Work>,
}

/// A place in the line, left when it is dropped.
struct Place<'a> {
    line: &'a Line,
    number: u64,
}

/// One thread's right to work, given back when it is dropped, also where the thread is never begun.
struct Turn {
    line: Arc<Line>,
    is_over: bool,
}

impl Provers {
    /// At most `most` at once, and one at least.
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Line { most: most.max(1), inside: Mutex::default() }))
    }

    /// Has `work` done. What has not had its turn within `patience`, or nobody waits for any more, is not begun.
    ///
    /// # Errors
    /// [`Undone`].
    pub(super) async fn have_done<T: Send + 'static>(
        &self,
        patience: Option<Duration>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Undone> {
        let (tell, mut told) = oneshot::channel();
        let place = self.stand_in_line(Box::new(move || drop(tell.send(work()))));
        let in_time = match patience {
            None => None,
            Some(patience) => timeout(patience, &mut told).await.ok(),
        };
        let done = match in_time {
            Some(done) => done,
            None if patience.is_some() && place.leave() => return Err(Undone::NoTurn),
            None => told.await,
        };
        done.map_err(|_| Undone::BrokeDown)
    }

    fn stand_in_line(&self, work: Work) -> Place<'_> {
        let line = &self.0;
        let (number, is_one_more) = {
            let mut inside = line.inside();
            inside.came += 1;
            let number = inside.came;
            inside.waiting.insert(number, work);
            let is_one_more = inside.at_work < line.most;
            inside.at_work += usize::from(is_one_more);
            (number, is_one_more)
        };
        if is_one_more {
            let turn = Turn { line: Arc::clone(line), is_over: false };
            tokio::task::spawn_blocking(move || turn.work());
        }
        Place { line, number }
    }
}

impl Line {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        // No work is done under the lock, so nothing can be half-way.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    fn work(mut self) {
        while let Some(work) = self.next() {
            // A panic in a prover is the miner's fault and nobody else's: who waits hears that nothing comes, and
            // whatever the work had in its hands is gone with it.
            let _ = catch_unwind(AssertUnwindSafe(work));
        }
    }

    fn next(&mut self) -> Option<Work> {
        let mut inside = self.line.inside();
        let next = inside.waiting.pop_first();
        if next.is_none() {
            // In the same breath, so that whoever comes now finds a turn free.
            inside.at_work -= 1;
            self.is_over = true;
        }
        next.map(|(_, work)| work)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_over {
            self.line.inside().at_work -= 1;
        }
    }
}

impl Place<'_> {
    /// Whether the work had not been begun; it will not be.
    fn leave(&self) -> bool {
        // What is dropped with the work must not be dropped under the lock.
        let work = self.line.inside().waiting.remove(&self.number);
        work.is_some()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    const SOON: Option<Duration> = Some(Duration::from_millis(20));

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    }

    #[test]
    fn no_more_than_so_many_work_at_once_and_all_are_done() {
        let (provers, now, most) =
            (Provers::new(2), Arc::new(AtomicUsize::new(0)), Arc::<AtomicUsize>::default());
        let all = async {
            let mut asked = tokio::task::JoinSet::new();
            for n in 0..200_usize {
                let (provers, now, most) = (provers.clone(), Arc::clone(&now), Arc::clone(&most));
                asked.spawn(async move {
                    let work = move || {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                        n
                    };
                    provers.have_done(None, work).await.unwrap()
                });
            }
            asked.join_all().await
        };
        let mut done = runtime().block_on(all);
        done.sort_unstable();
        assert_eq!(done, (0..200).collect::<Vec<_>>());
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
    }

    #[test]
    fn who_loses_patience_before_the_turn_comes_is_told_and_nothing_is_begun_for_it() {
        let (provers, begun) = (Provers::new(1), Arc::new(AtomicUsize::new(0)));
        let (release, held) = mpsc::channel::<()>();
        runtime().block_on(async {
            let first = tokio::spawn({
                let provers = provers.clone();
                async move { provers.have_done(None, move || held.recv().is_ok()).await }
            });
            while provers.0.inside().at_work == 0 || !provers.0.inside().waiting.is_empty() {
                tokio::task::yield_now().await;
            }
            let count = || {
                let begun = Arc::clone(&begun);
                move || begun.fetch_add(1, Ordering::SeqCst)
            };
            assert_eq!(provers.have_done(SOON, count()).await, Err(Undone::NoTurn));
            // Whoever goes away before the turn comes leaves nothing behind.
            let gone = timeout(Duration::from_millis(20), provers.have_done(None, count())).await;
            assert!(gone.is_err() && provers.0.inside().waiting.is_empty());
            release.send(()).unwrap();
            assert_eq!(first.await.unwrap(), Ok(true));
            assert_eq!(provers.have_done(SOON, count()).await, Ok(0));
        });
    }

    #[test]
    fn what_was_begun_in_time_may_take_longer() {
        let provers = Provers::new(1);
        let long = || std::thread::sleep(Duration::from_millis(60));
        // On a busy machine the thread may come too late, more than once.
        runtime().block_on(async { while provers.have_done(SOON, long).await == Err(Undone::NoTurn) {} });
        assert_eq!(runtime().block_on(provers.have_done(Some(Duration::from_secs(600)), || 7)), Ok(7));
    }

    #[test]
    fn a_panic_ends_one_work_and_the_next_in_line_is_done() {
        let provers = Provers::new(1);
        runtime().block_on(async {
            let panics =
                provers.have_done(None, || -> u8 { std::panic::resume_unwind(Box::new("a prover")) });
            let (broken, next) = tokio::join!(panics, provers.have_done(None, || 7));
            assert_eq!((broken, next), (Err(Undone::BrokeDown), Ok(7)));
        });
        // Turns are given back a moment after the answer.
        while provers.0.inside().at_work > 0 {
            std::thread::yield_now();
        }
    }
}
