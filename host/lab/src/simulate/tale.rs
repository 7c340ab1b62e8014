//! What is kept of a run while it goes on, and how it ends.

use super::costs::Bill;
use super::epoch::Lived;
use super::prepared::Prepared;
use super::run::{Audits, Costs, EpochRow, Fault, Group, Miner, Run};
use super::scenario::{Scenario, Vote};
use super::world::{Owner, World};

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
        let groups = (0..prepared.scenario().miners.len()).map(|at| group(prepared, world, at, all_rao));
        let groups: Vec<Group> = groups.collect();
        let mut honest = Audits::default();
        for group in groups.iter().filter(|group| group.honest) {
            honest.add(&group.audits);
        }
        let epochs = self.rows.len() as u64;
        Run {
            seed: self.seed,
            epochs,
            miners_rao: world.subnet.miners_rao(),
            miners: world.owners.iter().map(|owner| miner(prepared, owner)).collect(),
            false_punishment_rate: honest.not_passed() as f64 / honest.judged().max(1) as f64,
            validator: validator(prepared, world, epochs),
            groups,
            rows: self.rows,
            faults: self.faults,
        }
    }
}

fn group(prepared: &Prepared, world: &World, at: usize, all_rao: u64) -> Group {
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
    let after = |owner: &Owner| Some(owner.detected_epoch?.saturating_sub(owner.joined_epoch?));
    let detected: Vec<u64> = owners().filter_map(after).collect();
    let mean = detected.iter().sum::<u64>() as f64 / detected.len().max(1) as f64;
    Group {
        name: miners.name.clone(),
        strategy: miners.strategy.word(),
        honest: miners.strategy.is_honest(),
        count: miners.count,
        earned_rao,
        emission_share: earned_rao as f64 / all_rao.max(1) as f64,
        earned_usd,
        roi: if costs.usd > 0.0 { (earned_usd - costs.usd) / costs.usd } else { 0.0 },
        costs,
        audits,
        detected_after_epochs: (!detected.is_empty()).then_some(mean),
        detected: u32::try_from(detected.len()).unwrap_or(u32::MAX),
    }
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
