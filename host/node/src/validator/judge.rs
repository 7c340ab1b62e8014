//! Every decision of a round that the evidence must reproduce, and nothing else: a validator makes them with
//! the network around them, a replay with a log. Same plugins, same arguments, same answers.

use std::collections::BTreeMap;

use plimsoll_chain::normalise_weights;
use plimsoll_core::{
    Audit, AuditBudget, Candidate, Digest, Identity, Round, Standing, Statement, Uid, Verdict, Weight,
};
use plimsoll_plugin::{ENGINE, Incentive, PluginError};
use plimsoll_wire::Registration;
use plimsoll_wire::evidence::{Engine, Pin, Pins, Response, Ruling};

use super::RoundSecret;
use crate::{InstancePool, NodeError, ValidatorPlugins};

/// The three plugins, ready to decide.
#[derive(Clone)]
pub struct Judge {
    plugins: ValidatorPlugins,
    pool: InstancePool,
}

/// An audit that the strategy chose, with its challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedAudit {
    /// As the strategy wants it, with the number of samples that were drawn: as many as it wants, or the most
    /// that the scheme draws for this plot.
    pub audit: Audit,
    /// What the scheme drew; where it could not, why. Nothing is then sent, and nothing counts.
    pub challenge: Result<Vec<u8>, PluginError>,
}

impl PlannedAudit {
    /// The samples that the scheme agreed to stand in the audit, and so in the evidence.
    fn new(audit: Audit, drawn: Result<(u32, Vec<u8>), PluginError>) -> Self {
        match drawn {
            Ok((samples, challenge)) => {
                if samples < audit.samples {
                    let (uid, asked) = (audit.uid, audit.samples);
                    tracing::info!(%uid, asked, samples, "the scheme draws fewer samples of this plot");
                }
                Self { audit: Audit { samples, ..audit }, challenge: Ok(challenge) }
            }
            Err(error) => Self { audit, challenge: Err(error) },
        }
    }
}

/// What an incentive rule made of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weighed {
    /// As the rule said it, with its reasons.
    pub raw: Vec<Weight>,
    /// Every standing's weight, normalised; zero where the rule named none.
    pub weights: Vec<(Uid, u16)>,
    /// The rule's memory afterwards.
    pub memory: Vec<u8>,
}

impl Judge {
    /// A judge with these plugins.
    #[must_use]
    pub fn new(plugins: ValidatorPlugins) -> Self {
        let pool = InstancePool::new(plugins.scheme.clone());
        Self { plugins, pool }
    }

    /// The plugins.
    #[must_use]
    pub const fn plugins(&self) -> &ValidatorPlugins {
        &self.plugins
    }

    /// What the evidence says of the plugins: their own names, so that the same component is the same plugin
    /// wherever its file lies.
    #[must_use]
    pub fn pins(&self) -> Pins {
        let ValidatorPlugins { scheme, challenge, incentive } = &self.plugins;
        Pins {
            scheme: pin(&scheme.descriptor().name, scheme.digest(), scheme.params(), scheme.params_digest()),
            challenge: pin(
                &challenge.descriptor().name,
                challenge.digest(),
                challenge.params(),
                challenge.params_digest(),
            ),
            incentive: pin(
                &incentive.descriptor().name,
                incentive.digest(),
                incentive.params(),
                incentive.params_digest(),
            ),
        }
    }

    /// What the plugins run in: part of a verdict where a limit is hit.
    #[must_use]
    pub fn engine(&self) -> Engine {
        let ValidatorPlugins { scheme, challenge, incentive } = &self.plugins;
        // All of one host: equal names have equal numbers.
        let mut limits = scheme.limits().by_name();
        limits.extend(challenge.limits().by_name());
        limits.extend(incentive.limits().by_name());
        Engine { version: ENGINE.to_owned(), limits }
    }

    /// Whether a registration is one that proofs can be held against: `expected`'s, filled by this very scheme
    /// with these very parameters, in exactly the layout that the scheme plans for a region of this size, and
    /// with all that the scheme needs to come to a verdict.
    ///
    /// # Errors
    /// Which part is not, in one sentence.
    pub fn admit(&self, expected: &Identity, registration: &Registration) -> Result<(), String> {
        let Registration { identity, plugin, params, unit_bytes, units, region_bytes, .. } = registration;
        let scheme = &self.plugins.scheme;
        let differs = |what: &str, found: &dyn std::fmt::Display, expected: &dyn std::fmt::Display| {
            Err(format!("{what} is {found}, expected {expected}"))
        };
        if identity != expected {
            return Err("the registration is for another subnet, miner or validator".into());
        }
        let name = &scheme.descriptor().name;
        if registration.scheme != *name {
            return differs("the scheme's name", &registration.scheme, name);
        }
        if *plugin != scheme.digest() {
            return differs("the scheme's plugin digest", plugin, &scheme.digest());
        }
        if *params != scheme.params_digest() {
            return differs("the digest of the scheme's parameters", params, &scheme.params_digest());
        }
        let layout = self
            .pool
            .lend(|instance| instance.plan(identity, *region_bytes))
            .map_err(|error| format!("no layout of {region_bytes} bytes: {error}"))?;
        if layout.unit_bytes != *unit_bytes {
            return differs("the unit size", unit_bytes, &layout.unit_bytes);
        }
        if layout.units != *units {
            return differs("the number of units", units, &layout.units);
        }
        if layout.region_bytes != *region_bytes {
            return differs("the size of the region", region_bytes, &layout.region_bytes);
        }
        self.tried(&registration.statement())
    }

