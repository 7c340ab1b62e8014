//! How a ledger begins.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use plimsoll_core::{Digest, Hotkey, Keypair, NetUid, StakeRao};
use serde::{Deserialize, Serialize};

use crate::ChainError;
use crate::subnet::SubnetRules;

/// All that a ledger's first block fixes. Two ledgers of one genesis and one list of calls are equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerGenesis {
    /// From which all block hashes follow.
    pub seed: Digest,
    /// Milliseconds from block to block under a server's clock; 0 for blocks by hand only. Not part of what
    /// the ledger is: a ledger kept in a file may go on at another pace.
    pub block_ms: u64,
    /// Who may set stake and advance blocks; nobody if absent.
    pub sudo: Option<Hotkey>,
    /// The subnets.
    pub subnets: Vec<SubnetGenesis>,
    /// What coldkeys have for registrations that cost something. It is only ever spent.
    #[serde(default)]
    pub balances: BTreeMap<Hotkey, StakeRao>,
}

/// How one subnet begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubnetGenesis {
    /// Its number.
    pub netuid: NetUid,
    /// Its rules, for good.
    pub rules: SubnetRules,
    /// Its first neurons; the uid is the place in this list.
    pub neurons: Vec<GenesisNeuron>,
}

/// A neuron of the first block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisNeuron {
    /// Its key.
    pub hotkey: Hotkey,
    /// The key that owns it.
    pub coldkey: Hotkey,
    /// What stands behind it.
    pub stake_rao: StakeRao,
    /// Whether it may set weights.
    pub validator_permit: bool,
    /// Where it serves from the start.
    pub axon: Option<SocketAddr>,
}

/// The key that everyone knows and that is sudo on a [`LedgerGenesis::development`] ledger, as Alice is on
/// Substrate's development chains. Never trust it with anything.
#[must_use]
pub fn development_key() -> Keypair {
    Keypair::from_seed(&Digest::of(b"plimsoll development sudo key: public, worthless").0)
}

impl LedgerGenesis {
    /// A ledger of one subnet with the rules and neurons given, blocks by hand, and no sudo.
    #[must_use]
    pub fn single(seed: Digest, netuid: NetUid, rules: SubnetRules, neurons: Vec<GenesisNeuron>) -> Self {
        let subnets = vec![SubnetGenesis { netuid, rules, neurons }];
        Self { seed, block_ms: 0, sudo: None, subnets, balances: BTreeMap::new() }
    }

    /// What `plimsoll localnet` starts from: one empty subnet at a quick pace (a block a second, tempo 30,
    /// weights every 10 blocks) with the [`development_key`] as sudo.
    #[must_use]
    pub fn development(netuid: NetUid) -> Self {
        let rules = SubnetRules { tempo_blocks: 30, weights_rate_limit_blocks: 10, ..SubnetRules::default() };
        Self {
            block_ms: 1000,
            sudo: Some(development_key().hotkey()),
            ..Self::single(Digest::of(b"plimsoll localnet"), netuid, rules, Vec::new())
        }
    }

    /// The same ledger but for its pace.
    pub(crate) fn same_but_for_pace(&self, other: &Self) -> bool {
        *self == Self { block_ms: self.block_ms, ..other.clone() }
    }

    /// # Errors
    /// [`ChainError::Genesis`] with the first contradiction.
    pub(crate) fn check(&self) -> Result<(), ChainError> {
        let mut netuids = BTreeSet::new();
        for subnet in &self.subnets {
            if !netuids.insert(subnet.netuid) {
                return Err(ChainError::Genesis { why: format!("subnet {} is there twice", subnet.netuid) });
            }
            subnet.check()?;
        }
        Ok(())
    }
}

