//! Allocation policies.

use std::sync::Arc;

use plimsoll_core::{AllocationSpace, Neuron, Share, Uid};

use crate::accessors::loaded_accessors;
use crate::bindings::allocation::exports::plimsoll::plugin::allocation_policy as wit;
use crate::convert;
use crate::instance::{Budget, Place, refused};
use crate::loaded::Loaded;
use crate::promises;
use crate::scheme::promise;
use crate::{PluginError, world};

/// A loaded allocation policy with its parameters. Clones share everything.
#[derive(Clone)]
pub struct Allocation {
    loaded: Arc<Loaded<world::Allocation>>,
}

/// One instance of a policy, for one thread at a time. Every call runs in a fresh instance: what it
/// decides depends on arguments and parameters alone.
pub struct AllocationInstance(Place<world::Allocation>);

impl Allocation {
    pub(crate) fn new(loaded: Loaded<world::Allocation>) -> Self {
        Self { loaded: Arc::new(loaded) }
    }

    /// A new instance.
    ///
    /// # Errors
    /// [`PluginError::Fault`] where it breaks down while it starts.
    pub fn instance(&self) -> Result<AllocationInstance, PluginError> {
        Ok(AllocationInstance(Place::new(Arc::clone(&self.loaded))?))
    }
}

loaded_accessors!(Allocation, AllocationInstance);

impl AllocationInstance {
    /// How a miner divides its space.
    ///
    /// # Errors
    /// [`PluginError::Promise`] for shares beyond the cap, of no whole chunks, for a uid twice or unknown;
    /// else the plugin's.
    pub fn allocate(
        &mut self,
        space: &AllocationSpace,
        neurons: &[Neuron],
    ) -> Result<Vec<Share>, PluginError> {
        let budget = Budget::pure("allocate", self.0.loaded().limits().fuel.allocate);
        let asked = wit::Space {
            available_bytes: space.available_bytes,
            cap_bytes: space.cap_bytes,
            chunk_bytes: space.chunk_bytes,
        };
        let subnet: Vec<_> = neurons.iter().map(convert::neuron).collect();
        let answer =
            self.0.call_fresh(budget, |policy, store| policy.call_allocate(store, asked, &subnet))?;
        let shares: Vec<Share> = refused(self.name(), budget.call, answer)?
            .into_iter()
            .map(|share| Share { uid: Uid(share.uid), bytes: share.bytes })
            .collect();
        let kept = promises::shares(&shares, space, neurons);
        promise(self.name(), budget.call, shares, kept)
    }
}
