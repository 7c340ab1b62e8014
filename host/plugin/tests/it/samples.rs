//! Hosts, plugins and arguments that tests share.

use std::sync::OnceLock;

use plimsoll_core::{
    AllocationSpace, AuditBudget, BlockNumber, Candidate, Digest, Epoch, Hotkey, Identity, NetUid, Neuron,
    Round, StakeRao, Standing, Statement, Uid,
};
use plimsoll_plugin::{Host, HostOptions, PluginError, PluginRef, SchemeInstance};
use serde_json::json;

/// One host without a folder for all tests that need none.
pub(crate) fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| Host::new(HostOptions::default()).unwrap())
}

pub(crate) fn plugin(component: Vec<u8>) -> PluginRef {
    PluginRef::new("sample.wasm", component)
}

/// An instance of a scheme with default parameters.
pub(crate) fn scheme(component: Vec<u8>) -> SchemeInstance {
    host().load_scheme(&plugin(component), &json!({})).unwrap().instance().unwrap()
}

pub(crate) fn identity() -> Identity {
    Identity { netuid: NetUid(7), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) }
}

pub(crate) fn statement() -> Statement {
    Statement { identity: identity(), unit_bytes: 65_536, units: 16, commitment: Some(Digest([3; 32])) }
}

pub(crate) fn round() -> Round {
    Round { epoch: Epoch(5), block: BlockNumber(1_800), beacon: Digest([4; 32]) }
}

pub(crate) fn neurons(n: u16) -> Vec<Neuron> {
    (0..n)
        .map(|uid| Neuron {
            uid: Uid(uid),
            hotkey: Hotkey([uid as u8; 32]),
            stake_rao: StakeRao(1_000_000_000 * u64::from(uid)),
            validator_permit: uid % 2 == 0,
            is_owner: uid == 0,
        })
        .collect()
}

pub(crate) fn space() -> AllocationSpace {
    AllocationSpace { available_bytes: 10_000, cap_bytes: 1_000, chunk_bytes: 100 }
}

pub(crate) fn candidates(n: u16) -> Vec<Candidate> {
    (0..n)
        .map(|uid| Candidate {
            uid: Uid(uid),
            hotkey: Hotkey([uid as u8; 32]),
            claimed_bytes: 65_536 * 16,
            units: 16,
            issued: 0,
            passed: 0,
            failed: 0,
            late: 0,
            absent: 0,
            last_epoch: None,
        })
        .collect()
}

pub(crate) fn budget() -> AuditBudget {
    AuditBudget { audits: 2, samples: 8, verify_ms: 1_000, deadline_ms: 5_000 }
}

pub(crate) fn standings(n: u16) -> Vec<Standing> {
    (0..n)
        .map(|uid| Standing {
            uid: Uid(uid),
            hotkey: Hotkey([uid as u8; 32]),
            coldkey: Hotkey([uid as u8; 32]),
            claimed_bytes: 1 << 20,
            proven_bytes: 1 << 20,
            cargo_bytes: 0,
            issued: 1,
            passed: 1,
            failed: 0,
            late: 0,
            absent: 0,
            latency_p50_ms: 10,
            latency_p99_ms: 20,
        })
        .collect()
}

/// The sentence of an error.
pub(crate) fn sentence<T: std::fmt::Debug>(result: Result<T, PluginError>) -> String {
    result.unwrap_err().to_string()
}
