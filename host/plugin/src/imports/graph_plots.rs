//! `graph-plots`: filling plots with stacked graphs, chains and masks.

use std::sync::Arc;

use plimsoll_core::{self as core, Digest, PlotSpace};
use plimsoll_kernels::{self as kernels, KernelError, Mask, SdrParents};
use wasmtime::component::{Linker, LinkerInstance, Resource};

use super::graphs::chained;
use super::memory::reserve;
use super::storage::{Cx, Given, extent, give, plot, refuse, run_bytes, stored};
use super::{digest, interface};
use crate::bindings::imports::plimsoll::plugin::graph_plots::Sdr;
use crate::bindings::imports::plimsoll::plugin::graphs::Chain;
use crate::bindings::imports::plimsoll::plugin::pure::Keystream;
use crate::bindings::imports::plimsoll::plugin::types::{Extent, Span};
use crate::cost;
use crate::limits::LIST_ITEMS;
use crate::state::{PlotHandle, State, charge, charge_sweep, count_stored, reward, reward_stored};

/// What is read or cleared for a node before its graph is filled with: its labels in two layers.
const SWEPT_NODE_BYTES: u64 = 64;
/// Chained bytes that are charged, stored and paid back together, and at most about this much fuel of them: some
/// two seconds, a small part of what `fill` begins with.
const PIECE_BYTES: u64 = 4 << 20;
const PIECE_FUEL: u64 = 4_000_000_000;

pub(super) fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut plots = linker.instance(&interface("graph-plots"))?;
    type SdrCall = (Resource<PlotHandle>, Sdr, Vec<Vec<u8>>, Span);
    plots.func_wrap("fill-sdr", |mut store: Cx<'_>, (this, shape, replica_ids, labels): SdrCall| {
        fill_sdr(&mut store, &this, &shape, &replica_ids, labels)
    })?;
    type ChainCall = (Resource<PlotHandle>, Chain, Vec<u8>, u32, Span);
    plots.func_wrap(
        "fill-chain",
        |mut store: Cx<'_>, (this, shape, key, unit_bytes, units): ChainCall| {
            let key = digest("the key of fill-chain", &key)?;
            let units = core::Span { first: units.first, count: units.count };
            fill_chain(&mut store, &this, shape.into(), &key, unit_bytes, units)
        },
    )?;
    add_masks(&mut plots)
}

fn fill_sdr(
    store: &mut Cx<'_>,
    this: &Resource<PlotHandle>,
    shape: &Sdr,
    replica_ids: &[Vec<u8>],
    labels: Span,
) -> Given<()> {
    if replica_ids.len() > LIST_ITEMS {
        return refuse(format!("{} replica ids at once, at most {LIST_ITEMS}", replica_ids.len()));
    }
    let space = plot(store, this)?;
    let porep_id = digest("the porep-id of fill-sdr", &shape.porep_id)?;
    let replica_ids = replica_ids.iter().map(|id| digest("a replica id of fill-sdr", id));
    let replica_ids = replica_ids.collect::<wasmtime::Result<Vec<Digest>>>()?;
    let sectors = kernels::Sdr { nodes: shape.nodes, layers: shape.layers };
    charge(store, cost::CALL + cost::EXTENT)?;
    // Before anything is prepared: sectors as large as this plot has, an id for each, and memory for them.
    let checked = sectors
        .check_in(space.size_bytes(), labels.first, labels.count)
        .and_then(|touched| kernels::Sdr::check_ids(&touched, replica_ids.len()));
    if let Err(error) = checked {
        return give(store, Err(error));
    }
    if labels.count == 0 {
        return Ok((Ok(()),));
    }
    charge_sweep(store, u64::from(shape.nodes) * SWEPT_NODE_BYTES, cost::GRAPH_LABEL_BYTE)?;
    count_stored(store, labels.count * 32)?;
    // A graph that somebody fills with already takes no memory again.
    let table_bytes = match is_kept(store, &porep_id, shape.nodes) {
        true => 0,
        false => SdrParents::table_bytes(shape.nodes),
    };
    let needed = sectors.memory_bytes(replica_ids.len() as u64) + table_bytes;
    let filling = format!("filling sectors of {} nodes", shape.nodes);
    let _reserved = match reserve(&*space, &filling, needed, "smaller sectors take less") {
        Ok(reserved) => reserved,
        Err(denied) => return denied.answer(store),
    };
    let parents = match graph(store, &porep_id, shape.nodes) {
        Ok(parents) => parents,
        Err(error) => return give(store, Err(error)),
    };
    let filled = kernels::fill_sdr(&*space, &parents, sectors, &replica_ids, labels.first, labels.count);
    stored(store, labels.count * 32, filled)
}

