//! Reed-Solomon shards through `reed-solomon-simd`: any `data` of `data` + `parity` shards give back the rest.
//!
//! The code is Leopard's over GF(2^16): a shard is a row of 64-byte blocks, each 32 symbols with their low bytes
//! first and their high bytes behind them, so that each block of all shards is a codeword of its own. Sources:
//! Lin, Al-Naffouri, Han and Chung, "Novel polynomial basis with fast Fourier transform and its application to
//! Reed-Solomon erasure codes" (2016); github.com/AndersTrier/reed-solomon-simd.
//!
//! Shard i of a stripe lies at `first` + i × `shard_bytes`: the data shards, then the parity shards.

use plimsoll_core::{Extent, PlotSpace, RegionSpace};
use reed_solomon_simd::{ReedSolomonDecoder, ReedSolomonEncoder};

use crate::error::KernelError;
use crate::puts::check_extent;

/// The most shards of a stripe, parity included.
pub const LARGEST_SHARDS: u32 = 4096;
/// Bytes that a block has in each shard.
const BLOCK_BYTES: u64 = 64;
/// Bytes of all shards that are worked on together.
const WORK_BYTES: u64 = 16 << 20;

/// Where a stripe of shards lies and how it is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stripe {
    /// First byte of the first shard.
    pub offset: u64,
    /// Bytes of one shard: a multiple of 64.
    pub shard_bytes: u64,
    /// Number of data shards.
    pub data: u32,
    /// Number of parity shards behind them.
    pub parity: u32,
}

impl Stripe {
    fn check(&self, size_bytes: u64) -> Result<(), KernelError> {
        let Self { offset, shard_bytes, data, parity } = *self;
        let shards = data.saturating_add(parity);
        if data == 0 || parity == 0 || shards > LARGEST_SHARDS {
            let text = format!(
                "{data} data and {parity} parity shards: expected 1 or more of each, at most {LARGEST_SHARDS} together"
            );
            return Err(KernelError::BadInput(text));
        }
        if shard_bytes == 0 || shard_bytes % BLOCK_BYTES != 0 {
            let text = format!("shards of {shard_bytes} bytes, expected a multiple of {BLOCK_BYTES}");
            return Err(KernelError::BadInput(text));
        }
        let len = shard_bytes.saturating_mul(u64::from(shards));
        check_extent(size_bytes, Extent { offset, len }).map(|_| ())
    }

    /// Columns over all shards that fit the working memory.
    fn columns(self) -> impl Iterator<Item = Extent> {
        let shards = u64::from(self.data + self.parity);
        let width = (WORK_BYTES / shards / BLOCK_BYTES * BLOCK_BYTES).max(BLOCK_BYTES);
        let starts = (0..self.shard_bytes).step_by(width as usize);
        starts.map(move |offset| Extent { offset, len: width.min(self.shard_bytes - offset) })
    }

    fn read(
        &self,
        space: &(impl RegionSpace + ?Sized),
        shard: u32,
        column: Extent,
    ) -> Result<Vec<u8>, KernelError> {
        let mut bytes = vec![0; column.len as usize];
        space.read_at(self.at(shard) + column.offset, &mut bytes)?;
        Ok(bytes)
    }

    const fn at(&self, shard: u32) -> u64 {
        self.offset + shard as u64 * self.shard_bytes
    }
}

/// What the crate says beyond the checks made here.
fn said(error: reed_solomon_simd::Error) -> KernelError {
    KernelError::BadInput(format!("erasure code: {error}"))
}

/// Writes the parity shards of a stripe whose data shards are there. Idempotent.
///
/// # Errors
/// [`KernelError::BadInput`] for a stripe that cannot be, [`KernelError::Space`] as the plot says.
pub fn encode_shards(plot: &dyn PlotSpace, stripe: &Stripe) -> Result<(), KernelError> {
    stripe.check(plot.size_bytes())?;
    let (data, parity) = (stripe.data as usize, stripe.parity as usize);
    for column in stripe.columns() {
        let mut encoder = ReedSolomonEncoder::new(data, parity, column.len as usize).map_err(said)?;
        for shard in 0..stripe.data {
            encoder.add_original_shard(stripe.read(plot, shard, column)?).map_err(said)?;
        }
        let encoded = encoder.encode().map_err(said)?;
        for (shard, bytes) in (stripe.data..).zip(encoded.recovery_iter()) {
            plot.write_at(stripe.at(shard) + column.offset, bytes)?;
        }
    }
    Ok(())
}

