//! `walks`: reads that depend on one another, and reads gathered into one digest.

use plimsoll_core as core;
use plimsoll_kernels as kernels;
use wasmtime::component::{Linker, Resource};

use super::storage::{Cx, Given, extent, give, refuse, region};
use super::{digest, interface};
use crate::bindings::imports::plimsoll::plugin::pure::HashKind;
use crate::bindings::imports::plimsoll::plugin::types::Extent;
use crate::bindings::imports::plimsoll::plugin::walks::Walked;
use crate::cost;
use crate::limits::{LIST_ITEMS, NONCE_BYTES};
use crate::state::{RegionHandle, State, charge, charge_sweep};

pub(super) fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut walks = linker.instance(&interface("walks"))?;
    type WalkCall = (Resource<RegionHandle>, HashKind, Extent, u32, Vec<u8>, u32);
    walks.func_wrap(
        "walk",
        |mut store: Cx<'_>, (this, kind, over, block_bytes, state, steps): WalkCall| {
            let kind = kind.into();
            let state = digest("the state of walk", &state)?;
            let walk = kernels::Walk { over: extent(over), block_bytes, kind };
            walked(&mut store, &this, &walk, &state, steps)
        },
    )?;
    type GatherCall = (Resource<RegionHandle>, HashKind, Vec<u8>, Vec<Extent>);
    walks.func_wrap("gather-digest", |mut store: Cx<'_>, (this, kind, nonce, at): GatherCall| {
        gathered(&mut store, &this, kind.into(), &nonce, at)
    })
}

fn walked(
    store: &mut Cx<'_>,
    this: &Resource<RegionHandle>,
    walk: &kernels::Walk,
    state: &core::Digest,
    steps: u32,
) -> Given<Walked> {
    if steps as usize > LIST_ITEMS {
        return refuse(format!("a walk of {steps} steps, at most {LIST_ITEMS}"));
    }
    let space = region(store, this)?;
    let block = u64::from(walk.block_bytes.min(kernels::Walk::MOST_BLOCK_BYTES));
    let step = cost::EXTENT + block * (cost::hashed_byte(walk.kind) + cost::MOVED_BYTE);
    charge(store, cost::CALL + u64::from(steps) * step)?;
    let walked = kernels::walk(&*space, walk, state, steps);
    give(store, walked.map(|(blocks, state)| Walked { blocks, state: state.0.to_vec() }))
}

fn gathered(
    store: &mut Cx<'_>,
    this: &Resource<RegionHandle>,
    kind: kernels::HashKind,
    nonce: &[u8],
    at: Vec<Extent>,
) -> Given<Vec<u8>> {
    if at.len() > LIST_ITEMS || nonce.len() > NONCE_BYTES {
        return refuse(format!(
            "{} extents and a nonce of {} bytes, at most {LIST_ITEMS} and {NONCE_BYTES}",
            at.len(),
            nonce.len()
        ));
    }
    let space = region(store, this)?;
    let at: Vec<_> = at.into_iter().map(extent).collect();
    // Outside of the region nothing is read, so nothing is charged for it: the kernel refuses.
    let size = space.size_bytes();
    let total = at.iter().fold(0u64, |sum, e| sum.saturating_add(e.len.min(size)));
    charge(store, cost::CALL + at.len() as u64 * cost::EXTENT + nonce.len() as u64)?;
    charge_sweep(store, total, cost::hashed_byte(kind) + cost::MOVED_BYTE)?;
    let gathered = kernels::gather_digest(&*space, kind, nonce, &at);
    give(store, gathered.map(|digest| digest.0.to_vec()))
}
