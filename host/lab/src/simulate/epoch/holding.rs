//! What miners claim, how they divide it, what lies on their disks.

use plimsoll_core::{AllocationSpace, Hotkey, Uid};
use plimsoll_plugin::PluginError;
use rayon::prelude::*;

use super::super::agents::{Plot, Seen, Toward};
use super::super::round::is_hosts;
use super::super::run::Fault;
use super::super::streams::Purpose;
use super::super::world::{Owner, Registered, Wanted, World, holder};
use super::{Day, Happened};

impl Day<'_> {
    /// Agents observe and act; whoever claims something new divides it by the allocation policy.
    pub(super) fn miners_act(&mut self, world: &mut World, at_ms: u64) {
        let epoch = self.lived.row.epoch;
        let mut changed = Vec::new();
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
            let all_bytes = owner.agent.act(&seen, &mut draws);
            let group = &self.prepared.scenario().miners[owner.group];
            for (number, key) in (0u32..).zip(&owner.keys) {
                let bytes = group.part_of(number, all_bytes);
                if key.uid.is_some() && key.divided != Some((bytes, world.electorate)) {
                    changed.push((at, number as usize, bytes));
                }
            }
        }
        let shares = world.stake_shares();
        let divisions: Vec<Division> =
            changed.into_iter().map(|changed| Division::new(world, &shares, changed)).collect();
        self.divide(world, at_ms, &divisions);
    }

    /// Calls the allocation policy as `plimsoll allocate` would, for each owner, hotkey and number of bytes, and
    /// registers what it divides with the validators.
    fn divide(&mut self, world: &mut World, at_ms: u64, divisions: &[Division]) {
        let neurons = world.subnet.neurons();
        let chunk_bytes = u64::from(self.prepared.unit_bytes());
        let validators: Vec<_> =
            world.validators.iter().map(|watcher| (watcher.uid, watcher.hotkey)).collect();
        let ask = |division: &Division| -> Result<Vec<Option<Registered>>, PluginError> {
            let mut neurons = neurons.clone();
            for neuron in &mut neurons {
                neuron.is_owner = neuron.hotkey == division.hotkey;
            }
            let space =
                AllocationSpace { available_bytes: division.bytes, cap_bytes: division.bytes, chunk_bytes };
            let shares = self.prepared.allocation().instance()?.allocate(&space, &neurons)?;
            let register = |(&(uid, validator), &holder): (&(Option<Uid>, Hotkey), &Hotkey)| {
                let Some(share) = shares.iter().find(|share| Some(share.uid) == uid) else { return Ok(None) };
                let wanted = Wanted { owner: division.hotkey, validator, bytes: share.bytes, holder };
                self.prover.register(&wanted)
            };
            validators.iter().zip(&division.holders).map(register).collect()
        };
        let answers: Vec<_> = divisions.par_iter().map(ask).collect();
        for (division, answer) in divisions.iter().zip(answers) {
            let &Division { owner, key, hotkey, bytes, .. } = division;
            let claims = match answer {
                Ok(claims) => claims,
                Err(error) => {
                    let validator = format!("none: miner {owner} divides its space");
                    let what = error.to_string();
                    self.lived.faults.push(Fault { epoch: self.lived.row.epoch, validator, what });
                    self.lived.error = self.lived.error.take().or(Some(error).filter(is_hosts));
                    continue;
                }
            };
            let key = &mut world.owners[owner].keys[key];
            key.claims = claims.into();
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

/// A hotkey that claims something new.
struct Division {
    owner: usize,
    /// Which of the owner's hotkeys.
    key: usize,
    hotkey: Hotkey,
    /// Over all validators.
    bytes: u64,
    /// For whom the units were filled from which it answers each validator.
    holders: Vec<Hotkey>,
}

impl Division {
    fn new(world: &World, stake_shares: &[f64], (owner, key, bytes): (usize, usize, u64)) -> Self {
        let this = &world.owners[owner];
        let number = u32::try_from(key).unwrap_or(u32::MAX);
        let of = |&stake_share: &f64| {
            let conduct = this.agent.conduct(number, &Toward { stake_share });
            holder(&world.owners, owner, key, conduct.units_of)
        };
        let holders = stake_shares.iter().map(of).collect();
        Self { owner, key, hotkey: this.keys[key].hotkey, bytes, holders }
    }
}

/// An owner's claims under hotkeys that have a place.
fn plots(owner: &Owner, stake_shares: &[f64]) -> Vec<Plot> {
    let keys = owner.keys.iter().enumerate().filter(|(_, key)| !owner.is_gone && key.uid.is_some());
    let claims = keys.flat_map(|(number, key)| {
        let of = move |(registered, &stake_share): (&Option<Registered>, &f64)| {
            let bytes = registered.as_ref()?.claim.statement.claimed_bytes();
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
