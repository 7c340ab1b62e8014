//! `pure`: native kernels over bytes, for plugins that verify.

use plimsoll_core::Digest;
use plimsoll_kernels as kernels;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, LinkerInstance, WasmList};

use super::{at_most, digest, interface};
use crate::bindings::imports::plimsoll::plugin::pure::{HashKind, Keystream};
use crate::cost;
use crate::limits::{NONCE_BYTES, READ_BYTES, REGENERATE_BYTES};
use crate::state::{HostStop, State, charge};

type Bytes = WasmList<u8>;
type Cx<'a> = StoreContextMut<'a, State>;

impl From<HashKind> for kernels::HashKind {
    fn from(kind: HashKind) -> Self {
        match kind {
            HashKind::Blake3 => Self::Blake3,
            HashKind::Sha256 => Self::Sha256,
        }
    }
}

impl From<Keystream> for kernels::Keystream {
    fn from(kind: Keystream) -> Self {
        match kind {
            Keystream::Blake3Xof => Self::Blake3Xof,
            Keystream::Chacha8 => Self::ChaCha8,
            Keystream::Chacha12 => Self::ChaCha12,
            Keystream::Chacha20 => Self::ChaCha20,
            Keystream::Aes128Ctr => Self::Aes128Ctr,
        }
    }
}

pub(super) fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut pure = linker.instance(&interface("pure"))?;
    add_digests(&mut pure)?;
    add_streams(&mut pure)?;
    add_merkle(&mut pure)
}

/// What a hash over `bytes` costs.
fn charge_hash(store: &mut Cx<'_>, kind: kernels::HashKind, bytes: u64) -> wasmtime::Result<()> {
    charge(store, cost::CALL + bytes.saturating_mul(cost::hashed_byte(kind)))
}

fn add_digests(pure: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    pure.func_wrap("digest-of", |mut store: Cx<'_>, (kind, bytes): (HashKind, Bytes)| {
        let kind = kind.into();
        let len = bytes.as_le_slice(&store).len() as u64;
        charge_hash(&mut store, kind, len)?;
        Ok((kernels::digest_of(kind, bytes.as_le_slice(&store)).0.to_vec(),))
    })?;
    pure.func_wrap("keyed-digest", |mut store: Cx<'_>, (key, bytes): (Vec<u8>, Bytes)| {
        let key = digest("the key of keyed-digest", &key)?;
        let len = bytes.as_le_slice(&store).len() as u64;
        charge_hash(&mut store, kernels::HashKind::Blake3, len)?;
        Ok((kernels::keyed_digest(&key, bytes.as_le_slice(&store)).0.to_vec(),))
    })
}

