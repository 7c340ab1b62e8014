//! Everyone who is there, and all that the next epoch depends on. A copy of it is a checkpoint.

use std::sync::Arc;

use plimsoll_core::{Digest, Epoch, Hotkey, Identity, RAO_PER_TAO, StakeRao, Statement, Uid};
use plimsoll_node::validator::{Book, Claim};
use serde::{Deserialize, Serialize};

use super::agents::{Agent, Stored, agent_of};
use super::audit::Work;
use super::conduct::UnitsOf;
use super::costs::Bill;
use super::events::{Event, Queue};
use super::place::{NETUID, Subnet};
use super::run::Audits;
use super::scenario::{Scenario, Vote};
use super::streams::{Purpose, Streams};

/// A state between two epochs.
#[derive(Clone)]
pub(super) struct World {
    /// The epoch that comes next.
    pub(super) epoch: u64,
    pub(super) subnet: Subnet,
    pub(super) validators: Vec<Watcher>,
    pub(super) owners: Vec<Owner>,
    pub(super) queue: Queue,
    /// Counts changes of who validates: then miners divide their space anew.
    pub(super) electorate: u64,
}

/// A validator.
#[derive(Clone)]
pub(super) struct Watcher {
    pub(super) name: String,
    pub(super) vote: Vote,
    pub(super) hotkey: Hotkey,
    pub(super) coldkey: Hotkey,
    pub(super) stake_rao: StakeRao,
    pub(super) uid: Option<Uid>,
    pub(super) book: Book,
    /// When its round is over, milliseconds.
    pub(super) busy_until_ms: u64,
    /// What its audits cost it.
    pub(super) work: Work,
}

/// A miner with all its hotkeys.
#[derive(Clone)]
pub(super) struct Owner {
    /// Index of its group.
    pub(super) group: usize,
    pub(super) agent: Box<dyn Agent>,
    pub(super) keys: Vec<Key>,
    pub(super) joined_epoch: Option<u64>,
    pub(super) detected_epoch: Option<u64>,
    pub(super) left_epoch: Option<u64>,
    /// Whether it left for good.
    pub(super) is_gone: bool,
    pub(super) stored: Stored,
    pub(super) earned_rao: u64,
    pub(super) bill: Bill,
    pub(super) audits: Audits,
    /// What became of it in the last epoch.
    pub(super) last: LastEpoch,
}

/// What an agent looks back at.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct LastEpoch {
    pub(super) earned_rao: u64,
    /// Without registrations and filling.
    pub(super) running_usd: f64,
}

/// One hotkey of a miner.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) hotkey: Hotkey,
    pub(super) coldkey: Hotkey,
    pub(super) uid: Option<Uid>,
    pub(super) last_uid: Option<Uid>,
    /// One for each validator, in their order.
    pub(super) claims: Arc<[Option<Registered>]>,
    /// Bytes and electorate for which the claims were made.
    pub(super) divided: Option<(u64, u64)>,
}

impl Key {
    pub(super) fn claimed_bytes(&self) -> u64 {
        let claims = self.claims.iter().flatten();
        claims.map(|registered| registered.claim.statement.claimed_bytes()).fold(0, u64::saturating_add)
    }
}

/// What a hotkey registered with a validator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Registered {
    pub(super) claim: Claim,
    /// Bytes of the plot's whole region: its units, and what the scheme keeps behind them.
    pub(super) region_bytes: u64,
}

/// Space that a hotkey wants to register with a validator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) owner: Hotkey,
    pub(super) validator: Hotkey,
    pub(super) bytes: u64,
    /// For whom the units were filled from which it will answer.
    pub(super) holder: Hotkey,
}

impl Owner {
    /// Whether any hotkey has a place.
    pub(super) fn is_there(&self) -> bool {
        !self.is_gone && self.keys.iter().any(|key| key.uid.is_some())
    }

    /// Bytes that it claims under hotkeys with a place.
    pub(super) fn claimed_bytes(&self) -> u64 {
        if self.is_gone {
            return 0;
        }
        self.keys.iter().filter(|key| key.uid.is_some()).map(Key::claimed_bytes).fold(0, u64::saturating_add)
    }
}

impl World {
    /// The moment before the first epoch. Validators and the miners that join in epoch 0 have their places, in the
    /// scenario's order, each for the first registration's price.
    pub(super) fn new(scenario: &Scenario, streams: &Streams, identity_bound: bool) -> Self {
        let mut queue = Queue::default();
        queue.push(0, Event::EpochBegins);
        let mut validators = validators(scenario, streams);
        let mut owners = owners(scenario, streams, identity_bound);
        let mut first = Vec::new();
        let mut next_uid = (0..=u16::MAX).map(Uid);
        for watcher in &mut validators {
            watcher.uid = next_uid.next();
            first.push((watcher.hotkey, watcher.coldkey, watcher.stake_rao));
        }
        for owner in owners.iter_mut().filter(|owner| scenario.miners[owner.group].joins_epoch == 0) {
            owner.joined_epoch = Some(0);
            for key in &mut owner.keys {
                key.uid = next_uid.next();
                key.last_uid = key.uid;
                first.push((key.hotkey, key.coldkey, StakeRao(0)));
                let paid_rao = owner.bill.registration_rao.saturating_add(scenario.subnet.registration_rao);
                owner.bill.registration_rao = paid_rao;
            }
        }
        let places = u16::try_from(validators.len()).unwrap_or(u16::MAX);
        let subnet = Subnet::begin(&scenario.subnet, places, &first);
        Self { epoch: 0, subnet, validators, owners, queue, electorate: 0 }
    }

