//! Incentive rules.

use std::sync::Arc;

use plimsoll_core::{IncentiveOutcome, Round, Standing, Uid, Weight};

use crate::accessors::loaded_accessors;
use crate::convert;
use crate::instance::{Budget, Place, refused};
use crate::limits::REASON_BYTES;
use crate::loaded::Loaded;
use crate::promises;
use crate::scheme::promise;
use crate::text::tamed;
use crate::{PluginError, world};

/// A loaded incentive rule with its parameters. Clones share everything.
#[derive(Clone)]
pub struct Incentive {
    loaded: Arc<Loaded<world::Incentive>>,
}

/// One instance of a rule, for one thread at a time. Every call runs in a fresh instance: what it
/// decides depends on arguments and parameters alone.
pub struct IncentiveInstance(Place<world::Incentive>);

impl Incentive {
    pub(crate) fn new(loaded: Loaded<world::Incentive>) -> Self {
        Self { loaded: Arc::new(loaded) }
    }

    /// A new instance.
    ///
    /// # Errors
    /// [`PluginError::Fault`] where it breaks down while it starts.
    pub fn instance(&self) -> Result<IncentiveInstance, PluginError> {
        Ok(IncentiveInstance(Place::new(Arc::clone(&self.loaded))?))
    }
}

loaded_accessors!(Incentive, IncentiveInstance);

impl IncentiveInstance {
    /// What each miner earns. `memory` is what the last call gave; empty in the first epoch.
    ///
    /// # Errors
    /// [`PluginError::Promise`] for a weight without a standing, two for one uid or a memory of more than
    /// 1 MiB; else the plugin's.
    pub fn weigh(
        &mut self,
        round: &Round,
        standings: &[Standing],
        memory: &[u8],
    ) -> Result<IncentiveOutcome, PluginError> {
        let budget = Budget::pure("weigh", self.0.loaded().limits().fuel.weigh);
        let round = convert::round(round);
        let proven: Vec<_> = standings.iter().map(convert::standing).collect();
        let answer =
            self.0.call_fresh(budget, |rule, store| rule.call_weigh(store, &round, &proven, memory))?;
        let answer = refused(self.name(), budget.call, answer)?;
        let weights = answer.weights.into_iter().map(|weight| Weight {
            uid: Uid(weight.uid),
            value: weight.value,
            reason: tamed(weight.reason, REASON_BYTES),
        });
        let outcome = IncentiveOutcome { weights: weights.collect(), memory: answer.memory };
        let kept = promises::outcome(&outcome, standings);
        promise(self.name(), budget.call, outcome, kept)
    }
}
