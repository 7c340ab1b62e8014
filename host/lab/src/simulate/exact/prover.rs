//! Registrations and audits as a validator makes them, and miners that answer from what they really have.

use plimsoll_core::Identity;
use plimsoll_node::validator::{Claim, Judge, PlannedAudit};
use plimsoll_plugin::{PluginError, Scheme};
use plimsoll_wire::Registration;
use plimsoll_wire::evidence::Ruling;

use super::super::audit::{Asked, Fate, Proven, Prover};
use super::super::place::NETUID;
use super::super::round::is_hosts;
use super::super::streams::{Stream, Streams};
use super::super::world::{Registered, Wanted};
use super::lost::lost;
use super::miner::{Miner, Sent};
use super::plots::Plots;
use crate::asked::asked_units;

/// Says what becomes of a challenge by trying it.
pub(in crate::simulate) struct Exact {
    judge: Judge,
    plots: Plots,
    streams: Streams,
}

impl Exact {
    pub(in crate::simulate) fn new(judge: Judge, streams: &Streams) -> Self {
        let plots = Plots::new(judge.plugins().scheme.clone());
        Self { judge, plots, streams: *streams }
    }

    const fn scheme(&self) -> &Scheme {
        &self.judge.plugins().scheme
    }
}

impl Prover for Exact {
    /// Plans, fills, commits and registers, as `plimsoll generate` and a miner do. Who has only another's units commits
    /// to those under its own name.
    fn register(&self, wanted: &Wanted) -> Result<Option<Registered>, PluginError> {
        let &Wanted { owner, validator, bytes, holder } = wanted;
        let identity = Identity { netuid: NETUID, owner, validator };
        let mut instance = self.scheme().instance()?;
        let layout = match instance.plan(&identity, bytes) {
            // So small a share holds no unit.
            Err(PluginError::Refused { .. }) => return Ok(None),
            planned => planned?,
        };
        let region_bytes = layout.region_bytes;
        let plot = self.plots.plot(&Identity { owner: holder, ..identity }, region_bytes)?;
        let is_own = holder == owner;
        let commitment = match instance.commit(plot, &identity, &layout) {
            Err(error) if !is_own && !is_hosts(&error) => return Ok(None),
            committed => committed?,
        };
        let registration = Registration {
            identity,
            scheme: self.scheme().descriptor().name.clone(),
            plugin: self.scheme().digest(),
            params: self.scheme().params_digest(),
            unit_bytes: layout.unit_bytes,
            units: layout.units,
            region_bytes,
            commitment,
        };
        match self.judge.admit(&identity, &registration) {
            Ok(()) => {
                let (statement, registration) = (registration.statement(), registration.digest());
                Ok(Some(Registered { claim: Claim { registration, statement }, region_bytes }))
            }
            Err(_) if !is_own => Ok(None),
            Err(why) => Err(PluginError::Promise {
                plugin: registration.scheme,
                call: "commit",
                what: format!("what an honest miner registers is not admitted: {why}"),
            }),
        }
    }

    fn prove(&self, asked: &Asked<'_>, _draws: &mut Stream) -> Result<Proven, PluginError> {
        let &Asked { statement, round, secret, number, conduct, .. } = asked;
        let PlannedAudit { audit, challenge } =
            self.judge.draw(round, secret, number, asked.audit.clone(), statement);
        let challenge = match challenge {
            Ok(challenge) => challenge,
            Err(error) if is_hosts(&error) => return Err(error),
            Err(error) => {
                let (samples, fate) = (audit.samples, Fate::Unasked(error.to_string()));
                return Ok(Proven { samples, missed: 0, fate });
            }
        };
        let filled_for = Identity { owner: asked.holder, ..statement.identity };
        let plot = self.plots.plot(&filled_for, asked.region_bytes)?;
        let miner = Miner {
            scheme: self.scheme(),
            filled_for,
            plot: &plot,
            lost: lost(&self.streams, &statement.identity, &plot.layout, conduct.kept),
            missing: conduct.missing,
        };
        let (sent, touched) = miner.answer(statement, &challenge)?;
        let asked_units = asked_units(&challenge, statement.units);
        let samples = asked_units.as_ref().map_or(audit.samples, |units| narrow(units.len()));
        let missed = match &asked_units {
            // Beside an asked unit a prover may read others, for its path; what was asked for is what takes time.
            Some(units) => {
                let missed = narrow(units.iter().filter(|&&unit| miner.lost.contains(unit)).count());
                missed.max(u32::from(!touched.is_empty()))
            }
            None => narrow(touched.len()),
        };
        let is_honest = touched.is_empty() && asked.holder == statement.identity.owner;
        let fate = match sent {
            Sent::Proof(proof) => match self.judge.verify(statement, &challenge, &proof) {
                Ruling::Passed => Fate::Right,
                Ruling::Undecided { why } => Fate::Undecided(why),
                _ => Fate::Wrong,
            },
            Sent::NotEligible => Fate::NotEligible,
            Sent::Nothing(Some(why)) if is_honest => Fate::Broken(why),
            Sent::Nothing(_) => Fate::Silent,
        };
        Ok(Proven { samples, missed, fate })
    }
}

fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
