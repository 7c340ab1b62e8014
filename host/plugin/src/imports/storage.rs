//! `storage`: native kernels over regions. A handle is a capability: without one there is nothing to reach.

use std::sync::Arc;

use plimsoll_core::{self as core, PlotSpace, RegionSpace, SpaceError};
use plimsoll_kernels::{self as kernels, KernelError};
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, LinkerInstance, Resource, ResourceType, WasmList};

use super::{digest, interface};
use crate::bindings::imports::plimsoll::plugin::pure::{HashKind, Keystream};
use crate::bindings::imports::plimsoll::plugin::types::{Extent, PluginError, Span};
use crate::cost;
use crate::limits::{LIST_ITEMS, NONCE_BYTES, READ_BYTES};
use crate::state::{
    HostStop, PlotHandle, RegionHandle, State, charge, charge_sweep, count_stored, reward_stored,
};

type Bytes = WasmList<u8>;
pub(super) type Cx<'a> = StoreContextMut<'a, State>;
/// What a function of storage gives a plugin; the outer error ends the call.
pub(super) type Given<T> = wasmtime::Result<(Result<T, PluginError>,)>;

pub(super) fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut storage = linker.instance(&interface("storage"))?;
    storage.resource("region", ResourceType::host::<RegionHandle>(), |mut store, rep| {
        store.data_mut().table.delete(Resource::<RegionHandle>::new_own(rep))?;
        Ok(())
    })?;
    storage.resource("plot", ResourceType::host::<PlotHandle>(), |mut store, rep| {
        store.data_mut().table.delete(Resource::<PlotHandle>::new_own(rep))?;
        Ok(())
    })?;
    add_region_reads(&mut storage)?;
    add_region_kernels(&mut storage)?;
    add_plot(&mut storage)
}

pub(super) fn region(
    store: &Cx<'_>,
    handle: &Resource<RegionHandle>,
) -> wasmtime::Result<Arc<dyn RegionSpace>> {
    Ok(Arc::clone(&store.data().table.get(handle)?.0))
}

pub(super) fn plot(store: &Cx<'_>, handle: &Resource<PlotHandle>) -> wasmtime::Result<Arc<dyn PlotSpace>> {
    Ok(Arc::clone(&store.data().table.get(handle)?.0))
}

pub(super) fn extent(at: Extent) -> core::Extent {
    core::Extent { offset: at.offset, len: at.len }
}

pub(super) fn refuse<T>(why: String) -> Given<T> {
    Ok((Err(PluginError::BadInput(why)),))
}

/// Hands a kernel's result on. A failing disk or a wish to stop ends the call here: a plugin can do nothing
/// about either, and must not turn them into an answer.
pub(super) fn give<T>(store: &mut Cx<'_>, result: Result<T, KernelError>) -> Given<T> {
    match result {
        Ok(value) => Ok((Ok(value),)),
        Err(KernelError::Space(error)) => {
            if store.data_mut().note(&error) {
                Ok((Err(PluginError::Storage(error.to_string())),))
            } else {
                Err(HostStop::Storage.into())
            }
        }
        Err(KernelError::Unsupported(why)) => Ok((Err(PluginError::Unsupported(why)),)),
        Err(error) => Ok((Err(PluginError::BadInput(error.to_string())),)),
    }
}

/// Reads `at` one after another into one list.
fn read_extents(store: &mut Cx<'_>, space: &dyn RegionSpace, at: &[core::Extent]) -> Given<Vec<u8>> {
    if at.len() > LIST_ITEMS {
        return refuse(format!("{} extents at once, at most {LIST_ITEMS}", at.len()));
    }
    let total = at.iter().fold(0u64, |sum, e| sum.saturating_add(e.len));
    if total > READ_BYTES {
        return refuse(format!("{total} bytes at once, at most {READ_BYTES}"));
    }
    charge(store, cost::CALL + at.len() as u64 * cost::EXTENT + total * cost::MOVED_BYTE)?;
    let mut out = vec![0; usize::try_from(total)?];
    let mut rest = &mut out[..];
    let mut read = Ok(());
    for e in at {
        let (into, later) = rest.split_at_mut(usize::try_from(e.len)?);
        rest = later;
        read = space.read_at(e.offset, into).map_err(KernelError::Space);
        if read.is_err() {
            break;
        }
    }
    give(store, read.map(|()| out))
}

