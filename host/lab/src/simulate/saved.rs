//! A state between two epochs as bytes: all that the scenario and the seed do not say of it.
//!
//! Postcard, field after field. Keys, names and strategies follow from the scenario and the seed, and a claim from its
//! two keys and its number of units; so of what a validator remembers of a hotkey only numbers are kept, some twenty
//! bytes where the book itself has three hundred.

use std::collections::BTreeMap;

use plimsoll_chain::subnet::SavedSubnet;
use plimsoll_core::{BlockNumber, Epoch, Hotkey, Uid};
use plimsoll_node::validator::{Book, Claim, History, Tally};
use serde::{Deserialize, Serialize};

use super::agents::{Mind, Stored};
use super::audit::Work;
use super::costs::Bill;
use super::events::{Event, Queue};
use super::place::Subnet;
use super::run::Audits;
use super::saved_claim::{SavedClaim, SavedRegistered};
use super::scenario::Scenario;
use super::streams::Streams;
use super::world::{Key, LastEpoch, Owner, Registered, Watcher, World};

#[derive(Serialize, Deserialize)]
struct Saved<S> {
    epoch: u64,
    electorate: u64,
    block: BlockNumber,
    subnet: S,
    validators: Vec<SavedWatcher>,
    owners: Vec<SavedOwner>,
    queue: Queue,
}

#[derive(Serialize, Deserialize)]
struct SavedWatcher {
    uid: Option<Uid>,
    busy_until_ms: u64,
    work: Work,
    next_epoch: Epoch,
    memory: Vec<u8>,
    histories: Vec<SavedHistory>,
}

#[derive(Serialize, Deserialize)]
struct SavedHistory {
    /// Place of the hotkey among all of the run.
    key: u64,
    claim: SavedClaim,
    /// Issued, passed, failed, late, absent.
    counts: [u32; 5],
    last_epoch: Option<Epoch>,
    last: Option<SavedTally>,
    broken_rounds: u32,
}

#[derive(Serialize, Deserialize)]
struct SavedTally {
    /// Passed, failed, late, absent, without a verdict, broken.
    counts: [u32; 6],
    latencies_ms: Vec<u32>,
}

#[derive(Serialize, Deserialize)]
struct SavedOwner {
    mind: Mind,
    keys: Vec<SavedKey>,
    joined_epoch: Option<u64>,
    detected_epoch: Option<u64>,
    left_epoch: Option<u64>,
    is_gone: bool,
    stored: Stored,
    earned_rao: u64,
    bill: Bill,
    audits: Audits,
    last: LastEpoch,
}

#[derive(Serialize, Deserialize)]
struct SavedKey {
    uid: Option<Uid>,
    last_uid: Option<Uid>,
    claims: Vec<SavedRegistered>,
    divided: Option<(u64, u64)>,
}

/// What a state follows from beside its bytes.
pub(super) struct Origin<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) streams: &'a Streams,
    pub(super) identity_bound: bool,
    pub(super) unit_bytes: u32,
}

impl World {
    /// The state as bytes.
    ///
    /// # Errors
    /// What cannot be kept of it.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let all = self.owners.iter().flat_map(|owner| &owner.keys);
        let places: BTreeMap<Hotkey, u64> = all.map(|key| key.hotkey).zip(0..).collect();
        let saved = Saved {
            epoch: self.epoch,
            electorate: self.electorate,
            block: self.subnet.block(),
            subnet: &self.subnet,
            validators: self
                .validators
                .iter()
                .map(|watcher| SavedWatcher::of(watcher, &places))
                .collect::<Result<_, _>>()?,
            owners: self.owners.iter().map(SavedOwner::of).collect(),
            queue: self.queue.clone(),
        };
        postcard::to_allocvec(&saved).map_err(|error| error.to_string())
    }

    /// The state that `bytes` were made of.
    ///
    /// # Errors
    /// Bytes of something else, or of a state of another scenario.
    pub(super) fn from_bytes(bytes: &[u8], origin: &Origin<'_>) -> Result<Self, String> {
        let (saved, rest) =
            postcard::take_from_bytes::<Saved<SavedSubnet>>(bytes).map_err(|error| error.to_string())?;
        let Origin { scenario, streams, identity_bound, unit_bytes } = *origin;
        let mut world = Self::new(scenario, streams, identity_bound);
        let same = |what: &str, found: usize, expected: usize| match found == expected {
            true => Ok(()),
            false => Err(format!("it has {found} {what}, the scenario has {expected}")),
        };
        if !rest.is_empty() {
            return Err(format!("{} bytes stand behind its end", rest.len()));
        }
        same("validators", saved.validators.len(), world.validators.len())?;
        same("miners", saved.owners.len(), world.owners.len())?;
        if let Some(validator) = saved.queue.validators().find(|&at| at >= world.validators.len()) {
            return Err(format!("validator {validator} is to set weights, and there is none"));
        }
        let hotkeys: Vec<Hotkey> =
            world.owners.iter().flat_map(|owner| &owner.keys).map(|key| key.hotkey).collect();
        let validators: Vec<Hotkey> = world.validators.iter().map(|watcher| watcher.hotkey).collect();
        for (watcher, saved) in world.validators.iter_mut().zip(saved.validators) {
            saved.enter(watcher, &hotkeys, unit_bytes)?;
        }
        for (owner, saved) in world.owners.iter_mut().zip(saved.owners) {
            same("hotkeys of a miner", saved.keys.len(), owner.keys.len())?;
            saved.enter(owner, &validators, unit_bytes)?;
        }
        let places = u16::try_from(validators.len()).unwrap_or(u16::MAX);
        world.subnet = Subnet::resumed(&scenario.subnet, places, saved.block, saved.subnet);
        (world.epoch, world.electorate, world.queue) = (saved.epoch, saved.electorate, saved.queue);
        Ok(world)
    }
}

