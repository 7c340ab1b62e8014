//! What a replay says.

use plimsoll_core::{Digest, Epoch, Uid};
use serde::Serialize;

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ReplayReport {
    /// Rounds recomputed, in order.
    pub rounds: Vec<RoundReplay>,
    /// Rounds that were opened and never closed: they count for nothing.
    pub void_rounds: u64,
    /// Registrations checked again.
    pub registrations: u64,
    /// Proofs verified again.
    pub proofs: u64,
    /// Audits that the validator chose and says that it could not send: its word.
    pub unsent: u64,
    /// Everything that came out otherwise than the log says.
    pub differences: Vec<Difference>,
    /// What the replay could not tell, in sentences: no difference, and worth knowing.
    pub notes: Vec<String>,
    /// Where the log ends.
    pub end: LogEnd,
}

impl ReplayReport {
    /// Whether everything came out as the log says: weights byte for byte.
    #[must_use]
    pub fn equal(&self) -> bool {
        self.differences.is_empty()
    }
}

/// One closed round, recomputed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoundReplay {
    /// Which.
    pub epoch: Epoch,
    /// Line of its end in the log.
    pub line: u64,
    /// Its audits.
    pub audits: u64,
    /// Proofs among their answers.
    pub proofs: u64,
    /// The weights as they come out here.
    pub weights: Vec<(Uid, u16)>,
    /// Whether all of it came out as the log says.
    pub equal: bool,
}

/// Something that came out otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// In which round; `None` outside of rounds.
    pub epoch: Option<Epoch>,
    /// About whom, where it is about one miner.
    pub uid: Option<Uid>,
    /// What.
    pub what: String,
    /// As it came out here.
    pub expected: String,
    /// As the log says.
    pub found: String,
}

/// Where a log ends, as the replay left it: where the next one must begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LogEnd {
    /// BLAKE3 of the last line.
    pub head: Digest,
    /// How many lines.
    pub lines: u64,
    /// BLAKE3 of the incentive rule's memory behind the last closed round.
    pub memory: Digest,
    /// The epoch that the next round has.
    pub next_epoch: Epoch,
}
