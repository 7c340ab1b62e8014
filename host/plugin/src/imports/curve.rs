//! `curve`: BLS12-381 over bytes, and commitments to blocks behind handles.
//!
//! Prices are what was measured on a 2 GHz-class server, in fuel of 0.4 ns: see [`crate::cost`].

use plimsoll_core as core;
use plimsoll_kernels::curve as kernels;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, LinkerInstance, Resource, WasmList};

use super::interface;
use super::storage::{Given, give, plot, refuse, region, run_bytes, stored};
use crate::bindings::imports::plimsoll::plugin::types::Span;
use crate::cost;
use crate::limits::LIST_ITEMS;
use crate::state::{PlotHandle, RegionHandle, State, charge, charge_sweep, count_stored};

type Bytes = WasmList<u8>;
type Cx<'a> = StoreContextMut<'a, State>;

/// Hashing to the curve: 60 µs.
const HASH: u64 = 150_000;
/// Whether a point is in the group: 40 µs.
const GROUP_CHECK: u64 = 100_000;
/// A sum of products, and each of its products: 60 µs and 25 µs, or 40 µs in a sum of two.
const SUM: u64 = 150_000;
const PRODUCT: u64 = 100_000;
/// A generator that nobody used before, with its table: 1.2 ms. The same whether it is kept or not.
const GENERATOR: u64 = 3_000_000;
/// A pairing's own part, and what all share: 0.4 ms and 0.6 ms.
const PAIRING: u64 = 1_200_000;
const LAST_STEP: u64 = 1_500_000;
/// An element of a block times its coefficient: 60 ns.
const ELEMENT: u64 = 150;
/// The most pairings of one check.
const PAIRINGS: usize = 64;
/// The most bytes of a message.
const MESSAGE_BYTES: usize = 4096;

pub(super) fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut curve = linker.instance(&interface("curve"))?;
    add_points(&mut curve)?;
    add_sums(&mut curve)?;
    add_blocks(&mut curve)
}

fn add_points(curve: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    curve.func_wrap("hash-to-g1", |mut store: Cx<'_>, (domain, message): (Vec<u8>, Bytes)| {
        charge(&mut store, cost::CALL + HASH)?;
        let len = message.as_le_slice(&store).len();
        if len > MESSAGE_BYTES {
            return refuse(format!("a message of {len} bytes, at most {MESSAGE_BYTES}"));
        }
        let point = kernels::hash_to_g1(&domain, message.as_le_slice(&store)).map(Vec::from);
        give(&mut store, point)
    })?;
    curve.func_wrap("is-in-g1", |mut store: Cx<'_>, (point,): (Bytes,)| {
        charge(&mut store, cost::CALL + GROUP_CHECK)?;
        Ok((kernels::is_in_g1(point.as_le_slice(&store)),))
    })
}

fn add_sums(curve: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    curve.func_wrap("g1-sum", |mut store: Cx<'_>, (points, scalars): (Bytes, Bytes)| {
        let count = items(points.as_le_slice(&store).len(), kernels::G1_BYTES);
        if count > LIST_ITEMS || scalars.as_le_slice(&store).len() > LIST_ITEMS * kernels::SCALAR_BYTES {
            return refuse(format!("{count} points at once, at most {LIST_ITEMS}"));
        }
        charge(&mut store, cost::CALL + SUM + count as u64 * PRODUCT)?;
        let sum = kernels::g1_sum(points.as_le_slice(&store), scalars.as_le_slice(&store));
        give(&mut store, sum.map(|sum| sum.map(Vec::from)))
    })?;
    curve.func_wrap("generators-sum", |mut store: Cx<'_>, (domain, scalars): (Vec<u8>, Bytes)| {
        let count = items(scalars.as_le_slice(&store).len(), kernels::SCALAR_BYTES);
        if count > kernels::LARGEST_GENERATORS {
            return refuse(format!("{count} generators, at most {}", kernels::LARGEST_GENERATORS));
        }
        charge(&mut store, cost::CALL + SUM + count as u64 * GENERATOR)?;
        let sum = kernels::generators_sum(&domain, scalars.as_le_slice(&store));
        give(&mut store, sum.map(|sum| sum.map(Vec::from)))
    })?;
    curve.func_wrap("pairing-check", |mut store: Cx<'_>, (g1, g2): (Bytes, Bytes)| {
        let count = items(g1.as_le_slice(&store).len(), kernels::G1_BYTES);
        if count > PAIRINGS || g2.as_le_slice(&store).len() > PAIRINGS * kernels::G2_BYTES {
            return refuse(format!("{count} pairings at once, at most {PAIRINGS}"));
        }
        charge(&mut store, cost::CALL + LAST_STEP + count as u64 * PAIRING)?;
        let passes = kernels::pairing_check(g1.as_le_slice(&store), g2.as_le_slice(&store));
        give(&mut store, passes)
    })
}

fn items(bytes: usize, each: usize) -> usize {
    bytes.div_ceil(each)
}

fn add_blocks(curve: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    type CommitCall = (Resource<PlotHandle>, Vec<u8>, u32, Span, u64);
    curve.func_wrap(
        "commit-blocks",
        |mut store: Cx<'_>, (this, domain, elements, blocks, commitments): CommitCall| {
            let space = plot(&store, &this)?;
            if elements == 0 || elements > kernels::LARGEST_ELEMENTS {
                return refuse(elements_refusal(elements));
            }
            let blocks = core::Span { first: blocks.first, count: blocks.count };
            let block_bytes = elements * kernels::ELEMENT_BYTES as u32;
            let len = match run_bytes(&*space, block_bytes, blocks) {
                Ok(len) => len,
                Err(error) => return give(&mut store, Err(error.into())),
            };
            charge(&mut store, cost::CALL + cost::EXTENT + u64::from(elements) * GENERATOR)?;
            // Counted as if the blocks were written too: their bytes are what the time goes into.
            let len = len.saturating_add(blocks.count.saturating_mul(kernels::G1_BYTES as u64));
            count_stored(&mut store, len)?;
            let done = kernels::commit_blocks(&*space, &domain, elements, blocks, commitments);
            stored(&mut store, len, done)
        },
    )?;
    type CombineCall = (Resource<RegionHandle>, u32, Vec<u64>, Bytes);
    curve.func_wrap(
        "combine-blocks",
        |mut store: Cx<'_>, (this, elements, blocks, coefficients): CombineCall| -> Given<Vec<u8>> {
            let space = region(&store, &this)?;
            if blocks.len() > LIST_ITEMS {
                return refuse(format!("{} blocks at once, at most {LIST_ITEMS}", blocks.len()));
            }
            if elements == 0 || elements > kernels::LARGEST_ELEMENTS {
                return refuse(elements_refusal(elements));
            }
            let count = blocks.len() as u64;
            charge(&mut store, cost::CALL + count * (cost::EXTENT + u64::from(elements) * ELEMENT))?;
            charge_sweep(&mut store, count * u64::from(elements) * 31, cost::MOVED_BYTE)?;
            let sums = kernels::combine_blocks(&*space, elements, &blocks, coefficients.as_le_slice(&store));
            give(&mut store, sums)
        },
    )
}

fn elements_refusal(elements: u32) -> String {
    format!("blocks of {elements} elements, expected 1 to {}", kernels::LARGEST_ELEMENTS)
}
