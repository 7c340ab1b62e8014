//! What an epoch is computed from.

use plimsoll_core::Uid;
use serde::{Deserialize, Serialize};

/// What a subnet's owner and the chain have set for its epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochRules {
    /// Blocks between two epochs.
    pub tempo_blocks: u64,
    /// The share of stake, out of 65535, that must back a weight for it to count.
    pub kappa: u16,
    /// How much of a weight above the consensus earns no bonds, out of 65535.
    pub bonds_penalty: u16,
    /// How much of a bond the next epoch keeps, out of 1,000,000.
    pub bonds_moving_average: u64,
    /// How bonds follow weights.
    pub bonds: BondRule,
    /// How many neurons may set weights: those with the most stake.
    pub max_validators: u16,
    /// A neuron is inactive once this many blocks have passed since its last weights.
    pub activity_cutoff_blocks: u64,
    /// Less stake than this counts as none.
    pub stake_threshold: u64,
    /// The subnet owner's neuron: always permitted, exempt from the threshold, free to weigh itself.
    pub owner: Option<Uid>,
}

/// How bonds follow weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum BondRule {
    /// Shares of a miner, moved by stake times weight: subnets from before March 2026.
    Classic,
    /// Moved by weight alone, each validator on its own: subnets since.
    Yuma3 {
        /// The pace of every single bond; without it, all have that of the moving average.
        liquid: Option<LiquidAlpha>,
    },
}

/// A pace for every bond, by how far its weight is ahead of the consensus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiquidAlpha {
    /// The slowest pace, out of 65535.
    pub low: u16,
    /// The quickest pace, out of 65535.
    pub high: u16,
    /// How sharply one goes over into the other, in hundredths.
    pub steepness: i16,
}

/// One epoch's state of a subnet.
#[derive(Debug, Clone, Copy)]
pub struct EpochInput<'a> {
    /// The block that the epoch runs in.
    pub block: u64,
    /// The block that the last epoch ran in; `None` if this is the first.
    pub last_epoch_block: Option<u64>,
    /// What is paid out, in the smallest unit.
    pub emission: u64,
    /// The neurons; the uid is the place.
    pub neurons: &'a [EpochNeuron<'a>],
}

/// One neuron of it.
#[derive(Debug, Clone, Copy)]
pub struct EpochNeuron<'a> {
    /// What stands behind it, in the smallest unit.
    pub stake: u64,
    /// When it last set weights, or else was registered.
    pub last_update_block: u64,
    /// When it was registered.
    pub registered_block: u64,
    /// Whether the last epoch gave it a validator's permit.
    pub permit: bool,
    /// Its weights, by ascending uid. Uids that do not exist are passed over.
    pub weights: &'a [(Uid, u16)],
    /// Its bonds, as the last epoch left them.
    pub bonds: &'a [(Uid, u16)],
}
