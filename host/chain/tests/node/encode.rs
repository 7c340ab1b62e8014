//! SCALE, written by its layout.

use std::net::{IpAddr, SocketAddr};

use plimsoll_chain::{ChainCommitment, Snapshot};

/// A compact integer of at most 30 bits, or up to 64 bits behind its length.
pub(crate) fn compact(value: u64) -> Vec<u8> {
    match value {
        0..0x40 => vec![(value as u8) << 2],
        0x40..0x4000 => ((value as u16) << 2 | 1).to_le_bytes().to_vec(),
        0x4000..0x4000_0000 => ((value as u32) << 2 | 2).to_le_bytes().to_vec(),
        _ => {
            let length = (8 - value.leading_zeros() as usize / 8).max(4);
            let mut out = vec![((length - 4) as u8) << 2 | 3];
            out.extend(&value.to_le_bytes()[..length]);
            out
        }
    }
}

/// A list.
pub(crate) fn list<T>(items: impl IntoIterator<Item = T>, write: impl Fn(T) -> Vec<u8>) -> Vec<u8> {
    let items: Vec<_> = items.into_iter().map(write).collect();
    let mut out = compact(items.len() as u64);
    out.extend(items.concat());
    out
}

/// 34 bytes: block, version, ip, port, ip type, protocol, two placeholders.
pub(crate) fn axon_value(at: Option<SocketAddr>) -> Vec<u8> {
    let (ip, port, ip_type): (u128, u16, u8) = match at {
        None => (0, 0, 0),
        Some(at) => match at.ip() {
            IpAddr::V4(ip) => (u32::from_be_bytes(ip.octets()).into(), at.port(), 4),
            IpAddr::V6(ip) => (u128::from_be_bytes(ip.octets()), at.port(), 6),
        },
    };
    let mut out = Vec::with_capacity(34);
    out.extend(1000u64.to_le_bytes());
    out.extend(1u32.to_le_bytes());
    out.extend(ip.to_le_bytes());
    out.extend(port.to_le_bytes());
    out.extend([ip_type, 4, 0, 0]);
    out
}

/// Deposit, block, one raw field.
pub(crate) fn commitment_value(block: u64, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 8];
    out.extend((block as u32).to_le_bytes());
    out.extend([4, bytes.len() as u8 + 1]);
    out.extend(bytes);
    out
}

/// Settings that a ledger does not have.
pub(crate) struct More<'a> {
    pub(crate) name: &'a str,
    pub(crate) commit_reveal: bool,
}

const SERVING_RATE_LIMIT: u64 = 50;

/// `Option<SelectiveMetagraph>` with the fields that were asked for.
pub(crate) fn metagraph(
    snapshot: &Snapshot,
    commitments: &[ChainCommitment],
    asked: &[u16],
    more: &More<'_>,
) -> Vec<u8> {
    let neurons = &snapshot.neurons;
    let mut out = vec![1];
    out.extend(compact(snapshot.netuid.0.into()));
    for field in 1..=73 {
        if !asked.contains(&field) {
            out.push(0);
            continue;
        }
        out.push(1);
        out.extend(match field {
            1 => list(more.name.bytes(), |byte| compact(byte.into())),
            5 | 6 => vec![0xee; 32],
            7 => compact(snapshot.block.0),
            8 => compact(snapshot.tempo_blocks),
            9 | 10 => compact(snapshot.block.0 % snapshot.tempo_blocks),
            24 => compact(1),
            25 => compact(65_535),
            26 => compact(0),
            27 => compact(snapshot.weights_rate_limit_blocks),
            45 => compact(SERVING_RATE_LIMIT),
            46 => vec![more.commit_reveal.into()],
            47 => compact(1),
            52 => list(neurons, |neuron| neuron.hotkey.0.to_vec()),
            53 => list(neurons, |neuron| neuron.coldkey.0.to_vec()),
            55 => list(neurons, |neuron| axon_in_metagraph(neuron.axon)),
            57 => list(neurons, |neuron| vec![neuron.validator_permit.into()]),
            59 => list(neurons, |neuron| compact(neuron.last_update.0)),
            62 => list(neurons, |neuron| compact(neuron.incentive.unwrap_or(0).into())),
            69 => list(neurons, |neuron| compact(neuron.stake_rao.0)),
            73 => list(commitments, |commitment| {
                let value = commitment_value(commitment.block.0, &commitment.bytes);
                [commitment.hotkey.0.to_vec(), list(value, |byte| compact(byte.into()))].concat()
            }),
            other => panic!("the client asked for field {other}, which this node does not have"),
        });
    }
    out
}

/// The same as the stored axon.
fn axon_in_metagraph(at: Option<SocketAddr>) -> Vec<u8> {
    axon_value(at)
}

/// `DynamicInfo`, as far as it is read: the rest is zeros.
pub(crate) fn dynamic_info(netuid: plimsoll_core::NetUid, name: &str, tempo: u64) -> Vec<u8> {
    let text = |text: &str| list(text.bytes(), |byte| compact(byte.into()));
    let zeros = |count: usize| vec![0; count];
    [
        compact(netuid.0.into()),
        // Owner's hotkey and coldkey.
        zeros(64),
        text(name),
        text("x"),
        compact(tempo),
        // Last step, blocks since, emission, alpha in, alpha out, tao in, alpha out emission, alpha in emission, tao in
        // emission, pending alpha emission, pending root emission, volume, registered at: compact; then no identity,
        // and a moving price of 16 bytes.
        zeros(13),
        zeros(1),
        zeros(16),
    ]
    .concat()
}
