//! What is finished, and what of it is durable.

use std::time::Instant;

use plimsoll_core::Span;

use crate::FillOptions;
use crate::journal::{Finished, Journal};

/// The journal's two states: what workers reported, and what the disk is known to keep.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) finished: Finished,
    durable: Journal,
    pending_bytes: u64,
    last_checkpoint: Instant,
}

/// What a checkpoint is about to make durable.
pub(super) struct Snapshot {
    pub(super) journal: Journal,
    pending_bytes: u64,
}

impl Ledger {
    pub(super) fn new(durable: Journal) -> Self {
        let finished = durable.finished.clone();
        Self { finished, durable, pending_bytes: 0, last_checkpoint: Instant::now() }
    }

    pub(super) fn report(&mut self, pass: usize, span: Span, bytes: u64) {
        if let Some(spans) = self.finished.passes.get_mut(pass) {
            spans.insert(span);
            self.pending_bytes = self.pending_bytes.saturating_add(bytes);
        }
    }

    pub(super) fn is_due(&self, options: &FillOptions) -> bool {
        let since = self.last_checkpoint.elapsed();
        let is_much = self.pending_bytes >= options.checkpoint_bytes && since >= options.checkpoint_spacing;
        self.pending_bytes > 0 && (is_much || since >= options.checkpoint_every)
    }

    pub(super) fn is_durable(&self) -> bool {
        self.finished == self.durable.finished
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let Journal { fill_id, sequence, .. } = self.durable;
        let journal = Journal { fill_id, sequence: sequence + 1, finished: self.finished.clone() };
        Snapshot { journal, pending_bytes: self.pending_bytes }
    }

    pub(super) fn made_durable(&mut self, snapshot: Snapshot) {
        self.durable = snapshot.journal;
        self.pending_bytes = self.pending_bytes.saturating_sub(snapshot.pending_bytes);
        self.last_checkpoint = Instant::now();
    }

    /// Forgets what the disk may not have kept.
    pub(super) fn forget_pending(&mut self) {
        self.finished = self.durable.finished.clone();
        self.pending_bytes = 0;
    }
}
