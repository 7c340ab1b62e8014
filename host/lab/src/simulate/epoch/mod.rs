//! One epoch: who comes and goes, what everyone does, all rounds, consensus, pay.

mod coming;
mod holding;
mod judging;
mod telling;

use plimsoll_core::Uid;
use plimsoll_plugin::PluginError;
use rayon::prelude::*;

use super::audit::Prover;
use super::costs::Bill;
use super::events::Event;
use super::explained::Explained;
use super::happening::{Happened, Happening};
use super::prepared::Prepared;
use super::round::{Finished, Placed, Scene};
use super::run::{Audits, EpochRow, Fault, Honest};
use super::streams::Streams;
use super::world::{Owner, World};

/// What is looked at more closely than a run needs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Look {
    /// A miner of whom everything is told.
    pub(super) about: Option<Uid>,
    /// Whether every event is noted.
    pub(super) events: bool,
}

/// What became of an epoch.
pub(super) struct Lived {
    pub(super) row: EpochRow,
    pub(super) faults: Vec<Fault>,
    pub(super) told: Option<Explained>,
    /// By time; empty where nobody looks.
    pub(super) happenings: Vec<Happening>,
    /// What went wrong with the host itself: the run cannot go on.
    pub(super) error: Option<PluginError>,
}

/// One epoch while it is lived through.
struct Day<'a> {
    prepared: &'a Prepared,
    streams: Streams,
    prover: &'a dyn Prover,
    look: Look,
    lived: Lived,
    /// What each owner used.
    bills: Vec<Bill>,
    /// Of them, what going on costs.
    running: Vec<Bill>,
}

impl Prepared {
    /// Lives through the next epoch of `world`.
    pub(super) fn live(
        &self,
        world: &mut World,
        streams: &Streams,
        prover: &dyn Prover,
        look: Look,
    ) -> Lived {
        let groups = self.scenario().miners.len();
        let row = EpochRow {
            epoch: world.epoch,
            earned_rao: vec![0; groups],
            stored_bytes: vec![0; groups],
            claimed_bytes: vec![0; groups],
            dividends_rao: vec![0; self.scenario().validators.len()],
            honest: Honest::default(),
        };
        let bills = vec![Bill::default(); world.owners.len()];
        let running = bills.clone();
        let lived = Lived { row, faults: Vec::new(), told: None, happenings: Vec::new(), error: None };
        let mut day = Day { prepared: self, streams: *streams, prover, look, lived, bills, running };
        while let Some((at_ms, event)) = world.queue.pop() {
            match event {
                Event::EpochBegins => day.begin(world, at_ms),
                Event::WeightsSet { validator, weights } => day.set(world, at_ms, validator, &weights),
                Event::TempoEnds => {
                    day.end(world, at_ms);
                    break;
                }
            }
        }
        world.epoch += 1;
        day.lived.happenings.sort_by_key(|happening| happening.at_ms);
        day.lived
    }
}

