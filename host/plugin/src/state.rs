//! What a store holds beside the instance: handles, limits, meters, and what the host remembers of a call.

use std::sync::Arc;

use plimsoll_core::{PlotSpace, RegionSpace, SpaceError};
use plimsoll_kernels::SdrParents;
use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, StoreContextMut};

use crate::Limits;
use crate::limits;
use crate::log::{LogGate, LogQuota};

/// A filled region that is lent to a plugin for one call.
#[expect(unreachable_pub, reason = "the generated bindings name it in public places")]
pub struct RegionHandle(pub(crate) Arc<dyn RegionSpace>);

/// A region being filled, lent for one call.
#[expect(unreachable_pub, reason = "the generated bindings name it in public places")]
pub struct PlotHandle(pub(crate) Arc<dyn PlotSpace>);

/// Why the host stops a plugin in the middle of a call. Becomes a fault, except for `Storage`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HostStop {
    #[error("out of fuel")]
    Fuel,
    #[error("out of memory")]
    Memory { wanted_bytes: usize },
    #[error("out of table space")]
    Table { wanted: usize },
    #[error("{0}")]
    BadCall(String),
    #[error("stored too much")]
    Rewriting,
    #[error("storage failed")]
    Storage,
}

/// The host's side of one store.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) log: LogGate,
    /// The graph that was filled with last: the next span most likely has the same.
    pub(crate) graph: Option<Arc<SdrParents>>,
    limits: Arc<Limits>,
    memory_bytes: usize,
    /// The first failure of the disk, or the wish to stop: it wins over whatever the plugin makes of it.
    pub(crate) space_error: Option<SpaceError>,
    /// Bytes of native sweeps that this call need not pay for.
    prepaid_bytes: u64,
    /// Bytes that this call may still store.
    storable_bytes: u64,
    /// The fuel that a call of `fill` begins with and never exceeds.
    fill_fuel: u64,
}

impl State {
    pub(crate) fn new(quota: &Arc<LogQuota>, limits: &Arc<Limits>) -> Self {
        Self {
            table: ResourceTable::new(),
            log: LogGate::new(Arc::clone(quota)),
            graph: None,
            limits: Arc::clone(limits),
            memory_bytes: 0,
            space_error: None,
            prepaid_bytes: 0,
            storable_bytes: 0,
            fill_fuel: 0,
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Makes ready for a call over `region_bytes` of storage (0 where it gets no handle).
    pub(crate) fn begin_call(&mut self, region_bytes: u64, fill_fuel: u64) {
        self.space_error = None;
        self.log.begin_call();
        self.prepaid_bytes = region_bytes.saturating_mul(self.limits.fuel.sweeps);
        self.storable_bytes = if fill_fuel == 0 { 0 } else { storable_bytes(&self.limits, region_bytes) };
        self.fill_fuel = fill_fuel;
    }

    /// Remembers what storage said. `true` where the plugin may hear of it; `false` where the call is over.
    pub(crate) fn note(&mut self, error: &SpaceError) -> bool {
        match error {
            SpaceError::OutOfRange { .. } | SpaceError::Refused(_) => true,
            _ => {
                self.space_error.get_or_insert_with(|| error.clone());
                false
            }
        }
    }
}

/// Bytes that one `fill` may store: several times the whole plot, and a little for tiny ones.
pub(crate) fn storable_bytes(limits: &Limits, region_bytes: u64) -> u64 {
    region_bytes.saturating_mul(limits.fuel.sweeps).saturating_add(64 << 20)
}

/// Takes `amount` of fuel, or stops the plugin.
pub(crate) fn charge(store: &mut StoreContextMut<'_, State>, amount: u64) -> wasmtime::Result<()> {
    let left = store.get_fuel()?;
    match left.checked_sub(amount) {
        Some(rest) => store.set_fuel(rest),
        None => {
            store.set_fuel(0)?;
            Err(HostStop::Fuel.into())
        }
    }
}

/// Takes the price of a native sweep over `bytes` of storage: from the prepaid sweeps first.
pub(crate) fn charge_sweep(
    store: &mut StoreContextMut<'_, State>,
    bytes: u64,
    fuel_per_byte: u64,
) -> wasmtime::Result<()> {
    let state = store.data_mut();
    let free = bytes.min(state.prepaid_bytes);
    state.prepaid_bytes -= free;
    charge(store, (bytes - free).saturating_mul(fuel_per_byte))
}

/// Counts `bytes` about to be stored, or stops a plugin that writes a plot over and over.
pub(crate) fn count_stored(store: &mut StoreContextMut<'_, State>, bytes: u64) -> wasmtime::Result<()> {
    let state = store.data_mut();
    match state.storable_bytes.checked_sub(bytes) {
        Some(rest) => state.storable_bytes = rest,
        None => return Err(HostStop::Rewriting.into()),
    }
    Ok(())
}

/// Gives fuel for `bytes` that were stored: `fill` may take as long as it gets on.
pub(crate) fn reward_stored(store: &mut StoreContextMut<'_, State>, bytes: u64) -> wasmtime::Result<()> {
    let gained = bytes.saturating_mul(store.data().limits.fuel.fill_per_byte);
    reward(store, gained)
}

/// Gives `gained` fuel for progress, up to what `fill` began with.
pub(crate) fn reward(store: &mut StoreContextMut<'_, State>, gained: u64) -> wasmtime::Result<()> {
    let most = store.data().fill_fuel;
    let left = store.get_fuel()?;
    store.set_fuel(left.saturating_add(gained).min(most.max(left)))
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, now: usize, wanted: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory_bytes.saturating_add(wanted.saturating_sub(now));
        if total > self.limits.memory_bytes {
            return Err(HostStop::Memory { wanted_bytes: total }.into());
        }
        self.memory_bytes = total;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, wanted: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if wanted > self.limits.table_elements {
            return Err(HostStop::Table { wanted }.into());
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        limits::core_instances(self.limits.set)
    }

    fn tables(&self) -> usize {
        limits::TABLES
    }

    fn memories(&self) -> usize {
        limits::MEMORIES
    }
}
