//! What is fixed about a subnet when it begins.

use plimsoll_core::{StakeRao, Uid};
use serde::{Deserialize, Serialize};

use crate::ChainError;
use crate::yuma::{BondRule, EpochRules};

/// The rules of a subnet.
///
/// The defaults are those of a new subnet on Bittensor, but for these: registering costs nothing; what is
/// earned is counted, not staked; nobody has to stake anything to set weights; there is no owner's neuron; and
/// nothing goes to holders of TAO, whose share follows there from prices. What a block brings does not halve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubnetRules {
    /// Blocks between two epochs.
    pub tempo_blocks: u64,
    /// Blocks between two `set_weights` of one neuron.
    pub weights_rate_limit_blocks: u64,
    /// Stake that setting weights takes.
    pub weights_min_stake_rao: StakeRao,
    /// How many neurons must get a weight; fewer where the subnet has fewer.
    pub min_weights: u16,
    /// The largest share of all weight that one neuron may get, out of 65535.
    pub max_weight: u16,
    /// Places for neurons.
    pub max_neurons: u16,
    /// The neuron of the subnet's owner: always with a permit, never deregistered, never paid as a miner.
    pub owner: Option<Uid>,
    /// How weights become shares.
    pub consensus: ConsensusRules,
    /// What there is to share.
    pub emission: EmissionRules,
    /// Who gets a place, at what price.
    pub registration: RegistrationRules,
}

/// How weights become shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsensusRules {
    /// The share of stake, out of 65535, that must back a weight for it to count.
    pub kappa: u16,
    /// How much of a weight above the consensus earns no bonds, out of 65535.
    pub bonds_penalty: u16,
    /// How much of a bond the next epoch keeps, out of 1,000,000.
    pub bonds_moving_average: u64,
    /// How bonds follow weights.
    pub bonds: BondRule,
    /// How many neurons have a permit: those with the most stake.
    pub max_validators: u16,
    /// Weights count until this many thousandths of a tempo have passed since, and for one block at the least.
    pub activity_cutoff_thousandths: u32,
    /// Less stake than this counts as none.
    pub stake_threshold_rao: StakeRao,
}

/// What there is to share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmissionRules {
    /// What every block brings, in rao of the subnet's own token (10^9 are 1 alpha). It does not halve.
    pub alpha_per_block_rao: u64,
    /// The owner's part of it, out of 65535.
    pub owner_cut: u16,
    /// The part of the validators' half of the rest that goes to holders of TAO, out of 65535.
    pub root_share: u16,
    /// Whether that part is destroyed, in place of being paid: then miners have half of it less, too.
    pub recycle_root: bool,
    /// Whether what a neuron earns is added to its stake, as on the chain: miners then gain permits.
    pub stake_earnings: bool,
}

/// Who gets a place, at what price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistrationRules {
    /// What the first registration costs.
    pub cost_rao: StakeRao,
    /// The cost never falls below this.
    pub min_cost_rao: StakeRao,
    /// Nor rises above this.
    pub max_cost_rao: StakeRao,
    /// What one registration multiplies the cost by, in thousandths.
    pub rise_thousandths: u32,
    /// How many may register in one block.
    pub max_registrations_per_block: u16,
    /// Blocks in which the cost falls to a half; 0 for a cost that does not fall.
    pub half_life_blocks: u16,
    /// Blocks that a newcomer is spared deregistration for, while there are enough others.
    pub immunity_blocks: u64,
    /// Neurons that are not spared are left alone where there are no more than these, and newcomers go.
    pub min_non_immune: u16,
}

impl Default for SubnetRules {
    fn default() -> Self {
        Self {
            tempo_blocks: 360,
            weights_rate_limit_blocks: 100,
            weights_min_stake_rao: StakeRao(0),
            min_weights: 1,
            max_weight: u16::MAX,
            max_neurons: 256,
            owner: None,
            consensus: ConsensusRules::default(),
            emission: EmissionRules::default(),
            registration: RegistrationRules::default(),
        }
    }
}

impl Default for ConsensusRules {
    fn default() -> Self {
        Self {
            kappa: 32_767,
            bonds_penalty: u16::MAX,
            bonds_moving_average: 900_000,
            bonds: BondRule::Yuma3 { liquid: None },
            max_validators: 64,
            activity_cutoff_thousandths: 13_889,
            stake_threshold_rao: StakeRao(0),
        }
    }
}

impl Default for EmissionRules {
    fn default() -> Self {
        Self {
            alpha_per_block_rao: 1_000_000_000,
            owner_cut: 11_796,
            root_share: 0,
            recycle_root: false,
            stake_earnings: false,
        }
    }
}

impl Default for RegistrationRules {
    /// Free of charge, and else as [`bittensor`](Self::bittensor).
    fn default() -> Self {
        Self { cost_rao: StakeRao(0), min_cost_rao: StakeRao(0), ..Self::bittensor() }
    }
}

