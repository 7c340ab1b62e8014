//! Plugins that several scenarios name, loaded once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use plimsoll_plugin::{Allocation, Challenge, Host, Incentive, PluginError, PluginRef, Scheme};
use serde_json::Value;

use super::prepared::choice;
use crate::LabError;

/// What was loaded so far, by name and parameters. Threads share it.
#[derive(Default)]
pub struct Loads {
    rules: Shelf<Incentive>,
    challenges: Shelf<Challenge>,
    allocations: Shelf<Allocation>,
    schemes: Shelf<Scheme>,
}

/// Plugins of one kind, by name and canonical parameters.
type Shelf<P> = Mutex<HashMap<(String, String), P>>;

impl Loads {
    pub(super) fn rule(&self, host: &Host, name: &str, params: &Value) -> Result<Incentive, LabError> {
        once(&self.rules, name, params, |plugin, params| host.load_incentive(plugin, params))
    }

    pub(super) fn challenge(&self, host: &Host, name: &str, params: &Value) -> Result<Challenge, LabError> {
        once(&self.challenges, name, params, |plugin, params| host.load_challenge(plugin, params))
    }

    pub(super) fn allocation(&self, host: &Host, name: &str, params: &Value) -> Result<Allocation, LabError> {
        once(&self.allocations, name, params, |plugin, params| host.load_allocation(plugin, params))
    }

    pub(super) fn scheme(&self, host: &Host, name: &str, params: &Value) -> Result<Scheme, LabError> {
        once(&self.schemes, name, params, |plugin, params| host.load_scheme(plugin, params))
    }
}

/// The plugin from the shelf, or loaded and put there. Nobody waits while another loads, since an interpreter takes
/// seconds: the same may be loaded twice, and one of the two stays.
fn once<P: Clone>(
    shelf: &Shelf<P>,
    name: &str,
    params: &Value,
    load: impl FnOnce(&PluginRef, &Value) -> Result<P, PluginError>,
) -> Result<P, LabError> {
    // A map of `serde_json` is sorted by its keys.
    let key = (name.to_owned(), params.to_string());
    let lock = || shelf.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = lock().get(&key) {
        return Ok(found.clone());
    }
    let named = choice(name, params);
    let loaded = load(&named.resolve().map_err(Box::new)?, &named.params)?;
    Ok(lock().entry(key).or_insert(loaded).clone())
}
