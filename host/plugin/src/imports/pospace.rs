//! `pospace`: Chia's proof of space.

use plimsoll_core::{Digest, PlotSpace, Span};
use plimsoll_kernels::KernelError;
use plimsoll_kernels::pospace::{self as kernels, OpenPlot, PlotForm};
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, WasmList};

use super::memory::reserve;
use super::storage::{Given, extent, give, plot, refuse, region, run_bytes, stored};
use super::{digest, interface};
use crate::bindings::imports::plimsoll::plugin::pospace::{Form, Found};
use crate::bindings::imports::plimsoll::plugin::types::Extent;
use crate::cost;
use crate::state::{PlotHandle, RegionHandle, State, charge, charge_sweep, count_stored};

type Cx<'a> = StoreContextMut<'a, State>;
/// Region, form, group id, unit, challenges, and the most proofs that are wanted.
type ProveCall = (Resource<RegionHandle>, Form, Vec<u8>, Extent, Vec<Vec<u8>>, u32);

/// A challenge that is looked up: 1 ms, and 6 ns for each of the 2^(k - 6) chunks in the plot's index.
const fn look_up(k: u8) -> u64 {
    5_000_000 + (16 << (k - 6))
}
/// A proof that is verified: 20 µs.
const VERIFY: u64 = 50_000;
/// The most challenges of one call.
const CHALLENGES: usize = 256;
/// Chains of one challenge that are tried: nearly always the first one is solved.
const CHAINS: usize = 4;
/// The most proofs of one call.
const PROOFS: u32 = 16;

/// Solving a proof, on all cores together: 35, 74, 163 and 397 ms for k = 18 to 24, estimated above.
const fn solving(k: u8) -> u64 {
    match k {
        ..20 => 100_000_000,
        20..22 => 220_000_000,
        22..24 => 450_000_000,
        24..26 => 1_000_000_000,
        26..28 => 2_200_000_000,
        28.. => 5_000_000_000,
    }
}

fn form(form: Form) -> Result<PlotForm, KernelError> {
    PlotForm::new(form.k, form.strength)
}

pub(super) fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut pospace = linker.instance(&interface("pospace"))?;
    pospace.func_wrap("unit-bytes", |mut store: Cx<'_>, (wanted,): (Form,)| {
        charge(&mut store, cost::CALL)?;
        give(&mut store, form(wanted).map(PlotForm::unit_bytes))
    })?;
    type WriteCall = (Resource<PlotHandle>, Form, Vec<u8>, u64);
    pospace.func_wrap("write-plot", |mut store: Cx<'_>, (this, wanted, group, unit): WriteCall| {
        let (space, group) = (plot(&store, &this)?, digest("the group id of write-plot", &group)?);
        charge(&mut store, cost::CALL + cost::EXTENT)?;
        let form = match form(wanted) {
            Ok(form) => form,
            Err(error) => return give(&mut store, Err(error)),
        };
        write_plot(&mut store, &*space, form, &group, unit)
    })?;
    pospace.func_wrap("prove", |mut store: Cx<'_>, call: ProveCall| prove(&mut store, call))?;
    type VerifyCall = (Form, Vec<u8>, Vec<u8>, WasmList<u8>);
    pospace.func_wrap("verify", |mut store: Cx<'_>, (wanted, group, challenge, proof): VerifyCall| {
        charge(&mut store, cost::CALL + VERIFY)?;
        let group = digest("the group id of verify", &group)?;
        let challenge = digest("the challenge of verify", &challenge)?;
        let passes = form(wanted)
            .and_then(|form| kernels::verify_plot_proof(form, &group, &challenge, proof.as_le_slice(&store)));
        give(&mut store, passes)
    })
}

fn write_plot(
    store: &mut Cx<'_>,
    space: &dyn PlotSpace,
    form: PlotForm,
    group: &Digest,
    unit: u64,
) -> Given<()> {
    let units = Span { first: unit, count: 1 };
    let len = match run_bytes(space, form.unit_bytes(), units) {
        Ok(len) => len,
        Err(error) => return give(store, Err(KernelError::Space(error))),
    };
    count_stored(store, len)?;
    let _reserved = match reserve(space, "a plot of this k", form.memory_bytes(), "a smaller k takes less") {
        Ok(reserved) => reserved,
        Err(denied) => return denied.answer(store),
    };
    stored(store, len, kernels::write_plot(space, form, group, unit))
}

fn prove(store: &mut Cx<'_>, (this, wanted, group, at, challenges, most): ProveCall) -> Given<Vec<Found>> {
    let (space, group) = (region(store, &this)?, digest("the group id of prove", &group)?);
    if challenges.len() > CHALLENGES || most > PROOFS {
        return refuse(format!(
            "{} challenges and {most} proofs at once, at most {CHALLENGES} and {PROOFS}",
            challenges.len()
        ));
    }
    let form = match form(wanted) {
        Ok(form) => form,
        Err(error) => return give(store, Err(error)),
    };
    let challenges = challenges.iter().map(|bytes| digest("a challenge of prove", bytes));
    let challenges: Vec<Digest> = challenges.collect::<wasmtime::Result<_>>()?;
    charge(store, cost::CALL + cost::EXTENT)?;
    charge_sweep(store, at.len.min(space.size_bytes()), 1 + cost::MOVED_BYTE)?;
    let plot = match OpenPlot::open(&*space, form, &group, extent(at)) {
        Ok(plot) => plot,
        Err(error) => return give(store, Err(error)),
    };
    let mut found = Vec::new();
    for (number, challenge) in (0..).zip(&challenges) {
        if found.len() as u64 == u64::from(most) {
            break;
        }
        charge(store, look_up(wanted.k))?;
        let chains = match plot.chains(challenge) {
            Ok(chains) => chains,
            Err(error) => return give(store, Err(error)),
        };
        for chain in chains.iter().take(CHAINS) {
            charge(store, solving(wanted.k))?;
            if let Some(proof) = plot.solve(challenge, chain) {
                found.push(Found { challenge: number, proof });
                break;
            }
        }
    }
    Ok((Ok(found),))
}
