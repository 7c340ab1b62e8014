//! The native twin of `erasure`: all shards in memory, through the crate that defines the code.

use crate::erasure::Stripe;
use crate::{PluginError, Result};

#[allow(clippy::needless_pass_by_value, reason = "it ends the errors that it is mapped over")]
fn bad<T>(what: impl ToString) -> Result<T> {
    Err(PluginError::BadInput(what.to_string()))
}

/// All shards of `stripe` in `bytes`, after a check.
fn shards(stripe: &Stripe, bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
    let Stripe { offset, shard_bytes, data, parity } = *stripe;
    let count = u64::from(data) + u64::from(parity);
    let end = shard_bytes.checked_mul(count).and_then(|len| len.checked_add(offset));
    if data == 0 || parity == 0 || count > 4096 || shard_bytes == 0 || shard_bytes % 64 != 0 {
        return bad("a stripe has data and parity, at most 4096 shards, each of a multiple of 64 bytes");
    }
    match end {
        Some(end) if end <= bytes.len() as u64 => {
            let all = &bytes[offset as usize..end as usize];
            Ok(all.chunks(shard_bytes as usize).map(<[u8]>::to_vec).collect())
        }
        _ => bad(format!("the stripe {stripe:?} is outside of {} bytes", bytes.len())),
    }
}

/// The stripe's bytes with its parity shards made from its data shards.
pub(crate) fn encoded(stripe: &Stripe, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut all = shards(stripe, bytes)?;
    all.truncate(stripe.data as usize);
    let parity =
        reed_solomon_simd::encode(stripe.data as usize, stripe.parity as usize, &all).or_else(bad)?;
    Ok([all, parity].concat().concat())
}

/// The stripe's bytes with the `missing` shards made from the others.
pub(crate) fn restored(stripe: &Stripe, bytes: &[u8], missing: &[u32]) -> Result<Vec<u8>> {
    let (data, parity) = (stripe.data as usize, stripe.parity as usize);
    let mut all = shards(stripe, bytes)?;
    let ascending = missing.windows(2).all(|pair| pair[0] < pair[1]);
    if !ascending || missing.last().is_some_and(|&last| last as usize >= all.len()) || missing.len() > parity
    {
        return bad("missing shards are ascending, of the stripe, and no more than its parity shards");
    }
    let there = |index: &usize| !missing.contains(&(*index as u32));
    let originals = (0..data).filter(there).map(|index| (index, &all[index]));
    let recovery = (data..data + parity).filter(there).map(|index| (index - data, &all[index]));
    let found = reed_solomon_simd::decode(data, parity, originals, recovery).or_else(bad)?;
    for (index, shard) in found {
        all[index] = shard;
    }
    let parity = reed_solomon_simd::encode(data, parity, &all[..data]).or_else(bad)?;
    all.truncate(data);
    Ok([all, parity].concat().concat())
}
