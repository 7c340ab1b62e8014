//! What can be done to a ledger, and the bytes that are signed for it.
//!
//! The signed bytes, all integers little-endian, every variable part behind its length as `u64`:
//!
//! ```text
//! len ‖ "plimsoll ledger extrinsic v1" ‖ genesis 32 ‖ signer 32 ‖ nonce u64 ‖ len ‖ call
//!
//! call:  0 register      netuid u16 ‖ coldkey 32
//!        1 serve-axon    netuid u16 ‖ 4 ‖ IPv4 4 ‖ port u16, or netuid u16 ‖ 6 ‖ IPv6 16 ‖ port u16
//!        2 commit        netuid u16 ‖ len ‖ bytes
//!        3 set-weights   netuid u16 ‖ n u64 ‖ n × (uid u16 ‖ weight u16)
//!        4 set-stake     netuid u16 ‖ hotkey 32 ‖ rao u64 ‖ permit 0 or 1
//!        5 advance       blocks u32
//! ```
//!
//! Distinct calls give distinct bytes (the tests read them back), so a signature is for one call only. The
//! flow label and scope of an IPv6 address are not signed and not kept.

use std::net::{IpAddr, SocketAddr};

use plimsoll_core::{
    BlockNumber, Digest, Hotkey, Keypair, NetUid, Signature, StakeRao, Uid, verify_signature,
};
use serde::{Deserialize, Serialize};

const DOMAIN: &[u8] = b"plimsoll ledger extrinsic v1";

/// One thing to do to a ledger. Who does it is the signer of the [`Extrinsic`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Call {
    /// Take a place of a subnet.
    Register {
        /// The subnet.
        netuid: NetUid,
        /// The key that owns the signer, and pays.
        coldkey: Hotkey,
    },
    /// Say where the signer serves.
    ServeAxon {
        /// The subnet.
        netuid: NetUid,
        /// Where.
        at: SocketAddr,
    },
    /// Commit to some bytes.
    Commit {
        /// The subnet.
        netuid: NetUid,
        /// At most 128.
        #[serde(with = "hex")]
        bytes: Vec<u8>,
    },
    /// Set weights.
    SetWeights {
        /// The subnet.
        netuid: NetUid,
        /// Whom, and how much.
        weights: Vec<(Uid, u16)>,
    },
    /// Sudo: set a neuron's stake and permit.
    SetStake {
        /// The subnet.
        netuid: NetUid,
        /// Whose.
        hotkey: Hotkey,
        /// The new stake.
        stake_rao: StakeRao,
        /// Whether it may set weights from now on.
        validator_permit: bool,
    },
    /// Sudo: make blocks.
    Advance {
        /// How many.
        blocks: u32,
    },
}

/// A call with its signature, good once and on one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extrinsic {
    /// What.
    pub call: Call,
    /// Who.
    pub signer: Hotkey,
    /// The signer's next number, counted from 0.
    pub nonce: u64,
    /// The hash of block 0 of the ledger it is for.
    pub genesis: Digest,
    /// Over the bytes described in this module.
    pub signature: Signature,
}

/// What became of an accepted extrinsic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The block it took effect in.
    pub block: BlockNumber,
    /// The place that a registration was given.
    pub uid: Option<Uid>,
}

impl Extrinsic {
    /// Signs `call`.
    #[must_use]
    pub fn sign(key: &Keypair, nonce: u64, genesis: Digest, call: Call) -> Self {
        let signer = key.hotkey();
        let signature = key.sign(&signed_bytes(&call, &signer, nonce, &genesis));
        Self { call, signer, nonce, genesis, signature }
    }

    /// Whether the signature is the signer's over exactly this.
    #[must_use]
    pub fn is_genuine(&self) -> bool {
        let bytes = signed_bytes(&self.call, &self.signer, self.nonce, &self.genesis);
        verify_signature(&self.signer, &bytes, &self.signature)
    }
}

/// The bytes to sign: see the head of this module.
pub(crate) fn signed_bytes(call: &Call, signer: &Hotkey, nonce: u64, genesis: &Digest) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    put(&mut out, DOMAIN);
    out.extend_from_slice(genesis.as_bytes());
    out.extend_from_slice(signer.as_bytes());
    out.extend_from_slice(&nonce.to_le_bytes());
    put(&mut out, &call_bytes(call));
    out
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn call_bytes(call: &Call) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    match call {
        Call::Register { netuid, coldkey } => {
            start(&mut out, 0, *netuid);
            out.extend_from_slice(coldkey.as_bytes());
        }
        Call::ServeAxon { netuid, at } => {
            start(&mut out, 1, *netuid);
            match at.ip() {
                IpAddr::V4(ip) => {
                    out.push(4);
                    out.extend_from_slice(&ip.octets());
                }
                IpAddr::V6(ip) => {
                    out.push(6);
                    out.extend_from_slice(&ip.octets());
                }
            }
            out.extend_from_slice(&at.port().to_le_bytes());
        }
        Call::Commit { netuid, bytes } => {
            start(&mut out, 2, *netuid);
            put(&mut out, bytes);
        }
        Call::SetWeights { netuid, weights } => {
            start(&mut out, 3, *netuid);
            out.extend_from_slice(&(weights.len() as u64).to_le_bytes());
            for (uid, weight) in weights {
                out.extend_from_slice(&uid.0.to_le_bytes());
                out.extend_from_slice(&weight.to_le_bytes());
            }
        }
        Call::SetStake { netuid, hotkey, stake_rao, validator_permit } => {
            start(&mut out, 4, *netuid);
            out.extend_from_slice(hotkey.as_bytes());
            out.extend_from_slice(&stake_rao.0.to_le_bytes());
            out.push(u8::from(*validator_permit));
        }
        Call::Advance { blocks } => {
            out.push(5);
            out.extend_from_slice(&blocks.to_le_bytes());
        }
    }
    out
}

fn start(out: &mut Vec<u8>, tag: u8, netuid: NetUid) {
    out.push(tag);
    out.extend_from_slice(&netuid.0.to_le_bytes());
}

#[cfg(test)]
#[path = "call_tests.rs"]
mod tests;
