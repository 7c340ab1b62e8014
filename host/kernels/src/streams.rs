//! Streams of bytes keyed by 32 bytes, and filling a plot with them.

use std::fmt;

use plimsoll_core::{Digest, PlotSpace, Span};
use serde::{Deserialize, Serialize};

use crate::aes_ctr;
use crate::chacha::{self, Start};
use crate::digests::{HashKind, Hashing};
use crate::error::KernelError;
use crate::isa::Isa;
use crate::merkle::Leaves;
use crate::puts::{LARGEST_PUT_BYTES, check_units, puts};

/// A stream of bytes keyed by 32 bytes, one a unit.
///
/// BLAKE3's is the extended output of keyed BLAKE3 over the unit's index as eight little-endian bytes. The
/// ciphers use these eight bytes as their nonce and count blocks from zero. AES takes the first 16 bytes of
/// the key; its counter block is the nonce's eight bytes, then the counter in eight big-endian ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum Keystream {
    /// Keyed BLAKE3, extended output.
    Blake3Xof,
    /// ChaCha, 8 rounds, 64-bit nonce and counter.
    #[serde(rename = "chacha8")]
    ChaCha8,
    /// ChaCha, 12 rounds, 64-bit nonce and counter.
    #[serde(rename = "chacha12")]
    ChaCha12,
    /// ChaCha, 20 rounds, 64-bit nonce and counter.
    #[serde(rename = "chacha20")]
    ChaCha20,
    /// AES-128 in counter mode.
    Aes128Ctr,
}

impl Keystream {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Blake3Xof, Self::ChaCha8, Self::ChaCha12, Self::ChaCha20, Self::Aes128Ctr];

    /// The name in parameters and tables, as serialised.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blake3Xof => "blake3-xof",
            Self::ChaCha8 => "chacha8",
            Self::ChaCha12 => "chacha12",
            Self::ChaCha20 => "chacha20",
            Self::Aes128Ctr => "aes128-ctr",
        }
    }
}

impl fmt::Display for Keystream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Fills `into` with the stream of unit `unit` from byte `offset`.
pub fn keystream_at(kind: Keystream, key: &Digest, unit: u64, offset: u64, into: &mut [u8]) {
    keystream_by(Isa::best(), kind, key, unit, offset, into);
}

/// The same with one implementation of ChaCha, for comparison. Where the machine lacks `isa`, the portable
/// one is used. AES has vectors of its own with [`Isa::Avx512`] where the machine has VAES, else it and BLAKE3
/// choose for themselves.
pub fn keystream_by(isa: Isa, kind: Keystream, key: &Digest, unit: u64, offset: u64, into: &mut [u8]) {
    let start = || Start::new(key.as_bytes(), unit);
    match kind {
        Keystream::Blake3Xof => {
            let mut hasher = blake3::Hasher::new_keyed(key.as_bytes());
            let mut output = hasher.update(&unit.to_le_bytes()).finalize_xof();
            output.set_position(offset);
            output.fill(into);
        }
        Keystream::ChaCha8 => chacha::keystream::<8>(isa, &start(), offset, into),
        Keystream::ChaCha12 => chacha::keystream::<12>(isa, &start(), offset, into),
        Keystream::ChaCha20 => chacha::keystream::<20>(isa, &start(), offset, into),
        Keystream::Aes128Ctr => {
            let mut half = [0; 16];
            half.copy_from_slice(&key.as_bytes()[..16]);
            aes_ctr::keystream(isa, &half, unit, offset, into);
        }
    }
}

/// Fills each unit of `units` with its stream; unit i begins at i × `unit_bytes`. Idempotent.
///
/// # Errors
/// [`KernelError::BadInput`] for empty units, [`KernelError::Space`] as the plot says.
pub fn fill(
    plot: &dyn PlotSpace,
    kind: Keystream,
    key: &Digest,
    unit_bytes: u32,
    units: Span,
) -> Result<(), KernelError> {
    let over = check_units(plot.size_bytes(), unit_bytes, units)?;
    let unit_bytes = u64::from(unit_bytes);
    for put in puts(over, LARGEST_PUT_BYTES) {
        plot.put(put.offset, put.len as usize, &mut |buffer| {
            let mut at = put.offset;
            let mut rest = buffer;
            while !rest.is_empty() {
                let (unit, inside) = (at / unit_bytes, at % unit_bytes);
                let len = (unit_bytes - inside).min(rest.len() as u64);
                let (piece, behind) = rest.split_at_mut(len as usize);
                keystream_at(kind, key, unit, inside, piece);
                at += len;
                rest = behind;
            }
        })?;
    }
    Ok(())
}

/// H(`nonce` ‖ first `len` bytes of the unit's stream), in constant memory.
#[must_use]
pub fn keystream_digest(
    kind: Keystream,
    key: &Digest,
    unit: u64,
    len: u32,
    hash: HashKind,
    nonce: &[u8],
) -> Digest {
    let mut hashing = Hashing::new(hash);
    hashing.update(nonce);
    each_piece(kind, key, unit, len, |piece| hashing.update(piece));
    hashing.finish()
}

/// The Merkle leaf of the unit's first `len` bytes: leaf `unit` of `leaves`, all of `len` bytes.
///
/// # Errors
/// As [`crate::merkle_leaf`].
pub fn keystream_leaf(
    kind: Keystream,
    key: &Digest,
    unit: u64,
    len: u32,
    hash: HashKind,
    leaves: u64,
) -> Result<Digest, KernelError> {
    let all = Leaves::checked(hash, u64::from(len), leaves)?;
    all.check_leaf(unit, u64::from(len))?;
    let mut leaf = all.begin(unit);
    each_piece(kind, key, unit, len, |piece| leaf.update(piece));
    Ok(leaf.finish())
}

/// Regenerates the first `len` bytes of a unit in pieces that stay in the processor's cache.
fn each_piece(kind: Keystream, key: &Digest, unit: u64, len: u32, mut eat: impl FnMut(&[u8])) {
    const PIECE_BYTES: u64 = 16 * 1024;
    let mut buffer = [0; PIECE_BYTES as usize];
    let mut at = 0;
    while at < u64::from(len) {
        let piece = &mut buffer[..PIECE_BYTES.min(u64::from(len) - at) as usize];
        keystream_at(kind, key, unit, at, piece);
        eat(piece);
        at += PIECE_BYTES;
    }
}
