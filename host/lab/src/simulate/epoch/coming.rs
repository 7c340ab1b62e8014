//! Who comes, who goes, whose place is taken.

use plimsoll_core::{Hotkey, StakeRao};

use super::super::place::Joined;
use super::super::world::World;
use super::{Day, Happened};

impl Day<'_> {
    /// Whoever has stake and no place takes one.
    pub(super) fn validators_come(&mut self, world: &mut World, at_ms: u64) {
        for at in 0..world.validators.len() {
            let watcher = &world.validators[at];
            if watcher.uid.is_some() {
                continue;
            }
            let (hotkey, coldkey, stake_rao) = (watcher.hotkey, watcher.coldkey, watcher.stake_rao);
            if let Some(joined) = world.subnet.register(hotkey, coldkey, stake_rao) {
                world.validators[at].uid = Some(joined.uid);
                world.electorate += 1;
                displace(world, joined.displaced, self.lived.row.epoch);
                self.joined(at_ms, hotkey, joined);
            }
        }
    }

    pub(super) fn miners_come_and_go(&mut self, world: &mut World, at_ms: u64) {
        let epoch = self.lived.row.epoch;
        for owner in 0..world.owners.len() {
            let group = &self.prepared.scenario().miners[world.owners[owner].group];
            if group.leaves_epoch.is_some_and(|leaves| leaves <= epoch) {
                if !std::mem::replace(&mut world.owners[owner].is_gone, true) {
                    self.note(at_ms, || Happened::Left { miner: owner });
                }
                continue;
            }
            if epoch < group.joins_epoch {
                continue;
            }
            for key in 0..world.owners[owner].keys.len() {
                let this = &world.owners[owner].keys[key];
                if this.uid.is_some() || (this.last_uid.is_some() && !group.comes_back) {
                    continue;
                }
                let (hotkey, coldkey) = (this.hotkey, this.coldkey);
                let Some(joined) = world.subnet.register(hotkey, coldkey, StakeRao(0)) else { continue };
                let bill = &mut self.bills[owner];
                bill.registration_rao = bill.registration_rao.saturating_add(joined.cost_rao);
                displace(world, joined.displaced, epoch);
                self.joined(at_ms, hotkey, joined);
                let this = &mut world.owners[owner];
                (this.keys[key].uid, this.keys[key].last_uid) = (Some(joined.uid), Some(joined.uid));
                this.joined_epoch.get_or_insert(epoch);
                this.left_epoch = None;
            }
        }
    }

    fn joined(&mut self, at_ms: u64, hotkey: Hotkey, joined: Joined) {
        let Joined { uid, cost_rao, displaced } = joined;
        self.note(at_ms, || Happened::Registered { hotkey, uid, cost_rao, displaced });
    }
}

/// Takes the place of `hotkey` away, whosever it is.
fn displace(world: &mut World, hotkey: Option<Hotkey>, epoch: u64) {
    let Some(hotkey) = hotkey else { return };
    for owner in &mut world.owners {
        for key in owner.keys.iter_mut().filter(|key| key.hotkey == hotkey) {
            key.uid = None;
        }
        if owner.joined_epoch.is_some()
            && owner.left_epoch.is_none()
            && owner.keys.iter().all(|key| key.uid.is_none())
        {
            owner.left_epoch = Some(epoch);
        }
    }
    for watcher in world.validators.iter_mut().filter(|watcher| watcher.hotkey == hotkey) {
        watcher.uid = None;
        world.electorate += 1;
    }
}
