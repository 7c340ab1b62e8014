//! One epoch: who comes and goes, what everyone does, all rounds, consensus, pay.

use plimsoll_core::{AllocationSpace, Hotkey, Share, StakeRao, Uid};
use plimsoll_node::validator::Claim;
use plimsoll_plugin::PluginError;
use rayon::prelude::*;

use super::agents::{Plot, Seen, Toward};
use super::audit::Prover;
use super::costs::Bill;
use super::events::Event;
use super::explained::{Explained, Opinion};
use super::prepared::Prepared;
use super::round::{Finished, Placed, Scene};
use super::run::{EpochRow, Fault};
use super::streams::{Purpose, Streams};
use super::world::{Owner, Watcher, World, claim};

/// What became of an epoch.
pub(super) struct Lived {
    pub(super) row: EpochRow,
    pub(super) faults: Vec<Fault>,
    pub(super) told: Option<Explained>,
}

/// One epoch while it is lived through.
struct Day<'a> {
    prepared: &'a Prepared,
    streams: Streams,
    prover: &'a dyn Prover,
    about: Option<Uid>,
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
        about: Option<Uid>,
    ) -> Lived {
        let groups = self.scenario().miners.len();
        let row = EpochRow {
            epoch: world.epoch,
            earned_rao: vec![0; groups],
            stored_bytes: vec![0; groups],
            claimed_bytes: vec![0; groups],
        };
        let bills = vec![Bill::default(); world.owners.len()];
        let running = bills.clone();
        let lived = Lived { row, faults: Vec::new(), told: None };
        let mut day = Day { prepared: self, streams: *streams, prover, about, lived, bills, running };
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
        day.lived
    }
}

