//! What all handles of one filling share: the writer, the ledger, and the rule that joins them.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use plimsoll_core::{Digest, SpaceError, Span};

use super::ledger::Ledger;
use crate::error::device;
use crate::header::PlotHeader;
use crate::lock::PlotLock;
use crate::write::Writer;
use crate::{FillOptions, IoMethod, StoreError};

pub(super) struct Inner {
    pub(super) header: PlotHeader,
    pub(super) writer: Writer,
    pub(super) method: IoMethod,
    pub(super) options: FillOptions,
    ledger: Mutex<Ledger>,
    /// Held by whoever makes a checkpoint: one at a time, without keeping workers from reporting.
    turn: Mutex<()>,
    /// Why nothing more can be made durable.
    poisoned: OnceLock<(io::ErrorKind, String)>,
    /// The root of the complete tree; nothing can be put from then on.
    pub(super) root: OnceLock<Digest>,
    pub(super) lock: Arc<PlotLock>,
}

impl Inner {
    pub(super) fn new(
        header: PlotHeader,
        writer: Writer,
        method: IoMethod,
        options: FillOptions,
        ledger: Ledger,
        lock: PlotLock,
    ) -> Self {
        Self {
            header,
            writer,
            method,
            options,
            ledger: Mutex::new(ledger),
            turn: Mutex::new(()),
            poisoned: OnceLock::new(),
            root: OnceLock::new(),
            lock: Arc::new(lock),
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.writer.file().path()
    }

    /// Every change of the ledger is one step, so that a panic elsewhere leaves it whole.
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn remaining(&self, pass: u32) -> Vec<Span> {
        let planned = self.header.spec.layout.passes.get(pass as usize);
        let ledger = self.ledger();
        let finished = ledger.finished.passes.get(pass as usize);
        planned.zip(finished).map_or_else(Vec::new, |(planned, finished)| finished.missing(planned.units))
    }

    pub(super) fn finished(&self, pass: u32, span: Span) -> Result<(), StoreError> {
        self.check_poison()?;
        let layout = &self.header.spec.layout;
        let units = layout.passes.get(pass as usize).map_or(0, |p| p.units);
        if span.first.checked_add(span.count).is_none_or(|end| end > units) {
            return Err(StoreError::OutOfRange { path: self.path().to_owned(), pass, units, span });
        }
        let bytes = span.count.saturating_mul(layout.unit_bytes.into());
        let due = {
            let mut ledger = self.ledger();
            ledger.report(pass as usize, span, bytes);
            ledger.is_due(&self.options)
        };
        match due.then(|| self.turn.try_lock()) {
            Some(Ok(_turn)) => self.checkpoint_now(),
            // Somebody else is at it.
            _ => Ok(()),
        }
    }

    pub(super) fn checkpoint(&self) -> Result<(), StoreError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.checkpoint_now()
    }

    fn checkpoint_now(&self) -> Result<(), StoreError> {
        self.check_poison()?;
        let snapshot = {
            let ledger = self.ledger();
            if ledger.is_durable() {
                return Ok(());
            }
            ledger.snapshot()
        };
        // What was reported before the snapshot was put before it, so settling now covers it.
        self.writer.settle()?;
        self.sync()?;
        snapshot.journal.write(self.path())?;
        self.ledger().made_durable(snapshot);
        Ok(())
    }

