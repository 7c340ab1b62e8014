//! What the other plugins are asked and answer.

use serde::{Deserialize, Serialize};

use crate::{Epoch, Hotkey, Span, StakeRao, Uid};

/// One neuron of a subnet as an allocation policy sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neuron {
    /// Its place in the subnet.
    pub uid: Uid,
    /// Its key.
    pub hotkey: Hotkey,
    /// What stands behind it.
    pub stake_rao: StakeRao,
    /// Whether it may set weights.
    pub validator_permit: bool,
    /// Whether it is the miner that divides its space.
    pub is_owner: bool,
}

/// The space that a miner divides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocationSpace {
    /// Free bytes of the disk.
    pub available_bytes: u64,
    /// Bytes that all shares together may take.
    pub cap_bytes: u64,
    /// A share is a whole number of these.
    pub chunk_bytes: u64,
}

/// What one validator gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Whose.
    pub uid: Uid,
    /// How many bytes; a multiple of the chunk size.
    pub bytes: u64,
}

/// A miner as a challenge strategy sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its place in the subnet.
    pub uid: Uid,
    /// Its key.
    pub hotkey: Hotkey,
    /// Bytes it claims to hold for this validator.
    pub claimed_bytes: u64,
    /// Units it claims.
    pub units: u64,
    /// Audits sent to it so far.
    pub issued: u32,
    /// Of them passed.
    pub passed: u32,
    /// Failed.
    pub failed: u32,
    /// Answered after the deadline.
    pub late: u32,
    /// Not answered.
    pub absent: u32,
    /// The last epoch in which it was audited.
    pub last_epoch: Option<Epoch>,
}

/// What a validator can afford in one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditBudget {
    /// Audits.
    pub audits: u32,
    /// Samples of one audit.
    pub samples: u32,
    /// CPU time for verifying all answers.
    pub verify_ms: u32,
    /// The longest deadline.
    pub deadline_ms: u32,
}

/// One audit that a strategy wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// Whom.
    pub uid: Uid,
    /// How many units.
    pub samples: u32,
    /// Only from these units.
    pub focus: Option<Span>,
    /// When in the round, so that no disk is asked by everyone at once.
    pub start_ms: u32,
    /// How long an answer may take.
    pub deadline_ms: u32,
}

/// What a miner proved in an epoch, as an incentive rule sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its place in the subnet.
    pub uid: Uid,
    /// Its key.
    pub hotkey: Hotkey,
    /// The key that owns it.
    pub coldkey: Hotkey,
    /// Bytes it claims.
    pub claimed_bytes: u64,
    /// Claimed bytes times the share of this epoch's audits that passed.
    pub proven_bytes: u64,
    /// Bytes of it that are a validator's own.
    pub cargo_bytes: u64,
    /// Audits of this epoch.
    pub issued: u32,
    /// Of them passed.
    pub passed: u32,
    /// Failed.
    pub failed: u32,
    /// Answered after the deadline.
    pub late: u32,
    /// Not answered.
    pub absent: u32,
    /// Median time of the answers in time.
    pub latency_p50_ms: u32,
    /// 99th percentile of the same.
    pub latency_p99_ms: u32,
}

/// What a rule gives one miner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weight {
    /// Whom.
    pub uid: Uid,
    /// On any scale; the host normalises to u16 and keeps zeros.
    pub value: u64,
    /// One sentence: why.
    pub reason: String,
}

/// What a rule decides in an epoch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IncentiveOutcome {
    /// A weight for each miner; one that is missing counts as zero.
    pub weights: Vec<Weight>,
    /// The rule's own state, handed back next epoch byte for byte.
    pub memory: Vec<u8>,
}
