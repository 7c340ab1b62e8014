//! What became of everyone: the outcome of one scenario under one seed.

use plimsoll_core::{Hotkey, Uid};
use plimsoll_node::validator::Outcome;
use serde::{Deserialize, Serialize};

/// One run, whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// Where every choice came from.
    pub seed: u64,
    /// Epochs that were lived through; fewer than asked for where a rule broke down and the run stopped.
    pub epochs: u64,
    /// The scenario's groups of miners, in its order.
    pub groups: Vec<Group>,
    /// Every miner that was ever there, in the order in which they came.
    pub miners: Vec<Miner>,
    /// One row an epoch.
    pub rows: Vec<EpochRow>,
    /// What the subnet paid to miners, in alpha times 10^9.
    pub miners_rao: u64,
    /// Honest audits that did not pass, of all honest audits that were judged.
    pub false_punishment_rate: f64,
    /// What auditing cost one honest validator an epoch, on average.
    pub validator: Costs,
    /// Calls of plugins that broke down: epoch, validator, what it said. The round was void.
    pub faults: Vec<Fault>,
}

/// All miners that one `[[miners]]` table made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The word of its strategy.
    pub strategy: &'static str,
    /// Whether it does what it says it does.
    pub honest: bool,
    /// Owners: one miner with several hotkeys is one.
    pub count: u32,
    /// What it earned, in alpha times 10^9.
    pub earned_rao: u64,
    /// Its part of all that miners earned.
    pub emission_share: f64,
    /// What it earned and what it paid, in dollars.
    pub earned_usd: f64,
    /// See [`Costs`].
    pub costs: Costs,
    /// (earned - paid) / paid.
    pub roi: f64,
    /// Audits of honest validators.
    pub audits: Audits,
    /// Epochs from joining to the first audit of an honest validator that did not pass, on average over those
    /// miners that had one; `None` where none had.
    pub detected_after_epochs: Option<f64>,
    /// Of its miners, how many had one.
    pub detected: u32,
}

/// One owner.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Miner {
    /// Index of its group.
    pub group: usize,
    /// The key of its first hotkey.
    pub hotkey: Hotkey,
    /// The uid that it had last.
    pub uid: Option<Uid>,
    /// Bytes that it claimed at last, over all validators and hotkeys.
    pub claimed_bytes: u64,
    /// Bytes on its disks at last.
    pub stored_bytes: u64,
    /// What it earned, in alpha times 10^9.
    pub earned_rao: u64,
    /// What it paid.
    pub costs: Costs,
    /// The epoch in which it joined.
    pub joined_epoch: u64,
    /// The first epoch in which an audit of an honest validator did not pass.
    pub detected_epoch: Option<u64>,
    /// The epoch in which it lost its last uid.
    pub left_epoch: Option<u64>,
}

/// Resources, and what they cost.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Costs {
    /// Bytes stored, times epochs.
    pub byte_epochs: f64,
    /// Time of one core.
    pub core_seconds: f64,
    /// Bytes that crossed a line.
    pub traffic_bytes: f64,
    /// Registrations, in alpha times 10^9.
    pub registration_rao: u64,
    /// All of it in dollars, at the scenario's prices.
    pub usd: f64,
}

/// Audits by how they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Audits {
    /// In time and right.
    pub passed: u64,
    /// In time and wrong.
    pub failed: u64,
    /// Too late.
    pub late: u64,
    /// Not at all.
    pub absent: u64,
}

impl Audits {
    /// Those that did not pass.
    #[must_use]
    pub const fn not_passed(&self) -> u64 {
        self.failed + self.late + self.absent
    }

    /// Those that were judged.
    #[must_use]
    pub const fn judged(&self) -> u64 {
        self.passed + self.not_passed()
    }

    /// Counts one. An audit without a verdict is none.
    pub(super) fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Late => self.late += 1,
            Outcome::Absent => self.absent += 1,
            Outcome::NoVerdict => {}
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.late += other.late;
        self.absent += other.absent;
    }
}

/// One epoch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EpochRow {
    /// Which.
    pub epoch: u64,
    /// What each group earned in it, in alpha times 10^9, in the scenario's order.
    pub earned_rao: Vec<u64>,
    /// Bytes that each group stored in it.
    pub stored_bytes: Vec<u64>,
    /// Bytes that each group claimed in it.
    pub claimed_bytes: Vec<u64>,
}

/// A plugin that broke down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// When.
    pub epoch: u64,
    /// At which validator.
    pub validator: String,
    /// What the host says of it.
    pub what: String,
}