impl SavedWatcher {
    fn of(watcher: &Watcher, places: &BTreeMap<Hotkey, u64>) -> Result<Self, String> {
        let book = &watcher.book;
        let history = |(hotkey, history): (&Hotkey, &History)| {
            let key = places.get(hotkey).ok_or_else(|| format!("{hotkey} is no miner's hotkey"))?;
            Ok(SavedHistory::of(*key, history))
        };
        Ok(Self {
            uid: watcher.uid,
            busy_until_ms: watcher.busy_until_ms,
            work: watcher.work,
            next_epoch: book.next_epoch(),
            memory: book.memory().to_vec(),
            histories: book.histories().map(history).collect::<Result<_, String>>()?,
        })
    }

    fn enter(self, watcher: &mut Watcher, hotkeys: &[Hotkey], unit_bytes: u32) -> Result<(), String> {
        let mut histories = BTreeMap::new();
        for saved in self.histories {
            let hotkey = usize::try_from(saved.key).ok().and_then(|at| hotkeys.get(at));
            let hotkey = *hotkey.ok_or_else(|| format!("there is no hotkey number {}", saved.key))?;
            let claim = saved.claim.claim(hotkey, watcher.hotkey, unit_bytes);
            let claim = claim.ok_or("a history of nothing")?;
            histories.insert(hotkey, saved.history(claim));
        }
        watcher.uid = self.uid;
        watcher.busy_until_ms = self.busy_until_ms;
        watcher.work = self.work;
        watcher.book = Book::resumed(self.next_epoch, self.memory, histories);
        Ok(())
    }
}

impl SavedHistory {
    fn of(key: u64, history: &History) -> Self {
        let History { claim, issued, passed, failed, late, absent, last_epoch, ref last, broken_rounds } =
            *history;
        Self {
            key,
            claim: SavedClaim::of(&claim),
            counts: [issued, passed, failed, late, absent],
            last_epoch,
            last: last.as_ref().map(SavedTally::of),
            broken_rounds,
        }
    }

    fn history(self, claim: Claim) -> History {
        let [issued, passed, failed, late, absent] = self.counts;
        let (last_epoch, last) = (self.last_epoch, self.last.map(SavedTally::tally));
        let broken_rounds = self.broken_rounds;
        History { claim, issued, passed, failed, late, absent, last_epoch, last, broken_rounds }
    }
}

impl SavedTally {
    fn of(tally: &Tally) -> Self {
        let counts = [tally.passed, tally.failed, tally.late, tally.absent, tally.no_verdict, tally.broken];
        Self { counts, latencies_ms: tally.latencies_ms().to_vec() }
    }

    fn tally(self) -> Tally {
        let [passed, failed, late, absent, no_verdict, broken] = self.counts;
        let mut tally = Tally::with_latencies_ms(self.latencies_ms);
        (tally.passed, tally.failed, tally.late, tally.absent) = (passed, failed, late, absent);
        (tally.no_verdict, tally.broken) = (no_verdict, broken);
        tally
    }
}

impl SavedOwner {
    fn of(owner: &Owner) -> Self {
        Self {
            mind: owner.agent.mind(),
            keys: owner.keys.iter().map(SavedKey::of).collect(),
            joined_epoch: owner.joined_epoch,
            detected_epoch: owner.detected_epoch,
            left_epoch: owner.left_epoch,
            is_gone: owner.is_gone,
            stored: owner.stored,
            earned_rao: owner.earned_rao,
            bill: owner.bill,
            audits: owner.audits,
            last: owner.last,
        }
    }

    fn enter(self, owner: &mut Owner, validators: &[Hotkey], unit_bytes: u32) -> Result<(), String> {
        if !owner.agent.remember(self.mind) {
            return Err("a miner has the mind of another strategy".into());
        }
        for (key, saved) in owner.keys.iter_mut().zip(self.keys) {
            saved.enter(key, validators, unit_bytes)?;
        }
        owner.joined_epoch = self.joined_epoch;
        owner.detected_epoch = self.detected_epoch;
        owner.left_epoch = self.left_epoch;
        owner.is_gone = self.is_gone;
        owner.stored = self.stored;
        owner.earned_rao = self.earned_rao;
        owner.bill = self.bill;
        owner.audits = self.audits;
        owner.last = self.last;
        Ok(())
    }
}

impl SavedKey {
    fn of(key: &Key) -> Self {
        let saved = |registered: &Option<Registered>| SavedRegistered::of(registered.as_ref());
        Self {
            uid: key.uid,
            last_uid: key.last_uid,
            claims: key.claims.iter().map(saved).collect(),
            divided: key.divided,
        }
    }

    fn enter(self, key: &mut Key, validators: &[Hotkey], unit_bytes: u32) -> Result<(), String> {
        if !self.claims.is_empty() && self.claims.len() != validators.len() {
            return Err(format!(
                "a hotkey claims for {} validators of {}",
                self.claims.len(),
                validators.len()
            ));
        }
        let registered = |(saved, &validator): (&SavedRegistered, &Hotkey)| {
            saved.registered(key.hotkey, validator, unit_bytes)
        };
        let claims = self.claims.iter().zip(validators).map(registered).collect();
        (key.uid, key.last_uid, key.claims, key.divided) = (self.uid, self.last_uid, claims, self.divided);
        Ok(())
    }
}

impl Queue {
    /// Validators whose weights are still to be set.
    fn validators(&self) -> impl Iterator<Item = usize> {
        self.events().filter_map(|event| match event {
            Event::WeightsSet { validator, .. } => Some(*validator),
            Event::EpochBegins | Event::TempoEnds => None,
        })
    }
}