impl SubnetGenesis {
    /// Whether it contradicts itself. A ledger looks at it by itself.
    ///
    /// # Errors
    /// [`ChainError::Genesis`] with the first contradiction.
    pub fn check(&self) -> Result<(), ChainError> {
        let Self { netuid, rules, neurons } = self;
        let fail = |what: String| Err(ChainError::Genesis { why: format!("subnet {netuid} {what}") });
        if let Some(contradiction) = rules.contradiction() {
            return fail(contradiction);
        }
        let (have, most) = (neurons.len(), rules.max_neurons);
        if have > usize::from(most) {
            return fail(format!("starts with {have} neurons and has places for {most}"));
        }
        if let Some(owner) = rules.owner.filter(|owner| usize::from(owner.0) >= have) {
            return fail(format!(
                "has the owner uid {owner} and starts with {have} neurons: whoever registers there first would be \
                 the owner; put the owner's neuron into the genesis"
            ));
        }
        let mut hotkeys = BTreeSet::new();
        match neurons.iter().find(|neuron| !hotkeys.insert(neuron.hotkey)) {
            Some(twice) => fail(format!("has the hotkey {} twice", twice.hotkey)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_core::Uid;

    use super::*;
    use crate::subnet::RegistrationRules;

    fn neuron(byte: u8) -> GenesisNeuron {
        let hotkey = Hotkey([byte; 32]);
        GenesisNeuron { hotkey, coldkey: hotkey, stake_rao: StakeRao(1), validator_permit: true, axon: None }
    }

    #[test]
    fn a_contradictory_genesis_is_refused_with_the_contradiction() {
        let good = LedgerGenesis::single(Digest([1; 32]), NetUid(3), SubnetRules::default(), vec![neuron(1)]);
        assert!(good.check().is_ok());
        let said = |change: fn(&mut LedgerGenesis)| {
            let mut genesis = good.clone();
            change(&mut genesis);
            genesis.check().unwrap_err().to_string()
        };
        let head = "the ledger's genesis is not consistent: subnet 3";
        assert_eq!(said(|g| g.subnets.push(g.subnets[0].clone())), format!("{head} is there twice"));
        assert_eq!(
            said(|g| g.subnets[0].rules.tempo_blocks = 0),
            format!("{head} has a tempo of 0 blocks, the least is 1")
        );
        assert_eq!(
            said(|g| g.subnets[0].rules.max_neurons = 0),
            format!("{head} starts with 1 neurons and has places for 0")
        );
        assert_eq!(
            said(|g| g.subnets[0].rules.owner = Some(Uid(256))),
            format!("{head} has the owner uid 256 and places for 256 neurons only")
        );
        assert_eq!(
            said(|g| g.subnets[0].rules.consensus.bonds_moving_average = 1_000_001),
            format!("{head} has a bonds_moving_average of 1000001, the most is 1000000")
        );
        assert_eq!(
            said(|g| g.subnets[0].rules.registration.min_cost_rao = StakeRao(5)),
            format!(
                "{head} has a registration cost_rao of 0, which must lie between min_cost_rao 5 and \
                 max_cost_rao 100000000000"
            )
        );
        assert_eq!(
            said(|g| g.subnets[0].rules.owner = Some(Uid(1))),
            format!(
                "{head} has the owner uid 1 and starts with 1 neurons: whoever registers there first would be the \
                 owner; put the owner's neuron into the genesis"
            )
        );
        let twice = said(|g| g.subnets[0].neurons.push(neuron(1)));
        assert!(
            twice.starts_with(&format!("{head} has the hotkey 5")) && twice.ends_with("twice"),
            "{twice}"
        );
    }

    #[test]
    fn terms_of_registration_that_could_never_work_are_refused() {
        let said = |change: fn(&mut RegistrationRules)| {
            let mut rules =
                SubnetRules { registration: RegistrationRules::bittensor(), ..SubnetRules::default() };
            change(&mut rules.registration);
            let genesis = SubnetGenesis { netuid: NetUid(3), rules, neurons: Vec::new() };
            genesis.check().map_err(|error| error.to_string())
        };
        let head = "the ledger's genesis is not consistent: subnet 3 has a";
        assert_eq!(
            said(|r| r.min_cost_rao = StakeRao(0)).unwrap_err(),
            format!(
                "{head} registration cost_rao that falls to a min_cost_rao of 0, from which it never rises again: \
                 the least min_cost_rao is 1, or half_life_blocks must be 0"
            )
        );
        let level = |r: &mut RegistrationRules| (r.min_cost_rao, r.half_life_blocks) = (StakeRao(0), 0);
        assert_eq!(said(level), Ok(()), "it never falls");
        assert_eq!(
            said(|r| r.rise_thousandths = 999).unwrap_err(),
            format!("{head} registration rise_thousandths of 999, the least is 1000")
        );
        assert_eq!(
            said(|r| r.max_registrations_per_block = 0).unwrap_err(),
            format!("{head} max_registrations_per_block of 0, the least is 1")
        );
    }

    #[test]
    fn a_genesis_from_before_there_were_epochs_has_the_usual_rules() {
        let genesis = LedgerGenesis::development(NetUid(1));
        let mut json = serde_json::to_value(&genesis).unwrap();
        json.as_object_mut().unwrap().remove("balances");
        let rules = json["subnets"][0]["rules"].as_object_mut().unwrap();
        for newer in ["owner", "consensus", "emission", "registration"] {
            assert!(rules.remove(newer).is_some(), "{newer}");
        }
        assert_eq!(serde_json::from_value::<LedgerGenesis>(json).unwrap(), genesis);
    }

    #[test]
    fn only_the_pace_may_differ_between_one_ledger_and_itself() {
        let genesis = LedgerGenesis::development(NetUid(1));
        let slower = LedgerGenesis { block_ms: 7, ..genesis.clone() };
        assert!(genesis.same_but_for_pace(&slower));
        assert!(!genesis.same_but_for_pace(&LedgerGenesis { sudo: None, ..genesis.clone() }));
        assert!(!genesis.same_but_for_pace(&LedgerGenesis { seed: Digest([0; 32]), ..genesis.clone() }));
    }
}
