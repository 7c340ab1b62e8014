//! What became of everyone: the outcome of one scenario under one seed.

use plimsoll_core::{Hotkey, Uid};
use plimsoll_node::validator::Outcome;
use serde::{Deserialize, Serialize};

use crate::stats::Wait;

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
    /// How honest miners fared, over all epochs: see [`Honest`].
    pub honest: Honest,
    /// The scenario's groups of validators, in its order.
    pub validators: Vec<ValidatorGroup>,
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
    /// (earned - paid) / paid; `None` where it paid nothing.
    pub roi: Option<f64>,
    /// Audits of honest validators, while it was there.
    pub audits: Audits,
    /// Of cheaters: epochs from joining to the first audit of an honest validator that one failed, answered late or
    /// kept silent in, lost packets apart, or for which it was there without one. Those that never joined are left
    /// out.
    pub detections: Vec<Wait>,
}

/// All validators that one `[[validators]]` table made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValidatorGroup {
    /// Its name.
    pub name: String,
    /// How they vote.
    pub vote: &'static str,
    /// Validators.
    pub count: u32,
    /// Its part of all validators' stake.
    pub stake_share: f64,
    /// Its dividends, in alpha times 10^9.
    pub earned_rao: u64,
    /// Its part of all dividends.
    pub dividend_share: f64,
    /// The dividends in dollars.
    pub earned_usd: f64,
    /// What its audits cost.
    pub costs: Costs,
    /// (earned - paid) / paid; `None` where it paid nothing.
    pub roi: Option<f64>,
}

/// How honest miners fared in some epochs. Only those count that hold all that they claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Honest {
    /// Their audits by honest validators.
    pub audits: Audits,
    /// Miners, counted once in each epoch in which any miner was paid.
    pub paid_epochs: u64,
    /// Of those, epochs in which one got less than [`Self::LEAST`] of its fair share, or nothing.
    pub underpaid_epochs: u64,
}

impl Honest {
    /// A fair share is what all of them got together, by the bytes that each holds.
    pub const LEAST: f64 = 0.9;

    /// Epochs of a miner that was paid too little for what it holds, of all; `None` where none was there.
    #[must_use]
    pub fn false_punishment_rate(&self) -> Option<f64> {
        (self.paid_epochs > 0).then(|| self.underpaid_epochs as f64 / self.paid_epochs as f64)
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.audits.add(&other.audits);
        self.paid_epochs += other.paid_epochs;
        self.underpaid_epochs += other.underpaid_epochs;
    }
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
    /// Of a cheater: the first epoch in which it failed an audit of an honest validator, or was late or kept silent.
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

    /// Of those that were judged, the part that passed.
    #[must_use]
    pub fn pass_rate(&self) -> Option<f64> {
        (self.judged() > 0).then(|| self.passed as f64 / self.judged() as f64)
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
    /// What each group of validators earned in it, in alpha times 10^9, in the scenario's order.
    pub dividends_rao: Vec<u64>,
    /// How honest miners fared in it.
    pub honest: Honest,
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