fn add_region_reads(storage: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    storage.func_wrap("[method]region.size", |mut store: Cx<'_>, (this,): (Resource<RegionHandle>,)| {
        charge(&mut store, cost::CALL)?;
        Ok((region(&store, &this)?.size_bytes(),))
    })?;
    storage.func_wrap(
        "[method]region.read",
        |mut store: Cx<'_>, (this, at): (Resource<RegionHandle>, Extent)| {
            let space = region(&store, &this)?;
            read_extents(&mut store, &*space, &[extent(at)])
        },
    )?;
    storage.func_wrap(
        "[method]region.read-many",
        |mut store: Cx<'_>, (this, at): (Resource<RegionHandle>, Vec<Extent>)| {
            let space = region(&store, &this)?;
            let at: Vec<_> = at.into_iter().map(extent).collect();
            read_extents(&mut store, &*space, &at)
        },
    )
}

fn add_region_kernels(storage: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    type DigestCall = (Resource<RegionHandle>, HashKind, Vec<u8>, Vec<Extent>);
    storage.func_wrap(
        "[method]region.digest-many",
        |mut store: Cx<'_>, (this, kind, nonce, at): DigestCall| {
            digest_many(&mut store, &this, kind.into(), &nonce, at)
        },
    )?;
    type RootCall = (Resource<RegionHandle>, HashKind, u32, Extent);
    storage.func_wrap(
        "[method]region.merkle-root",
        |mut store: Cx<'_>, (this, kind, leaf_bytes, over): RootCall| {
            let space = region(&store, &this)?;
            let tree = kernels::Tree { kind: kind.into(), leaf_bytes: leaf_bytes.into(), over: extent(over) };
            charge_tree(&mut store, &*space, &tree, 1)?;
            let root = kernels::merkle_root(&*space, &tree).map(|root| root.0.to_vec());
            give(&mut store, root)
        },
    )?;
    type PathsCall = (Resource<RegionHandle>, HashKind, u32, Extent, Vec<u64>);
    storage.func_wrap(
        "[method]region.merkle-paths",
        |mut store: Cx<'_>, (this, kind, leaf_bytes, over, leaves): PathsCall| {
            if leaves.len() > LIST_ITEMS {
                return refuse(format!("{} leaves at once, at most {LIST_ITEMS}", leaves.len()));
            }
            let space = region(&store, &this)?;
            let tree = kernels::Tree { kind: kind.into(), leaf_bytes: leaf_bytes.into(), over: extent(over) };
            charge_tree(&mut store, &*space, &tree, leaves.len() as u64)?;
            give(&mut store, kernels::merkle_paths(&*space, &tree, &leaves))
        },
    )
}

fn digest_many(
    store: &mut Cx<'_>,
    this: &Resource<RegionHandle>,
    kind: kernels::HashKind,
    nonce: &[u8],
    at: Vec<Extent>,
) -> Given<Vec<Vec<u8>>> {
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
    charge(store, cost::CALL + at.len() as u64 * (cost::EXTENT + nonce.len() as u64))?;
    charge_sweep(store, total, cost::hashed_byte(kind) + cost::MOVED_BYTE)?;
    let digests = kernels::digest_extents(&*space, kind, nonce, &at);
    give(store, digests.map(|all| all.iter().map(|d| d.0.to_vec()).collect()))
}

/// A tree costs its bytes, unless the region keeps it: then it costs a group and a path for each leaf.
fn charge_tree(
    store: &mut Cx<'_>,
    space: &dyn RegionSpace,
    tree: &kernels::Tree,
    leaves: u64,
) -> wasmtime::Result<()> {
    charge(store, cost::CALL + leaves.saturating_mul(cost::EXTENT))?;
    let bytes = tree.over.len.min(space.size_bytes());
    let is_over_all = tree.over == core::Extent { offset: 0, len: space.size_bytes() };
    if is_over_all && tree.kind == kernels::HashKind::Blake3 && space.integrity_nodes(0, 0, 1).is_some() {
        let levels = u64::from(u64::BITS - (bytes / kernels::INTEGRITY_LEAF_BYTES).leading_zeros());
        return charge(store, leaves.saturating_mul(kernels::INTEGRITY_LEAF_BYTES + levels * cost::EXTENT));
    }
    // Leaves this small cost by their number, not by their bytes: a leaf and its node hash four blocks of 64 bytes.
    let bytes = bytes.saturating_mul(256_u64.div_ceil(tree.leaf_bytes.max(1)));
    charge_sweep(store, bytes, cost::hashed_byte(tree.kind) + cost::MOVED_BYTE)
}