fn add_streams(pure: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    pure.func_wrap(
        "keystream-at",
        |mut store: Cx<'_>, (kind, key, unit, offset, len): (Keystream, Vec<u8>, u64, u64, u32)| {
            at_most("the length of keystream-at", len.into(), READ_BYTES)?;
            let (kind, key) = (kind.into(), digest("the key of keystream-at", &key)?);
            if offset.checked_add(len.into()).is_none() {
                return Err(HostStop::BadCall(format!("keystream-at ends behind offset {offset}")).into());
            }
            charge(&mut store, cost::CALL + u64::from(len) * (cost::stream_byte(kind) + cost::MOVED_BYTE))?;
            let mut out = vec![0; len as usize];
            kernels::keystream_at(kind, &key, unit, offset, &mut out);
            Ok((out,))
        },
    )?;
    type DigestCall = (Keystream, Vec<u8>, u64, u32, HashKind, Bytes);
    pure.func_wrap(
        "keystream-digest",
        |mut store: Cx<'_>, (kind, key, unit, len, hash, nonce): DigestCall| {
            let (kind, hash) = (kind.into(), hash.into());
            let key = regeneration(&mut store, "keystream-digest", kind, &key, len, hash)?;
            let nonce = nonce.as_le_slice(&store);
            at_most("the nonce of keystream-digest", nonce.len() as u64, NONCE_BYTES as u64)?;
            Ok((kernels::keystream_digest(kind, &key, unit, len, hash, nonce).0.to_vec(),))
        },
    )?;
    type LeafCall = (Keystream, Vec<u8>, u64, u32, HashKind, u64);
    pure.func_wrap("keystream-leaf", |mut store: Cx<'_>, (kind, key, unit, len, hash, leaves): LeafCall| {
        let (kind, hash) = (kind.into(), hash.into());
        let key = regeneration(&mut store, "keystream-leaf", kind, &key, len, hash)?;
        settled("keystream-leaf", kernels::keystream_leaf(kind, &key, unit, len, hash, leaves))
    })?;
    pure.func_wrap("seed-text", |mut store: Cx<'_>, (state, len): (Vec<u8>, u32)| {
        at_most("the length of seed-text", len.into(), REGENERATE_BYTES.into())?;
        let state = digest("the state of seed-text", &state)?;
        charge(&mut store, cost::CALL + u64::from(len) * (cost::SEED_TEXT_BYTE + cost::MOVED_BYTE))?;
        let mut out = vec![0; len as usize];
        kernels::seed_text(&state, &mut out);
        Ok((out,))
    })?;
    pure.func_wrap("seed-text-digests", |mut store: Cx<'_>, (state, len, nonce): (Vec<u8>, u32, Bytes)| {
        at_most("the length of seed-text-digests", len.into(), REGENERATE_BYTES.into())?;
        let state = digest("the state of seed-text-digests", &state)?;
        let nonce_bytes = nonce.as_le_slice(&store).len();
        at_most("the nonce of seed-text-digests", nonce_bytes as u64, NONCE_BYTES as u64)?;
        let hashed = [kernels::HashKind::Sha256, kernels::HashKind::Blake3].map(cost::hashed_byte);
        let each = cost::SEED_TEXT_BYTE + hashed.iter().sum::<u64>();
        charge(&mut store, cost::CALL + (u64::from(len) + nonce_bytes as u64) * each)?;
        let [sha256, blake3] = kernels::seed_text_digests(&state, len, nonce.as_le_slice(&store));
        Ok(((sha256.0.to_vec(), blake3.0.to_vec()),))
    })
}

/// The common part of what regenerates a unit: its size, its price, its key.
fn regeneration(
    store: &mut Cx<'_>,
    what: &str,
    kind: kernels::Keystream,
    key: &[u8],
    len: u32,
    hash: kernels::HashKind,
) -> wasmtime::Result<Digest> {
    at_most(&format!("the length of {what}"), len.into(), REGENERATE_BYTES.into())?;
    charge(store, cost::CALL + u64::from(len) * (cost::stream_byte(kind) + cost::hashed_byte(hash)))?;
    digest(&format!("the key of {what}"), key)
}

/// A kernel's answer, or the end of the call: these functions have no way to say no.
fn settled(what: &str, result: Result<Digest, kernels::KernelError>) -> wasmtime::Result<(Vec<u8>,)> {
    match result {
        Ok(digest) => Ok((digest.0.to_vec(),)),
        Err(error) => Err(HostStop::BadCall(format!("{what}: {error}")).into()),
    }
}

fn add_merkle(pure: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    pure.func_wrap(
        "merkle-leaf",
        |mut store: Cx<'_>, (kind, leaf_bytes, leaves, index, bytes): (HashKind, u32, u64, u64, Bytes)| {
            let kind: kernels::HashKind = kind.into();
            let len = bytes.as_le_slice(&store).len() as u64;
            charge_hash(&mut store, kind, len)?;
            let bytes = bytes.as_le_slice(&store);
            settled("merkle-leaf", kernels::merkle_leaf(kind, leaf_bytes.into(), leaves, index, bytes))
        },
    )?;
    type VerifyCall = (HashKind, Vec<u8>, u64, u64, Vec<u8>, Bytes);
    pure.func_wrap(
        "merkle-verify",
        |mut store: Cx<'_>, (kind, root, leaves, index, leaf, path): VerifyCall| {
            let levels = path.as_le_slice(&store).len() as u64 / 32;
            charge(&mut store, cost::CALL + levels.saturating_mul(cost::LEVEL))?;
            let root = digest("the root of merkle-verify", &root)?;
            let leaf = digest("the leaf of merkle-verify", &leaf)?;
            let path = path.as_le_slice(&store);
            Ok((kernels::merkle_verify(kind.into(), &root, leaves, index, &leaf, path),))
        },
    )
}
