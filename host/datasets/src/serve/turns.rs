//! Who is worked for: a few at once, some who wait, and nobody beyond that.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::refusal::Refusal;

/// How many pages are worked on at once, and how many requests are under way with those that wait for their turn.
const AT_ONCE: usize = 4;
const UNDER_WAY: usize = 36;

/// Who is worked for.
pub(super) struct Turns {
    at_once: Arc<Semaphore>,
    under_way: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        let room = |places| Arc::new(Semaphore::new(places));
        Self { at_once: room(AT_ONCE), under_way: room(UNDER_WAY) }
    }
}

impl Turns {
    /// A request that is under way until this is dropped.
    pub(super) fn begin(&self) -> Result<UnderWay, Refusal> {
        let place = Arc::clone(&self.under_way).try_acquire_owned().map_err(|_| Refusal::Busy)?;
        Ok(UnderWay { at_once: Arc::clone(&self.at_once), _place: place })
    }
}

/// A request under way. Nothing that reads the disk is done by the threads that answer.
pub(super) struct UnderWay {
    at_once: Arc<Semaphore>,
    _place: OwnedSemaphorePermit,
}

impl UnderWay {
    /// What is looked up at once.
    pub(super) async fn looked_up<T: Send + 'static>(
        &self,
        what: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        apart(what).await
    }

    /// What may take long, in its turn.
    pub(super) async fn worked<T: Send + 'static>(
        self,
        what: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let turn = Arc::clone(&self.at_once).acquire_owned().await;
        // Both are kept to the end of the work, also where nobody waits for it any more.
        apart(move || {
            let _kept = (turn, self);
            what()
        })
        .await
    }
}

async fn apart<T: Send + 'static>(
    what: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let broke = |_| Err(Refusal::Broken("The program broke off while it made this page.".to_owned()));
    tokio::task::spawn_blocking(what).await.unwrap_or_else(broke)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_too_many_is_refused_until_another_has_ended() {
        let turns = Turns::default();
        let mut held: Vec<UnderWay> = std::iter::from_fn(|| turns.begin().ok()).take(1_000).collect();
        assert_eq!(held.len(), UNDER_WAY);
        assert_eq!(turns.begin().err(), Some(Refusal::Busy));
        let one = held.pop().unwrap();
        assert_eq!(one.worked(|| Ok(7)).await, Ok(7));
        assert!(turns.begin().is_ok());
    }

    #[tokio::test]
    async fn work_that_breaks_off_is_a_refusal_and_frees_its_place() {
        let turns = Turns::default();
        for _ in 0..=UNDER_WAY {
            let broken = turns.begin().unwrap().worked(|| -> Result<(), _> { panic!("within a page") }).await;
            assert!(matches!(broken, Err(Refusal::Broken(_))));
        }
    }
}
