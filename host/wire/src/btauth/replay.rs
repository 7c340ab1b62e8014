//! Which requests were taken before.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use plimsoll_core::Hotkey;

use super::replay_log::{Arrival, Known, MissingLog, ReplayLog, ReplayLogError};
use super::{AuthError, Nonce};
use crate::limits::MAX_AGE_NS;

/// Remembers (hotkey, nonce) of requests whose signature passed, in bounded memory.
///
/// A nonce is its own time, so it may be forgotten as soon as it is too old to pass as fresh. What is
/// forgotten leaves a *floor* behind: nothing at or below it is ever taken again, so that neither a clock that
/// steps back nor a sender that overflows its room opens the door to a replay. A sender that overflows loses
/// only its own oldest nonces.
#[derive(Debug)]
pub struct ReplayStore {
    floor_ns: u64,
    taken: HashMap<Hotkey, Taken>,
    hotkeys: usize,
    nonces: usize,
    log: Option<ReplayLog>,
}

#[derive(Debug, Default)]
struct Taken {
    floor_ns: u64,
    nonces: BTreeSet<u64>,
}

impl Taken {
    /// Forgets what can no longer pass as fresh.
    fn forget(&mut self, now_ns: u64) {
        let oldest_fresh = now_ns.saturating_sub(MAX_AGE_NS);
        while self.nonces.first().is_some_and(|&nonce| nonce < oldest_fresh) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        self.floor_ns = self.nonces.pop_first().map_or(self.floor_ns, |nonce| nonce.max(self.floor_ns));
    }
}

impl ReplayStore {
    /// Senders remembered at once.
    pub const HOTKEYS: usize = 1024;
    /// Nonces remembered of one sender.
    pub const NONCES: usize = 4096;

    /// A store that forgets everything when the process ends, and takes nothing signed at or before `floor_ns`:
    /// after a restart, what was taken before it is not known.
    #[must_use]
    pub fn new(floor_ns: u64) -> Self {
        Self::with_room(floor_ns, Self::HOTKEYS, Self::NONCES)
    }

    /// A store for `hotkeys` senders and `nonces` of each.
    #[must_use]
    pub fn with_room(floor_ns: u64, hotkeys: usize, nonces: usize) -> Self {
        Self { floor_ns, taken: HashMap::new(), hotkeys: hotkeys.max(1), nonces: nonces.max(1), log: None }
    }

    /// A store that also writes down what it takes, in `folder`, and knows what earlier runs took: a restart opens
    /// no door, and refuses nothing but what was taken. Where the machine went down in between, it refuses what was
    /// signed up to a few seconds after its last request, for want of knowing.
    ///
    /// # Errors
    /// [`ReplayLogError`] where the log cannot be read or written, is another hotkey's or another process's.
    pub fn kept_in(
        folder: &Path,
        me: Hotkey,
        missing: MissingLog,
        now_ns: u64,
    ) -> Result<Self, ReplayLogError> {
        let (log, known) = ReplayLog::open(folder, me, missing, now_ns)?;
        Ok(Self::remembering(log, known, now_ns))
    }

    pub(super) fn remembering(log: ReplayLog, known: Known, now_ns: u64) -> Self {
        let mut store = Self::new(known.floor_ns);
        for (sender, nonce_ns) in known.taken {
            store.recall(sender, nonce_ns, now_ns);
        }
        store.log = Some(log);
        store
    }

    /// The same, and nothing signed at or before `floor_ns`.
    #[must_use]
    pub fn not_before(self, floor_ns: u64) -> Self {
        Self { floor_ns: self.floor_ns.max(floor_ns), ..self }
    }

