//! What happened in one epoch, event after event.

use plimsoll_core::{Hotkey, Uid};
use serde::Serialize;

use super::run::{Audits, EpochRow, Fault};

/// One epoch, lived through again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Relived {
    /// Its row of the run.
    pub row: EpochRow,
    /// Plugins that broke down in it.
    pub faults: Vec<Fault>,
    /// Everything that happened, by time.
    pub happenings: Vec<Happening>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Happening {
    /// When, in milliseconds from the first block.
    pub at_ms: u64,
    /// What.
    #[serde(flatten)]
    pub what: Happened,
}

/// What happened. Miners are named by their index in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Happened {
    /// A hotkey got a place.
    Registered {
        /// Whose.
        hotkey: Hotkey,
        /// Which.
        uid: Uid,
        /// What it cost, in alpha times 10^9.
        cost_rao: u64,
        /// Who had it before.
        displaced: Option<Hotkey>,
    },
    /// A miner left for good.
    Left {
        /// Which.
        miner: usize,
    },
    /// A miner divided its space anew.
    Divided {
        /// Which.
        miner: usize,
        /// For which of its hotkeys.
        hotkey: Hotkey,
        /// What it claims now, over all validators.
        claimed_bytes: u64,
    },
    /// A validator's round is over.
    RoundOver {
        /// Whose.
        validator: String,
        /// How its audits ended.
        audits: Audits,
    },
    /// A validator's round is void.
    RoundVoid {
        /// Whose.
        validator: String,
        /// Which plugin broke down, and how.
        why: String,
    },
    /// A validator set weights.
    WeightsSet {
        /// Whose.
        validator: String,
        /// How many hotkeys have one above zero.
        hotkeys: usize,
    },
    /// A validator's weights were refused.
    WeightsRefused {
        /// Whose.
        validator: String,
        /// Why.
        why: String,
    },
    /// Consensus, and pay.
    TempoEnded {
        /// What all miners earned together, in alpha times 10^9.
        miners_rao: u64,
    },
}
