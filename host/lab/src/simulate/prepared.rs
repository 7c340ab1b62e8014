//! A scenario whose plugins are loaded: it can be lived through under any seed, on any number of threads.

use std::ops::ControlFlow;

use plimsoll_core::Uid;
use plimsoll_node::validator::Judge;
use plimsoll_node::{NodeError, PluginChoice, ValidatorPlugins};
use plimsoll_plugin::{Allocation, Challenge, Host, Incentive};
use serde_json::Value;

use super::audit::{Pace, Prover, Sampled};
use super::costs::Tariff;
use super::epoch::{Lived, Look};
use super::exact::{Exact, every_claim_fits, within_memory};
use super::explained::Explained;
use super::figures::SchemeFigures;
use super::happening::Relived;
use super::loads::Loads;
use super::run::Run;
use super::scenario::{Fidelity, Miners, Scenario};
use super::streams::Streams;
use super::tale::Tale;
use super::world::World;
use crate::LabError;

/// A scenario, ready. Threads share it.
pub struct Prepared {
    scenario: Scenario,
    figures: SchemeFigures,
    pace: Pace,
    tariff: Tariff,
    unit_bytes: u32,
    rule: Incentive,
    challenge: Challenge,
    allocation: Allocation,
    /// Who draws and verifies where proofs are real.
    judge: Option<Judge>,
}

/// States of one run, from which its epochs can be lived through again.
#[derive(Clone, Default)]
pub struct Kept {
    seed: u64,
    every: u64,
    states: Vec<World>,
}

impl Kept {
    /// One state.
    pub(super) fn one(seed: u64, world: World) -> Self {
        Self { seed, every: u64::MAX, states: vec![world] }
    }

    /// States are kept every so many epochs.
    #[must_use]
    pub const fn every(&self) -> u64 {
        self.every
    }
}

/// Loads what the scenario names. `figures` are of its scheme.
///
/// # Errors
/// What finding or loading a plugin says; figures of another scheme, or of units that no plot has.
pub fn prepare(scenario: Scenario, host: &Host, figures: SchemeFigures) -> Result<Prepared, LabError> {
    prepare_with(scenario, host, figures, &Loads::default())
}

/// The same, with plugins of `loads`, or put there: for many scenarios that name the same.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_with(
    scenario: Scenario,
    host: &Host,
    figures: SchemeFigures,
    loads: &Loads,
) -> Result<Prepared, LabError> {
    let setup = |why: String| LabError::Setup { scheme: figures.name.clone(), why };
    let unit_bytes = u32::try_from(figures.unit_bytes).ok().filter(|&bytes| bytes > 0).ok_or_else(|| {
        setup(format!(
            "`unit_bytes` of its figures must be from 1 to {}, it is {}",
            u32::MAX,
            figures.unit_bytes
        ))
    })?;
    if let Some(column) = figures.impossible() {
        return Err(setup(format!("`{column}` of its figures must be 0 or more, and a share at most 1")));
    }
    let plugins = &scenario.plugins;
    if scenario.fidelity == Fidelity::Exact {
        within_memory(&scenario).map_err(LabError::Choice)?;
    }
    let rule = loads.rule(host, &plugins.rule, &plugins.rule_params)?;
    let challenge = loads.challenge(host, &plugins.challenge, &plugins.challenge_params)?;
    let judge = match scenario.fidelity {
        Fidelity::Sampled => None,
        Fidelity::Exact => {
            let scheme = loads.scheme(host, &plugins.scheme, &plugins.scheme_params)?;
            every_claim_fits(&scenario, &scheme, unit_bytes)?;
            let (challenge, incentive) = (challenge.clone(), rule.clone());
            Some(Judge::new(ValidatorPlugins { scheme, challenge, incentive }))
        }
    };
    Ok(Prepared {
        pace: Pace::new(&figures, &scenario.network),
        tariff: Tariff::new(scenario.prices, &scenario.subnet),
        unit_bytes,
        rule,
        challenge,
        judge,
        allocation: loads.allocation(host, &plugins.allocation, &plugins.allocation_params)?,
        scenario,
        figures,
    })
}

