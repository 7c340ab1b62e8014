//! What both sides agreed on before any proof.

use serde::{Deserialize, Serialize};

use crate::{BlockNumber, Digest, Epoch, Hotkey, NetUid};

/// Whose space this is: `owner` keeps it for `validator` on subnet `netuid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The subnet.
    pub netuid: NetUid,
    /// The miner.
    pub owner: Hotkey,
    /// Whom the miner keeps it for.
    pub validator: Hotkey,
}

/// The claim that a proof is held against. The host supplies it on both sides; nothing in it comes with a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Whose space.
    pub identity: Identity,
    /// Bytes of one unit.
    pub unit_bytes: u32,
    /// Number of units claimed.
    pub units: u64,
    /// What the plot was committed to, if its scheme commits.
    pub commitment: Option<Digest>,
}

impl Statement {
    /// Bytes claimed.
    #[must_use]
    pub const fn claimed_bytes(&self) -> u64 {
        self.units.saturating_mul(self.unit_bytes as u64)
    }
}

/// One audit round. `beacon` is public randomness that nobody could know before `block`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// The validator's audit epoch.
    pub epoch: Epoch,
    /// The block that the beacon belongs to.
    pub block: BlockNumber,
    /// Public randomness: the block's hash.
    pub beacon: Digest,
}