    /// Takes over what an earlier run took. What is stale, or has no room, becomes everyone's floor.
    fn recall(&mut self, sender: Hotkey, nonce_ns: u64, now_ns: u64) {
        let no_room = !self.taken.contains_key(&sender) && self.taken.len() >= self.hotkeys;
        if no_room || nonce_ns < now_ns.saturating_sub(MAX_AGE_NS) {
            self.floor_ns = self.floor_ns.max(nonce_ns);
            return;
        }
        let taken = self.taken.entry(sender).or_default();
        taken.nonces.insert(nonce_ns);
        if taken.nonces.len() > self.nonces {
            taken.forget_first();
        }
    }

    /// Takes a request, once. Call it only with what is fresh at `now_ns` and whose signature passed.
    ///
    /// # Errors
    /// [`AuthError::Replayed`], [`AuthError::BeforeStart`], [`AuthError::ReplayFull`], and
    /// [`AuthError::Unremembered`] where it could not be written down: then it counts as taken all the same.
    pub fn admit(&mut self, sender: &Hotkey, nonce: Nonce, now_ns: u64) -> Result<(), AuthError> {
        if nonce.0 <= self.floor_ns {
            return Err(AuthError::BeforeStart { signed_ns: nonce.0, floor_ns: self.floor_ns });
        }
        if !self.taken.contains_key(sender) && self.taken.len() >= self.hotkeys {
            self.forget_idle(now_ns);
            if self.taken.len() >= self.hotkeys {
                return Err(AuthError::ReplayFull { hotkeys: self.hotkeys });
            }
        }
        let taken = self.taken.entry(*sender).or_default();
        taken.forget(now_ns);
        if nonce.0 <= taken.floor_ns || !taken.nonces.insert(nonce.0) {
            return Err(AuthError::Replayed { sender: *sender, nonce: nonce.0 });
        }
        if taken.nonces.len() > self.nonces {
            taken.forget_first();
        }
        let Some(log) = &mut self.log else { return Ok(()) };
        log.taken(sender, nonce.0, now_ns).map_err(|error| unremembered(&error))
    }

    /// What must reach the disk before [`admit`](Self::admit) can take this without waiting for it: wait for it
    /// without holding the store, then ask again.
    pub(super) fn awaited(&mut self, nonce: Nonce, now_ns: u64) -> Result<Option<Arrival>, AuthError> {
        let Some(log) = &mut self.log else { return Ok(None) };
        log.awaited(nonce.0, now_ns).map_err(|error| unremembered(&error))
    }

    /// How many senders are remembered.
    #[must_use]
    pub fn senders(&self) -> usize {
        self.taken.len()
    }

    /// Forgets senders of whom nothing fresh is left. Their floors become everyone's: what lies below them is
    /// stale for everyone already, but for a sender that overflowed, whose floor may be fresh: it is kept.
    fn forget_idle(&mut self, now_ns: u64) {
        let oldest_fresh = now_ns.saturating_sub(MAX_AGE_NS);
        let mut floor_ns = self.floor_ns;
        self.taken.retain(|_, taken| {
            taken.forget(now_ns);
            let idle = taken.nonces.is_empty() && taken.floor_ns < oldest_fresh;
            if idle {
                floor_ns = floor_ns.max(taken.floor_ns);
            }
            !idle
        });
        self.floor_ns = floor_ns;
    }
}

fn unremembered(error: &ReplayLogError) -> AuthError {
    // Said aloud when it first happened.
    match error {
        ReplayLogError::Poisoned { .. } => tracing::debug!(%error, "a request was refused"),
        _ => tracing::error!(%error, "a request was refused, for it could not be written down"),
    }
    AuthError::Unremembered
}

#[cfg(test)]
impl ReplayStore {
    pub(super) fn log(&self) -> &ReplayLog {
        self.log.as_ref().unwrap()
    }