/// A plugin as a scenario names it: a shipped one by its name, another by its file.
pub(crate) fn choice(name: &str, params: &Value) -> PluginChoice {
    let is_file = name.contains(['/', '.', ':']);
    let choice = if is_file {
        PluginChoice { reference: name.to_owned(), ..PluginChoice::builtin("") }
    } else {
        PluginChoice::builtin(name)
    };
    choice.with_params(params.clone())
}

impl Prepared {
    /// The scenario.
    #[must_use]
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// What its scheme was measured to do.
    #[must_use]
    pub const fn figures(&self) -> &SchemeFigures {
        &self.figures
    }

    pub(super) const fn unit_bytes(&self) -> u32 {
        self.unit_bytes
    }

    pub(super) const fn pace(&self) -> &Pace {
        &self.pace
    }

    pub(super) const fn tariff(&self) -> &Tariff {
        &self.tariff
    }

    /// The incentive rule.
    #[must_use]
    pub const fn rule(&self) -> &Incentive {
        &self.rule
    }

    /// The challenge strategy.
    #[must_use]
    pub const fn challenge(&self) -> &Challenge {
        &self.challenge
    }

    /// The allocation policy.
    #[must_use]
    pub const fn allocation(&self) -> &Allocation {
        &self.allocation
    }

    /// Who says what becomes of challenges.
    fn prover(&self, streams: &Streams) -> Box<dyn Prover> {
        match &self.judge {
            Some(judge) => Box::new(Exact::new(judge.clone(), streams)),
            None => Box::new(Sampled::new(&self.figures)),
        }
    }

    fn begin(&self, streams: &Streams) -> World {
        World::new(&self.scenario, streams, self.identity_bound())
    }

    /// Whether agents take it that another's units do not pass. Where units are real, they try: it follows from the
    /// bytes.
    pub(super) fn identity_bound(&self) -> bool {
        self.figures.identity_bound && self.judge.is_none()
    }

    /// Every how many epochs a state can be kept, so that all of them together take about 128 MiB: what a validator
    /// remembers of a hotkey is nearly all of a state.
    #[must_use]
    pub fn keep_every(&self) -> u64 {
        const ALL_BYTES: u64 = 128 << 20;
        const PAIR_BYTES: u64 = 512;
        let hotkeys = |miners: &Miners| u64::from(miners.count) * u64::from(miners.hotkeys());
        let hotkeys: u64 = self.scenario.miners.iter().map(hotkeys).sum();
        let validators: u64 = self.scenario.validators.iter().map(|group| u64::from(group.count)).sum();
        let state_bytes = hotkeys.saturating_mul(validators).saturating_mul(PAIR_BYTES).max(1);
        let states = (ALL_BYTES / state_bytes).max(1);
        self.scenario.epochs.div_ceil(states).max(1)
    }

    /// Lives through the scenario. `watch` is told after every epoch how many are over, and may break off.
    ///
    /// # Errors
    /// [`NodeError::Cancelled`] where `watch` broke off. What goes wrong with a plugin is in the run.
    pub fn run(&self, seed: u64, watch: &mut dyn FnMut(u64) -> ControlFlow<()>) -> Result<Run, LabError> {
        self.run_keeping(seed, u64::MAX, watch).map(|(run, _)| run)
    }