impl Day<'_> {
    fn begin(&mut self, world: &mut World, at_ms: u64) {
        self.pass_to(world, at_ms);
        self.validators_come(world, at_ms);
        self.miners_come_and_go(world, at_ms);
        self.miners_act(world, at_ms);
        self.store(world);
        self.rounds(world, at_ms);
        let subnet = &self.prepared.scenario().subnet;
        let end_ms = at_ms.saturating_add(subnet.tempo_blocks.saturating_mul(subnet.block_ms));
        world.queue.push(end_ms, Event::TempoEnds);
        world.queue.push(end_ms, Event::EpochBegins);
    }

    /// All rounds of the epoch. Nothing that happens within an epoch changes what a round sees, so they are played
    /// at once; each begins at its own time, and its weights are set when it is over.
    fn rounds(&mut self, world: &mut World, at_ms: u64) {
        let subnet = &self.prepared.scenario().subnet;
        let tempo_ms = subnet.tempo_blocks.saturating_mul(subnet.block_ms);
        let placed = placed(world);
        let stake_shares = world.stake_shares();
        let scene = Scene {
            prepared: self.prepared,
            streams: self.streams,
            prover: self.prover,
            epoch: self.lived.row.epoch,
            owners: &world.owners,
            subnet: &world.subnet,
            placed: &placed,
            stake_shares: &stake_shares,
            about: self.look.about,
        };
        let count = world.validators.len() as u64;
        // From the second block on: the chain ignores weights that are no younger than the miner's registration. Spread
        // over half of the epoch, so that no miner is asked by everyone at once.
        let opens_ms = |at: usize| {
            let half_ms = u128::from(tempo_ms.saturating_sub(subnet.block_ms) / 2);
            // Less than the half of the tempo: `at` is below `count`.
            let later_ms = half_ms * at as u128 / u128::from(count.max(1));
            let later_ms = u64::try_from(later_ms).unwrap_or(u64::MAX);
            at_ms.saturating_add(subnet.block_ms).saturating_add(later_ms)
        };
        let finished: Vec<Option<Finished>> = world
            .validators
            .par_iter_mut()
            .enumerate()
            .map(|(at, watcher)| {
                let is_free = watcher.uid.is_some() && watcher.busy_until_ms <= opens_ms(at);
                is_free.then(|| scene.finished(at, watcher, opens_ms(at)))
            })
            .collect();
        if let Some(about) = self.look.about {
            self.lived.told = self.opinions(&world.validators, &scene, &finished, about);
        }
        for (at, finished) in finished.into_iter().enumerate() {
            if let Some(finished) = finished {
                self.finish(world, &placed, at, opens_ms(at), finished);
            }
        }
    }

    fn finish(&mut self, world: &mut World, placed: &[Placed], at: usize, opens_ms: u64, finished: Finished) {
        let epoch = self.lived.row.epoch;
        let watcher = &mut world.validators[at];
        watcher.work.add(finished.work);
        let ends_ms = opens_ms.saturating_add(finished.took_ms);
        watcher.busy_until_ms = ends_ms;
        let validator = watcher.name.clone();
        if self.lived.error.is_none() {
            self.lived.error = finished.error;
        }
        if let Some(what) = finished.broke {
            self.lived.faults.push(Fault { epoch, validator: validator.clone(), what });
        }
        if finished.sums.is_empty() {
            // It audits nobody.
        } else if let Some(what) = finished.fault {
            self.note(ends_ms, || Happened::RoundVoid { validator: validator.clone(), why: what.clone() });
            self.lived.faults.push(Fault { epoch, validator, what });
        } else {
            let mut audits = Audits::default();
            finished.sums.iter().for_each(|sum| audits.add(&sum.audits));
            self.note(ends_ms, || Happened::RoundOver { validator, audits });
        }
        if let Some(weights) = finished.weights {
            world.queue.push(ends_ms, Event::WeightsSet { validator: at, weights });
        }
        self.judge(world, at, placed, &finished.sums);
    }

    /// Notes what happened, where somebody looks.
    fn note(&mut self, at_ms: u64, what: impl FnOnce() -> Happened) {
        if self.look.events {
            self.lived.happenings.push(Happening { at_ms, what: what() });
        }
    }

    fn set(&mut self, world: &mut World, at_ms: u64, validator: usize, weights: &[(Uid, u16)]) {
        self.pass_to(world, at_ms);
        let watcher = &world.validators[validator];
        let (hotkey, validator) = (watcher.hotkey, watcher.name.clone());
        match world.subnet.set_weights(&hotkey, weights) {
            Ok(()) => {
                let hotkeys = weights.iter().filter(|weight| weight.1 > 0).count();
                self.note(at_ms, || Happened::WeightsSet { validator, hotkeys });
            }
            Err(why) => self.note(at_ms, || Happened::WeightsRefused { validator, why }),
        }
    }

    /// Makes the blocks that are due.
    fn pass_to(&self, world: &mut World, at_ms: u64) {
        world.subnet.advance_to(at_ms / self.prepared.scenario().subnet.block_ms);
    }

    fn end(&mut self, world: &mut World, at_ms: u64) {
        self.pass_to(world, at_ms);
        let subnet = &world.subnet;
        let of_owner = |owner: &Owner| {
            let uids = owner.keys.iter().filter_map(|key| key.uid);
            uids.map(|uid| subnet.last_epoch(uid).miner_rao).sum()
        };
        let earned: Vec<u64> = world.owners.iter().map(of_owner).collect();
        self.note(at_ms, || Happened::TempoEnded { miners_rao: earned.iter().sum() });
        self.compare(world, &earned);
        for (at, owner) in world.owners.iter_mut().enumerate() {
            owner.earned_rao = owner.earned_rao.saturating_add(earned[at]);
            self.lived.row.earned_rao[owner.group] += earned[at];
            self.bills[at].add(&self.running[at]);
            owner.bill.add(&self.bills[at]);
            owner.last.earned_rao = earned[at];
            owner.last.running_usd = self.prepared.tariff().usd(&self.running[at]);
        }
        if let Some(told) = &mut self.lived.told {
            told.paid(&subnet.last_epoch(told.uid));
            told.costs = self.prepared.tariff().costs(&self.bills[told.miner]);
        }
    }
}

/// All miners' hotkeys that have a place, by uid.
fn placed(world: &World) -> Vec<Placed> {
    let mut all: Vec<Placed> = Vec::new();
    for (owner, this) in world.owners.iter().enumerate() {
        let keys = this.keys.iter().enumerate();
        all.extend(keys.filter_map(|(key, this)| Some(Placed { uid: this.uid?, owner, key })));
    }
    all.sort_unstable_by_key(|placed| placed.uid);
    all
}