    /// An audit for trial, the same for everyone, answered with nothing: who registers what the verifier
    /// stumbles over, a commitment that is missing for instance, could never be told to have failed.
    fn tried(&self, statement: &Statement) -> Result<(), String> {
        let randomness = Digest::of(b"plimsoll: the trial of a registration");
        let verdict = self.pool.lend(|instance| {
            let challenge = instance.draw(statement, &randomness, 1, None)?;
            instance.verify(statement, &challenge, &[])
        });
        match verdict {
            Ok(Verdict::Invalid(_)) => Ok(()),
            Ok(Verdict::Valid) => Err("the scheme takes an empty proof for it, which proves nothing".into()),
            Err(error) => Err(format!("the scheme cannot judge proofs against it: {error}")),
        }
    }

    /// Whom to audit, and with which challenges.
    ///
    /// # Errors
    /// What the strategy says; then there is no round.
    pub fn plan(
        &self,
        round: &Round,
        secret: &RoundSecret,
        candidates: &[Candidate],
        statements: &BTreeMap<Uid, Statement>,
        budget: &AuditBudget,
    ) -> Result<Vec<PlannedAudit>, NodeError> {
        let mut strategy = self.plugins.challenge.instance()?;
        let audits = strategy.choose(round, &secret.for_choice(round), candidates, budget)?;
        let draw = |(number, audit): (u32, Audit)| {
            let Some(statement) = statements.get(&audit.uid) else {
                // The plugin host refuses audits of anyone who is no candidate.
                return Err(NodeError::Unsupported(format!("uid {} is no candidate", audit.uid)));
            };
            Ok(self.draw(round, secret, number, audit, statement))
        };
        (0..).zip(audits).map(draw).collect()
    }

    /// The challenge of audit `number` of a round.
    #[must_use]
    pub fn draw(
        &self,
        round: &Round,
        secret: &RoundSecret,
        number: u32,
        audit: Audit,
        statement: &Statement,
    ) -> PlannedAudit {
        let randomness = secret.for_audit(round, audit.uid, number);
        let Audit { samples, focus, .. } = audit;
        let drawn = self.pool.lend(|instance| instance.draw_at_most(statement, &randomness, samples, focus));
        PlannedAudit::new(audit, drawn)
    }

    /// What to make of an answer. Only a proof is looked at; everything else rules itself.
    #[must_use]
    pub fn rule(&self, statement: &Statement, challenge: &[u8], response: &Response) -> Ruling {
        match response {
            Response::Proof { proof, .. } => self.verify(statement, challenge, proof),
            Response::NotEligible { .. } => Ruling::NotEligible,
            Response::Refused { .. } => Ruling::Refused,
            Response::Late { .. } => Ruling::Late,
            Response::Absent { .. } | Response::Garbage { .. } => Ruling::Absent,
        }
    }

    /// What to make of a proof that came in time.
    #[must_use]
    pub fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Ruling {
        match self.pool.lend(|instance| instance.verify(statement, challenge, proof)) {
            Ok(Verdict::Valid) => Ruling::Passed,
            Ok(Verdict::Invalid(why)) => Ruling::Failed { why },
            Err(error) => Ruling::Undecided { why: error.to_string() },
        }
    }

    /// What everyone earns.
    ///
    /// # Errors
    /// What the rule says; then the round is void.
    pub fn weigh(
        &self,
        round: &Round,
        standings: &[Standing],
        memory: &[u8],
    ) -> Result<Weighed, PluginError> {
        weigh(&self.plugins.incentive, round, standings, memory)
    }
}

/// What everyone earns by an incentive rule, in a fresh instance of it.
///
/// # Errors
/// What the rule says; then the round is void.
pub fn weigh(
    rule: &Incentive,
    round: &Round,
    standings: &[Standing],
    memory: &[u8],
) -> Result<Weighed, PluginError> {
    let outcome = rule.instance()?.weigh(round, standings, memory)?;
    let named: BTreeMap<Uid, u64> = outcome.weights.iter().map(|weight| (weight.uid, weight.value)).collect();
    let values: Vec<(Uid, u64)> =
        standings.iter().map(|s| (s.uid, named.get(&s.uid).copied().unwrap_or(0))).collect();
    Ok(Weighed { raw: outcome.weights, weights: normalise_weights(&values), memory: outcome.memory })
}

fn pin(name: &str, plugin: Digest, params: &str, params_digest: Digest) -> Pin {
    // What the plugin host wrote as JSON can be read as JSON.
    let params = serde_json::from_str(params).unwrap_or_default();
    Pin { name: name.to_owned(), plugin, params, params_digest }
}
