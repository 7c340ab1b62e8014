//! Combining bytes of a plot with a mask.

use plimsoll_core::{Digest, Extent, PlotSpace, RegionSpace};

use crate::error::KernelError;
use crate::puts::{LARGEST_PUT_BYTES, check_extent, puts};
use crate::streams::{Keystream, keystream_at};

/// What bytes are combined with.
#[derive(Clone, Copy)]
pub enum Mask<'a> {
    /// The bytes of a region from `offset`; it may be the plot itself.
    Region {
        /// Where they lie.
        region: &'a dyn RegionSpace,
        /// The first of them.
        offset: u64,
    },
    /// A keystream, unit after unit: byte b of the run is masked with byte b mod `unit_bytes` of the stream of
    /// unit `first_unit` + b / `unit_bytes`.
    Stream {
        /// Which.
        kind: Keystream,
        /// Its key.
        key: Digest,
        /// Bytes of a unit.
        unit_bytes: u32,
        /// The unit at the run's first byte.
        first_unit: u64,
    },
}

impl Mask<'_> {
    fn check(&self, len: u64) -> Result<(), KernelError> {
        match *self {
            Self::Region { region, offset } => {
                check_extent(region.size_bytes(), Extent { offset, len }).map(drop)
            }
            Self::Stream { unit_bytes: 0, .. } => {
                let text = "a mask of units of 0 bytes masks nothing: unit-bytes must be 1 or more";
                Err(KernelError::BadInput(text.to_owned()))
            }
            Self::Stream { unit_bytes, first_unit, .. } => {
                let last = first_unit.checked_add(len / u64::from(unit_bytes));
                last.map(drop)
                    .ok_or_else(|| KernelError::BadInput(format!("there is no unit behind {first_unit}")))
            }
        }
    }

    /// The mask's bytes from byte `at` of the run.
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), KernelError> {
        match *self {
            Self::Region { region, offset } => Ok(region.read_at(offset + at, into)?),
            Self::Stream { kind, key, unit_bytes, first_unit } => {
                let (each, mut at, mut rest) = (u64::from(unit_bytes), at, into);
                while !rest.is_empty() {
                    let len = (each - at % each).min(rest.len() as u64);
                    let (piece, behind) = rest.split_at_mut(len as usize);
                    keystream_at(kind, &key, first_unit + at / each, at % each, piece);
                    (at, rest) = (at + len, behind);
                }
                Ok(())
            }
        }
    }
}

/// Writes the bytes at `from` of the plot XOR `mask` to the plot at `to`. Masking again gives the bytes back.
///
/// Idempotent where neither `from` nor the mask overlaps what is written. In place (`to` = `from.offset`) it is
/// *not*: whoever does that must know what was done already. A run that overlaps without being the same is
/// refused.
///
/// # Errors
/// [`KernelError::BadInput`] for runs that overlap, or a mask that cannot be; [`KernelError::Space`] as the
/// spaces say.
pub fn combine(plot: &dyn PlotSpace, from: Extent, mask: Mask<'_>, to: u64) -> Result<(), KernelError> {
    let from = check_extent(plot.size_bytes(), from)?;
    let into = check_extent(plot.size_bytes(), Extent { offset: to, len: from.len })?;
    if to != from.offset && overlap(from, into) {
        return Err(KernelError::BadInput(format!(
            "{} bytes at {} overlap the same at {to}: combine in place, or somewhere else",
            from.len, from.offset
        )));
    }
    mask.check(from.len)?;
    let (mut bytes, mut masking) = (Vec::new(), Vec::new());
    for put in puts(into, LARGEST_PUT_BYTES) {
        let (at, len) = (put.offset - to, put.len as usize);
        bytes.resize(len, 0);
        masking.resize(len, 0);
        plot.read_at(from.offset + at, &mut bytes)?;
        mask.read(at, &mut masking)?;
        for (byte, mask) in bytes.iter_mut().zip(&masking) {
            *byte ^= mask;
        }
        plot.put(put.offset, len, &mut |buffer| buffer.copy_from_slice(&bytes))?;
    }
    Ok(())
}

/// Whether two runs, both inside of a region, share a byte.
pub(crate) const fn overlap(one: Extent, other: Extent) -> bool {
    one.offset < other.offset + other.len && other.offset < one.offset + one.len
}
