//! The replay store's memory across restarts: two small files that take turns.
//!
//! Every request that is taken is written down *before* it is acted on. How much of what was written is still
//! there depends on what ended the process, so three cases are told apart when the log is opened:
//!
//! | what ended it | what is known | what is refused |
//! |---|---|---|
//! | stopped, or dropped | everything: the last record says so and is synced | what was taken |
//! | killed, crashed | everything: what was written is with the system, synced or not | what was taken |
//! | the machine went down | what was synced; later records may be lost | also all that was signed up to the *ceiling* |
//!
//! The **ceiling** is a promise that is synced before it is needed: no request signed after it is taken. It is
//! raised to the time plus [`MAX_AHEAD_NS`] plus [`LEASE_NS`] whenever half of the lease is used up, by a thread
//! of its own, so that a busy miner syncs once in a few seconds and no request waits for the disk; only the first
//! request after a silence does, and a server lets it wait without holding the store. After the machine's end, requests
//! signed at most `2 s + 5 s` after its last renewal are refused: as a rule less than what a machine takes to start.
//! Whether the machine went down is told by the system's boot id. Where there is none, every restart counts as the
//! machine's.
//!
//! A clock that ran ahead takes the ceiling along. What a run that was stopped promised is void, for all that it took
//! is known; so a running log whose clock is set back by more than a minute ends its run and begins another. Only
//! where the machine goes down while its clock is ahead, all is refused until that time: then the log says so.
//!
//! A damaged record, or no file where there should be one, means that nothing is known: then what was signed up to
//! the ceiling *and* up to [`MAX_AHEAD_NS`] from now is refused, for nothing signed later can have been taken.
//!
//! A file is a header of 48 bytes (`PLMSRPL1`, its number in eight bytes little-endian, the receiver's key) and
//! records of 48 bytes; see [`record`]. When a file has [`SEGMENT_BYTES`] and all that the *other* holds is stale,
//! the other is emptied and goes on; so at most [`MOST_BYTES`] of each are on the disk.

mod boot;
#[cfg(test)]
mod clock_tests;
mod opening;
mod record;
mod renewal;
mod segment;
#[cfg(test)]
mod tests;
mod why;

use std::fs::File;
use std::path::{Path, PathBuf};

use plimsoll_core::{Digest, Hotkey};

use crate::limits::{MAX_AGE_NS, MAX_AHEAD_NS};
use record::Record;
use renewal::Renewal;
use segment::Segment;

pub(super) use opening::Known;
pub use opening::MissingLog;
pub(super) use renewal::Arrival;
pub use why::ReplayLogError;

/// How far beyond what can be dated now the ceiling is raised.
pub(super) const LEASE_NS: u64 = 5_000_000_000;
/// A ceiling that is further ahead than the lease and this says that the clock was wrong.
const SET_BACK_NS: u64 = 60_000_000_000;
/// A file of this size gives way to the other as soon as it may.
const SEGMENT_BYTES: u64 = 4 << 20;
/// No file grows beyond this: requests are refused until the other one is stale.
const MOST_BYTES: u64 = 64 << 20;

/// Open for writing, by one process at a time.
#[derive(Debug)]
pub(super) struct ReplayLog {
    folder: PathBuf,
    me: Hotkey,
    boot: Option<Digest>,
    current: Segment,
    other: Segment,
    renewal: Renewal,
    /// Set for good by a failed sync: what is on the disk is not known any more.
    poisoned: bool,
    segment_bytes: u64,
    most_bytes: u64,
    _lock: File,
}

impl ReplayLog {
    /// Opens the log in `folder`, or begins one, and says what is known of earlier runs.
    pub(super) fn open(
        folder: &Path,
        me: Hotkey,
        missing: MissingLog,
        now_ns: u64,
    ) -> Result<(Self, Known), ReplayLogError> {
        opening::open(folder, me, missing, now_ns, boot::id())
    }

    /// Writes down that `nonce` of `sender` is taken at `now_ns`. Nothing may be done for the request before this
    /// has returned, nor if it fails.
    pub(super) fn taken(
        &mut self,
        sender: &Hotkey,
        nonce_ns: u64,
        now_ns: u64,
    ) -> Result<(), ReplayLogError> {
        if self.poisoned {
            return Err(ReplayLogError::Poisoned { folder: self.folder.clone() });
        }
        self.follow_clock(now_ns)?;
        self.make_room(now_ns)?;
        self.raise_ceiling(nonce_ns, now_ns)?;
        self.current.append(&Record::Taken { sender: *sender, nonce_ns })
    }

    /// What must reach the disk before [`taken`](Self::taken) can write down this nonce without waiting for it;
    /// `None` where nothing must. The way there is begun.
    pub(super) fn awaited(&mut self, nonce_ns: u64, now_ns: u64) -> Result<Option<Arrival>, ReplayLogError> {
        if self.poisoned {
            return Ok(None);
        }
        self.follow_clock(now_ns)?;
        let mut durable_ns = self.finished(false)?;
        let full = self.current.bytes() >= self.most_bytes
            && self.other_is_stale(now_ns)
            && !self.is_promised_here();
        if nonce_ns <= durable_ns && !full {
            return Ok(None);
        }
        if !self.renewal.in_flight() {
            self.renew(now_ns.saturating_add(MAX_AHEAD_NS + LEASE_NS))?;
            durable_ns = self.renewal.durable_ns();
        }
        let arrival = self.renewal.arrival();
        // Without a thread it has arrived already.
        Ok(arrival.filter(|_| nonce_ns > durable_ns || full))
    }

