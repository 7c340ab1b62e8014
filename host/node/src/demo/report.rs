//! What a demo found, as data.

use plimsoll_core::Claims;
use serde::{Deserialize, Serialize};

use super::Role;

/// The whole outcome of a demo: the one object that `--json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DemoReport {
    /// Name of the proof scheme.
    pub scheme: String,
    /// Rounds that were closed.
    pub epochs: u64,
    /// The six miners by uid.
    pub miners: Vec<MinerRow>,
    /// Version of this object's shape.
    pub schema_version: u32,
    /// What the scheme says that a passing proof shows.
    pub claims: Claims,
    /// What the scheme says that it does not do.
    pub limits: String,
    /// How long an answer could take.
    pub deadline_ms: u32,
    /// The other three plugins.
    pub plugins: PluginNames,
    /// What was and was not caught.
    pub findings: Vec<Finding>,
    /// What recomputing the evidence gave.
    pub replay: ReplayLine,
    /// Wall time of the demo.
    pub seconds: f64,
}

/// The plugins of a demo, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginNames {
    /// Of the allocation policy.
    pub allocation: String,
    /// Of the challenge strategy.
    pub challenge: String,
    /// Of the incentive rule.
    pub incentive: String,
}

/// One miner. Counts are over all rounds; the weight is the one set last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinerRow {
    /// Its place in the subnet.
    pub uid: u16,
    /// What it does.
    pub role: Role,
    /// Bytes of its plot that are on the disk, measured at the end: 4 KiB blocks that are not all zero.
    pub held_bytes: u64,
    /// Bytes that it registered.
    pub claimed_bytes: u64,
    /// Audits passed.
    pub passed: u32,
    /// Failed.
    pub failed: u32,
    /// Answered after the deadline.
    pub late: u32,
    /// Not answered.
    pub absent: u32,
    /// What it got, out of 65535.
    pub weight: u16,
    /// Bytes that it proved in the last round.
    pub proven_bytes: u64,
    /// Audits that count.
    pub audits: u32,
    /// Audits that no verdict could be given for.
    pub no_verdict: u32,
    /// The slowest answer in time, as the validator measured it; 0 if there was none.
    pub slowest_ms: u32,
    /// Why the incentive rule gave what it gave.
    pub reason: String,
    /// What the ledger's epochs paid it by these weights, in rao of the subnet's token (10^9 are 1 alpha).
    #[serde(default)]
    pub earned_rao: u64,
}

/// One thing that the demo showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Whom it is about.
    pub role: Role,
    /// How it turned out.
    pub kind: FindingKind,
    /// The same for people: what and why.
    pub text: String,
}

/// How it turned out for the scheme and the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// What should be paid is paid.
    Paid,
    /// A cheat or an outage that was seen and is paid less for it.
    Caught,
    /// A cheat that was not seen, as the scheme itself says.
    NotCaught,
    /// A cheat that was not seen although the scheme claims that it would be.
    Refuted,
    /// A miner that did nothing wrong and yet lost.
    Wronged,
}

/// What recomputing the evidence gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayLine {
    /// Rounds recomputed.
    pub rounds: u64,
    /// Proofs verified again.
    pub proofs: u64,
    /// Whether every weight came out the same, byte for byte.
    pub equal: bool,
}
