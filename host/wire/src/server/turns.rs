//! Whose turn it is, when more is asked than the miner works on at once.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::Hotkey;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// A turn for each of so many requests at once, and a few of one caller. Who waits for a turn of all holds one
/// of its own already: of each caller only a few are in that queue, so one that asks for much waits for itself.
///
/// In the queue the bigger stake comes first, and of equal stakes who came first. One turn in
/// [`LONGEST_WAIT_EVERY`] goes to whoever waits longest, whatever the stake: small ones are late, never starved.
#[derive(Debug)]
pub(super) struct Turns {
    queue: Arc<Queue>,
    of_one: usize,
    callers: Mutex<HashMap<Hotkey, Arc<Semaphore>>>,
}

/// Holds a turn.
#[derive(Debug)]
pub(super) struct Turn {
    _all: Granted,
    _own: Option<OwnedSemaphorePermit>,
}

/// One turn in so many goes to whoever waits longest.
const LONGEST_WAIT_EVERY: u64 = 8;

#[derive(Debug)]
struct Queue(Mutex<Line>);

#[derive(Debug)]
struct Line {
    free: usize,
    came: u64,
    granted: u64,
    waiting: BTreeMap<Place, oneshot::Sender<Granted>>,
}

/// Where one stands in the queue: by stake, then by arrival.
type Place = (Reverse<u64>, u64);

/// A turn of all; gives itself to the next when it is dropped.
#[derive(Debug)]
struct Granted(Option<Arc<Queue>>);

/// Leaves the queue when it is dropped.
struct Waiting<'a> {
    queue: &'a Queue,
    place: Place,
}

impl Turns {
    /// Callers that are remembered: more than any subnet has validators. Beyond it those who hold and wait for
    /// nothing are forgotten.
    const MOST: usize = 4096;

    pub(super) fn new(all: usize, of_one: usize) -> Self {
        let line = Line { free: all.max(1), came: 0, granted: 0, waiting: BTreeMap::new() };
        Self { queue: Arc::new(Queue(Mutex::new(line))), of_one: of_one.max(1), callers: Mutex::default() }
    }

    /// Waits for `caller`'s turn, who has `stake`.
    pub(super) async fn of(&self, caller: &Hotkey, stake: u64) -> Turn {
        // The semaphores are never closed: the wait ends with a permit.
        let own = self.own(caller).acquire_owned().await.ok();
        Turn { _all: Queue::turn(&self.queue, stake).await, _own: own }
    }

    fn own(&self, caller: &Hotkey) -> Arc<Semaphore> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if callers.len() >= Self::MOST && !callers.contains_key(caller) {
            callers.retain(|_, turns| Arc::strong_count(turns) > 1);
        }
        Arc::clone(callers.entry(*caller).or_insert_with(|| Arc::new(Semaphore::new(self.of_one))))
    }
}

impl Queue {
    async fn turn(queue: &Arc<Self>, stake: u64) -> Granted {
        let (place, granted) = {
            let mut line = queue.line();
            if line.free > 0 {
                line.free -= 1;
                return Granted(Some(Arc::clone(queue)));
            }
            line.came += 1;
            let (sender, granted) = oneshot::channel();
            let place = (Reverse(stake), line.came);
            line.waiting.insert(place, sender);
            (place, granted)
        };
        let _waiting = Waiting { queue, place };
        // The sender is dropped only by `next`, after it has sent.
        granted.await.unwrap_or(Granted(None))
    }

    /// Hands a turn that was given back to the next who still waits.
    fn give_back(self: &Arc<Self>) {
        loop {
            let next = {
                let mut line = self.line();
                match line.next() {
                    Some(next) => next,
                    None => {
                        line.free += 1;
                        return;
                    }
                }
            };
            match next.send(Granted(Some(Arc::clone(self)))) {
                Ok(()) => return,
                // It went away this moment: the turn is still here to give.
                Err(mut granted) => granted.0 = None,
            }
        }
    }

    fn line(&self) -> std::sync::MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn next(&mut self) -> Option<oneshot::Sender<Granted>> {
        self.granted += 1;
        if self.granted.is_multiple_of(LONGEST_WAIT_EVERY) {
            let longest = *self.waiting.keys().min_by_key(|(_, came)| *came)?;
            return self.waiting.remove(&longest);
        }
        self.waiting.pop_first().map(|(_, sender)| sender)
    }
}

