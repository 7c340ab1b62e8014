//! The subnet itself: who is on it, and what they have said.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use plimsoll_core::{BlockNumber, Hotkey, NetUid, StakeRao, Uid};
use serde::{Deserialize, Serialize};

use super::blocks::EachBlock;
use super::{Committed, Earned, Member, SubnetRules, Totals};
use crate::ledger::SubnetGenesis;
use crate::{MAX_COMMITMENT_BYTES, Refusal};

/// A subnet in memory: neurons, blocks, epochs, pay. No signatures, no network, no clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subnet {
    #[serde(skip)]
    pub(super) netuid: NetUid,
    #[serde(skip)]
    pub(super) rules: SubnetRules,
    #[serde(skip)]
    pub(super) each_block: EachBlock,
    #[serde(skip)]
    pub(super) block: BlockNumber,
    /// The uid is the place.
    pub(super) members: Vec<Member>,
    pub(super) books: Books,
}

/// What a subnet keeps beside its members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Books {
    pub(super) last_epoch: Option<BlockNumber>,
    pub(super) cost_rao: StakeRao,
    /// Places taken since the newest block was made.
    #[serde(default)]
    pub(super) registered_in_block: u16,
    pub(super) pots: Pots,
    pub(super) totals: Totals,
    pub(super) earned: BTreeMap<Hotkey, Earned>,
}

/// What is to be paid at the next epoch, in rao of the subnet's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pots {
    pub(super) miners_rao: u64,
    pub(super) validators_rao: u64,
    pub(super) root_rao: u64,
}

impl Pots {
    /// All of them.
    pub(super) const fn total_rao(&self) -> u64 {
        self.miners_rao.saturating_add(self.validators_rao).saturating_add(self.root_rao)
    }
}

impl Subnet {
    /// An empty subnet at block 0. The rules are taken as they are, also such as [`SubnetRules::check`] refuses;
    /// what follows from those has no meaning.
    #[must_use]
    pub fn new(netuid: NetUid, rules: SubnetRules) -> Self {
        Self::begin(&SubnetGenesis { netuid, rules, neurons: Vec::new() })
    }

    /// A subnet at block 0 with its first neurons. The genesis is taken as it is, also such as
    /// [`SubnetGenesis::check`] refuses; what follows from those has no meaning.
    #[must_use]
    pub fn begin(genesis: &SubnetGenesis) -> Self {
        let members = genesis.neurons.iter().map(|neuron| Member {
            stake_rao: neuron.stake_rao,
            validator_permit: neuron.validator_permit,
            axon: neuron.axon,
            ..Member::newcomer(neuron.hotkey, neuron.coldkey, BlockNumber(0))
        });
        Self {
            netuid: genesis.netuid,
            rules: genesis.rules,
            each_block: EachBlock::of(&genesis.rules),
            block: BlockNumber(0),
            members: members.collect(),
            books: Books::opened(&genesis.rules),
        }
    }

    /// Its number.
    #[must_use]
    pub const fn netuid(&self) -> NetUid {
        self.netuid
    }

    /// Its rules.
    #[must_use]
    pub const fn rules(&self) -> &SubnetRules {
        &self.rules
    }

    /// The newest block.
    #[must_use]
    pub const fn block(&self) -> BlockNumber {
        self.block
    }

    /// The block of the newest epoch; `None` if there was none yet.
    #[must_use]
    pub const fn last_epoch(&self) -> Option<BlockNumber> {
        self.books.last_epoch
    }

    /// What registering costs now.
    #[must_use]
    pub const fn registration_cost_rao(&self) -> StakeRao {
        self.books.cost_rao
    }

    /// Where everything that was emitted so far went.
    #[must_use]
    pub const fn totals(&self) -> Totals {
        self.books.totals
    }

    /// The neurons; the uid is the place.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The neurons with their uids.
    pub fn by_uid(&self) -> impl Iterator<Item = (Uid, &Member)> {
        (0..=u16::MAX).map(Uid).zip(&self.members)
    }

    /// The place of `hotkey`.
    #[must_use]
    pub fn uid_of(&self, hotkey: &Hotkey) -> Option<Uid> {
        self.by_uid().find(|(_, member)| member.hotkey == *hotkey).map(|(uid, _)| uid)
    }

    /// What `hotkey` has earned in all, also if it has lost its place since.
    #[must_use]
    pub fn earned(&self, hotkey: &Hotkey) -> Earned {
        self.books.earned.get(hotkey).copied().unwrap_or_default()
    }

    /// Gives a neuron its stake and its permit, or none. The next epoch gives permits anew, by stake.
    ///
    /// # Errors
    /// [`Refusal::NotRegistered`].
    pub fn set_stake(&mut self, hotkey: &Hotkey, stake_rao: StakeRao, permit: bool) -> Result<(), Refusal> {
        let member = self.member(hotkey)?;
        (member.stake_rao, member.validator_permit) = (stake_rao, permit);
        Ok(())
    }

    /// Says where a neuron serves. Of IPv6, the flow label and scope are not kept.
    ///
    /// # Errors
    /// [`Refusal::AxonAddress`] for what nobody can reach; [`Refusal::NotRegistered`].
    pub fn serve_axon(&mut self, hotkey: &Hotkey, at: SocketAddr) -> Result<(), Refusal> {
        let ip = at.ip();
        let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
        if at.port() == 0 || ip.is_unspecified() || ip.is_multicast() || broadcast {
            return Err(Refusal::AxonAddress { at });
        }
        self.member(hotkey)?.axon = Some(SocketAddr::new(ip, at.port()));
        Ok(())
    }

    /// Commits a neuron to some bytes.
    ///
    /// # Errors
    /// [`Refusal::CommitmentTooLong`]; [`Refusal::NotRegistered`].
    pub fn commit(&mut self, hotkey: &Hotkey, bytes: &[u8]) -> Result<(), Refusal> {
        if bytes.len() > MAX_COMMITMENT_BYTES {
            return Err(Refusal::CommitmentTooLong { found: bytes.len(), most: MAX_COMMITMENT_BYTES });
        }
        let block = self.block;
        self.member(hotkey)?.commitment = Some(Committed { block, bytes: bytes.to_vec() });
        Ok(())
    }

    fn member(&mut self, hotkey: &Hotkey) -> Result<&mut Member, Refusal> {
        let netuid = self.netuid;
        let member = self.members.iter_mut().find(|member| member.hotkey == *hotkey);
        member.ok_or(Refusal::NotRegistered { netuid, hotkey: *hotkey })
    }
}

impl Books {
    pub(super) fn opened(rules: &SubnetRules) -> Self {
        let (pots, totals) = (Pots::default(), Totals::default());
        let cost_rao = rules.registration.cost_rao;
        Self { last_epoch: None, cost_rao, registered_in_block: 0, pots, totals, earned: BTreeMap::new() }
    }
}
