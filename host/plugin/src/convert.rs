//! From the contract's types to ours and back. Outwards nothing of WebAssembly remains.

use plimsoll_core as core;
use serde::Serialize;

use crate::bindings::allocation::exports::plimsoll::plugin::allocation_policy as allocation;
use crate::bindings::challenge::exports::plimsoll::plugin::challenge_strategy as challenge;
use crate::bindings::imports::plimsoll::plugin::types;
use crate::bindings::incentive::exports::plimsoll::plugin::incentive_rule as incentive;
use crate::bindings::proof::exports::plimsoll::plugin::proof_scheme as proof;
use crate::error::Refusal;
use crate::limits::REASON_BYTES;
use crate::text::tame;

impl From<types::PluginError> for Refusal {
    fn from(error: types::PluginError) -> Self {
        let tame = |text: String| tame(&text, REASON_BYTES);
        match error {
            types::PluginError::BadConfig(why) => Self::BadConfig(tame(why)),
            types::PluginError::BadInput(why) => Self::BadInput(tame(why)),
            types::PluginError::Unsupported(why) => Self::Unsupported(tame(why)),
            types::PluginError::Storage(why) => Self::Storage(tame(why)),
            types::PluginError::Internal(why) => Self::Internal(tame(why)),
        }
    }
}

pub(crate) fn identity(from: &core::Identity) -> types::Identity {
    types::Identity {
        netuid: from.netuid.0,
        owner: from.owner.0.to_vec(),
        validator: from.validator.0.to_vec(),
    }
}

pub(crate) fn span(from: core::Span) -> types::Span {
    types::Span { first: from.first, count: from.count }
}

pub(crate) fn round(from: &core::Round) -> types::Round {
    types::Round { epoch: from.epoch.0, block: from.block.0, beacon: from.beacon.0.to_vec() }
}

pub(crate) fn statement(from: &core::Statement) -> proof::Statement {
    proof::Statement {
        identity: identity(&from.identity),
        unit_bytes: from.unit_bytes,
        units: from.units,
        commitment: from.commitment.map(|c| c.0.to_vec()),
    }
}

pub(crate) fn layout(from: &core::Layout) -> proof::Layout {
    let passes = from.passes.iter().map(|pass| proof::Pass {
        name: pass.name.clone(),
        units: pass.units,
        order: match pass.order {
            core::Order::Independent => proof::Order::Independent,
            core::Order::Sequential => proof::Order::Sequential,
        },
    });
    proof::Layout {
        unit_bytes: from.unit_bytes,
        units: from.units,
        region_bytes: from.region_bytes,
        memory_bytes: from.memory_bytes,
        passes: passes.collect(),
    }
}

pub(crate) fn layout_out(from: proof::Layout) -> core::Layout {
    let passes = from.passes.into_iter().map(|pass| core::Pass {
        name: pass.name,
        units: pass.units,
        order: match pass.order {
            proof::Order::Independent => core::Order::Independent,
            proof::Order::Sequential => core::Order::Sequential,
        },
    });
    core::Layout {
        unit_bytes: from.unit_bytes,
        units: from.units,
        region_bytes: from.region_bytes,
        memory_bytes: from.memory_bytes,
        passes: passes.collect(),
    }
}

pub(crate) fn claims_out(from: proof::Claims) -> core::Claims {
    core::Claims {
        space: from.contains(proof::Claims::SPACE),
        retrievability: from.contains(proof::Claims::RETRIEVABILITY),
        replication: from.contains(proof::Claims::REPLICATION),
        time: from.contains(proof::Claims::TIME),
    }
}

pub(crate) fn neuron(from: &core::Neuron) -> allocation::Neuron {
    allocation::Neuron {
        uid: from.uid.0,
        hotkey: from.hotkey.0.to_vec(),
        stake_rao: from.stake_rao.0,
        validator_permit: from.validator_permit,
        is_owner: from.is_owner,
    }
}

pub(crate) fn candidate(from: &core::Candidate) -> challenge::Candidate {
    challenge::Candidate {
        uid: from.uid.0,
        hotkey: from.hotkey.0.to_vec(),
        claimed_bytes: from.claimed_bytes,
        units: from.units,
        issued: from.issued,
        passed: from.passed,
        failed: from.failed,
        late: from.late,
        absent: from.absent,
        last_epoch: from.last_epoch.map(|epoch| epoch.0),
    }
}

pub(crate) fn audit_out(from: challenge::Audit) -> core::Audit {
    core::Audit {
        uid: core::Uid(from.uid),
        samples: from.samples,
        focus: from.focus.map(|span| core::Span { first: span.first, count: span.count }),
        start_ms: from.start_ms,
        deadline_ms: from.deadline_ms,
    }
}

pub(crate) fn standing(from: &core::Standing) -> incentive::Standing {
    incentive::Standing {
        uid: from.uid.0,
        hotkey: from.hotkey.0.to_vec(),
        coldkey: from.coldkey.0.to_vec(),
        claimed_bytes: from.claimed_bytes,
        proven_bytes: from.proven_bytes,
        cargo_bytes: from.cargo_bytes,
        issued: from.issued,
        passed: from.passed,
        failed: from.failed,
        late: from.late,
        absent: from.absent,
        latency_p50_ms: from.latency_p50_ms,
        latency_p99_ms: from.latency_p99_ms,
    }
}

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Descriptor {
    /// Its name.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// What it does, in one sentence.
    pub summary: String,
    /// What it does not do, in one sentence.
    pub limits: String,
    /// Where its formulas come from.
    pub references: Vec<String>,
    /// Economic laws that it breaks on purpose.
    pub waivers: Vec<crate::Waiver>,
    /// The JSON schema of its parameters.
    pub config_schema: serde_json::Value,
}
