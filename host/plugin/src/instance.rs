//! One instance in its store, and the one way to call it: refill, call, classify, replace what broke.

use std::sync::Arc;

use wasmtime::{Store, Trap};

use crate::PluginError;
use crate::bindings::imports::plimsoll::plugin::types;
use crate::error::Fault;
use crate::loaded::Loaded;
use crate::state::{HostStop, State, storable_bytes};
use crate::world::World;

/// What one call may use, and which of the plugin's functions it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    pub(crate) call: &'static str,
    pub(crate) fuel: u64,
    /// Bytes of the region whose handle it gets; 0 where it gets none.
    pub(crate) region_bytes: u64,
    /// Whether bytes that it stores give fuel back.
    pub(crate) is_fill: bool,
}

impl Budget {
    /// A call without storage.
    pub(crate) const fn pure(call: &'static str, fuel: u64) -> Self {
        Self { call, fuel, region_bytes: 0, is_fill: false }
    }
}

/// An instance that was configured and can be called.
pub(crate) struct Running<W: World> {
    pub(crate) store: Store<State>,
    exports: W::Exports,
    is_fresh: bool,
}

/// A place for an instance: filled when needed, emptied by a breakdown.
pub(crate) struct Place<W: World> {
    loaded: Arc<Loaded<W>>,
    running: Option<Running<W>>,
    fuel_used: u64,
}

impl<W: World> Place<W> {
    pub(crate) fn new(loaded: Arc<Loaded<W>>) -> Result<Self, PluginError> {
        let running = Some(loaded.start()?);
        Ok(Self { loaded, running, fuel_used: 0 })
    }

    pub(crate) fn loaded(&self) -> &Loaded<W> {
        &self.loaded
    }

    /// Fuel that the last call used: the same on every machine for the same call on a fresh instance.
    pub(crate) const fn fuel_used(&self) -> u64 {
        self.fuel_used
    }

    /// Calls an instance that nothing was asked before and that is asked nothing more: what it answers depends on its
    /// arguments and parameters alone. For every decision that somebody else must be able to repeat. An instance that
    /// was asked something is left where it is, for the next [`Place::call`].
    pub(crate) fn call_fresh<R>(
        &mut self,
        budget: Budget,
        call: impl FnOnce(&W::Exports, &mut Store<State>) -> wasmtime::Result<R>,
    ) -> Result<R, PluginError> {
        let mut fresh = match self.running.take_if(|running| running.is_fresh) {
            Some(fresh) => fresh,
            None => self.loaded.start()?,
        };
        let result = fresh.call(self.loaded.name(), budget, call);
        self.fuel_used = fresh.fuel_used(budget);
        result
    }

    /// Calls the instance that is there, or a new one.
    pub(crate) fn call<R>(
        &mut self,
        budget: Budget,
        call: impl FnOnce(&W::Exports, &mut Store<State>) -> wasmtime::Result<R>,
    ) -> Result<R, PluginError> {
        let running = match &mut self.running {
            Some(running) => running,
            empty => empty.insert(self.loaded.start()?),
        };
        let result = running.call(self.loaded.name(), budget, call);
        self.fuel_used = running.fuel_used(budget);
        if result.is_err() {
            // After a trap a store must not be entered again; after any other error it might be half-way.
            self.running = None;
        }
        result
    }
}

impl<W: World> Running<W> {
    pub(crate) fn new(store: Store<State>, exports: W::Exports) -> Self {
        Self { store, exports, is_fresh: true }
    }

    fn call<R>(
        &mut self,
        plugin: &str,
        budget: Budget,
        call: impl FnOnce(&W::Exports, &mut Store<State>) -> wasmtime::Result<R>,
    ) -> Result<R, PluginError> {
        self.is_fresh = false;
        let exports = &self.exports;
        metered(plugin, &mut self.store, budget, |store| call(exports, store))
    }

    /// What the last call used of `budget`.
    fn fuel_used(&self, budget: Budget) -> u64 {
        budget.fuel.saturating_sub(self.store.get_fuel().unwrap_or(0))
    }

    pub(crate) fn into_parts(self) -> (Store<State>, W::Exports) {
        (self.store, self.exports)
    }
}

/// One call with its own fuel; whatever goes wrong comes back by whose fault it is.
pub(crate) fn metered<R>(
    plugin: &str,
    store: &mut Store<State>,
    budget: Budget,
    call: impl FnOnce(&mut Store<State>) -> wasmtime::Result<R>,
) -> Result<R, PluginError> {
    let fill_fuel = if budget.is_fill { budget.fuel } else { 0 };
    store.data_mut().begin_call(budget.region_bytes, fill_fuel);
    store.set_fuel(budget.fuel).map_err(|e| PluginError::Engine(e.to_string()))?;
    let result = call(store);
    store.data_mut().log.end_call();
    // Storage that failed wins over whatever the plugin made of it: an answer built on it is none.
    if let Some(error) = store.data_mut().space_error.take() {
        return Err(PluginError::Space(error));
    }
    result.map_err(|error| PluginError::Fault {
        plugin: plugin.to_owned(),
        call: budget.call,
        fault: fault(&error, store.data_mut(), budget),
    })
}

/// A plugin's own error as an outer result.
pub(crate) fn refused<R>(
    plugin: &str,
    call: &'static str,
    result: Result<R, types::PluginError>,
) -> Result<R, PluginError> {
    result.map_err(|why| PluginError::Refused { plugin: plugin.to_owned(), call, why: why.into() })
}

fn fault(error: &wasmtime::Error, state: &mut State, budget: Budget) -> Fault {
    if let Some(stop) = error.downcast_ref::<HostStop>() {
        return match stop {
            HostStop::Fuel => Fault::OutOfFuel { limit: budget.fuel },
            HostStop::Memory { wanted_bytes } => {
                Fault::OutOfMemory { wanted_bytes: *wanted_bytes, most_bytes: state.limits().memory_bytes }
            }
            HostStop::Table { wanted } => {
                Fault::OutOfTable { wanted: *wanted, most: state.limits().table_elements }
            }
            HostStop::BadCall(why) => Fault::BadCall(why.clone()),
            HostStop::Rewriting => {
                Fault::Rewriting { most_bytes: storable_bytes(state.limits(), budget.region_bytes) }
            }
            // `metered` has reported the storage error itself before it came here.
            HostStop::Storage => Fault::BadCall("storage failed".into()),
        };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Fault::OutOfFuel { limit: budget.fuel },
        Some(Trap::StackOverflow) => Fault::StackOverflow,
        Some(trap) => Fault::Trap { what: trap.to_string(), said: state.log.take_last_error() },
        None if is_crossing_limit(error) => Fault::TooMuch { most_bytes: state.limits().crossing_bytes },
        None => {
            let what = crate::text::tame(&error.root_cause().to_string(), 200);
            Fault::Trap { what, said: state.log.take_last_error() }
        }
    }
}

/// wasmtime keeps this error's type to itself; a test holds its text.
fn is_crossing_limit(error: &wasmtime::Error) -> bool {
    error.root_cause().to_string().contains("fuel allocated for hostcalls has been exhausted")
}
