//! What an epoch comes to.

use plimsoll_core::Uid;

use super::{Fixed, Rows};

/// What an epoch comes to. Every list is by uid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochOutcome {
    /// Shares of all stake, also that of inactive neurons and of those without a permit.
    pub stake: Vec<Fixed>,
    /// Shares of the stake that decides: of active neurons with a permit.
    pub active_stake: Vec<Fixed>,
    /// The weight of each miner that enough stake backs. The sum may be anything.
    pub consensus: Vec<Fixed>,
    /// Shares among miners.
    pub incentive: Vec<Fixed>,
    /// Shares among validators.
    pub dividends: Vec<Fixed>,
    /// How much of each validator's weight lies within the consensus.
    pub validator_trust: Vec<Fixed>,
    /// How much of what validators gave each miner lies within the consensus. Chains before November 2025
    /// kept it; it decides nothing.
    pub trust: Vec<Fixed>,
    /// Shares of the whole emission.
    pub share: Vec<Fixed>,
    /// Whether its weights are recent enough.
    pub active: Vec<bool>,
    /// Who may set weights until the next epoch.
    pub permits: Vec<bool>,
    /// Bonds before they are rounded.
    pub bonds: Rows,
    /// Bonds as the next epoch takes them; empty for those without a permit.
    pub stored_bonds: Vec<Vec<(Uid, u16)>>,
    /// What miners get, in the smallest unit.
    pub miner_emission: Vec<u64>,
    /// What validators get, in the smallest unit.
    pub validator_emission: Vec<u64>,
    /// Both as one share, rounded once: may be one unit more than their sum. The least is deregistered first.
    pub emission: Vec<u64>,
}