    /// Sees to a ceiling at or above `nonce_ns`, and to the next one in time.
    fn raise_ceiling(&mut self, nonce_ns: u64, now_ns: u64) -> Result<(), ReplayLogError> {
        let durable_ns = self.finished(false)?;
        let wanted_ns = now_ns.saturating_add(MAX_AHEAD_NS + LEASE_NS);
        let half_used = wanted_ns.saturating_sub(durable_ns) > LEASE_NS / 2;
        if half_used && !self.renewal.in_flight() {
            self.renew(wanted_ns)?;
        }
        if nonce_ns <= durable_ns {
            return Ok(());
        }
        // The first request after a silence: this one has to wait for the disk.
        if nonce_ns <= self.finished(true)? {
            return Ok(());
        }
        // A renewal from before a step of the clock was in the way.
        self.renew(wanted_ns)?;
        self.finished(true).map(drop)
    }

    fn renew(&mut self, ceiling_ns: u64) -> Result<(), ReplayLogError> {
        // Also where the clock was set back: what was promised once may have been used.
        let ceiling_ns = ceiling_ns.max(self.renewal.durable_ns());
        self.current.append(&Record::Ceiling { ns: ceiling_ns })?;
        let begun = self.renewal.begin(self.current.handle(), self.current.sequence(), ceiling_ns);
        begun.map_err(|source| self.unsynced(source))
    }

    fn unsynced(&mut self, source: std::io::Error) -> ReplayLogError {
        self.poisoned = true;
        ReplayLogError::io(self.current.path(), "sync", source)
    }

    /// The durable ceiling; `wait`s for one that is on its way.
    fn finished(&mut self, wait: bool) -> Result<u64, ReplayLogError> {
        let finished = self.renewal.finish(wait);
        finished.map_err(|source| self.unsynced(source))?;
        Ok(self.renewal.durable_ns())
    }

    /// Goes on in the other file where this one is long and the other stale.
    fn make_room(&mut self, now_ns: u64) -> Result<(), ReplayLogError> {
        if self.current.bytes() < self.segment_bytes {
            return Ok(());
        }
        let full = self.current.bytes() >= self.most_bytes;
        if !self.other_is_stale(now_ns) {
            let (path, most_bytes) = (self.current.path().to_owned(), self.most_bytes);
            return if full { Err(ReplayLogError::Full { path, most_bytes }) } else { Ok(()) };
        }
        // The ceilings of the other file are lost with it: one must be in this file, on the disk, before.
        while !self.is_promised_here() {
            if !self.renewal.in_flight() {
                self.renew(now_ns.saturating_add(MAX_AHEAD_NS + LEASE_NS))?;
            }
            self.finished(full)?;
            if !full && !self.is_promised_here() {
                return Ok(());
            }
        }
        self.turn_over()
    }

    fn other_is_stale(&self, now_ns: u64) -> bool {
        self.other.newest_ns() < now_ns.saturating_sub(MAX_AGE_NS)
    }

    fn is_promised_here(&self) -> bool {
        self.renewal.synced_in() == Some(self.current.sequence())
    }

    fn turn_over(&mut self) -> Result<(), ReplayLogError> {
        let floor_ns = self.other.newest_ns().max(self.current.floor_ns());
        self.current.append(&Record::Floor { ns: floor_ns })?;
        self.other.restart(self.current.sequence().saturating_add(1), &self.me)?;
        self.other.append(&Record::Boot { id: self.boot.unwrap_or_default() })?;
        self.other.append(&Record::Floor { ns: floor_ns })?;
        std::mem::swap(&mut self.current, &mut self.other);
        Ok(())
    }

    /// The last record of a run that ended by itself.
    fn close(&mut self) -> Result<(), ReplayLogError> {
        self.finished(true)?;
        if self.poisoned {
            return Ok(());
        }
        // Whoever reads the record may rely on what is before it.
        self.other.sync()?;
        self.current.sync()?;
        self.current.append(&Record::Closed)?;
        self.current.sync()
    }

    /// Where the clock was set back far below the ceiling: ends the run and begins another in its place, all of this
    /// one synced, so that the old ceiling binds nobody after the machine's end. Waits for the disk, once.
    fn follow_clock(&mut self, now_ns: u64) -> Result<(), ReplayLogError> {
        let ahead_ns = self.renewal.durable_ns();
        let floor_ns = self.current.floor_ns().max(self.other.floor_ns());
        let wanted_ns = now_ns.saturating_add(MAX_AHEAD_NS + LEASE_NS).max(floor_ns);
        if ahead_ns.saturating_sub(wanted_ns) <= SET_BACK_NS {
            return Ok(());
        }
        let begun = self.close().and_then(|()| {
            self.renewal.forget();
            self.begin_run(&Known { floor_ns, taken: Vec::new() }, now_ns)
        });
        self.poisoned |= begun.is_err();
        tracing::warn!(
            set_back_s = ahead_ns.saturating_sub(wanted_ns) / 1_000_000_000,
            "the clock was set back: the log of taken requests goes on from its new time"
        );
        begun
    }
}

#[cfg(test)]
impl ReplayLog {
    /// While this is held, the disk is slow.
    pub(super) fn gate(&self) -> std::sync::Arc<std::sync::Mutex<()>> {
        std::sync::Arc::clone(&self.renewal.gate)
    }
}

impl Drop for ReplayLog {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::warn!(%error, "the log of taken requests was not closed: some fresh ones may be refused at first");
        }
    }
}
