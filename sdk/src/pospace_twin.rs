//! The native twin of `pospace`: the crate that defines the proofs, with plots in the temporary folder.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use chia_pos2::{Prover, create_v2_single_plot_group, solve_proof, validate_proof_v2};

use crate::pospace::{PlotForm, PlotProof};
use crate::{Digest, PluginError, Result};

/// A file that is gone when this is.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name =
            format!("plimsoll-{}-{}.plot2", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it ends the errors that it is mapped over")]
fn failed(error: impl ToString) -> PluginError {
    PluginError::Storage(error.to_string())
}

pub(crate) fn unit_bytes(form: PlotForm) -> Result<u32> {
    let PlotForm { k, strength } = form;
    let most = if k < 28 { k.saturating_sub(3).min(17) } else { 17 };
    if !(18..=28).contains(&k) || k % 2 != 0 || !(2..=most).contains(&strength) {
        let text = format!("no plot has k = {k} and strength {strength}: k is even and from 18 to 28");
        return Err(PluginError::BadInput(text));
    }
    // The mean size of a plot and a hundredth, with the length and the digest, to the next 4 KiB.
    let file_bytes = (1u64 << k) * (100 * u64::from(k) + 215) / 800;
    Ok((file_bytes + 40).next_multiple_of(4096) as u32)
}

/// A whole unit: the plot file, zeros, its length, a digest.
pub(crate) fn unit(form: PlotForm, group_id: &Digest) -> Result<Vec<u8>> {
    let len = unit_bytes(form)? as usize;
    let file = Temporary::new();
    create_v2_single_plot_group(&file.0, form.k, form.strength, group_id, 0, 0, b"plimsoll")
        .map_err(failed)?;
    let mut unit = std::fs::read(&file.0).map_err(failed)?;
    let file_bytes = unit.len() as u64;
    assert!(unit.len() <= len - 40, "a plot of {file_bytes} bytes does not fit its unit of {len}");
    unit.resize(len - 40, 0);
    unit.extend_from_slice(&file_bytes.to_le_bytes());
    let digest = blake3::hash(&unit);
    unit.extend_from_slice(digest.as_bytes());
    Ok(unit)
}

pub(crate) fn prove(
    form: PlotForm,
    group_id: &Digest,
    unit: &[u8],
    challenges: &[Digest],
    most: u32,
) -> Result<Vec<PlotProof>> {
    if unit.len() != unit_bytes(form)? as usize || challenges.len() > 256 || most > 16 {
        return Err(PluginError::BadInput(
            "a unit of another size, or more than 256 challenges or 16 proofs".into(),
        ));
    }
    let (body, digest) = unit.split_last_chunk::<32>().ok_or_else(|| failed("a short unit"))?;
    if blake3::hash(body) != *digest {
        return Err(failed("the unit is damaged: it has another digest than it names"));
    }
    let (padded, len) = body.split_last_chunk::<8>().ok_or_else(|| failed("a short unit"))?;
    let file = Temporary::new();
    std::fs::write(&file.0, &padded[..u64::from_le_bytes(*len) as usize]).map_err(failed)?;
    let prover = Prover::new(&file.0).map_err(failed)?;
    if prover.plot_group_id() != group_id || prover.size() != form.k || prover.get_strength() != form.strength
    {
        return Err(failed("the unit holds another plot"));
    }
    let mut proofs = Vec::new();
    for (number, challenge) in (0..).zip(challenges) {
        if proofs.len() as u32 == most {
            break;
        }
        let chains = prover.get_qualities_for_challenge(challenge).map_err(failed)?;
        let solved = chains.iter().find_map(|found| {
            let proof = solve_proof(&found.chain, &prover.plot_id_for_index(0), form.k, form.strength);
            verify(form, group_id, challenge, &proof).ok()?.then_some(proof)
        });
        proofs.extend(solved.map(|proof| PlotProof { challenge: number, proof }));
    }
    Ok(proofs)
}

pub(crate) fn verify(form: PlotForm, group_id: &Digest, challenge: &Digest, proof: &[u8]) -> Result<bool> {
    unit_bytes(form)?;
    let PlotForm { k, strength } = form;
    let passes = || validate_proof_v2(group_id, 0, k, strength, 0, challenge, proof).is_some();
    Ok(proof.len() == form.proof_bytes() && passes())
}
