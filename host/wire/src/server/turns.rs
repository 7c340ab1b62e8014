//! Whose turn it is, when more is asked than the miner works on at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::Hotkey;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A turn for each of so many requests at once, and a few of one caller. Who waits for a turn of all holds one
/// of its own already: of each caller only a few are in that queue, which is first come, first served. So callers
/// take turns, and one that asks for much waits for itself.
#[derive(Debug)]
pub(super) struct Turns {
    all: Arc<Semaphore>,
    of_one: usize,
    callers: Mutex<HashMap<Hotkey, Arc<Semaphore>>>,
}

/// Holds a turn.
#[derive(Debug)]
pub(super) struct Turn {
    _all: Option<OwnedSemaphorePermit>,
    _own: Option<OwnedSemaphorePermit>,
}

impl Turns {
    /// Callers that are remembered: more than any subnet has validators. Beyond it those who hold and wait for
    /// nothing are forgotten.
    const MOST: usize = 4096;

    pub(super) fn new(all: usize, of_one: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all.max(1))), of_one: of_one.max(1), callers: Mutex::default() }
    }

    /// Waits for `caller`'s turn.
    pub(super) async fn of(&self, caller: &Hotkey) -> Turn {
        // The semaphores are never closed: both waits end with a permit.
        let own = self.own(caller).acquire_owned().await.ok();
        let all = Arc::clone(&self.all).acquire_owned().await.ok();
        Turn { _all: all, _own: own }
    }

    fn own(&self, caller: &Hotkey) -> Arc<Semaphore> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if callers.len() >= Self::MOST && !callers.contains_key(caller) {
            callers.retain(|_, turns| Arc::strong_count(turns) > 1);
        }
        Arc::clone(callers.entry(*caller).or_insert_with(|| Arc::new(Semaphore::new(self.of_one))))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Whether a future is ready now.
    fn ready<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        }
    }

    #[test]
    fn one_caller_leaves_turns_for_others_and_waits_for_itself() {
        let turns = Turns::new(3, 2);
        let (greedy, other) = (Hotkey([1; 32]), Hotkey([2; 32]));
        let first = ready(pin!(turns.of(&greedy))).unwrap();
        let _second = ready(pin!(turns.of(&greedy))).unwrap();
        let mut third = pin!(turns.of(&greedy));
        assert!(ready(third.as_mut()).is_none(), "its own turns are taken, though one of all is left");
        let _others = ready(pin!(turns.of(&other))).unwrap();
        // The next turn of all goes to whoever waits for it: the greedy one's third is not yet in that queue.
        let mut waiting = pin!(turns.of(&other));
        assert!(ready(waiting.as_mut()).is_none());
        drop(first);
        assert!(ready(waiting.as_mut()).is_some());
        assert!(ready(third.as_mut()).is_some(), "what the other gave back at once");
    }

    #[test]
    fn callers_that_wait_for_nothing_are_forgotten_when_there_are_too_many() {
        let turns = Turns::new(2, 1);
        let caller = |n: u32| {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&n.to_le_bytes());
            Hotkey(key)
        };
        let held = ready(pin!(turns.of(&caller(0)))).unwrap();
        for n in 1..=5000 {
            assert!(ready(pin!(turns.of(&caller(n)))).is_some());
        }
        assert!(turns.callers.lock().unwrap().len() <= Turns::MOST);
        assert!(ready(pin!(turns.of(&caller(0)))).is_none(), "who holds a turn is not forgotten");
        drop(held);
    }
}
