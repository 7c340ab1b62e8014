//! The last steps: tree, sync, header.

use std::os::unix::fs::FileExt;
use std::sync::Arc;

use plimsoll_core::Digest;

use super::inner::Inner;
use crate::header::{PlotHeader, SLOT_BYTES};
use crate::journal::remove_journals;
use crate::{Plot, StoreError, tree};

pub(super) fn finish_tree(inner: &Inner) -> Result<Digest, StoreError> {
    inner.check_poison()?;
    if let Some(root) = inner.root.get() {
        return Ok(*root);
    }
    let spec = &inner.header.spec;
    if let Some((pass, missing_units)) = inner.ledger().finished.gap(&spec.layout) {
        return Err(StoreError::Unfinished { path: inner.path().to_owned(), pass, missing_units });
    }
    inner.writer.settle()?;
    if spec.layout.region_bytes > inner.options.checkpoint_bytes {
        // Reading a large region takes long; small plots are spared the syncs.
        inner.checkpoint()?;
    }
    let file = inner.writer.file();
    file.forget_cache();
    let trust = inner.writer.digests();
    let root = tree::complete(
        file.cached(),
        file.path(),
        file.geometry(),
        trust,
        &inner.options.cancel,
        |offset, len, room| file.read_back(offset, len, room),
    )?;
    Ok(*inner.root.get_or_init(|| root))
}

pub(super) fn seal(inner: &Arc<Inner>, commitment: Option<Digest>) -> Result<Plot, StoreError> {
    let root = finish_tree(inner)?;
    inner.sync()?;
    let header = PlotHeader::new_sealed(inner.header.spec.clone(), commitment, root);
    let slot = header.encode_slot();
    let file = inner.writer.file();
    let write = |at: usize| {
        file.cached().write_all_at(&slot, at as u64).map_err(StoreError::io(file.path(), "write the header"))
    };
    // The second slot first: until it is durable the first one still says "filling". The first then needs no
    // sync of its own, for whatever becomes of it the second one holds.
    write(SLOT_BYTES)?;
    inner.sync()?;
    write(0)?;
    remove_journals(file.path())?;
    file.forget_cache();
    inner.lock.downgrade(file.path())?;
    Plot::sealed(file.path(), header, Arc::clone(&inner.lock))
}
