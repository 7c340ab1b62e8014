//! What is kept of a run while it goes on, and how it ends.

use super::costs::Bill;
use super::epoch::Lived;
use super::prepared::Prepared;
use super::run::{Audits, Costs, EpochRow, Fault, Group, Honest, Miner, Run, ValidatorGroup};
use super::scenario::{Scenario, Vote};
use super::world::{Owner, Watcher, World};
use crate::stats::Wait;

/// A run that goes on.
pub(super) struct Tale {
    seed: u64,
    rows: Vec<EpochRow>,
    faults: Vec<Fault>,
}

impl Tale {
    pub(super) fn new(seed: u64, scenario: &Scenario) -> Self {
        let rows = Vec::with_capacity(usize::try_from(scenario.epochs.min(1 << 20)).unwrap_or(0));
        Self { seed, rows, faults: Vec::new() }
    }

    pub(super) fn enter(&mut self, lived: Lived) {
        self.rows.push(lived.row);
        self.faults.extend(lived.faults);
    }

    /// The run as `world` leaves it.
    pub(super) fn end(self, prepared: &Prepared, world: &World) -> Run {
        let all_rao: u64 = world.owners.iter().map(|owner| owner.earned_rao).sum();
        let epochs = self.rows.len() as u64;
        let groups = 0..prepared.scenario().miners.len();
        let mut honest = Honest::default();
        self.rows.iter().for_each(|row| honest.add(&row.honest));
        Run {
            seed: self.seed,
            epochs,
            miners_rao: world.subnet.miners_rao(),
            miners: world.owners.iter().map(|owner| miner(prepared, owner)).collect(),
            honest,
            validators: validators(prepared, world, &self.rows),
            validator: validator(prepared, world, epochs),
            groups: groups.map(|at| group(prepared, world, at, all_rao, epochs)).collect(),
            rows: self.rows,
            faults: self.faults,
        }
    }
}

fn group(prepared: &Prepared, world: &World, at: usize, all_rao: u64, epochs: u64) -> Group {
    let miners = &prepared.scenario().miners[at];
    let owners = || world.owners.iter().filter(|owner| owner.group == at);
    let (mut bill, mut audits) = (Bill::default(), Audits::default());
    for owner in owners() {
        bill.add(&owner.bill);
        audits.add(&owner.audits);
    }
    let earned_rao: u64 = owners().map(|owner| owner.earned_rao).sum();
    let earned_usd = prepared.tariff().alpha_usd(earned_rao);
    let costs = prepared.tariff().costs(&bill);
    let last_epoch = miners.leaves_epoch.map_or(epochs, |leaves| leaves.min(epochs));
    let watched = owners().filter(|_| !miners.strategy.is_honest());
    Group {
        name: miners.name.clone(),
        strategy: miners.strategy.word(),
        honest: miners.strategy.is_honest(),
        count: miners.count,
        earned_rao,
        emission_share: earned_rao as f64 / all_rao.max(1) as f64,
        earned_usd,
        roi: roi(earned_usd, &costs),
        costs,
        audits,
        detections: watched.filter_map(|owner| detection(owner, last_epoch)).collect(),
    }
}

fn roi(earned_usd: f64, costs: &Costs) -> Option<f64> {
    (costs.usd > 0.0).then(|| (earned_usd - costs.usd) / costs.usd)
}

/// How long an owner went without being caught; nothing of who never joined.
fn detection(owner: &Owner, last_epoch: u64) -> Option<Wait> {
    let (joined, happened) = (owner.joined_epoch?, owner.detected_epoch.is_some());
    let left = owner.left_epoch.map_or(last_epoch, |left| left.min(last_epoch));
    let epochs = owner.detected_epoch.unwrap_or(left).saturating_sub(joined);
    (happened || epochs > 0).then_some(Wait { epochs, happened, count: 1 })
}

/// What each group of validators earned and paid.
fn validators(prepared: &Prepared, world: &World, rows: &[EpochRow]) -> Vec<ValidatorGroup> {
    let scenario = prepared.scenario();
    let stake = |group: &[Watcher]| group.iter().map(|watcher| watcher.stake_rao.0 as f64).sum::<f64>();
    let earned = |at: usize| rows.iter().map(|row| row.dividends_rao[at]).sum::<u64>();
    let all_stake = stake(&world.validators);
    let all_rao: u64 = (0..scenario.validators.len()).map(earned).sum();
    let group = |(at, watchers): (usize, &[Watcher])| {
        let group = &scenario.validators[at];
        let mut bill = Bill::default();
        watchers.iter().for_each(|watcher| bill.work.add(watcher.work));
        let (earned_rao, costs) = (earned(at), prepared.tariff().costs(&bill));
        let earned_usd = prepared.tariff().alpha_usd(earned_rao);
        ValidatorGroup {
            name: group.name.clone(),
            vote: group.vote.word(),
            count: group.count,
            stake_share: if all_stake > 0.0 { stake(watchers) / all_stake } else { 0.0 },
            earned_rao,
            dividend_share: earned_rao as f64 / all_rao.max(1) as f64,
            earned_usd,
            roi: roi(earned_usd, &costs),
            costs,
        }
    };
    world.validator_groups(scenario).enumerate().map(group).collect()
}

fn miner(prepared: &Prepared, owner: &Owner) -> Miner {
    Miner {
        group: owner.group,
        hotkey: owner.keys[0].hotkey,
        uid: owner.keys.iter().find_map(|key| key.last_uid),
        claimed_bytes: owner.claimed_bytes(),
        stored_bytes: owner.stored.disk_bytes,
        earned_rao: owner.earned_rao,
        costs: prepared.tariff().costs(&owner.bill),
        joined_epoch: owner.joined_epoch.unwrap_or(prepared.scenario().miners[owner.group].joins_epoch),
        detected_epoch: owner.detected_epoch,
        left_epoch: owner.left_epoch,
    }
}

/// An honest validator's costs of an epoch, on average.
fn validator(prepared: &Prepared, world: &World, epochs: u64) -> Costs {
    let mut bill = Bill::default();
    let honest = world.validators.iter().filter(|watcher| watcher.vote == Vote::Honest);
    let rounds = epochs.saturating_mul(honest.clone().count() as u64).max(1) as f64;
    for watcher in honest {
        bill.work.add(watcher.work);
    }
    let all = prepared.tariff().costs(&bill);
    Costs {
        core_seconds: all.core_seconds / rounds,
        traffic_bytes: all.traffic_bytes / rounds,
        usd: all.usd / rounds,
        ..Costs::default()
    }
}
