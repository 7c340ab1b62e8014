//! What a miner really does in one epoch, whatever it says.

use serde::Serialize;

use super::agents::share_of;

/// One partition's conduct for one epoch: every strategy comes down to this, and both fidelities act on it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Conduct {
    /// The share of the claimed units that lies on a disk and is read at once, from 0 to 1.
    pub kept: f64,
    /// What becomes of asked units that do not.
    pub missing: Missing,
    /// Whom it answers.
    pub answers: Answers,
    /// The chance that the miner cannot be reached in a round: a disk that fails, a line that drops.
    pub away: f64,
    /// Whose units it answers from.
    pub units_of: UnitsOf,
}

/// Whose units a miner answers from. Where a run is sampled, the scheme's figures say whether another's pass; where it
/// is exact, that follows from their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitsOf {
    /// The asked hotkey's.
    Own,
    /// Those of its owner's first hotkey.
    FirstHotkey,
    /// Those of the first miner of its group.
    FirstOfGroup,
}

/// What a miner does about asked units that it does not keep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// Answers with whatever its prover makes of zeros: a wrong proof.
    Wrong,
    /// Says nothing.
    Silent,
    /// Makes them anew, on this many cores, and answers when they are ready.
    Regenerated {
        /// Cores that one audit may take.
        cores: u32,
    },
    /// Reads them from somewhere else and answers when they are there. It asks for all of them at once, as whoever
    /// is in a hurry would: one round trip, then what a proof reads of them over one line.
    Fetched {
        /// The round trip to where they lie, milliseconds.
        rtt_ms: u32,
        /// Bytes a second of the line there.
        bytes_per_s: u64,
    },
}

/// Whom a miner answers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answers {
    /// Everyone.
    Everyone,
    /// Validators that hold at least this share of all validators' stake, and nobody else.
    StakeFrom(f64),
}

impl Conduct {
    /// Keeps everything, answers everyone, is always there.
    pub const HONEST: Self = Self {
        kept: 1.0,
        missing: Missing::Wrong,
        answers: Answers::Everyone,
        away: 0.0,
        units_of: UnitsOf::Own,
    };

    /// Of a plot's units, how many lie on the disk: the share of them, rounded down.
    #[must_use]
    pub fn kept_of(&self, units: u64) -> u64 {
        share_of(units, self.kept)
    }
}
