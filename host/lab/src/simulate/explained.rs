//! Why one miner earned what it did in one epoch: the evidence, and the rule's own reasons.

use plimsoll_chain::subnet::LastEpoch;
use plimsoll_core::{Audit, Hotkey, Standing, Uid};
use plimsoll_node::validator::{Outcome, Tally, Weighed};
use serde::Serialize;

use super::audit::Heard;
use super::conduct::Conduct;
use super::run::Costs;

/// One uid in one epoch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    /// The run's seed.
    pub seed: u64,
    /// Which epoch.
    pub epoch: u64,
    /// Which place.
    pub uid: Uid,
    /// Who has it.
    pub hotkey: Hotkey,
    /// The name of its group.
    pub group: String,
    /// The word of its strategy.
    pub strategy: &'static str,
    /// Index among the run's miners.
    pub miner: usize,
    /// Number of the hotkey among its owner's, from 0.
    pub key: usize,
    /// Bytes that the hotkey claims, over all validators.
    pub claimed_bytes: u64,
    /// Bytes on the owner's disks, for all its hotkeys.
    pub stored_bytes: u64,
    /// What the owner paid in this epoch.
    pub costs: Costs,
    /// What each validator did, in their order.
    pub validators: Vec<Opinion>,
    /// The stake-weighted median of its weights, out of 65535.
    pub consensus: u16,
    /// Its part of all incentive, out of 65535.
    pub incentive: u16,
    /// What the hotkey earned in this epoch, in alpha times 10^9.
    pub earned_rao: u64,
}

/// One validator towards the miner.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Opinion {
    /// Its name.
    pub validator: String,
    /// `honest`, `copy` or `clique`.
    pub vote: &'static str,
    /// Its part of all validators' stake.
    pub stake_share: f64,
    /// Bytes that the miner claims to hold for it.
    pub claimed_bytes: u64,
    /// What the miner really does towards it.
    pub conduct: Conduct,
    /// What it heard and thought, as far as it came; nothing of a validator that audited nobody in this epoch.
    pub told: Option<Told>,
    /// What it set for the miner in this epoch, out of 65535; nothing where it set no weights.
    pub weight: Option<u16>,
    /// Why its round is void.
    pub fault: Option<String>,
}

/// What an honest validator's round made of one miner.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Told {
    /// Its audits.
    pub audits: Vec<AuditTold>,
    /// The same, counted.
    pub tally: Tally,
    /// What the rule was told.
    pub standing: Option<Standing>,
    /// What the rule gave, on its own scale.
    pub value: Option<u64>,
    /// Why, in the rule's own words.
    pub reason: String,
    /// The value scaled so that the largest becomes 65535.
    pub weight: Option<u16>,
}

/// One audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditTold {
    /// Units that it asked for.
    pub samples: u32,
    /// Of them, those that the miner did not keep.
    pub missed: u32,
    /// How long an answer might take, milliseconds.
    pub deadline_ms: u32,
    /// How long it took, milliseconds; nothing where none came.
    pub elapsed_ms: Option<u32>,
    /// What it counts as.
    pub outcome: Outcome,
    /// How the scheme broke down: why the verifier could not tell, or an honest prover did not answer.
    pub undecided: Option<String>,
}

impl Explained {
    /// Enters what the tempo's end made of it.
    pub(super) fn paid(&mut self, paid: &LastEpoch) {
        (self.consensus, self.incentive, self.earned_rao) = (paid.consensus, paid.incentive, paid.miner_rao);
    }
}

impl AuditTold {
    pub(super) fn new(audit: &Audit, heard: &Heard) -> Self {
        Self {
            samples: heard.samples.unwrap_or(audit.samples),
            missed: heard.missed,
            deadline_ms: audit.deadline_ms,
            elapsed_ms: heard.elapsed_ms,
            outcome: heard.outcome,
            undecided: heard.fault.clone(),
        }
    }
}

impl Told {
    /// Enters what the rule made of it.
    pub(super) fn weighed(&mut self, uid: Uid, weighed: &Weighed) {
        if let Some(raw) = weighed.raw.iter().find(|weight| weight.uid == uid) {
            self.value = Some(raw.value);
            self.reason.clone_from(&raw.reason);
        }
        self.weight = weighed.weights.iter().find(|weight| weight.0 == uid).map(|weight| weight.1);
    }
}