/// Writes the `missing` shards of a stripe anew from the others, data and parity alike. Idempotent.
///
/// # Errors
/// As [`encode_shards`]; also [`KernelError::BadInput`] where more are missing than there are parity shards.
pub fn restore_shards(plot: &dyn PlotSpace, stripe: &Stripe, missing: &[u32]) -> Result<(), KernelError> {
    stripe.check(plot.size_bytes())?;
    check_missing(stripe, missing)?;
    for column in stripe.columns() {
        for (shard, bytes) in restored(plot, stripe, missing, column)? {
            plot.write_at(stripe.at(shard) + column.offset, &bytes)?;
        }
    }
    Ok(())
}

/// `within` bytes of shard `shard`, which is one of the `missing`, from the others.
///
/// # Errors
/// As [`restore_shards`]; also where `shard` is not missing or `within` is outside of it.
pub fn recover_shard(
    region: &dyn RegionSpace,
    stripe: &Stripe,
    missing: &[u32],
    shard: u32,
    within: Extent,
) -> Result<Vec<u8>, KernelError> {
    stripe.check(region.size_bytes())?;
    check_missing(stripe, missing)?;
    check_extent(stripe.shard_bytes, within)?;
    if !missing.contains(&shard) {
        return Err(KernelError::BadInput(format!("shard {shard} is not among the missing: read it")));
    }
    let blocks = within.offset / BLOCK_BYTES..(within.offset + within.len).div_ceil(BLOCK_BYTES);
    let (from, end) = (blocks.start * BLOCK_BYTES, blocks.end * BLOCK_BYTES);
    let mut bytes = Vec::with_capacity((end - from) as usize);
    let part = Stripe { shard_bytes: end - from, ..*stripe };
    for column in part.columns() {
        let column = Extent { offset: from + column.offset, ..column };
        let found = restored(region, stripe, missing, column)?.into_iter().find(|(index, _)| *index == shard);
        bytes.extend(found.map(|(_, bytes)| bytes).unwrap_or_default());
    }
    Ok(bytes[(within.offset - from) as usize..][..within.len as usize].to_vec())
}

/// Ascending, distinct, there, and no more than the parity shards.
fn check_missing(stripe: &Stripe, missing: &[u32]) -> Result<(), KernelError> {
    let shards = stripe.data + stripe.parity;
    let ascending = missing.windows(2).all(|pair| pair[0] < pair[1]);
    if !ascending || missing.last().is_some_and(|&last| last >= shards) {
        let text = format!("missing shards {missing:?}: expected ascending numbers below {shards}");
        return Err(KernelError::BadInput(text));
    }
    if missing.len() > stripe.parity as usize {
        let text = format!(
            "{} shards are missing, the {} parity shards can replace no more than their own number",
            missing.len(),
            stripe.parity
        );
        return Err(KernelError::BadInput(text));
    }
    Ok(())
}

/// One column of the missing shards.
fn restored(
    space: &(impl RegionSpace + ?Sized),
    stripe: &Stripe,
    missing: &[u32],
    column: Extent,
) -> Result<Vec<(u32, Vec<u8>)>, KernelError> {
    let (data, parity, width) = (stripe.data as usize, stripe.parity as usize, column.len as usize);
    let mut decoder = ReedSolomonDecoder::new(data, parity, width).map_err(said)?;
    let mut originals: Vec<Vec<u8>> = vec![Vec::new(); data];
    let there = (0..stripe.data + stripe.parity).filter(|shard| missing.binary_search(shard).is_err());
    for (given, shard) in there.enumerate() {
        if shard >= stripe.data && given == data {
            break;
        }
        let bytes = stripe.read(space, shard, column)?;
        if shard < stripe.data {
            decoder.add_original_shard(shard as usize, &bytes).map_err(said)?;
            originals[shard as usize] = bytes;
        } else {
            decoder.add_recovery_shard((shard - stripe.data) as usize, &bytes).map_err(said)?;
        }
    }
    for (index, bytes) in decoder.decode().map_err(said)?.restored_original_iter() {
        originals[index] = bytes.to_vec();
    }
    let mut out: Vec<(u32, Vec<u8>)> = missing
        .iter()
        .filter(|&&shard| shard < stripe.data)
        .map(|&shard| (shard, originals[shard as usize].clone()))
        .collect();
    let lost_parity: Vec<u32> = missing.iter().copied().filter(|&shard| shard >= stripe.data).collect();
    if !lost_parity.is_empty() {
        let mut encoder = ReedSolomonEncoder::new(data, parity, width).map_err(said)?;
        for original in &originals {
            encoder.add_original_shard(original).map_err(said)?;
        }
        let encoded = encoder.encode().map_err(said)?;
        for shard in lost_parity {
            let bytes = encoded.recovery((shard - stripe.data) as usize).unwrap_or_default();
            out.push((shard, bytes.to_vec()));
        }
    }
    Ok(out)
}