    /// Waits for the disk; a failure is final, because the system may have dropped the pages it could not
    /// write and would report success the second time.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.writer.sync().map_err(|e| self.poison(&e))
    }

    fn poison(&self, error: &io::Error) -> StoreError {
        let (kind, reason) = self.poisoned.get_or_init(|| (error.kind(), error.to_string()));
        self.ledger().forget_pending();
        let error = StoreError::not_kept(self.path(), *kind, reason);
        tracing::error!(%error);
        error
    }

    pub(super) fn check_poison(&self) -> Result<(), StoreError> {
        match self.poisoned.get() {
            None => Ok(()),
            Some((kind, reason)) => Err(StoreError::not_kept(self.path(), *kind, reason)),
        }
    }

    /// Whether bytes may be put now.
    pub(super) fn check_writable(&self) -> Result<(), SpaceError> {
        if self.options.cancel.is_cancelled() {
            return Err(SpaceError::Cancelled);
        }
        if let Some((kind, reason)) = self.poisoned.get() {
            return Err(device(self.path(), 0, 0, &io::Error::new(*kind, reason.clone())));
        }
        if self.root.get().is_some() {
            let path = self.path().display();
            return Err(SpaceError::Refused(format!("{path} is complete: nothing more can be put")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{File, OpenOptions};

    use plimsoll_core::{Hotkey, Identity, Layout, NetUid, Order, Pass};
    use rustix::io::Errno;

    use super::*;
    use crate::journal::{Finished, Journal, journal_paths};
    use crate::write::PlotFile;
    use crate::{PlotSpec, SchemeTag};

    /// A filling over a device that takes every write and cannot sync.
    fn over_a_device_that_cannot_sync(folder: &Path) -> Inner {
        let pass = Pass { name: String::new(), units: 10, order: Order::Independent };
        let layout =
            Layout { unit_bytes: 10, units: 10, region_bytes: 100, memory_bytes: 0, passes: vec![pass] };
        let zero = Digest([0; 32]);
        let spec = PlotSpec {
            identity: Identity { netuid: NetUid(1), owner: Hotkey([0; 32]), validator: Hotkey([0; 32]) },
            scheme: SchemeTag { name: String::new(), plugin: zero, params: zero },
            layout,
        };
        let path = folder.join("a.plot");
        let device: File = OpenOptions::new().read(true).write(true).open("/dev/null").unwrap();
        let header = PlotHeader::filling(spec, [1; 16]);
        let writer = Writer::new(PlotFile::new(&path, header.geometry(), device, None), true);
        let method = IoMethod { direct: false, why: String::new(), reserved: false };
        let mut finished = Finished::none(&header.spec.layout);
        finished.passes[0].insert(Span { first: 0, count: 2 });
        let ledger = Ledger::new(Journal { fill_id: [1; 16], sequence: 1, finished });
        let lock = PlotLock::exclusive(&path).unwrap();
        Inner::new(header, writer, method, FillOptions::default(), ledger, lock)
    }

    #[test]
    fn after_a_failed_sync_only_the_last_checkpoint_counts_and_nothing_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let inner = over_a_device_that_cannot_sync(folder.path());
        inner.finished(0, Span { first: 2, count: 3 }).unwrap();
        assert_eq!(inner.remaining(0), [Span { first: 5, count: 5 }]);
        let first = inner.checkpoint().unwrap_err().to_string();
        assert!(
            first.contains("a.plot: the disk failed to keep what was written (Invalid argument"),
            "{first}"
        );
        assert!(first.ends_with("counts as unfinished; check the disk, then resume"), "{first}");
        assert_eq!(inner.remaining(0), [Span { first: 2, count: 8 }]);
        for again in [
            inner.checkpoint(),
            inner.finished(0, Span { first: 5, count: 1 }),
            super::super::seal::finish_tree(&inner).map(drop),
        ] {
            assert!(matches!(again, Err(StoreError::Poisoned { .. })));
        }
        assert!(matches!(inner.check_writable(), Err(SpaceError::Device { .. })));
        assert!(journal_paths(inner.path()).iter().all(|journal| !journal.exists()));
    }

    #[test]
    fn a_disk_that_is_full_at_the_sync_is_not_called_a_failing_one() {
        let folder = tempfile::tempdir().unwrap();
        let full = [Errno::NOSPC, Errno::DQUOT];
        for (errno, is_full) in full.map(|e| (e, true)).into_iter().chain([(Errno::IO, false)]) {
            let inner = over_a_device_that_cannot_sync(folder.path());
            let first = inner.poison(&errno.into());
            assert_eq!(first.is_full_disk(), is_full, "{first}");
            let again = inner.check_poison().unwrap_err();
            assert_eq!(again.to_string(), first.to_string());
            assert_eq!(StoreError::from(inner.check_writable().unwrap_err()).is_full_disk(), is_full);
            let advice = if is_full { "free space, then resume" } else { "check the disk, then resume" };
            assert!(first.to_string().ends_with(advice), "{first}");
        }
    }
}
