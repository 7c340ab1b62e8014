//! What is known after a restart.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::time::Duration;

use plimsoll_core::{Digest, Hotkey};

use super::record::Record;
use super::renewal::Renewal;
use super::segment::{Found, Segment};
use super::{LEASE_NS, MOST_BYTES, ReplayLog, ReplayLogError, SEGMENT_BYTES, SET_BACK_NS};
use crate::limits::MAX_AHEAD_NS;

/// How long a held lock is waited for, 200 ms in all: a process that was just started by this one holds its locks
/// until it becomes another program.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// What to make of a folder without a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingLog {
    /// It may have been lost: whatever can have been taken by now is refused, for the first two seconds that is
    /// everything. The right choice unless one knows better.
    #[default]
    Lost,
    /// This hotkey never served before: nothing can have been taken.
    NeverServed,
}

/// What earlier runs took.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::btauth) struct Known {
    /// Nothing signed at or before this may be taken.
    pub(in crate::btauth) floor_ns: u64,
    /// Nor may these.
    pub(in crate::btauth) taken: Vec<(Hotkey, u64)>,
}

pub(super) fn open(
    folder: &Path,
    me: Hotkey,
    missing: MissingLog,
    now_ns: u64,
    boot: Option<Digest>,
) -> Result<(ReplayLog, Known), ReplayLogError> {
    fs::create_dir_all(folder).map_err(|source| ReplayLogError::io(folder, "make the folder", source))?;
    let lock = lock(folder)?;
    let (first, found_first) = Segment::open(folder.join("replay-0.log"), &me)?;
    let (second, found_second) = Segment::open(folder.join("replay-1.log"), &me)?;
    let ((older, old), (newer, new)) = if first.sequence() <= second.sequence() {
        ((first, found_first), (second, found_second))
    } else {
        ((second, found_second), (first, found_first))
    };
    let known = judge(&old, &new, missing, now_ns, boot);
    say_if_far(&known, now_ns, folder);
    let mut log = ReplayLog {
        folder: folder.to_owned(),
        me,
        boot,
        current: newer,
        other: older,
        renewal: Renewal::default(),
        poisoned: false,
        segment_bytes: SEGMENT_BYTES,
        most_bytes: MOST_BYTES,
        _lock: lock,
    };
    let damaged = old.damaged || new.damaged;
    let next = log.current.sequence().saturating_add(1);
    if damaged {
        // What lies below the floor is not needed: begin anew, in the other file first.
        log.other.restart(next, &me)?;
        std::mem::swap(&mut log.current, &mut log.other);
        for &(sender, nonce_ns) in known.taken.iter().filter(|(_, nonce_ns)| *nonce_ns > known.floor_ns) {
            log.current.append(&Record::Taken { sender, nonce_ns })?;
        }
    } else if !new.begun {
        log.current.restart(next, &me)?;
    }
    log.begin_run(&known, now_ns)?;
    if damaged {
        log.other.empty()?;
    }
    Ok((log, known))
}

fn lock(folder: &Path) -> Result<File, ReplayLogError> {
    let path = folder.join("replay.lock");
    let file = File::options().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(|source| ReplayLogError::io(&path, "open", source))?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN_TRIES),
            Err(TryLockError::Error(source)) => return Err(ReplayLogError::io(&path, "lock", source)),
        }
    }
    Err(ReplayLogError::Locked { folder: folder.to_owned() })
}

/// What the records of both files, the older first, say of the runs before this one.
fn judge(old: &Found, new: &Found, missing: MissingLog, now_ns: u64, boot: Option<Digest>) -> Known {
    let damaged = old.damaged || new.damaged;
    if !old.begun && !new.begun && !damaged {
        let floor_ns = match missing {
            MissingLog::Lost => now_ns.saturating_add(MAX_AHEAD_NS),
            MissingLog::NeverServed => 0,
        };
        return Known { floor_ns, taken: Vec::new() };
    }
    let whole_until_closed = match new.whole_until_closed {
        Some(whole) => whole && !old.damaged,
        None => old.whole_until_closed.unwrap_or(false),
    };
    let (mut known, mut ceiling_ns, mut last_boot, mut closed) = (Known::default(), None, None, false);
    for record in old.records.iter().chain(&new.records) {
        match record {
            Record::Taken { sender, nonce_ns } => known.taken.push((*sender, *nonce_ns)),
            Record::Floor { ns } => known.floor_ns = known.floor_ns.max(*ns),
            Record::Ceiling { ns } => ceiling_ns = ceiling_ns.max(Some(*ns)),
            Record::Boot { id } => last_boot = Some(*id),
            // All that was taken under them is known.
            Record::Closed if whole_until_closed => ceiling_ns = None,
            Record::Closed => {}
        }
        closed = matches!(record, Record::Closed);
    }
    let same_machine_run = boot.is_some() && last_boot == boot;
    let whole = !damaged && (closed || same_machine_run);
    if whole {
        return known;
    }
    known.floor_ns = known.floor_ns.max(ceiling_ns.unwrap_or(0));
    if damaged || ceiling_ns.is_none() {
        known.floor_ns = known.floor_ns.max(now_ns.saturating_add(MAX_AHEAD_NS));
    }
    tracing::warn!(
        refused_until_ns = known.floor_ns,
        damaged,
        "which requests were taken last is not known: what was signed before is refused"
    );
    known
}

/// A floor far ahead shuts everybody out, and only the operator can tell which clock is wrong.
fn say_if_far(known: &Known, now_ns: u64, folder: &Path) {
    let far_ns = known.floor_ns.saturating_sub(now_ns.saturating_add(MAX_AHEAD_NS + LEASE_NS));
    if far_ns > SET_BACK_NS {
        tracing::error!(
            folder = %folder.display(),
            refused_until_ns = known.floor_ns,
            refused_for_s = known.floor_ns.saturating_sub(now_ns) / 1_000_000_000,
            "the machine went down while its clock was ahead, or the clock is behind now: every request is refused \
             until that time; where the clock is right now, stop the miner and move the folder away"
        );
    }
}

impl ReplayLog {
    /// Writes and syncs what this run is bound by, before anything is taken.
    pub(super) fn begin_run(&mut self, known: &Known, now_ns: u64) -> Result<(), ReplayLogError> {
        let torn = |path: &Path| {
            let path = path.to_owned();
            move |source| ReplayLogError::io(&path, "cut off a torn record", source)
        };
        self.current.cut_torn().map_err(torn(self.current.path()))?;
        let ceiling_ns = now_ns.saturating_add(MAX_AHEAD_NS + LEASE_NS).max(known.floor_ns);
        self.current.append(&Record::Boot { id: self.boot.unwrap_or_default() })?;
        self.current.append(&Record::Floor { ns: known.floor_ns })?;
        self.current.append(&Record::Ceiling { ns: ceiling_ns })?;
        self.current.sync()?;
        let folder = File::open(&self.folder).and_then(|folder| folder.sync_all());
        folder.map_err(|source| ReplayLogError::io(&self.folder, "sync the folder", source))?;
        self.renewal.already(self.current.sequence(), ceiling_ns);
        Ok(())
    }
}
