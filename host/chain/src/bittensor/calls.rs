//! The calls that this program makes. Their indices come from the metadata.

use std::net::SocketAddr;

use plimsoll_core::{NetUid, Uid};
use subxt::ext::scale_value::{Composite, Value};

use super::runtime::{ChainCall, SUBTENSOR, number};
use super::scale::axon_fields;

const COMMITMENTS: &str = "Commitments";

/// The version that an axon says it has, and its protocol, 4 for TCP as the chain's own tools write it.
const AXON_VERSION: u32 = 1;
const AXON_PROTOCOL: u8 = 4;

const fn subtensor(name: &'static str, arguments: Vec<Value>) -> ChainCall {
    ChainCall { pallet: SUBTENSOR, name, arguments }
}

/// Where a neuron serves.
pub(crate) fn serve_axon(netuid: NetUid, at: SocketAddr) -> ChainCall {
    let (ip, ip_type) = axon_fields(at.ip());
    let placeholder = || number(0u8);
    subtensor(
        "serve_axon",
        vec![
            number(netuid.0),
            number(AXON_VERSION),
            number(ip),
            number(at.port()),
            number(ip_type),
            number(AXON_PROTOCOL),
            placeholder(),
            placeholder(),
        ],
    )
}

/// A commitment of one raw field of at most 128 bytes. The flag that resets bonds is never part of it.
pub(crate) fn set_commitment(netuid: NetUid, bytes: &[u8]) -> ChainCall {
    let values = Composite::unnamed(vec![Value::from_bytes(bytes)]);
    let field = Value::variant(format!("Raw{}", bytes.len()), values);
    let info = Value::named_composite([("fields", Value::unnamed_composite([field]))]);
    ChainCall { pallet: COMMITMENTS, name: "set_commitment", arguments: vec![number(netuid.0), info] }
}

/// Weights as they are.
pub(crate) fn set_weights(netuid: NetUid, weights: &[(Uid, u16)], version_key: u64) -> ChainCall {
    let (uids, values) = columns(weights);
    subtensor("set_weights", vec![number(netuid.0), uids, values, number(version_key)])
}

/// A hash of weights that [`reveal_weights`] opens later.
pub(crate) fn commit_weights(netuid: NetUid, hash: &[u8; 32]) -> ChainCall {
    subtensor("commit_weights", vec![number(netuid.0), Value::from_bytes(hash)])
}

/// The weights behind a hash.
pub(crate) fn reveal_weights(
    netuid: NetUid,
    weights: &[(Uid, u16)],
    salt: &[u16],
    version_key: u64,
) -> ChainCall {
    let (uids, values) = columns(weights);
    let salt = Value::unnamed_composite(salt.iter().map(|&word| number(word)));
    subtensor("reveal_weights", vec![number(netuid.0), uids, values, salt, number(version_key)])
}

/// Weights sealed until a drand round; the chain opens them itself.
pub(crate) fn commit_timelocked_weights(
    netuid: NetUid,
    sealed: &[u8],
    reveal_round: u64,
    commit_reveal_version: u16,
) -> ChainCall {
    subtensor(
        "commit_timelocked_weights",
        vec![
            number(netuid.0),
            Value::from_bytes(sealed),
            number(reveal_round),
            number(commit_reveal_version),
        ],
    )
}

fn columns(weights: &[(Uid, u16)]) -> (Value, Value) {
    let uids = weights.iter().map(|&(uid, _)| number(uid.0));
    let values = weights.iter().map(|&(_, weight)| number(weight));
    (Value::unnamed_composite(uids), Value::unnamed_composite(values))
}
