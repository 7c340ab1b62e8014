//! `graphs`: parents, labels and chained units for plugins that verify.

use plimsoll_kernels as kernels;
use wasmtime::component::{Linker, WasmList};

use super::storage::Cx;
use super::{digest, interface};
use crate::bindings::imports::plimsoll::plugin::graphs::Chain;
use crate::bindings::imports::plimsoll::plugin::pure::HashKind;
use crate::cost;
use crate::state::{HostStop, State, charge};

impl From<Chain> for kernels::Chain {
    fn from(shape: Chain) -> Self {
        let Chain { layers, window, reverse } = shape;
        Self { layers, window, reverse }
    }
}

pub(super) fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut graphs = linker.instance(&interface("graphs"))?;
    graphs.func_wrap("sdr-parents", |mut store: Cx<'_>, (porep_id, nodes, node): (Vec<u8>, u32, u32)| {
        charge(&mut store, cost::CALL + cost::GRAPH_PARENTS)?;
        let porep_id = digest("the porep-id of sdr-parents", &porep_id)?;
        let parents = kernels::SdrGraph::new(&porep_id, nodes).and_then(|graph| graph.parents(node));
        Ok((settled("sdr-parents", parents)?.to_vec(),))
    })?;
    type LabelCall = (Vec<u8>, u32, u32, WasmList<u8>);
    graphs.func_wrap("sdr-label", |mut store: Cx<'_>, (replica_id, layer, node, parents): LabelCall| {
        // Whatever the parents, the message has one length.
        charge(&mut store, cost::CALL + 1248 * cost::hashed_byte(kernels::HashKind::Sha256))?;
        let replica_id = digest("the replica-id of sdr-label", &replica_id)?;
        let label = kernels::sdr_label(&replica_id, layer, node, parents.as_le_slice(&store));
        Ok((settled("sdr-label", label)?.0.to_vec(),))
    })?;
    type LeafCall = (Chain, Vec<u8>, u64, u32, HashKind, u64);
    graphs.func_wrap(
        "chain-leaf",
        |mut store: Cx<'_>, (shape, key, unit, unit_bytes, kind, leaves): LeafCall| {
            let (shape, kind) = (kernels::Chain::from(shape), kind.into());
            settled("chain-leaf", shape.check(unit_bytes))?;
            let key = digest("the key of chain-leaf", &key)?;
            let hashed = u64::from(unit_bytes) * cost::hashed_byte(kind);
            charge(&mut store, cost::CALL + hashed + chained(shape, unit_bytes.into()))?;
            let leaf = kernels::chain_leaf(shape, &key, unit, unit_bytes, kind, leaves);
            Ok((settled("chain-leaf", leaf)?.0.to_vec(),))
        },
    )
}

/// What chaining `bytes` costs; the shape was checked.
pub(super) fn chained(shape: kernels::Chain, bytes: u64) -> u64 {
    (bytes / 32).saturating_mul(shape.compressions() * cost::CHAINED_BLOCK)
}

/// A kernel's answer, or the end of the call: these functions have no way to say no.
fn settled<T>(what: &str, result: Result<T, kernels::KernelError>) -> wasmtime::Result<T> {
    result.map_err(|error| HostStop::BadCall(format!("{what}: {error}")).into())
}
