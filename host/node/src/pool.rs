//! Ready instances of a proof scheme, lent to whichever thread has work.

use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_plugin::{PluginError, Scheme, SchemeInstance};

/// Instances that wait for work. One is made whenever none is idle, so there are never more than threads
/// that worked at the same time; whoever calls bounds those.
#[derive(Clone)]
pub struct InstancePool {
    scheme: Scheme,
    idle: Arc<Mutex<Vec<SchemeInstance>>>,
}

impl InstancePool {
    /// An empty pool.
    #[must_use]
    pub fn new(scheme: Scheme) -> Self {
        Self { scheme, idle: Arc::default() }
    }

    /// The scheme whose instances these are.
    #[must_use]
    pub const fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Lends an instance to `work`, on this thread.
    ///
    /// # Errors
    /// What making an instance, or `work`, says.
    pub fn lend<T>(
        &self,
        work: impl FnOnce(&mut SchemeInstance) -> Result<T, PluginError>,
    ) -> Result<T, PluginError> {
        let waiting = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut instance = match waiting {
            Some(instance) => instance,
            None => self.scheme.instance()?,
        };
        let result = work(&mut instance);
        // An instance that faulted replaces itself before its next call; a thread that panics keeps its
        // instance to itself, because it never comes here.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(instance);
        result
    }
}
