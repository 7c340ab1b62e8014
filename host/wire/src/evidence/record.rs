//! What the log says.

use std::collections::BTreeMap;

use plimsoll_core::{
    BlockNumber, Digest, Epoch, Hotkey, NetUid, Signature, Span, Standing, Uid, Verdict, Weight,
};
use serde::{Deserialize, Serialize};

use crate::answer::SignedAnswer;
use crate::btauth::{Nonce, SignedRequest};
use crate::client::Outcome;
use crate::messages::{AuditReply, AuditRequest, RegistrationSet};
use crate::texts::hex_bytes;

/// One record, told apart by `kind`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Record {
    /// The first line, and no other.
    Header(LogHeader),
    /// Something happened to the log or the validator.
    Event(LogEvent),
    /// A round began.
    RoundOpened(RoundOpened),
    /// A miner's registration was accepted.
    Registered(Registered),
    /// An audit was chosen, and could not be sent.
    AuditUnsent(AuditUnsent),
    /// An audit was sent.
    AuditSent(AuditSent),
    /// What became of it.
    AuditOutcome(AuditOutcome),
    /// A round ended.
    RoundClosed(RoundClosed),
}

/// Whose log this is, and under which rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogHeader {
    /// [`LogHeader::FORMAT`].
    pub format: u32,
    /// The subnet.
    pub netuid: NetUid,
    /// Who audits.
    pub validator: Hotkey,
    /// The chain's genesis hash.
    pub genesis: Digest,
    /// The plugins.
    pub pins: Pins,
    /// Whatever else the decisions depend on, such as the audit budget: a JSON object of the caller's.
    pub settings: serde_json::Value,
    /// The incentive rule's memory before the first round of this log: empty for a new validator.
    #[serde(with = "hex_bytes")]
    pub memory: Vec<u8>,
    /// What the plugins run in when the log begins: verdicts can depend on it where a limit is hit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// The log that this one goes on from; none for a new validator's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<Predecessor>,
}

/// What plugins run in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// Its name and version.
    pub version: String,
    /// How much of everything a call may use up, by name.
    pub limits: BTreeMap<String, u64>,
}

/// Where the log before ended: whoever has both can check that nothing was slipped in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predecessor {
    /// BLAKE3 of its last line, without the line feed.
    pub head: Digest,
    /// How many lines it has.
    pub lines: u64,
    /// BLAKE3 of the incentive rule's memory behind its last closed round.
    pub memory: Digest,
}

impl LogHeader {
    /// The version of this format.
    pub const FORMAT: u32 = 1;
}

/// The plugins whose decisions are in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// The proof scheme.
    pub scheme: Pin,
    /// The challenge strategy.
    pub challenge: Pin,
    /// The incentive rule.
    pub incentive: Pin,
}

/// One plugin with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// As the configuration names it.
    pub name: String,
    /// BLAKE3 of the component.
    pub plugin: Digest,
    /// Its parameters.
    pub params: serde_json::Value,
    /// BLAKE3 of the parameters in their canonical form.
    pub params_digest: Digest,
}

/// Something happened to the log or the validator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case", deny_unknown_fields)]
pub enum LogEvent {
    /// A torn last line was cut off when the log was opened.
    TornLineCut {
        /// How many bytes.
        bytes: u64,
    },
    /// A round that was opened will not be closed.
    RoundAbandoned {
        /// Which.
        epoch: Epoch,
        /// Why.
        why: String,
    },
    /// From here on the plugins run in something else than the header, or the last such event, says.
    EngineChanged {
        /// In what.
        engine: Engine,
    },
}

/// A round began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundOpened {
    /// Which.
    pub epoch: Epoch,
    /// The block of the beacon.
    pub block: BlockNumber,
    /// Public randomness.
    pub beacon: Digest,
    /// BLAKE3 of the validator's secret for this round, which the end of the round reveals.
    pub secret_digest: Digest,
}

/// A miner's registration was accepted: it makes sense, names this subnet, miner and validator, and its root
/// is the miner's commitment on chain. A log tells it before the first audit of it, also where an older log
/// told it already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registered {
    /// The miner's place.
    pub uid: Uid,
    /// What it said.
    pub set: RegistrationSet,
    /// The root on chain.
    pub root: Digest,
    /// What it was asked.
    pub request: SignedRequest,
    /// Its signature over the set.
    pub signature: Signature,
}