/// Whether this instance or any other fills with the graph: then it is kept for this call.
fn is_kept(store: &mut Cx<'_>, porep_id: &Digest, nodes: u32) -> bool {
    let kept = &mut store.data_mut().graph;
    if kept.as_ref().is_none_or(|graph| !graph.is_of(porep_id, nodes)) {
        // Another one goes before the new one comes.
        *kept = None;
        *kept = SdrParents::in_use(porep_id, nodes);
    }
    kept.is_some()
}

/// The graph, kept for the next call: it is shared by all instances that fill with it.
fn graph(store: &mut Cx<'_>, porep_id: &Digest, nodes: u32) -> Result<Arc<SdrParents>, KernelError> {
    let kept = &mut store.data_mut().graph;
    if let Some(graph) = kept.as_ref().filter(|graph| graph.is_of(porep_id, nodes)) {
        return Ok(Arc::clone(graph));
    }
    let graph = SdrParents::shared(porep_id, nodes)?;
    *kept = Some(Arc::clone(&graph));
    Ok(graph)
}

fn fill_chain(
    store: &mut Cx<'_>,
    this: &Resource<PlotHandle>,
    shape: kernels::Chain,
    key: &Digest,
    unit_bytes: u32,
    units: core::Span,
) -> Given<()> {
    let space = plot(store, this)?;
    charge(store, cost::CALL)?;
    let checked = shape.check(unit_bytes).and_then(|()| Ok(run_bytes(&*space, unit_bytes, units)?));
    if let Err(error) = checked {
        return give(store, Err(error));
    }
    let each = u64::from(unit_bytes);
    let most = (PIECE_BYTES / each).min(PIECE_FUEL / chained(shape, each).max(1)).max(1);
    for piece in units.pieces(most) {
        let len = piece.count * each;
        let fuel = cost::EXTENT + chained(shape, len);
        charge(store, fuel)?;
        count_stored(store, len)?;
        if let Err(error) = kernels::fill_chain(&*space, shape, key, unit_bytes, piece) {
            return give(store, Err(error));
        }
        reward(store, fuel)?;
        reward_stored(store, len)?;
    }
    Ok((Ok(()),))
}

fn add_masks(plots: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    type StreamCall = (Resource<PlotHandle>, Extent, Keystream, Vec<u8>, u32, u64, u64);
    plots.func_wrap(
        "combine-stream",
        |mut store: Cx<'_>, (this, source, kind, key, unit_bytes, first_unit, to): StreamCall| {
            let space = plot(&store, &this)?;
            let key = digest("the key of combine-stream", &key)?;
            let mask = Mask::Stream { kind: kind.into(), key, unit_bytes, first_unit };
            combine(&mut store, &*space, source, mask, &[source.offset], to)
        },
    )?;
    type BytesCall = (Resource<PlotHandle>, Extent, u64, u64);
    plots.func_wrap("combine-bytes", |mut store: Cx<'_>, (this, source, offset, to): BytesCall| {
        let space = plot(&store, &this)?;
        let mask = Mask::Region { region: &*space, offset };
        combine(&mut store, &*space, source, mask, &[source.offset, offset], to)
    })
}

/// Combines where nothing that is read is written: only that can be done again.
fn combine(
    store: &mut Cx<'_>,
    space: &dyn PlotSpace,
    source: Extent,
    mask: Mask<'_>,
    read_from: &[u64],
    to: u64,
) -> Given<()> {
    let len = source.len;
    if let Some(offset) = read_from.iter().find(|offset| offset.abs_diff(to) < len) {
        return refuse(format!(
            "{len} bytes at {to} would overwrite what is read at {offset}: write elsewhere"
        ));
    }
    charge(store, cost::CALL + 2 * cost::EXTENT)?;
    count_stored(store, len.min(space.size_bytes()))?;
    let combined = kernels::combine(space, extent(source), mask, to);
    stored(store, len, combined)
}
