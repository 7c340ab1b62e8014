//! What the host offers: the interfaces of the contract, and nothing else. Every function
//! charges fuel first, checks sizes second and works third.

mod available;
mod curve;
mod erasure;
mod graph_plots;
mod graphs;
mod labels;
mod log;
mod memory;
mod pospace;
mod pure;
mod scan;
mod storage;
mod walks;

use plimsoll_core::Digest;
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::PluginError;
use crate::state::{HostStop, State};

/// The version of the contract that this host serves, as part of interface names.
pub(crate) const SERVED: &str = "0.1.0";

/// The name of an interface of the contract.
pub(crate) fn interface(name: &str) -> String {
    format!("plimsoll:plugin/{name}@{SERVED}")
}

/// A linker with the contract's imports. There is no WASI in it, and nothing stands in for what is unknown.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<State>, PluginError> {
    let mut linker = Linker::new(engine);
    let added = log::add(&mut linker)
        .and_then(|()| pure::add(&mut linker))
        .and_then(|()| storage::add(&mut linker))
        .and_then(|()| labels::add(&mut linker))
        .and_then(|()| scan::add(&mut linker))
        .and_then(|()| graphs::add(&mut linker))
        .and_then(|()| graph_plots::add(&mut linker))
        .and_then(|()| walks::add(&mut linker))
        .and_then(|()| curve::add(&mut linker))
        .and_then(|()| erasure::add(&mut linker))
        .and_then(|()| pospace::add(&mut linker))
        .and_then(|()| add_types(&mut linker));
    added.map_err(|e| PluginError::Engine(format!("{e:#}")))?;
    Ok(linker)
}

/// `types` holds no function, but a component may still import it by name.
fn add_types(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.instance(&interface("types"))?;
    Ok(())
}

/// A digest argument, or the end of the call: the contract says 32 bytes.
fn digest(what: &str, bytes: &[u8]) -> wasmtime::Result<Digest> {
    Digest::from_slice(bytes)
        .ok_or_else(|| HostStop::BadCall(format!("{what} has {} bytes, not 32", bytes.len())).into())
}

/// A count within its limit, or the end of the call.
fn at_most(what: &str, found: u64, most: u64) -> wasmtime::Result<()> {
    if found > most {
        return Err(HostStop::BadCall(format!("{what} is {found}, at most {most}")).into());
    }
    Ok(())
}
