//! A neuron, and what it said and got.

use std::net::SocketAddr;

use plimsoll_core::{BlockNumber, Hotkey, StakeRao, Uid};
use serde::{Deserialize, Serialize};

/// A neuron, and what it said and got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its key.
    pub hotkey: Hotkey,
    /// The key that owns it.
    pub coldkey: Hotkey,
    /// What stands behind it.
    pub stake_rao: StakeRao,
    /// Whether it may set weights: since the last epoch, or since someone said so.
    pub validator_permit: bool,
    /// Where it serves.
    pub axon: Option<SocketAddr>,
    /// What it committed to last.
    pub commitment: Option<Committed>,
    /// What it weighed last.
    pub weights: Option<Weighed>,
    /// When it was registered.
    #[serde(default)]
    pub registered: BlockNumber,
    /// Its bonds since the last epoch.
    #[serde(default)]
    pub bonds: Vec<(Uid, u16)>,
    /// What the last epoch found of it.
    #[serde(default)]
    pub last_epoch: LastEpoch,
}

/// A commitment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Committed {
    /// When.
    pub block: BlockNumber,
    /// To what.
    #[serde(with = "hex")]
    pub bytes: Vec<u8>,
}

/// Weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weighed {
    /// When.
    pub block: BlockNumber,
    /// Whom, and how much with the largest at 65535; by ascending uid.
    pub row: Vec<(Uid, u16)>,
}

/// What an epoch found of one neuron. Shares are out of 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastEpoch {
    /// Whether its weights were recent enough.
    pub active: bool,
    /// The weight that enough stake gives it.
    pub consensus: u16,
    /// Its share among miners.
    pub incentive: u16,
    /// Its share among validators.
    pub dividends: u16,
    /// How much of its weight lies within the consensus.
    pub validator_trust: u16,
    /// Its part of the epoch's emission, of which the least is deregistered first.
    pub emission_rao: u64,
    /// What it was paid as a miner.
    pub miner_rao: u64,
    /// What it was paid as a validator.
    pub validator_rao: u64,
}

impl Member {
    /// A neuron that has said nothing yet.
    #[must_use]
    pub fn newcomer(hotkey: Hotkey, coldkey: Hotkey, registered: BlockNumber) -> Self {
        Self {
            hotkey,
            coldkey,
            stake_rao: StakeRao(0),
            validator_permit: false,
            axon: None,
            commitment: None,
            weights: None,
            registered,
            bonds: Vec::new(),
            last_epoch: LastEpoch::default(),
        }
    }

    /// When it last set weights; block 0 if never.
    #[must_use]
    pub fn weights_block(&self) -> BlockNumber {
        self.weights.as_ref().map_or(BlockNumber(0), |weighed| weighed.block)
    }
}
