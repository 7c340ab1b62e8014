//! `erasure`: Reed-Solomon shards behind handles.

use plimsoll_kernels::erasure as kernels;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};

use super::interface;
use super::storage::{Given, extent, give, plot, refuse, region, stored};
use crate::bindings::imports::plimsoll::plugin::erasure::Stripe;
use crate::bindings::imports::plimsoll::plugin::types::Extent;
use crate::cost;
use crate::limits::{LIST_ITEMS, READ_BYTES};
use crate::state::{PlotHandle, RegionHandle, State, charge, count_stored};

type Cx<'a> = StoreContextMut<'a, State>;

/// A byte of a shard that is read or made: 2 ns, decoding and encoding together.
const SHARD_BYTE: u64 = 5;
/// What a codec takes before its first byte: 0.4 ms for the largest.
const CODEC: u64 = 1_000_000;

impl From<Stripe> for kernels::Stripe {
    fn from(stripe: Stripe) -> Self {
        let Stripe { offset, shard_bytes, data, parity } = stripe;
        Self { offset, shard_bytes, data, parity }
    }
}

/// Bytes of `shards` shards.
fn shard_bytes(stripe: &kernels::Stripe, shards: u64) -> u64 {
    stripe.shard_bytes.saturating_mul(shards)
}

/// Bytes of all shards, at most what the space has: a stripe that does not fit is refused by the kernel.
fn stripe_bytes(stripe: &kernels::Stripe, size_bytes: u64) -> u64 {
    shard_bytes(stripe, u64::from(stripe.data) + u64::from(stripe.parity)).min(size_bytes)
}

pub(super) fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut erasure = linker.instance(&interface("erasure"))?;
    erasure.func_wrap(
        "encode",
        |mut store: Cx<'_>, (this, stripe): (Resource<PlotHandle>, Stripe)| -> Given<()> {
            let (space, stripe) = (plot(&store, &this)?, kernels::Stripe::from(stripe));
            charge(&mut store, cost::CALL + cost::EXTENT + CODEC)?;
            // Counted with what is read for it, so that the time is bounded by what the plot holds.
            let len = stripe_bytes(&stripe, space.size_bytes());
            count_stored(&mut store, len)?;
            stored(&mut store, len, kernels::encode_shards(&*space, &stripe))
        },
    )?;
    type RestoreCall = (Resource<PlotHandle>, Stripe, Vec<u32>);
    erasure.func_wrap("restore", |mut store: Cx<'_>, (this, stripe, missing): RestoreCall| -> Given<()> {
        if missing.len() > LIST_ITEMS {
            return refuse(format!("{} missing shards at once, at most {LIST_ITEMS}", missing.len()));
        }
        let (space, stripe) = (plot(&store, &this)?, kernels::Stripe::from(stripe));
        charge(&mut store, cost::CALL + cost::EXTENT + 2 * CODEC)?;
        let len = stripe_bytes(&stripe, space.size_bytes());
        count_stored(&mut store, len)?;
        stored(&mut store, len, kernels::restore_shards(&*space, &stripe, &missing))
    })?;
    type RecoverCall = (Resource<RegionHandle>, Stripe, Vec<u32>, u32, Extent);
    erasure.func_wrap(
        "recover",
        |mut store: Cx<'_>, (this, stripe, missing, shard, within): RecoverCall| -> Given<Vec<u8>> {
            if missing.len() > LIST_ITEMS || within.len > READ_BYTES {
                return refuse(format!(
                    "{} missing shards and {} bytes at once, at most {LIST_ITEMS} and {READ_BYTES}",
                    missing.len(),
                    within.len
                ));
            }
            let (space, stripe) = (region(&store, &this)?, kernels::Stripe::from(stripe));
            let shards = (u64::from(stripe.data) + u64::from(stripe.parity)).min(LIST_ITEMS as u64);
            // Whole blocks of 64 bytes are worked on: at most one more at either end.
            charge(&mut store, cost::CALL + 2 * CODEC + shards * cost::EXTENT)?;
            charge(&mut store, shards.saturating_mul(within.len + 128).saturating_mul(SHARD_BYTE))?;
            let bytes = kernels::recover_shard(&*space, &stripe, &missing, shard, extent(within));
            give(&mut store, bytes)
        },
    )
}
