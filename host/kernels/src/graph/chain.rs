//! Chains: a unit of segments, each a hash over the ones before it.
//!
//! With window 1 this is the packing that Irys documents (<https://docs.irys.xyz>): the first layer is a chain
//! of SHA-256 over itself, each layer above hashes the segment that lies there and the digest before. Making a
//! unit from its seed takes as many steps as it has segments and layers, one after another; but nothing in a block
//! depends on what is far away: the last digests of every layer before it make it alone.

use std::collections::VecDeque;

use plimsoll_core::Digest;
use sha2::{Digest as _, Sha256};

use crate::digests::HashKind;
use crate::error::KernelError;
use crate::merkle::Leaves;
#[cfg(target_arch = "x86_64")]
use crate::simd::ShaNi;

/// Bytes of a segment: one digest.
pub(super) const SEGMENT_BYTES: usize = 32;

/// How a unit is made from its seed, SHA-256(key ‖ unit as eight little-endian bytes).
///
/// All digests before the first are the seed. Layer 1: segment = SHA-256(the last `window` digests, the newest
/// first). Layers above: segment = SHA-256(the segment as the layer below left it ‖ the last `window` digests,
/// the newest first). The digests run on from layer to layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// Sweeps over the unit: 1 to [`Chain::MOST_LAYERS`].
    pub layers: u32,
    /// Digests before that each segment depends on: 1 to [`Chain::MOST_WINDOW`].
    pub window: u32,
    /// Whether each layer goes from the last segment to the first.
    pub reverse: bool,
}

impl Chain {
    /// The most layers.
    pub const MOST_LAYERS: u32 = 128;
    /// The largest window.
    pub const MOST_WINDOW: u32 = 16;
    /// The largest unit: it is made in memory.
    pub const MOST_UNIT_BYTES: u32 = 4 << 20;

    /// Whether there can be such a chain over units of `unit_bytes`.
    ///
    /// # Errors
    /// [`KernelError::BadInput`] naming what is out of range.
    pub fn check(&self, unit_bytes: u32) -> Result<(), KernelError> {
        let within = |what: &str, found: u32, most: u32| match found {
            0 => Err(KernelError::BadInput(format!("{what} of a chain is 0, expected 1 to {most}"))),
            _ if found > most => {
                Err(KernelError::BadInput(format!("{what} of a chain is {found}, expected 1 to {most}")))
            }
            _ => Ok(()),
        };
        within("layers", self.layers, Self::MOST_LAYERS)?;
        within("window", self.window, Self::MOST_WINDOW)?;
        within("unit-bytes", unit_bytes, Self::MOST_UNIT_BYTES)?;
        if !(unit_bytes as usize).is_multiple_of(SEGMENT_BYTES) {
            return Err(KernelError::BadInput(format!(
                "unit-bytes of a chain is {unit_bytes}, expected a multiple of {SEGMENT_BYTES}"
            )));
        }
        Ok(())
    }

    /// Compressions of SHA-256 that a segment takes, all layers together: what its price follows.
    #[must_use]
    pub const fn compressions(&self) -> u64 {
        // A message of n digests and its padding, nine bytes.
        let first = (32 * self.window as u64 + 9).div_ceil(64);
        let above = (32 * self.window as u64 + 32 + 9).div_ceil(64);
        first + above * (self.layers as u64).saturating_sub(1)
    }
}

/// Fills `into` with unit `unit`.
///
/// # Errors
/// As [`Chain::check`].
pub fn chain_unit(chain: Chain, key: &Digest, unit: u64, into: &mut [u8]) -> Result<(), KernelError> {
    chain.check(u32::try_from(into.len()).unwrap_or(u32::MAX))?;
    let seeds = [seed(key, unit)];
    chains(chain, &seeds, [into.as_chunks_mut().0]);
    Ok(())
}

/// The Merkle leaf of unit `unit` of `unit_bytes`: leaf `unit` of `leaves`, all of the same size.
///
/// # Errors
/// As [`Chain::check`] and [`crate::merkle_leaf`].
pub fn chain_leaf(
    chain: Chain,
    key: &Digest,
    unit: u64,
    unit_bytes: u32,
    kind: HashKind,
    leaves: u64,
) -> Result<Digest, KernelError> {
    chain.check(unit_bytes)?;
    let all = Leaves::checked(kind, u64::from(unit_bytes), leaves)?;
    all.check_leaf(unit, u64::from(unit_bytes))?;
    let mut bytes = vec![0; unit_bytes as usize];
    chain_unit(chain, key, unit, &mut bytes)?;
    let mut leaf = all.begin(unit);
    leaf.update(&bytes);
    Ok(leaf.finish())
}

/// What stands for the digests before the first.
pub(super) fn seed(key: &Digest, unit: u64) -> [u8; 32] {
    Sha256::new().chain_update(key.0).chain_update(unit.to_le_bytes()).finalize().into()
}

/// Fills units of one size, checked before, from their seeds.
pub(super) fn chains<const LANES: usize>(
    chain: Chain,
    seeds: &[[u8; 32]; LANES],
    mut units: [&mut [[u8; SEGMENT_BYTES]]; LANES],
) {
    #[cfg(target_arch = "x86_64")]
    if let (1, Some(machine)) = (chain.window, ShaNi::detect()) {
        return machine.chains(chain.layers, chain.reverse, seeds, &mut units);
    }
    for (seed, unit) in seeds.iter().zip(&mut units) {
        portable(chain, seed, unit);
    }
}

/// One unit, as the definition says.
pub(super) fn portable(chain: Chain, seed: &[u8; 32], unit: &mut [[u8; SEGMENT_BYTES]]) {
    let mut newest_first: VecDeque<[u8; 32]> = vec![*seed; chain.window as usize].into();
    for layer in 0..chain.layers {
        for step in 0..unit.len() {
            let at = if chain.reverse { unit.len() - 1 - step } else { step };
            let mut hash = Sha256::new();
            if layer > 0 {
                hash.update(unit[at]);
            }
            newest_first.iter().for_each(|digest| hash.update(digest));
            unit[at] = hash.finalize().into();
            newest_first.pop_back();
            newest_first.push_front(unit[at]);
        }
    }
}