impl Drop for Granted {
    fn drop(&mut self) {
        if let Some(queue) = self.0.take() {
            queue.give_back();
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.queue.line().waiting.remove(&self.place);
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
        let first = ready(pin!(turns.of(&greedy, 0))).unwrap();
        let _second = ready(pin!(turns.of(&greedy, 0))).unwrap();
        let mut third = pin!(turns.of(&greedy, 0));
        assert!(ready(third.as_mut()).is_none(), "its own turns are taken, though one of all is left");
        let _others = ready(pin!(turns.of(&other, 0))).unwrap();
        // The next turn of all goes to whoever waits for it: the greedy one's third is not yet in that queue.
        let mut waiting = pin!(turns.of(&other, 0));
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
        let held = ready(pin!(turns.of(&caller(0), 0))).unwrap();
        for n in 1..=5000 {
            assert!(ready(pin!(turns.of(&caller(n), 0))).is_some());
        }
        assert!(turns.callers.lock().unwrap().len() <= Turns::MOST);
        assert!(ready(pin!(turns.of(&caller(0), 0))).is_none(), "who holds a turn is not forgotten");
        drop(held);
    }

    #[test]
    fn the_bigger_stake_has_the_next_turn_and_the_smallest_has_one_in_eight() {
        let turns = Turns::new(1, 1);
        let caller = |n: u8| Hotkey([n; 32]);
        let mut held = ready(pin!(turns.of(&caller(0), 0)));
        let mut asked: Vec<_> = Vec::new();
        for (n, stake) in (1u8..).zip([5u64, 0, 100, 7, 7]) {
            let mut turn = Box::pin({
                let turns = &turns;
                async move { turns.of(&caller(n), stake).await }
            });
            assert!(ready(turn.as_mut()).is_none());
            asked.push((n, turn));
        }
        let mut order = Vec::new();
        while !asked.is_empty() {
            drop(held.take());
            let mut next = None;
            for (at, (n, turn)) in asked.iter_mut().enumerate() {
                if let Some(turn) = ready(turn.as_mut()) {
                    (next, held) = (Some((at, *n)), Some(turn));
                }
            }
            let (at, n) = next.expect("a turn that was given back goes to somebody");
            order.push(n);
            drop(asked.remove(at));
        }
        assert_eq!(order, [3, 4, 5, 1, 2], "by stake, then by arrival");
    }

    #[test]
    fn nobody_waits_for_ever_behind_bigger_stakes() {
        let turns = Turns::new(1, 1);
        let small = Hotkey([1; 32]);
        let first = Hotkey([0; 32]);
        let mut held = ready(pin!(turns.of(&first, 9))).unwrap();
        let mut patient = pin!(turns.of(&small, 0));
        assert!(ready(patient.as_mut()).is_none());
        for n in 2..=9u8 {
            let caller = Hotkey([n; 32]);
            let mut big = Box::pin(turns.of(&caller, 1_000));
            let _ = ready(big.as_mut());
            drop(held);
            if ready(patient.as_mut()).is_some() {
                assert_eq!(n, 9, "the eighth turn");
                return;
            }
            held = ready(big.as_mut()).unwrap();
        }
        panic!("eight turns went to bigger stakes");
    }

    #[test]
    fn who_goes_away_while_waiting_takes_no_turn_along() {
        let turns = Turns::new(1, 1);
        let [a, b, c, d] = [0, 1, 2, 3].map(|n| Hotkey([n; 32]));
        let held = ready(pin!(turns.of(&a, 0))).unwrap();
        let mut gone = Box::pin(turns.of(&b, 50));
        assert!(ready(gone.as_mut()).is_none());
        let mut granted_and_gone = Box::pin(turns.of(&c, 40));
        assert!(ready(granted_and_gone.as_mut()).is_none());
        let mut last = pin!(turns.of(&d, 0));
        assert!(ready(last.as_mut()).is_none());
        drop(gone);
        drop(held);
        assert!(ready(last.as_mut()).is_none());
        drop(granted_and_gone);
        assert!(ready(last.as_mut()).is_some());
        assert!(turns.queue.line().waiting.is_empty());
    }
}
