//! What audits and pay say of those who are there: who is caught, who is honest and paid too little, what validators
//! earn.

use super::super::agents::Toward;
use super::super::conduct::Missing;
use super::super::round::{Placed, Sum};
use super::super::run::Honest;
use super::super::world::{Owner, Watcher, World};
use super::Day;

impl Day<'_> {
    /// Enters what a validator's audits came to. Who left for good is audited until its place is taken, which says
    /// nothing of what it did.
    pub(super) fn judge(&mut self, world: &mut World, at: usize, placed: &[Placed], sums: &[Sum]) {
        let toward = Toward { stake_share: world.stake_shares()[at] };
        for (sum, placed) in sums.iter().zip(placed) {
            self.running[placed.owner].work.add(sum.work);
            let owner = &mut world.owners[placed.owner];
            if owner.is_gone {
                continue;
            }
            owner.audits.add(&sum.audits);
            if !self.is_honest(owner) {
                if gives_away(owner, placed.key, &toward, sum) {
                    owner.detected_epoch.get_or_insert(self.lived.row.epoch);
                }
            } else if holds_all(owner) {
                self.lived.row.honest.audits.add(&sum.audits);
            }
        }
    }

    /// Holds what honest miners earned against what they hold, and enters what validators earned.
    pub(super) fn compare(&mut self, world: &World, earned_rao: &[u64]) {
        let owners = world.owners.iter().zip(earned_rao);
        let whole = owners.filter(|(owner, _)| self.is_honest(owner) && holds_all(owner));
        let whole: Vec<(f64, f64)> =
            whole.map(|(owner, &rao)| (owner.stored.disk_bytes as f64, rao as f64)).collect();
        let (bytes, rao) = whole.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let is_underpaid = |one: &&(f64, f64)| one.1 <= 0.0 || one.1 < Honest::LEAST * rao * (one.0 / bytes);
        if earned_rao.iter().any(|&rao| rao > 0) {
            let honest = &mut self.lived.row.honest;
            honest.paid_epochs = whole.len() as u64;
            honest.underpaid_epochs = whole.iter().filter(is_underpaid).count() as u64;
        }
        let dividends = |group: &[Watcher]| {
            let uids = group.iter().filter_map(|watcher| watcher.uid);
            uids.map(|uid| world.subnet.last_epoch(uid).validator_rao).sum()
        };
        self.lived.row.dividends_rao =
            world.validator_groups(self.prepared.scenario()).map(dividends).collect();
    }

    fn is_honest(&self, owner: &Owner) -> bool {
        self.prepared.scenario().miners[owner.group].strategy.is_honest()
    }
}

/// Whether all that it claims lies on its disks.
fn holds_all(owner: &Owner) -> bool {
    let claimed_bytes = owner.claimed_bytes();
    claimed_bytes > 0 && owner.stored.disk_bytes == claimed_bytes
}

/// Whether an answer was wrong or late, or there was none by the miner's own choice. A lost packet is not its doing.
fn gives_away(owner: &Owner, key: usize, toward: &Toward, sum: &Sum) -> bool {
    let conduct = owner.agent.conduct(u32::try_from(key).unwrap_or(u32::MAX), toward);
    let is_silent = matches!(conduct.missing, Missing::Silent) && conduct.kept < 1.0;
    sum.audits.failed > 0 || sum.audits.late > 0 || (is_silent && sum.audits.absent > 0)
}