    /// The validators of each of the scenario's groups.
    pub(super) fn validator_groups<'a>(
        &'a self,
        scenario: &'a Scenario,
    ) -> impl Iterator<Item = &'a [Watcher]> {
        let mut rest = &self.validators[..];
        scenario.validators.iter().map(move |group| {
            let (these, others) = rest.split_at(rest.len().min(group.count as usize));
            rest = others;
            these
        })
    }

    /// Each validator's part of the stake of all that have a place, in their order.
    pub(super) fn stake_shares(&self) -> Vec<f64> {
        let staked = |watcher: &Watcher| if watcher.uid.is_some() { watcher.stake_rao.0 } else { 0 };
        let all: u64 = self.validators.iter().map(staked).sum();
        self.validators.iter().map(|watcher| staked(watcher) as f64 / all.max(1) as f64).collect()
    }
}

fn validators(scenario: &Scenario, streams: &Streams) -> Vec<Watcher> {
    let mut all = Vec::new();
    for group in &scenario.validators {
        for member in 0..group.count {
            let number = all.len() as u64;
            let key = |part| Hotkey(streams.digest(Purpose::ValidatorKey, [number, part, 0, 0]).0);
            let name =
                if group.count == 1 { group.name.clone() } else { format!("{} {}", group.name, member + 1) };
            all.push(Watcher {
                name,
                vote: group.vote.clone(),
                hotkey: key(0),
                coldkey: key(1),
                stake_rao: StakeRao(group.stake_tao.saturating_mul(RAO_PER_TAO)),
                uid: None,
                book: Book::beginning(Epoch(0), Vec::new()),
                busy_until_ms: 0,
                work: Work::default(),
            });
        }
    }
    all
}

fn owners(scenario: &Scenario, streams: &Streams, identity_bound: bool) -> Vec<Owner> {
    let mut all = Vec::new();
    for (group, miners) in scenario.miners.iter().enumerate() {
        for member in 0..miners.count {
            let number = all.len() as u64;
            // Every hotkey has a coldkey of its own, as anybody could have, unless the scenario says otherwise: nothing
            // on chain tells a sybil.
            let coldkey = |at: u32| if miners.one_coldkey { 0 } else { at };
            let key =
                |hotkey: u32, part| Hotkey(streams.digest(Purpose::Key, [number, hotkey.into(), part, 0]).0);
            let keys = (0..miners.hotkeys()).map(|at| Key {
                hotkey: key(at, 0),
                coldkey: key(coldkey(at), 1),
                uid: None,
                last_uid: None,
                claims: Arc::from([]),
                divided: None,
            });
            all.push(Owner {
                group,
                agent: agent_of(miners, member, identity_bound),
                keys: keys.collect(),
                joined_epoch: None,
                detected_epoch: None,
                left_epoch: None,
                is_gone: false,
                stored: Stored::default(),
                earned_rao: 0,
                bill: Bill::default(),
                audits: Audits::default(),
                last: LastEpoch::default(),
            });
        }
    }
    all
}

/// For whom the units were filled that hotkey number `key` of an owner answers from.
pub(super) fn holder(owners: &[Owner], owner: usize, key: usize, units_of: UnitsOf) -> Hotkey {
    let of_group = || owners.iter().position(|other| other.group == owners[owner].group);
    let (owner, key) = match units_of {
        UnitsOf::Own => (owner, key),
        UnitsOf::FirstHotkey => (owner, 0),
        UnitsOf::FirstOfGroup => (of_group().unwrap_or(owner), 0),
    };
    owners[owner].keys[key].hotkey
}

/// What a miner registers without a plot; nothing where the bytes hold no unit.
pub(super) fn unfilled(wanted: &Wanted, unit_bytes: u32) -> Option<Registered> {
    let Wanted { owner, validator, bytes, .. } = *wanted;
    let claim = unfilled_claim(owner, validator, bytes / u64::from(unit_bytes.max(1)), unit_bytes)?;
    Some(Registered { claim, region_bytes: claim.statement.claimed_bytes() })
}

/// A claim without a plot to so many units, if there is any.
pub(super) fn unfilled_claim(owner: Hotkey, validator: Hotkey, units: u64, unit_bytes: u32) -> Option<Claim> {
    let identity = Identity { netuid: NETUID, owner, validator };
    let text = [&owner.0[..], &validator.0, &units.to_le_bytes()].concat();
    let registration = Digest::of(&text);
    let statement = Statement { identity, unit_bytes, units, commitment: Some(registration) };
    (units > 0).then_some(Claim { registration, statement })
}
