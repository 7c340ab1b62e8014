//! Chia's proof of space: plots of k = 18 into memory and checks of proofs, against the crate and its files.

use std::error::Error;
use std::hint::black_box;

use chia_pos2::{create_v2_single_plot_group, validate_proof_v2};
use plimsoll_core::{Digest, Extent};
use plimsoll_kernels::pospace::{OpenPlot, PlotForm, verify_plot_proof, write_plot};
use plimsoll_plugin::MemorySpace;
use tempfile::TempDir;

use super::kernel::{Done, Kernel, prepared};

const K: u8 = 18;
const STRENGTH: u8 = 2;
const GROUP_ID: Digest = Digest([7; 32]);
const CRATE: &str = "crate chia-pos2";
/// Of so many challenges one has no chain with less than 2^-58.
const MOST_CHALLENGES: u8 = 64;

pub(super) fn kernels() -> Vec<Kernel> {
    let making = prepared(room, |(form, plot): &mut (PlotForm, MemorySpace)| {
        Ok(write_plot(black_box(plot), *form, &GROUP_ID, 0)?)
    });
    let checking = prepared(proven, |Proven { form, challenge, proof }| {
        let is_valid = verify_plot_proof(*form, &GROUP_ID, challenge, black_box(proof))?;
        expect(is_valid)
    });
    vec![
        // The crate makes tables on every core.
        Kernel::of_items(format!("chia tables, k = {K}"), 1, "plots", making)
            .against(CRATE, crate_makes())
            .on_all_cores(),
        Kernel::of_items(format!("chia proofs checked, k = {K}"), 1, "proofs", checking)
            .against(CRATE, crate_checks()),
    ]
}

fn room() -> Result<(PlotForm, MemorySpace), Box<dyn Error>> {
    let form = PlotForm::new(K, STRENGTH)?;
    Ok((form, MemorySpace::new(form.unit_bytes() as usize)))
}

struct Proven {
    form: PlotForm,
    challenge: Digest,
    proof: Vec<u8>,
}

fn proven() -> Result<Proven, Box<dyn Error>> {
    let (form, plot) = room()?;
    write_plot(&plot, form, &GROUP_ID, 0)?;
    let whole = Extent { offset: 0, len: form.unit_bytes().into() };
    let open = OpenPlot::open(&plot, form, &GROUP_ID, whole)?;
    for challenge in (0..MOST_CHALLENGES).map(|number| Digest([number; 32])) {
        for chain in open.chains(&challenge)? {
            if let Some(proof) = open.solve(&challenge, &chain) {
                return Ok(Proven { form, challenge, proof });
            }
        }
    }
    Err(format!("a plot of k = {K} has no proof for any of {MOST_CHALLENGES} challenges").into())
}

fn expect(is_valid: bool) -> Done {
    if is_valid { Ok(()) } else { Err("a right proof is refused".into()) }
}

fn crate_makes() -> impl FnMut() -> Done {
    let make = || Ok(tempfile::tempdir()?);
    prepared(make, |folder: &mut TempDir| {
        let path = folder.path().join("reference.plot2");
        create_v2_single_plot_group(&path, K, STRENGTH, &GROUP_ID.0, 0, 0, b"reference")?;
        Ok(())
    })
}

fn crate_checks() -> impl FnMut() -> Done {
    prepared(proven, |Proven { challenge, proof, .. }| {
        let chain = validate_proof_v2(&GROUP_ID.0, 0, K, STRENGTH, 0, &challenge.0, black_box(proof));
        expect(black_box(chain).is_some())
    })
}