/// The strategy chose an audit, and it was never sent: counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditUnsent {
    /// The miner's place.
    pub uid: Uid,
    /// How many units the strategy wanted.
    pub samples: u32,
    /// Only from these.
    pub focus: Option<Span>,
    /// How long the answer could have taken.
    pub deadline_ms: u32,
    /// Whether there was a challenge: then it is the validator that could not send it; else the scheme drew
    /// none.
    pub drawn: bool,
    /// Why.
    pub why: String,
}

/// An audit was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditSent {
    /// The miner's place.
    pub uid: Uid,
    /// How many units the strategy wanted.
    pub samples: u32,
    /// Only from these.
    pub focus: Option<Span>,
    /// What was sent: challenge and deadline.
    pub audit: AuditRequest,
    /// The validator's signature over it.
    pub request: SignedRequest,
}

/// What became of an audit, and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditOutcome {
    /// The miner's place.
    pub uid: Uid,
    /// Of the request.
    pub nonce: Nonce,
    /// What came.
    pub response: Response,
    /// What was made of it.
    pub ruling: Ruling,
}

/// What came back from a miner, in the form that its signature can be checked from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "came", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Response {
    /// A proof in time: status 200.
    Proof {
        /// Its bytes.
        #[serde(with = "hex_bytes")]
        proof: Vec<u8>,
        /// Until its last byte.
        elapsed_ms: u32,
        /// The miner's.
        signature: Signature,
    },
    /// The challenge does not concern the plot: status 204.
    NotEligible {
        /// Until its last byte.
        elapsed_ms: u32,
        /// The miner's.
        signature: Signature,
    },
    /// A refusal in time.
    Refused {
        /// 400 or more.
        status: u16,
        /// As it came.
        body: String,
        /// Until its last byte.
        elapsed_ms: u32,
        /// The miner's.
        signature: Signature,
    },
    /// Whatever came after the deadline.
    Late {
        /// Its status.
        status: u16,
        /// SHA-256 of its body.
        body_sha256: Digest,
        /// Until its last byte.
        elapsed_ms: u32,
        /// The miner's.
        signature: Signature,
    },
    /// Nothing.
    Absent {
        /// What happened.
        why: String,
    },
    /// Nothing that counts as the miner's.
    Garbage {
        /// What is wrong with it.
        why: String,
    },
}

impl From<Outcome<AuditReply>> for Response {
    fn from(outcome: Outcome<AuditReply>) -> Self {
        match outcome {
            Outcome::Answered { content: AuditReply::Proof(proof), elapsed_ms, answer } => {
                Self::Proof { proof, elapsed_ms, signature: answer.signature }
            }
            Outcome::Answered { content: AuditReply::NotEligible, elapsed_ms, answer } => {
                Self::NotEligible { elapsed_ms, signature: answer.signature }
            }
            Outcome::Refused { status, body, elapsed_ms, answer, .. } => {
                Self::Refused { status, body, elapsed_ms, signature: answer.signature }
            }
            Outcome::Late { elapsed_ms, answer } => {
                let SignedAnswer { status, body_sha256, signature, .. } = answer;
                Self::Late { status, body_sha256, elapsed_ms, signature }
            }
            Outcome::Absent { why } => Self::Absent { why },
            Outcome::Garbage { why } => Self::Garbage { why },
        }
    }
}

/// What a validator makes of an audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ruling {
    /// The proof holds.
    Passed,
    /// It does not.
    Failed {
        /// Why.
        why: String,
    },
    /// The challenge did not concern the plot; no failure.
    NotEligible,
    /// Refused by the miner.
    Refused,
    /// After the deadline.
    Late,
    /// Nothing came, or nothing that counts as the miner's.
    Absent,
    /// Nobody could tell, by no fault of the miner's: counts for nothing.
    Undecided {
        /// Why.
        why: String,
    },
}

impl From<Verdict> for Ruling {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Valid => Self::Passed,
            Verdict::Invalid(why) => Self::Failed { why },
        }
    }
}

/// A round ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundClosed {
    /// Which.
    pub epoch: Epoch,
    /// The secret, revealed.
    pub secret: Digest,
    /// What the incentive rule was told.
    pub standings: Vec<Standing>,
    /// BLAKE3 of the rule's memory before.
    pub memory_before: Digest,
    /// And after.
    pub memory_after: Digest,
    /// What the rule said, with its reasons.
    pub raw_weights: Vec<Weight>,
    /// What goes on chain.
    pub weights: Vec<(Uid, u16)>,
}
