//! Filled plots: made when they are first asked for, and forgotten when there are too many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_core::{Identity, Layout, RegionSpace, SpaceError};
use plimsoll_plugin::{MemorySpace, PluginError, Scheme, SchemeInstance};

use super::size::MOST_BYTES;
use crate::attack::plot::fill;
use crate::attack::region::{IntegrityTree, read};

/// A plot as an honest miner fills it.
pub(super) struct Plot {
    pub(super) layout: Layout,
    pub(super) bytes: Arc<Vec<u8>>,
    pub(super) tree: Arc<IntegrityTree>,
}

/// The plots of one run. Their bytes follow from identity and size, so that forgetting one costs only the time of
/// filling it again.
pub(super) struct Plots {
    scheme: Scheme,
    filled: Mutex<Filled>,
}

#[derive(Default)]
struct Filled {
    plots: HashMap<(Identity, u64), Arc<Plot>>,
    bytes: u64,
}

impl Plots {
    pub(super) fn new(scheme: Scheme) -> Self {
        Self { scheme, filled: Mutex::default() }
    }

    /// The plot of a region of so many bytes.
    pub(super) fn plot(&self, identity: &Identity, region_bytes: u64) -> Result<Arc<Plot>, PluginError> {
        let name = (*identity, region_bytes);
        if let Some(plot) = self.filled().plots.get(&name) {
            return Ok(Arc::clone(plot));
        }
        // Not under the lock: two threads may fill the same plot, and get the same bytes.
        let plot = Arc::new(self.fill(identity, region_bytes)?);
        let mut filled = self.filled();
        if filled.bytes.saturating_add(region_bytes) > MOST_BYTES {
            // Plots of claims that changed since; whatever is still claimed comes back.
            *filled = Filled::default();
        }
        let plots = &mut filled.plots;
        let known = plots.len();
        let plot = Arc::clone(plots.entry(name).or_insert(plot));
        if plots.len() > known {
            filled.bytes += region_bytes;
        }
        Ok(plot)
    }

    fn fill(&self, identity: &Identity, region_bytes: u64) -> Result<Plot, PluginError> {
        let mut instance = self.scheme.instance()?;
        let layout = instance.plan(identity, region_bytes)?;
        let bytes = filled(&mut instance, identity, &layout)?;
        let unhashed = |error: plimsoll_kernels::KernelError| SpaceError::Refused(error.to_string());
        let tree = Arc::new(IntegrityTree::of(&bytes).map_err(unhashed)?);
        Ok(Plot { layout, bytes: Arc::new(bytes), tree })
    }

    fn filled(&self) -> MutexGuard<'_, Filled> {
        self.filled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes of a whole plot.
pub(super) fn filled(
    instance: &mut SchemeInstance,
    identity: &Identity,
    layout: &Layout,
) -> Result<Vec<u8>, PluginError> {
    // No 64-bit machine has a region that this would cut short; on another, the scheme could not write it.
    let room = Arc::new(MemorySpace::new(usize::try_from(layout.region_bytes).unwrap_or(usize::MAX)));
    fill(instance, &room, identity, layout, u64::MAX)?;
    Ok(room.to_vec())
}

impl Plot {
    /// The bytes of a unit.
    pub(super) fn range(&self, unit: u64) -> std::ops::Range<usize> {
        let (size, all) = (u64::from(self.layout.unit_bytes), self.bytes.len());
        // Bounded by what is in memory.
        let at = |index: u64| usize::try_from(index.saturating_mul(size)).unwrap_or(all).min(all);
        at(unit)..at(unit.saturating_add(1))
    }
}

/// A region of bytes that nothing is missing of, with its tree.
impl RegionSpace for Plot {
    fn size_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        read(&self.bytes, offset, into)
    }

    fn integrity_nodes(
        &self,
        level: u32,
        first: u64,
        count: u64,
    ) -> Option<Result<Vec<[u8; 32]>, SpaceError>> {
        self.tree.nodes(level, first, count)
    }
}