impl RegistrationRules {
    /// As a new subnet on Bittensor has them: one registration a block, 1 TAO at first, a quarter more with
    /// every one, half after 360 blocks.
    #[must_use]
    pub const fn bittensor() -> Self {
        Self {
            cost_rao: StakeRao(1_000_000_000),
            min_cost_rao: StakeRao(500_000),
            max_cost_rao: StakeRao(100_000_000_000),
            rise_thousandths: 1_260,
            max_registrations_per_block: 1,
            half_life_blocks: 360,
            immunity_blocks: 5_000,
            min_non_immune: 10,
        }
    }
}

impl SubnetRules {
    /// The part of them that an epoch is computed from.
    #[must_use]
    pub const fn of_epoch(&self) -> EpochRules {
        let ConsensusRules { kappa, bonds_penalty, bonds_moving_average, bonds, .. } = self.consensus;
        EpochRules {
            tempo_blocks: self.tempo_blocks,
            kappa,
            bonds_penalty,
            bonds_moving_average,
            bonds,
            max_validators: self.consensus.max_validators,
            activity_cutoff_blocks: self.activity_cutoff_blocks(),
            stake_threshold: self.consensus.stake_threshold_rao.0,
            owner: self.owner,
        }
    }

    /// For how many blocks weights count: 5,000 with the defaults.
    #[must_use]
    pub const fn activity_cutoff_blocks(&self) -> u64 {
        let thousandths = self.consensus.activity_cutoff_thousandths as u64;
        let blocks = self.tempo_blocks.saturating_mul(thousandths) / 1_000;
        if blocks == 0 { 1 } else { blocks }
    }

    /// Whether they contradict each other. A ledger looks at them itself.
    ///
    /// # Errors
    /// [`ChainError::Genesis`] with the first contradiction.
    pub fn check(&self) -> Result<(), ChainError> {
        let why = |contradiction| ChainError::Genesis { why: format!("the subnet {contradiction}") };
        self.contradiction().map_or(Ok(()), |contradiction| Err(why(contradiction)))
    }

    /// The first contradiction in them, after "subnet 3 ".
    pub(crate) fn contradiction(&self) -> Option<String> {
        let kept = self.consensus.bonds_moving_average;
        if self.tempo_blocks == 0 {
            return Some("has a tempo of 0 blocks, the least is 1".into());
        }
        if kept > 1_000_000 {
            return Some(format!("has a bonds_moving_average of {kept}, the most is 1000000"));
        }
        let missing = self.owner.filter(|owner| owner.0 >= self.max_neurons);
        let missing = missing
            .map(|uid| format!("has the owner uid {uid} and places for {} neurons only", self.max_neurons));
        self.registration.contradiction().or(missing)
    }
}

impl RegistrationRules {
    fn contradiction(&self) -> Option<String> {
        let (cost, least, most) = (self.cost_rao.0, self.min_cost_rao.0, self.max_cost_rao.0);
        if !(least..=most).contains(&cost) {
            return Some(format!(
                "has a registration cost_rao of {cost}, which must lie between min_cost_rao {least} and \
                 max_cost_rao {most}"
            ));
        }
        if cost > 0 && least == 0 && self.half_life_blocks > 0 {
            return Some(
                "has a registration cost_rao that falls to a min_cost_rao of 0, from which it never rises again: \
                 the least min_cost_rao is 1, or half_life_blocks must be 0"
                    .into(),
            );
        }
        if self.rise_thousandths < 1_000 {
            let rise = self.rise_thousandths;
            return Some(format!("has a registration rise_thousandths of {rise}, the least is 1000"));
        }
        let none = self.max_registrations_per_block == 0;
        none.then(|| "has a max_registrations_per_block of 0, the least is 1".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_count_for_some_tempos_and_at_least_a_block() {
        let blocks = |tempo_blocks, activity_cutoff_thousandths| {
            let consensus = ConsensusRules { activity_cutoff_thousandths, ..ConsensusRules::default() };
            SubnetRules { tempo_blocks, consensus, ..SubnetRules::default() }.activity_cutoff_blocks()
        };
        assert_eq!(SubnetRules::default().activity_cutoff_blocks(), 5_000);
        assert_eq!(blocks(30, 13_889), 416);
        assert_eq!((blocks(30, 0), blocks(1, 999)), (1, 1));
        assert_eq!(blocks(u64::MAX, u32::MAX), u64::MAX / 1_000);
    }

    #[test]
    fn rules_can_be_checked_without_a_ledger() {
        assert!(SubnetRules::default().check().is_ok());
        let error = SubnetRules { tempo_blocks: 0, ..SubnetRules::default() }.check().unwrap_err();
        let said =
            "the ledger's genesis is not consistent: the subnet has a tempo of 0 blocks, the least is 1";
        assert_eq!(error.to_string(), said);
    }
}
