//! What a plot *would* commit to, without storing it: the prototype's `--only_hash`.
//!
//! Units are generated, digested and dropped; what a scheme keeps behind its units (the rows of the seed
//! scheme) stays in memory. Memory is that tail and a few digests a worker: groups of 64 KiB are folded as they
//! come. Nothing is journalled: a run that is stopped starts again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use plimsoll_core::{Digest, Identity, Layout, Order, PlotSpace, RegionSpace, SpaceError, Span};
use plimsoll_kernels::{HashKind, INTEGRITY_LEAF_BYTES, Tree, merkle_leaf};
use plimsoll_plugin::Scheme;
use plimsoll_store::CancelFlag;
use rayon::prelude::*;

use super::folding::Folding;
use super::progress::Progress;
use crate::NodeError;

/// What hashing without storing gives.
#[derive(Debug, Clone, serde::Serialize)]
pub struct HashedOnly {
    /// Whose plot it would be.
    pub identity: Identity,
    /// What was planned.
    pub layout: Layout,
    /// What the scheme commits to.
    pub commitment: Option<Digest>,
    /// What the scheme keeps behind its units: the rows of the seed scheme, 64 bytes a chunk.
    #[serde(skip)]
    pub tail: Vec<u8>,
}

/// Generates, digests and drops a whole plot.
///
/// # Errors
/// What the plugin said; [`NodeError::Cancelled`] after the cancel flag; [`NodeError::Unsupported`], after the first
/// pieces, where the scheme can commit only to what is stored.
pub fn hash_only(
    scheme: &Scheme,
    identity: &Identity,
    capacity_bytes: u64,
    cancel: &CancelFlag,
    progress: &dyn Progress,
) -> Result<HashedOnly, NodeError> {
    let mut instance = scheme.instance()?;
    let layout = instance.plan(identity, capacity_bytes)?;
    if layout.passes.len() != 1 {
        let passes = layout.passes.len();
        return Err(NodeError::Unsupported(format!(
            "{} fills in {passes} passes, each reading the one before: it cannot be hashed without being stored; \
             generate it without --only_hash",
            scheme.name()
        )));
    }
    let name = identity.validator.to_ss58();
    progress.begin(&name, layout.units_bytes(), 0);
    let space = Arc::new(Dropping::new(&layout, cancel.clone())?);
    let unit_bytes = u64::from(layout.unit_bytes);
    let pieces: Vec<Span> =
        Span { first: 0, count: layout.passes[0].units }.pieces((16 << 20) / unit_bytes).collect();
    if layout.passes[0].order == Order::Sequential {
        for span in pieces {
            instance.fill(space.clone(), identity, 0, span)?;
            space.expect_use(scheme.name())?;
            progress.advance(&name, span.count * unit_bytes);
        }
    } else {
        pieces.into_par_iter().try_for_each_init(
            || scheme.instance(),
            |worker, span| {
                let instance = worker.as_mut().map_err(|error| NodeError::Unsupported(error.to_string()))?;
                instance.fill(space.clone(), identity, 0, span)?;
                space.expect_use(scheme.name())?;
                progress.advance(&name, span.count * unit_bytes);
                Ok::<_, NodeError>(())
            },
        )?;
    }
    let commitment = instance.commit(space.clone(), identity, &layout)?;
    progress.finish(&name);
    let tail = space.tail.read().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(HashedOnly { identity: *identity, layout, commitment, tail })
}

/// A space that keeps the root of its bytes and what lies behind its units.
struct Dropping {
    size_bytes: u64,
    units_bytes: u64,
    tree: Mutex<Folding>,
    tail: RwLock<Vec<u8>>,
    cancel: CancelFlag,
}

impl Dropping {
    fn new(layout: &Layout, cancel: CancelFlag) -> Result<Self, NodeError> {
        let too_large =
            |_| NodeError::Unsupported("what lies behind the plot's units does not fit into memory".into());
        let groups = layout.region_bytes.div_ceil(INTEGRITY_LEAF_BYTES);
        let tail = usize::try_from(layout.region_bytes - layout.units_bytes()).map_err(too_large)?;
        Ok(Self {
            size_bytes: layout.region_bytes,
            units_bytes: layout.units_bytes(),
            tree: Mutex::new(Folding::new(groups)),
            tail: RwLock::new(vec![0; tail]),
            cancel,
        })
    }

