//! A subnet read value by value, for runtimes that cannot be asked for one in one call.
//!
//! Keys of maps by number are known beforehand, so nothing is searched: one request for the settings and the
//! hotkeys, one or two for what lies at the hotkeys. The lists of keys and the reading of values are apart from the
//! requests between them.

use std::collections::HashMap;

use plimsoll_core::{BlockNumber, Digest, Hotkey, NetUid, StakeRao};

use super::runtime::{Runtime, SUBTENSOR, account, number};
use super::scale::{AxonRecord, Cursor, Garbled};
use super::view::{Rules, Source, SubnetView, commitments_by_uid, uid_of};
use crate::NeuronRecord;

/// So many hotkeys are asked for together with the settings; a subnet has rarely more.
const FIRST_HOTKEYS: u16 = 256;

/// What was read, by key.
pub(crate) type Values = HashMap<Vec<u8>, Vec<u8>>;

/// Where the parts of one subnet are.
pub(crate) struct StoredSubnet<'a> {
    runtime: &'a Runtime,
    netuid: NetUid,
}

/// The settings of a subnet, its size, and its first hotkeys.
pub(crate) struct Outline {
    pub(crate) block: BlockNumber,
    pub(crate) rules: Rules,
    pub(crate) count: u16,
    permits: Vec<bool>,
    updates: Vec<u64>,
    incentives: Option<Vec<u16>>,
}

impl<'a> StoredSubnet<'a> {
    pub(crate) const fn new(runtime: &'a Runtime, netuid: NetUid) -> Self {
        Self { runtime, netuid }
    }

    fn of_subnet(&self, entry: &str) -> Result<Vec<u8>, Garbled> {
        self.runtime.key(SUBTENSOR, entry, vec![number(self.netuid.0)])
    }

    fn hotkey_key(&self, uid: u16) -> Result<Vec<u8>, Garbled> {
        self.runtime.key(SUBTENSOR, "Keys", vec![number(self.netuid.0), number(uid)])
    }

    /// The first request: the settings that this runtime has, and the first hotkeys.
    pub(crate) fn outline_keys(&self) -> Result<Vec<Vec<u8>>, Garbled> {
        let mut keys = vec![self.runtime.key("System", "Number", vec![])?];
        for entry in ENTRIES {
            if self.runtime.has_storage(SUBTENSOR, entry) {
                keys.push(self.of_subnet(entry)?);
            }
        }
        for uid in 0..FIRST_HOTKEYS {
            keys.push(self.hotkey_key(uid)?);
        }
        Ok(keys)
    }

    /// What the first request told; `None` where there is no such subnet.
    pub(crate) fn outline(&self, values: &Values) -> Result<Option<Outline>, Garbled> {
        if !is_added(self.runtime, self.netuid, values)? {
            return Ok(None);
        }
        let block = values.get(&self.runtime.key("System", "Number", vec![])?);
        let block = block.ok_or_else(|| Garbled::new("a block without its number"))?;
        let block = BlockNumber(u64::from(Cursor::new(block).u32()?));
        let u16_at = |entry| self.read(entry, values, |cursor| cursor.u16());
        let u64_at = |entry| self.read(entry, values, |cursor| cursor.u64());
        let rules = Rules {
            tempo_blocks: u64::from(u16_at("Tempo")?),
            weights_rate_limit_blocks: u64_at("WeightsSetRateLimit")?,
            serving_rate_limit_blocks: u64_at("ServingRateLimit")?,
            min_weights: u16_at("MinAllowedWeights")?,
            max_weight: self.optional("MaxWeightsLimit", values, |c| c.u16())?.unwrap_or(u16::MAX),
            weights_version: u64_at("WeightsVersionKey")?,
            commit_reveal: self
                .optional("CommitRevealWeightsEnabled", values, |c| c.bool())?
                .unwrap_or(false),
            reveal_period_epochs: self.optional("RevealPeriodEpochs", values, |c| c.u64())?.unwrap_or(0),
            blocks_since_epoch: self.optional("BlocksSinceLastStep", values, |c| c.u64())?,
        };
        let count = u16_at("SubnetworkN")?;
        let permits = self.read("ValidatorPermit", values, |c| c.list(1, Cursor::bool))?;
        let updates = self.read("LastUpdate", values, |c| c.list(8, Cursor::u64))?;
        let incentives = self.optional("Incentive", values, |c| c.list(2, Cursor::u16))?;
        Ok(Some(Outline { block, rules, count, permits, updates, incentives }))
    }

    /// Keys of the hotkeys that the first request left out.
    pub(crate) fn more_hotkey_keys(&self, count: u16) -> Result<Vec<Vec<u8>>, Garbled> {
        (FIRST_HOTKEYS..count).map(|uid| self.hotkey_key(uid)).collect()
    }

    /// The hotkeys, by uid.
    pub(crate) fn hotkeys(&self, count: u16, values: &Values) -> Result<Vec<Hotkey>, Garbled> {
        let hotkey = |uid: u16| {
            let value = values.get(&self.hotkey_key(uid)?);
            let value = value.ok_or_else(|| Garbled(format!("a subnet of {count} without its uid {uid}")))?;
            Ok(Hotkey(Cursor::new(value).array()?))
        };
        (0..count).map(hotkey).collect()
    }

    /// What lies at the hotkeys: axon, coldkey, stake, commitment of each.
    pub(crate) fn neuron_keys(&self, hotkeys: &[Hotkey]) -> Result<Vec<Vec<u8>>, Garbled> {
        let mut keys = Vec::with_capacity(hotkeys.len() * 4);
        for hotkey in hotkeys {
            keys.push(self.axon_key(hotkey)?);
            keys.push(self.owner_key(hotkey)?);
            keys.push(self.stake_key(hotkey)?);
            keys.push(self.commitment_key(hotkey)?);
        }
        Ok(keys)
    }

