//! Challenge strategies.

use std::sync::Arc;

use plimsoll_core::{Audit, AuditBudget, Candidate, Digest, Round};

use crate::accessors::loaded_accessors;
use crate::bindings::challenge::exports::plimsoll::plugin::challenge_strategy as wit;
use crate::convert;
use crate::instance::{Budget, Place, refused};
use crate::loaded::Loaded;
use crate::promises;
use crate::scheme::promise;
use crate::{PluginError, world};

/// A loaded challenge strategy with its parameters. Clones share everything.
#[derive(Clone)]
pub struct Challenge {
    loaded: Arc<Loaded<world::Challenge>>,
}

/// One instance of a strategy, for one thread at a time. Every call runs in a fresh instance: what it
/// decides depends on arguments and parameters alone.
pub struct ChallengeInstance(Place<world::Challenge>);

impl Challenge {
    pub(crate) fn new(loaded: Loaded<world::Challenge>) -> Self {
        Self { loaded: Arc::new(loaded) }
    }

    /// A new instance.
    ///
    /// # Errors
    /// [`PluginError::Fault`] where it breaks down while it starts.
    pub fn instance(&self) -> Result<ChallengeInstance, PluginError> {
        Ok(ChallengeInstance(Place::new(Arc::clone(&self.loaded))?))
    }
}

loaded_accessors!(Challenge, ChallengeInstance);

impl ChallengeInstance {
    /// Whom to audit in a round, how hard, how fast.
    ///
    /// # Errors
    /// [`PluginError::Promise`] for audits beyond the budget, of nobody, of nothing or outside of a
    /// candidate's units; else the plugin's.
    pub fn choose(
        &mut self,
        round: &Round,
        randomness: &Digest,
        candidates: &[Candidate],
        budget: &AuditBudget,
    ) -> Result<Vec<Audit>, PluginError> {
        let call = Budget::pure("choose", self.0.loaded().limits().fuel.choose);
        let asked = wit::Budget {
            audits: budget.audits,
            samples: budget.samples,
            verify_ms: budget.verify_ms,
            deadline_ms: budget.deadline_ms,
        };
        let (round, randomness) = (convert::round(round), randomness.0.to_vec());
        let known: Vec<_> = candidates.iter().map(convert::candidate).collect();
        let answer = self.0.call_fresh(call, |strategy, store| {
            strategy.call_choose(store, &round, &randomness, &known, asked)
        })?;
        let audits: Vec<Audit> =
            refused(self.name(), call.call, answer)?.into_iter().map(convert::audit_out).collect();
        let kept = promises::audits(&audits, candidates, budget);
        promise(self.name(), call.call, audits, kept)
    }
}