    /// Folds the groups in `bytes` into the tree. A group in pieces is never whole here, so there is no root then,
    /// and nothing to digest.
    fn digest_groups(&self, offset: u64, bytes: &[u8]) {
        if bytes.is_empty() || self.tree().is_spoilt() {
            return;
        }
        let end = offset + bytes.len() as u64;
        let is_whole = |at: u64| at.is_multiple_of(INTEGRITY_LEAF_BYTES);
        if !is_whole(offset) || !(is_whole(end) || end == self.size_bytes) {
            return self.tree().spoil();
        }
        let groups = self.size_bytes.div_ceil(INTEGRITY_LEAF_BYTES);
        let first = offset / INTEGRITY_LEAF_BYTES;
        for (index, group) in (first..).zip(bytes.chunks(INTEGRITY_LEAF_BYTES as usize)) {
            match merkle_leaf(HashKind::Blake3, INTEGRITY_LEAF_BYTES, groups, index, group) {
                Ok(leaf) => self.tree().put(index, leaf),
                Err(_) => self.tree().spoil(),
            }
        }
    }

    /// Refuses where nothing is kept that a scheme could commit to: neither a root nor a tail.
    fn expect_use(&self, scheme: &str) -> Result<(), NodeError> {
        if self.units_bytes < self.size_bytes || !self.tree().is_spoilt() {
            return Ok(());
        }
        Err(NodeError::Unsupported(format!(
            "{scheme} does not write whole groups of {INTEGRITY_LEAF_BYTES} bytes, each once: what it would commit to is \
             not known without its plot; generate it without --only_hash"
        )))
    }

    fn tree(&self) -> MutexGuard<'_, Folding> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tail_range(&self, offset: u64, len: usize) -> Result<std::ops::Range<usize>, SpaceError> {
        let outside = || SpaceError::OutOfRange { offset, len: len as u64, size_bytes: self.size_bytes };
        let start = offset.checked_sub(self.units_bytes).ok_or_else(|| {
            SpaceError::Refused("units are not kept when only hashing: they cannot be read back".into())
        })?;
        let start = usize::try_from(start).map_err(|_| outside())?;
        let end = start.checked_add(len).ok_or_else(outside)?;
        if offset + len as u64 > self.size_bytes {
            return Err(outside());
        }
        Ok(start..end)
    }
}

impl RegionSpace for Dropping {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        let range = self.tail_range(offset, into.len())?;
        into.copy_from_slice(&self.tail.read().unwrap_or_else(PoisonError::into_inner)[range]);
        Ok(())
    }

    fn integrity_nodes(
        &self,
        level: u32,
        first: u64,
        count: u64,
    ) -> Option<Result<Vec<[u8; 32]>, SpaceError>> {
        let root = self.tree().root()?;
        let top = Tree::integrity(self.size_bytes).levels() - 1;
        Some(if (level, first, count) == (top, 0, 1) {
            Ok(vec![root.0])
        } else {
            Err(SpaceError::Refused("of a plot's tree only the root is kept when only hashing".into()))
        })
    }
}

impl PlotSpace for Dropping {
    fn put(&self, offset: u64, len: usize, write: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError> {
        if self.cancel.is_cancelled() {
            return Err(SpaceError::Cancelled);
        }
        let mut bytes = vec![0; len];
        write(&mut bytes);
        if offset >= self.units_bytes {
            let range = self.tail_range(offset, len)?;
            self.tail.write().unwrap_or_else(PoisonError::into_inner)[range].copy_from_slice(&bytes);
        }
        self.digest_groups(offset, &bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_core::Pass;

    use super::*;

    #[test]
    fn what_nothing_could_commit_to_is_refused_after_its_first_piece() {
        let space = |region_bytes| {
            let pass = Pass { name: "fill".into(), units: 4, order: Order::Independent };
            let layout =
                Layout { unit_bytes: 1 << 16, units: 4, region_bytes, memory_bytes: 0, passes: vec![pass] };
            Dropping::new(&layout, CancelFlag::new()).unwrap()
        };
        let whole = space(4 << 16);
        whole.put(1 << 16, 1 << 16, &mut |bytes| bytes.fill(1)).unwrap();
        assert!(whole.expect_use("halves").is_ok());
        whole.put(0, 1 << 15, &mut |bytes| bytes.fill(1)).unwrap();
        assert_eq!(
            whole.expect_use("halves").unwrap_err().to_string(),
            "halves does not write whole groups of 65536 bytes, each once: what it would commit to is not known \
             without its plot; generate it without --only_hash"
        );
        let with_tail = space((4 << 16) + 64);
        with_tail.put(0, 1 << 15, &mut |bytes| bytes.fill(1)).unwrap();
        assert!(with_tail.expect_use("halves").is_ok(), "what lies behind its units is kept");
    }
}