fn add_plot(storage: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    storage.func_wrap("[method]plot.size", |mut store: Cx<'_>, (this,): (Resource<PlotHandle>,)| {
        charge(&mut store, cost::CALL)?;
        Ok((plot(&store, &this)?.size_bytes(),))
    })?;
    storage.func_wrap(
        "[method]plot.read",
        |mut store: Cx<'_>, (this, at): (Resource<PlotHandle>, Extent)| {
            let space = plot(&store, &this)?;
            read_extents(&mut store, &*space, &[extent(at)])
        },
    )?;
    storage.func_wrap(
        "[method]plot.write",
        |mut store: Cx<'_>, (this, offset, bytes): (Resource<PlotHandle>, u64, Bytes)| {
            let space = plot(&store, &this)?;
            let len = bytes.as_le_slice(&store).len() as u64;
            if len > READ_BYTES {
                return refuse(format!("{len} bytes at once, at most {READ_BYTES}"));
            }
            charge(&mut store, cost::CALL + cost::EXTENT + len * cost::MOVED_BYTE)?;
            count_stored(&mut store, len)?;
            let written = space.write_at(offset, bytes.as_le_slice(&store)).map_err(KernelError::Space);
            stored(&mut store, len, written)
        },
    )?;
    type FillCall = (Resource<PlotHandle>, Keystream, Vec<u8>, u32, Span);
    storage.func_wrap(
        "[method]plot.fill",
        |mut store: Cx<'_>, (this, kind, key, unit_bytes, units): FillCall| {
            let space = plot(&store, &this)?;
            let key = digest("the key of plot.fill", &key)?;
            let units = core::Span { first: units.first, count: units.count };
            let len = match run_bytes(&*space, unit_bytes, units) {
                Ok(len) => len,
                Err(error) => return give(&mut store, Err(KernelError::Space(error))),
            };
            charge(&mut store, cost::CALL + cost::EXTENT)?;
            count_stored(&mut store, len)?;
            let filled = kernels::fill(&*space, kind.into(), &key, unit_bytes, units);
            stored(&mut store, len, filled)
        },
    )?;
    type SeedTextCall = (Resource<PlotHandle>, Vec<u8>, u32, Span, u64);
    storage.func_wrap(
        "[method]plot.fill-seed-text",
        |mut store: Cx<'_>, (this, state, unit_bytes, units, rows): SeedTextCall| {
            let space = plot(&store, &this)?;
            let state = digest("the state of plot.fill-seed-text", &state)?;
            let units = core::Span { first: units.first, count: units.count };
            let len = match run_bytes(&*space, unit_bytes, units) {
                Ok(len) => len,
                Err(error) => return give(&mut store, Err(KernelError::Space(error))),
            };
            charge(&mut store, cost::CALL + cost::EXTENT)?;
            count_stored(&mut store, len.saturating_add(units.count.saturating_mul(64)))?;
            let filled = kernels::fill_seed_text(&*space, &state, unit_bytes, units, rows);
            stored(&mut store, len, filled.map(|next| next.0.to_vec()))
        },
    )
}

/// Bytes of `units`, if they lie inside of `space`.
pub(super) fn run_bytes(
    space: &dyn RegionSpace,
    unit_bytes: u32,
    units: core::Span,
) -> Result<u64, SpaceError> {
    let size_bytes = space.size_bytes();
    if unit_bytes == 0 {
        return Err(SpaceError::Refused("a unit of no bytes".into()));
    }
    let unit = u64::from(unit_bytes);
    let offset = units.first.saturating_mul(unit);
    let len = units.count.saturating_mul(unit);
    match offset.checked_add(len) {
        Some(end) if end <= size_bytes => Ok(len),
        _ => Err(SpaceError::OutOfRange { offset, len, size_bytes }),
    }
}

/// What was stored earns fuel; what could not be stored is told.
pub(super) fn stored<T>(store: &mut Cx<'_>, len: u64, result: Result<T, KernelError>) -> Given<T> {
    if result.is_ok() {
        reward_stored(store, len)?;
    }
    give(store, result)
}
