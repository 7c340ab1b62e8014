//! The subnet under a run: the ledger's own state machine, with the scenario's terms.

use plimsoll_chain::subnet::{ConsensusRules, EmissionRules, LastEpoch, RegistrationRules, SavedSubnet};
use plimsoll_chain::yuma::BondRule;
use plimsoll_chain::{GenesisNeuron, SubnetGenesis, SubnetRules};
use plimsoll_core::{BlockNumber, Hotkey, NetUid, Neuron, StakeRao, Uid};
use serde::Serialize;

use super::scenario::SubnetTerms;

/// The subnet's number: it has to have one.
pub(super) const NETUID: NetUid = NetUid(1);

/// A hotkey that got a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Joined {
    pub(super) uid: Uid,
    pub(super) cost_rao: u64,
    /// Whose place it was.
    pub(super) displaced: Option<Hotkey>,
}

/// Places, weights, consensus, pay.
#[derive(Clone, Serialize)]
pub(super) struct Subnet(plimsoll_chain::subnet::Subnet);

impl Subnet {
    /// The subnet at block 0, with those that are there from the beginning: the uid is the place among them. Who has
    /// stake has a permit.
    pub(super) fn begin(terms: &SubnetTerms, validators: u16, first: &[(Hotkey, Hotkey, StakeRao)]) -> Self {
        let neuron = |&(hotkey, coldkey, stake_rao): &(Hotkey, Hotkey, StakeRao)| GenesisNeuron {
            hotkey,
            coldkey,
            stake_rao,
            validator_permit: stake_rao.0 > 0,
            axon: None,
        };
        let neurons = first.iter().map(neuron).collect();
        let genesis = SubnetGenesis { netuid: NETUID, rules: rules(terms, validators), neurons };
        Self(plimsoll_chain::subnet::Subnet::begin(&genesis))
    }

    /// The subnet that `saved` was at `block`.
    pub(super) fn resumed(
        terms: &SubnetTerms,
        validators: u16,
        block: BlockNumber,
        saved: SavedSubnet,
    ) -> Self {
        let genesis = SubnetGenesis { netuid: NETUID, rules: rules(terms, validators), neurons: Vec::new() };
        Self(plimsoll_chain::subnet::Subnet::resumed(&genesis, block, saved))
    }

    /// The newest block.
    pub(super) const fn block(&self) -> BlockNumber {
        self.0.block()
    }

    /// Makes the blocks up to `block`, with the epochs that are due among them.
    pub(super) fn advance_to(&mut self, block: u64) {
        while self.0.block().0 < block {
            let ahead = block - self.0.block().0;
            self.0.advance(u32::try_from(ahead).unwrap_or(u32::MAX));
        }
    }

    /// Takes a place for a hotkey, whatever it costs; a validator gets its stake at once.
    pub(super) fn register(
        &mut self,
        hotkey: Hotkey,
        coldkey: Hotkey,
        stake_rao: StakeRao,
    ) -> Option<Joined> {
        let joined = self.0.register(hotkey, coldkey, StakeRao(u64::MAX)).ok()?;
        if stake_rao.0 > 0 {
            self.0.set_stake(&hotkey, stake_rao, true).ok()?;
        }
        Some(Joined { uid: joined.uid, cost_rao: joined.cost_rao.0, displaced: joined.replaced })
    }

    /// Everyone with a place, as an allocation policy sees them.
    pub(super) fn neurons(&self) -> Vec<Neuron> {
        let neuron = |(uid, member): (Uid, &plimsoll_chain::subnet::Member)| Neuron {
            uid,
            hotkey: member.hotkey,
            stake_rao: member.stake_rao,
            validator_permit: member.validator_permit,
            is_owner: false,
        };
        self.0.by_uid().map(neuron).collect()
    }

    /// Sets a validator's weights; those of who has no permit, or for nobody, are refused as on the chain.
    pub(super) fn set_weights(&mut self, hotkey: &Hotkey, weights: &[(Uid, u16)]) -> Result<(), String> {
        self.0.set_weights(hotkey, weights).map_err(|refusal| refusal.to_string())
    }

    /// What the last epoch found of a uid; zeros for a newcomer.
    pub(super) fn last_epoch(&self, uid: Uid) -> LastEpoch {
        self.0.members().get(usize::from(uid.0)).map(|member| member.last_epoch).unwrap_or_default()
    }

    /// The consensus of the last epoch, where it is not zero.
    pub(super) fn consensus(&self) -> Vec<(Uid, u16)> {
        let all = self.0.by_uid().map(|(uid, member)| (uid, member.last_epoch.consensus));
        all.filter(|&(_, weight)| weight > 0).collect()
    }

    /// What was paid to miners so far, in alpha times 10^9.
    pub(super) fn miners_rao(&self) -> u64 {
        self.0.totals().miners_rao
    }
}

/// On a subnet of so many places none has to be left that newcomers cannot take; the chain's number is for 256.
const SMALL: u16 = 8;

/// The scenario's terms, and a new subnet's for all else. Weights may be set in every block, and every validator of
/// the scenario may have a permit: a run asks what rules pay, not who is kept from weighing.
fn rules(terms: &SubnetTerms, validators: u16) -> SubnetRules {
    let chain = RegistrationRules::bittensor();
    let cost_rao = StakeRao(terms.registration_rao);
    let consensus = ConsensusRules::default();
    SubnetRules {
        tempo_blocks: terms.tempo_blocks,
        max_neurons: terms.max_neurons,
        weights_rate_limit_blocks: 0,
        consensus: ConsensusRules {
            kappa: terms.kappa,
            bonds: if terms.yuma3 { BondRule::Yuma3 { liquid: None } } else { BondRule::Classic },
            max_validators: consensus.max_validators.max(validators),
            ..consensus
        },
        emission: EmissionRules {
            alpha_per_block_rao: terms.alpha_per_block_rao,
            ..EmissionRules::default()
        },
        registration: RegistrationRules {
            // Owners come at the beginning of an epoch, all of them.
            max_registrations_per_block: u16::MAX,
            cost_rao,
            min_cost_rao: chain.min_cost_rao.min(cost_rao),
            max_cost_rao: chain.max_cost_rao.max(cost_rao),
            immunity_blocks: terms.immunity_blocks,
            min_non_immune: chain.min_non_immune.min(terms.max_neurons / SMALL),
            ..chain
        },
        ..SubnetRules::default()
    }
}