    fn axon_key(&self, hotkey: &Hotkey) -> Result<Vec<u8>, Garbled> {
        self.runtime.key(SUBTENSOR, "Axons", vec![number(self.netuid.0), account(hotkey)])
    }

    fn owner_key(&self, hotkey: &Hotkey) -> Result<Vec<u8>, Garbled> {
        self.runtime.key(SUBTENSOR, "Owner", vec![account(hotkey)])
    }

    /// Since each subnet has its own token: the neuron's share of that, without what counts of its TAO. Before: all
    /// stake of the hotkey.
    fn stake_key(&self, hotkey: &Hotkey) -> Result<Vec<u8>, Garbled> {
        if self.runtime.has_storage(SUBTENSOR, "TotalHotkeyAlpha") {
            self.runtime.key(SUBTENSOR, "TotalHotkeyAlpha", vec![account(hotkey), number(self.netuid.0)])
        } else {
            self.runtime.key(SUBTENSOR, "TotalHotkeyStake", vec![account(hotkey)])
        }
    }

    pub(crate) fn commitment_key(&self, hotkey: &Hotkey) -> Result<Vec<u8>, Garbled> {
        self.runtime.key("Commitments", "CommitmentOf", vec![number(self.netuid.0), account(hotkey)])
    }

    /// All of it together; `keys` are the [`neuron_keys`](Self::neuron_keys) of these hotkeys.
    pub(crate) fn view(
        &self,
        hash: Digest,
        outline: &Outline,
        hotkeys: &[Hotkey],
        keys: &[Vec<u8>],
        values: &Values,
    ) -> Result<SubnetView, Garbled> {
        let (of_each, _) = keys.as_chunks::<4>();
        let neuron = |(place, (hotkey, [axon, owner, stake, _])): (usize, (&Hotkey, &[Vec<u8>; 4]))| {
            let axon = values.get(axon).map(|value| AxonRecord::read(value)).transpose()?;
            let owner = values.get(owner);
            let owner = owner.map(|value| Cursor::new(value).array()).transpose()?;
            let stake = values.get(stake);
            let stake = stake.map(|value| Cursor::new(value).u64()).transpose()?;
            Ok(NeuronRecord {
                uid: uid_of(place)?,
                hotkey: *hotkey,
                coldkey: Hotkey(owner.unwrap_or_default()),
                stake_rao: StakeRao(stake.unwrap_or_default()),
                validator_permit: outline.permits.get(place).copied().unwrap_or(false),
                axon: axon.and_then(|axon| axon.address()),
                last_update: BlockNumber(outline.updates.get(place).copied().unwrap_or_default()),
                incentive: outline.incentives.as_ref().and_then(|list| list.get(place).copied()),
            })
        };
        let each = hotkeys.iter().zip(of_each);
        let neurons: Vec<_> = each.clone().enumerate().map(neuron).collect::<Result<_, Garbled>>()?;
        let stored =
            each.filter_map(|(hotkey, [.., commitment])| Some((*hotkey, values.get(commitment)?.as_slice())));
        let commitments = commitments_by_uid(&neurons, stored);
        let (netuid, block, rules) = (self.netuid, outline.block, outline.rules);
        let (name, source) = (String::new(), Source::Stored);
        Ok(SubnetView { netuid, block, hash, source, name, rules, owner: None, neurons, commitments })
    }

    fn value<'v>(&self, entry: &str, values: &'v Values) -> Result<Option<&'v [u8]>, Garbled> {
        Ok(values.get(&self.of_subnet(entry)?).map(Vec::as_slice))
    }

    /// A value, or what the runtime says it is until it is written.
    fn read<T>(
        &self,
        entry: &str,
        values: &Values,
        read: impl FnOnce(&mut Cursor<'_>) -> Result<T, Garbled>,
    ) -> Result<T, Garbled> {
        let value = self.value(entry, values)?.or_else(|| self.runtime.default_of(SUBTENSOR, entry));
        let value = value.ok_or_else(|| Garbled(format!("{entry} is not there")))?;
        let mut cursor = Cursor::new(value);
        let done = read(&mut cursor).map_err(|error| Garbled(format!("{entry}: {error}")))?;
        cursor.end().map_err(|error| Garbled(format!("{entry}: {error}")))?;
        Ok(done)
    }

    /// The same of an entry that not every runtime has.
    fn optional<T>(
        &self,
        entry: &str,
        values: &Values,
        read: impl FnOnce(&mut Cursor<'_>) -> Result<T, Garbled>,
    ) -> Result<Option<T>, Garbled> {
        let there = self.runtime.has_storage(SUBTENSOR, entry);
        there.then(|| self.read(entry, values, read)).transpose()
    }
}

/// Whether there is such a subnet.
pub(crate) fn is_added(runtime: &Runtime, netuid: NetUid, values: &Values) -> Result<bool, Garbled> {
    let added = values.get(&runtime.key(SUBTENSOR, "NetworksAdded", vec![number(netuid.0)])?);
    Ok(added.map(|value| Cursor::new(value).bool()).transpose()?.unwrap_or(false))
}

/// The settings of a subnet, each a map by netuid.
const ENTRIES: [&str; 14] = [
    "NetworksAdded",
    "SubnetworkN",
    "Tempo",
    "WeightsSetRateLimit",
    "ServingRateLimit",
    "MinAllowedWeights",
    "MaxWeightsLimit",
    "WeightsVersionKey",
    "CommitRevealWeightsEnabled",
    "RevealPeriodEpochs",
    "BlocksSinceLastStep",
    "ValidatorPermit",
    "LastUpdate",
    "Incentive",
];