impl Day<'_> {
    fn begin(&mut self, world: &mut World, at_ms: u64) {
        self.pass_to(world, at_ms);
        self.validators_come(world);
        self.miners_come_and_go(world);
        self.miners_act(world);
        self.store(world);
        self.rounds(world, at_ms);
        let subnet = &self.prepared.scenario().subnet;
        let end_ms = at_ms.saturating_add(subnet.tempo_blocks.saturating_mul(subnet.block_ms));
        world.queue.push(end_ms, Event::TempoEnds);
        world.queue.push(end_ms, Event::EpochBegins);
    }

    /// Whoever has stake and no place takes one.
    fn validators_come(&self, world: &mut World) {
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
            }
        }
    }

    fn miners_come_and_go(&mut self, world: &mut World) {
        let epoch = self.lived.row.epoch;
        for owner in 0..world.owners.len() {
            let group = &self.prepared.scenario().miners[world.owners[owner].group];
            if group.leaves_epoch.is_some_and(|leaves| leaves <= epoch) {
                world.owners[owner].is_gone = true;
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
                self.bills[owner].registration_rao += joined.cost_rao;
                displace(world, joined.displaced, epoch);
                let this = &mut world.owners[owner];
                (this.keys[key].uid, this.keys[key].last_uid) = (Some(joined.uid), Some(joined.uid));
                this.joined_epoch.get_or_insert(epoch);
                this.left_epoch = None;
            }
        }
    }

    /// Agents observe and act; whoever claims something new divides it by the allocation policy.
    fn miners_act(&mut self, world: &mut World) {
        let epoch = self.lived.row.epoch;
        let mut divisions = Vec::new();
        for (at, owner) in world.owners.iter_mut().enumerate() {
            if !owner.is_there() {
                continue;
            }
            let seen = Seen {
                epoch,
                earned_usd: self.prepared.tariff().alpha_usd(owner.last.earned_rao),
                running_usd: owner.last.running_usd,
                places: owner.keys.iter().filter(|key| key.uid.is_some()).count() as u32,
            };
            let mut draws = self.streams.stream(Purpose::Act, [epoch, at as u64, 0, 0]);
            let bytes = owner.agent.act(&seen, &mut draws);
            for (number, key) in owner.keys.iter().enumerate() {
                if key.uid.is_some() && key.divided != Some((bytes, world.electorate)) {
                    divisions.push((at, number, key.hotkey, bytes));
                }
            }
        }
        self.divide(world, &divisions);
    }

    /// Calls the allocation policy as `plimsoll allocate` would, for each owner, hotkey and number of bytes.
    fn divide(&mut self, world: &mut World, divisions: &[(usize, usize, Hotkey, u64)]) {
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
        }
    }

    /// What lies where in this epoch, and what filling it took.
    fn store(&mut self, world: &mut World) {
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
            about: self.about,
        };
        let count = world.validators.len() as u64;
        // From the second block on: the chain ignores weights that are no younger than the miner's registration. Spread
        // over half of the epoch, so that no miner is asked by everyone at once.
        let opens_ms = |at: usize| {
            let later_ms = tempo_ms.saturating_sub(subnet.block_ms) / 2 * at as u64 / count.max(1);
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
        if let Some(about) = self.about {
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
        if let Some(what) = finished.fault {
            self.lived.faults.push(Fault { epoch, validator: watcher.name.clone(), what });
        }
        if let Some(weights) = finished.weights {
            world.queue.push(ends_ms, Event::WeightsSet { validator: at, weights });
        }
        for (sum, placed) in finished.sums.iter().zip(placed) {
            let owner = &mut world.owners[placed.owner];
            owner.audits.add(&sum.audits);
            self.running[placed.owner].work.add(sum.work);
            if sum.audits.not_passed() > 0 {
                owner.detected_epoch.get_or_insert(epoch);
            }
        }
    }

    fn set(&self, world: &mut World, at_ms: u64, validator: usize, weights: &[(Uid, u16)]) {
        self.pass_to(world, at_ms);
        let watcher = &world.validators[validator];
        if let Err(refusal) = world.subnet.set_weights(&watcher.hotkey, weights) {
            tracing::debug!(validator = watcher.name, refusal, "weights were refused");
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

    /// What everyone thinks of `uid`, as far as the rounds tell.
    fn opinions(
        &self,
        validators: &[Watcher],
        scene: &Scene<'_>,
        finished: &[Option<Finished>],
        uid: Uid,
    ) -> Option<Explained> {
        let placed = scene.placed.iter().find(|placed| placed.uid == uid)?;
        let owner = &scene.owners[placed.owner];
        let key = &owner.keys[placed.key];
        let group = &self.prepared.scenario().miners[owner.group];
        let opinion = |(at, finished): (usize, &Option<Finished>)| {
            let watcher = &validators[at];
            let round = finished.as_ref();
            let own = round.and_then(|round| round.weights.as_ref());
            let weight = own.and_then(|weights| weights.iter().find(|weight| weight.0 == uid));
            Opinion {
                validator: watcher.name.clone(),
                vote: watcher.vote.word(),
                stake_share: scene.stake_shares[at],
                claimed_bytes: key
                    .claims
                    .get(at)
                    .copied()
                    .flatten()
                    .map_or(0, |c| c.statement.claimed_bytes()),
                conduct: scene.conduct(placed.owner, placed.key, at),
                told: round.and_then(|round| round.told.clone()),
                weight: weight.map(|weight| weight.1),
                fault: round.and_then(|round| round.fault.clone()),
            }
        };
        Some(Explained {
            seed: 0,
            epoch: scene.epoch,
            uid,
            hotkey: key.hotkey,
            group: group.name.clone(),
            strategy: group.strategy.word(),
            miner: placed.owner,
            key: placed.key,
            claimed_bytes: key.claimed_bytes(),
            stored_bytes: owner.stored.disk_bytes,
            costs: self.prepared.tariff().costs(&Bill::default()),
            validators: finished.iter().enumerate().map(opinion).collect(),
            consensus: 0,
            incentive: 0,
            earned_rao: 0,
        })
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
