//! What miners claim, how they divide it, what lies on their disks.

use plimsoll_core::{AllocationSpace, Hotkey, Share};
use plimsoll_node::validator::Claim;
use plimsoll_plugin::PluginError;
use rayon::prelude::*;

use super::super::agents::{Plot, Seen, Toward};
use super::super::run::Fault;
use super::super::streams::Purpose;
use super::super::world::{Owner, World, claim};
use super::{Day, Happened};

impl Day<'_> {
    /// Agents observe and act; whoever claims something new divides it by the allocation policy.
    pub(super) fn miners_act(&mut self, world: &mut World, at_ms: u64) {
        let epoch = self.lived.row.epoch;
        let mut divisions = Vec::new();
        let mut is_first = vec![true; self.prepared.scenario().miners.len()];
        for (at, owner) in world.owners.iter_mut().enumerate() {
            if !owner.is_there() {
                continue;
            }
            let seen = Seen {
                epoch,
                earned_usd: self.prepared.tariff().alpha_usd(owner.last.earned_rao),
                running_usd: owner.last.running_usd,
                places: owner.keys.iter().filter(|key| key.uid.is_some()).count() as u32,
                is_first: std::mem::take(&mut is_first[owner.group]),
            };
            let mut draws = self.streams.stream(Purpose::Act, [epoch, at as u64, 0, 0]);
            let bytes = owner.agent.act(&seen, &mut draws);
            for (number, key) in owner.keys.iter().enumerate() {
                if key.uid.is_some() && key.divided != Some((bytes, world.electorate)) {
                    divisions.push((at, number, key.hotkey, bytes));
                }
            }
        }
        self.divide(world, at_ms, &divisions);
    }

    /// Calls the allocation policy as `plimsoll allocate` would, for each owner, hotkey and number of bytes.
    fn divide(&mut self, world: &mut World, at_ms: u64, divisions: &[(usize, usize, Hotkey, u64)]) {
        let neurons = world.subnet.neurons();
        let chunk_bytes = u64::from(self.prepared.unit_bytes());
        let ask = |&(_, _, hotkey, bytes): &(usize, usize, Hotkey, u64)| -> Result<Vec<Share>, PluginError> {
            let mut neurons = neurons.clone();
            for neuron in &mut neurons {
                neuron.is_owner = neuron.hotkey == hotkey;
            }
            let space = AllocationSpace { available_bytes: bytes, cap_bytes: bytes, chunk_bytes };
            self.prepared.allocation().instance()?.allocate(&space, &neurons)
        };
        let answers: Vec<_> = divisions.par_iter().map(ask).collect();
        for (&(owner, number, hotkey, bytes), answer) in divisions.iter().zip(answers) {
            let shares = match answer {
                Ok(shares) => shares,
                Err(error) => {
                    let validator = format!("none: miner {owner} divides its space");
                    let what = error.to_string();
                    self.lived.faults.push(Fault { epoch: self.lived.row.epoch, validator, what });
                    continue;
                }
            };
            let claims = world.validators.iter().map(|watcher| {
                let share = shares.iter().find(|share| Some(share.uid) == watcher.uid)?;
                claim(hotkey, watcher.hotkey, share.bytes, self.prepared.unit_bytes())
            });
            let claims = claims.collect();
            let key = &mut world.owners[owner].keys[number];
            key.claims = claims;
            key.divided = Some((bytes, world.electorate));
            let claimed_bytes = key.claimed_bytes();
            self.note(at_ms, || Happened::Divided { miner: owner, hotkey, claimed_bytes });
        }
    }

    /// What lies where in this epoch, and what filling it took.
    pub(super) fn store(&mut self, world: &mut World) {
        let shares = world.stake_shares();
        let (pace, tariff) = (self.prepared.pace(), self.prepared.tariff());
        for (at, owner) in world.owners.iter_mut().enumerate() {
            let before = owner.stored.disk_bytes + owner.stored.cold_bytes;
            owner.stored = owner.agent.stored(&plots(owner, &shares));
            let stored = owner.stored;
            let filled = (stored.disk_bytes + stored.cold_bytes).saturating_sub(before);
            let running = &mut self.running[at];
            running.disk_byte_epochs = stored.disk_bytes as f64;
            running.cold_byte_epochs = stored.cold_bytes as f64;
            running.cold_usd = tariff.storage_usd(stored.cold_bytes as f64, stored.cold_usd_per_tib_month);
            self.bills[at].work.core_us += pace.fill_us(filled);
            let row = &mut self.lived.row;
            row.stored_bytes[owner.group] = row.stored_bytes[owner.group].saturating_add(stored.disk_bytes);
            row.claimed_bytes[owner.group] =
                row.claimed_bytes[owner.group].saturating_add(owner.claimed_bytes());
        }
    }
}

/// An owner's claims under hotkeys that have a place.
fn plots(owner: &Owner, stake_shares: &[f64]) -> Vec<Plot> {
    let keys = owner.keys.iter().enumerate().filter(|(_, key)| !owner.is_gone && key.uid.is_some());
    let claims = keys.flat_map(|(number, key)| {
        let of = move |(claim, &stake_share): (&Option<Claim>, &f64)| {
            let bytes = claim.as_ref()?.statement.claimed_bytes();
            Some(Plot {
                key: u32::try_from(number).unwrap_or(u32::MAX),
                toward: Toward { stake_share },
                bytes,
            })
        };
        key.claims.iter().zip(stake_shares).filter_map(of)
    });
    claims.collect()
}