    pub(super) fn log_mut(&mut self) -> &mut ReplayLog {
        self.log.as_mut().unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const S: u64 = 1_000_000_000;
    const A: Hotkey = Hotkey([1; 32]);

    fn key(n: u8) -> Hotkey {
        Hotkey([n; 32])
    }

    #[test]
    fn a_nonce_is_taken_once_for_each_sender() {
        let mut store = ReplayStore::new(0);
        assert_eq!(store.admit(&A, Nonce(100 * S), 100 * S), Ok(()));
        assert_eq!(
            store.admit(&A, Nonce(100 * S), 100 * S).unwrap_err().to_string(),
            format!(
                "the nonce 100000000000 of {} was taken before: every request, also a retry, needs a new one",
                A.short()
            )
        );
        assert_eq!(store.admit(&key(2), Nonce(100 * S), 100 * S), Ok(()));
    }

    #[test]
    fn a_clock_that_steps_back_opens_no_door() {
        let mut store = ReplayStore::new(0);
        assert_eq!(store.admit(&A, Nonce(100 * S), 100 * S), Ok(()));
        assert_eq!(store.admit(&A, Nonce(120 * S), 120 * S), Ok(()));
        assert!(matches!(store.admit(&A, Nonce(100 * S), 101 * S), Err(AuthError::Replayed { .. })));
    }

    #[test]
    fn what_was_signed_before_the_start_is_refused() {
        let mut store = ReplayStore::new(50 * S);
        let why = store.admit(&A, Nonce(50 * S), 51 * S).unwrap_err();
        assert_eq!(
            why.to_string(),
            "the request was signed at 50.000000000, this side takes what was signed after 50.000000000: sign again"
        );
        assert_eq!(store.admit(&A, Nonce(50 * S + 1), 51 * S), Ok(()));
    }

    #[test]
    fn a_full_store_refuses_newcomers_until_an_old_sender_falls_silent() {
        let mut store = ReplayStore::with_room(0, 2, 8);
        for n in 1..=2 {
            assert_eq!(store.admit(&key(n), Nonce(100 * S), 100 * S), Ok(()));
        }
        let newcomer = store.admit(&key(3), Nonce(101 * S), 101 * S);
        assert_eq!(newcomer, Err(AuthError::ReplayFull { hotkeys: 2 }));
        assert_eq!(store.admit(&key(3), Nonce(111 * S), 111 * S), Ok(()));
        assert_eq!(store.senders(), 1);
        let old = store.admit(&key(1), Nonce(100 * S), 101 * S);
        assert!(matches!(old, Err(AuthError::BeforeStart { .. })), "{old:?}");
    }

    proptest! {
        /// Beside an unbounded set: whatever is taken was never taken before, whatever the clock does, and
        /// with a clock that only rises and room enough nothing fresh and new is refused.
        #[test]
        fn the_store_agrees_with_a_plain_set(
            steps in proptest::collection::vec((0u8..3, 0u64..20, 0u64..20), 1..120),
            nonces in 1usize..12,
        ) {
            let mut store = ReplayStore::with_room(0, 8, nonces);
            let mut plain = std::collections::HashSet::new();
            for (who, nonce, now) in steps {
                let (nonce, now) = ((100 + nonce) * S, (100 + now) * S);
                if nonce + MAX_AGE_NS < now || nonce > now + crate::limits::MAX_AHEAD_NS {
                    continue;
                }
                if store.admit(&key(who), Nonce(nonce), now).is_ok() {
                    prop_assert!(plain.insert((who, nonce)), "taken twice");
                }
                prop_assert!(store.taken.values().all(|t| t.nonces.len() <= nonces));
            }
        }

        #[test]
        fn nothing_new_is_refused_while_the_clock_rises(ahead in proptest::collection::vec((0u64..12, 0u64..2), 1..60)) {
            let mut store = ReplayStore::new(0);
            let mut plain = std::collections::HashSet::new();
            let mut now = 1000 * S;
            for (age, step) in ahead {
                now += step * S;
                let nonce = now + 2 * S - age * S;
                let first = plain.insert(nonce);
                prop_assert_eq!(store.admit(&A, Nonce(nonce), now).is_ok(), first);
            }
        }
    }
}