    /// The same, and a state every so many epochs, to replay from.
    ///
    /// # Errors
    /// As [`Prepared::run`].
    pub fn run_keeping(
        &self,
        seed: u64,
        every: u64,
        watch: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(Run, Kept), LabError> {
        let mut kept = Kept { seed, every: every.max(1), states: Vec::new() };
        let keep = &mut |world: &World| {
            if world.epoch.is_multiple_of(kept.every) {
                kept.states.push(world.clone());
            }
            Ok(())
        };
        let (run, _) = self.run_telling(seed, keep, watch)?;
        Ok((run, kept))
    }

    /// The same, and the one state from which this epoch is replayed, if the run comes to it.
    ///
    /// # Errors
    /// As [`Prepared::run`].
    pub fn run_keeping_one(
        &self,
        seed: u64,
        epoch: u64,
        watch: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(Run, Kept), LabError> {
        let mut kept = Kept { seed, every: u64::MAX, states: Vec::new() };
        let keep = &mut |world: &World| {
            if world.epoch == epoch {
                kept.states.push(world.clone());
            }
            Ok(())
        };
        let (run, _) = self.run_telling(seed, keep, watch)?;
        Ok((run, kept))
    }

    /// The run and its end; `before` is told of the state before each epoch.
    pub(super) fn run_telling(
        &self,
        seed: u64,
        before: &mut dyn FnMut(&World) -> Result<(), LabError>,
        watch: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(Run, World), LabError> {
        let streams = Streams::new(seed);
        let prover = self.prover(&streams);
        let mut world = self.begin(&streams);
        let mut tale = Tale::new(seed, &self.scenario);
        while world.epoch < self.scenario.epochs {
            before(&world)?;
            let mut lived = self.live(&mut world, &streams, &*prover, Look::default());
            if let Some(error) = lived.error.take() {
                return Err(error.into());
            }
            let is_over = self.scenario.stop_on_fault && !lived.faults.is_empty();
            tale.enter(lived);
            if watch(world.epoch).is_break() {
                return Err(Box::new(NodeError::Cancelled).into());
            }
            if is_over {
                break;
            }
        }
        Ok((tale.end(self, &world), world))
    }

    /// One epoch of a run again, with all that concerns `uid` in it. It begins at the nearest state before that
    /// epoch, or at the beginning where none is kept. `kept` must be of a run of this scenario.
    ///
    /// # Errors
    /// [`LabError::Replay`] for an epoch that the run does not have, or a uid that no miner had in it.
    pub fn replay(
        &self,
        seed: u64,
        epoch: u64,
        uid: Uid,
        kept: Option<&Kept>,
    ) -> Result<Explained, LabError> {
        let (lived, _) = self.again(seed, epoch, kept, Look { about: Some(uid), events: false })?;
        match lived.told {
            Some(told) => Ok(Explained { seed, ..told }),
            None => Err(LabError::Replay { epoch, why: format!("uid {uid} was no miner's in it") }),
        }
    }

    /// One epoch of a run again, event after event. See [`Prepared::replay`].
    ///
    /// # Errors
    /// [`LabError::Replay`] for an epoch that the run does not have.
    pub fn relive(&self, seed: u64, epoch: u64, kept: Option<&Kept>) -> Result<Relived, LabError> {
        self.relived(seed, epoch, kept).map(|(relived, _)| relived)
    }

    /// The same, and its end.
    pub(super) fn relived(
        &self,
        seed: u64,
        epoch: u64,
        kept: Option<&Kept>,
    ) -> Result<(Relived, World), LabError> {
        let (lived, world) = self.again(seed, epoch, kept, Look { about: None, events: true })?;
        Ok((Relived { row: lived.row, faults: lived.faults, happenings: lived.happenings }, world))
    }

    fn again(
        &self,
        seed: u64,
        epoch: u64,
        kept: Option<&Kept>,
        look: Look,
    ) -> Result<(Lived, World), LabError> {
        let wrong = |why: String| Err(LabError::Replay { epoch, why });
        if epoch >= self.scenario.epochs {
            return wrong(format!("the scenario has epochs 0 to {}", self.scenario.epochs - 1));
        }
        let streams = Streams::new(seed);
        let prover = self.prover(&streams);
        let near = kept
            .filter(|kept| kept.seed == seed)
            .and_then(|kept| kept.states.iter().rfind(|state| state.epoch <= epoch));
        let mut world = near.cloned().unwrap_or_else(|| self.begin(&streams));
        while world.epoch < epoch {
            let mut lived = self.live(&mut world, &streams, &*prover, Look::default());
            if let Some(error) = lived.error.take() {
                return Err(error.into());
            }
            if self.scenario.stop_on_fault && !lived.faults.is_empty() {
                return wrong(format!("the run stopped at a fault in epoch {}", lived.row.epoch));
            }
        }
        let mut lived = self.live(&mut world, &streams, &*prover, look);
        lived.error.take().map_or(Ok((lived, world)), |error| Err(error.into()))
    }
}
