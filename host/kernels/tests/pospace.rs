//! Chia's proof of space: what the kernel makes passes the crate's own verifier, and nothing else passes.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use std::sync::LazyLock;

use plimsoll_core::{Digest, Extent, RegionSpace};
use plimsoll_kernels::pospace::{OpenPlot, PlotForm, verify_plot_proof, write_plot};
use plimsoll_kernels::{HashKind, KernelError, digest_of};
use support::{Memory, some_bytes};

const GROUP: Digest = Digest([0x12; 32]);

fn form() -> PlotForm {
    PlotForm::new(18, 2).unwrap()
}

fn unit(index: u64) -> Extent {
    let len = u64::from(form().unit_bytes());
    Extent { offset: index * len, len }
}

/// Two units: noise, and the plot of `GROUP`.
static PLOT: LazyLock<Memory> = LazyLock::new(|| {
    let memory = Memory::new(some_bytes(2 * form().unit_bytes() as usize, 3));
    write_plot(&memory, form(), &GROUP, 1).unwrap();
    memory
});

fn challenge(number: u32) -> Digest {
    digest_of(HashKind::Blake3, &number.to_le_bytes())
}

fn challenges(count: u32) -> Vec<Digest> {
    (0..count).map(challenge).collect()
}

struct PlotProof {
    challenge: u32,
    proof: Vec<u8>,
}

/// The first `most` proofs for `asked`, one each.
fn prove_plot(
    memory: &Memory,
    form: PlotForm,
    group: &Digest,
    at: Extent,
    asked: &[Digest],
    most: usize,
) -> Result<Vec<PlotProof>, KernelError> {
    let plot = OpenPlot::open(memory, form, group, at)?;
    let proofs = (0..).zip(asked).filter_map(|(number, asked)| {
        let chains = plot.chains(asked).unwrap();
        let proof = chains.iter().find_map(|chain| plot.solve(asked, chain))?;
        Some(PlotProof { challenge: number, proof })
    });
    Ok(proofs.take(most).collect())
}

#[test]
fn proofs_pass_the_verifier_of_the_crate_and_answer_one_challenge_each() {
    let asked = challenges(32);
    let proofs = prove_plot(&PLOT, form(), &GROUP, unit(1), &asked, usize::MAX).unwrap();
    assert!(proofs.len() > 8, "{} proofs for 32 challenges", proofs.len());
    for found in &proofs {
        let asked = asked[found.challenge as usize];
        let passed = chia_pos2::validate_proof_v2(&GROUP.0, 0, 18, 2, 0, &asked.0, &found.proof);
        assert!(passed.is_some(), "challenge {}", found.challenge);
        assert!(verify_plot_proof(form(), &GROUP, &asked, &found.proof).unwrap());
        assert!(!verify_plot_proof(form(), &GROUP, &challenge(99), &found.proof).unwrap());
        assert!(!verify_plot_proof(form(), &Digest([0x13; 32]), &asked, &found.proof).unwrap());
        let harder = PlotForm::new(18, 3).unwrap();
        assert!(!verify_plot_proof(harder, &GROUP, &asked, &found.proof).unwrap());
    }
    let again = prove_plot(&PLOT, form(), &GROUP, unit(1), &asked, 2).unwrap();
    assert!(again.iter().zip(&proofs).all(|(one, other)| one.proof == other.proof));
}

#[test]
fn about_every_other_challenge_has_a_proof_and_there_is_one_chain_a_challenge() {
    let plot = OpenPlot::open(&*PLOT, form(), &GROUP, unit(1)).unwrap();
    let counts: Vec<usize> = challenges(400).iter().map(|asked| plot.chains(asked).unwrap().len()).collect();
    let answered = counts.iter().filter(|&&count| count > 0).count();
    let chains: usize = counts.iter().sum();
    assert!((160..240).contains(&answered), "{answered} of 400");
    assert!((250..520).contains(&chains), "{chains} chains for 400 challenges");
}

#[test]
fn a_proof_with_any_flipped_bit_or_another_length_fails() {
    let found = prove_plot(&PLOT, form(), &GROUP, unit(1), &challenges(32), 1).unwrap().remove(0);
    let asked = challenge(found.challenge);
    assert_eq!(found.proof.len(), 288);
    for bit in 0..8 * found.proof.len() {
        let mut bad = found.proof.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(!verify_plot_proof(form(), &GROUP, &asked, &bad).unwrap(), "bit {bit}");
    }
    for len in [0, 1, 287, 289, 576] {
        let mut bad = found.proof.clone();
        bad.resize(len, 0);
        assert!(!verify_plot_proof(form(), &GROUP, &asked, &bad).unwrap(), "{len} bytes");
    }
}

#[test]
fn the_kernel_verifies_proofs_that_the_crate_made_from_its_own_file() {
    let path = std::env::temp_dir().join(format!("plimsoll-pospace-{}.plot2", std::process::id()));
    let group = [0x77; 32];
    chia_pos2::create_v2_single_plot_group(&path, 18, 2, &group, 0, 0, &[7; 112]).unwrap();
    let prover = chia_pos2::Prover::new(&path).unwrap();
    let mut verified = 0;
    for number in 0..8 {
        let asked = challenge(number);
        for quality in prover.get_qualities_for_challenge(&asked.0).unwrap() {
            let proof = chia_pos2::solve_proof(&quality.chain, &prover.plot_id_for_index(0), 18, 2);
            assert!(verify_plot_proof(form(), &Digest(group), &asked, &proof).unwrap());
            verified += 1;
        }
    }
    std::fs::remove_file(&path).unwrap();
    assert!(verified > 0);
}

#[test]
fn a_unit_begins_with_a_file_that_the_crate_reads_and_ends_with_its_digest() {
    let bytes = PLOT.bytes()[unit(1).offset as usize..].to_vec();
    let path = std::env::temp_dir().join(format!("plimsoll-unit-{}.plot2", std::process::id()));
    std::fs::write(&path, &bytes).unwrap();
    let prover = chia_pos2::Prover::new(&path).unwrap();
    assert_eq!((prover.size(), prover.get_strength(), *prover.plot_group_id()), (18, 2, GROUP.0));
    let found = (0..16)
        .filter(|&number| !prover.get_qualities_for_challenge(&challenge(number).0).unwrap().is_empty());
    let found: Vec<u32> = found.collect();
    std::fs::remove_file(&path).unwrap();
    let proofs = prove_plot(&PLOT, form(), &GROUP, unit(1), &challenges(16), usize::MAX).unwrap();
    assert_eq!(found, proofs.iter().map(|proof| proof.challenge).collect::<Vec<_>>());
    let (body, digest) = bytes.split_last_chunk::<32>().unwrap();
    assert_eq!(digest_of(HashKind::Blake3, body).0, *digest);
    let (padded, len) = body.split_last_chunk::<8>().unwrap();
    let padding = &padded[u64::from_le_bytes(*len) as usize..];
    assert!(padding.iter().all(|&byte| byte == 0) && !padding.is_empty());
    assert!(padding.len() * 50 < bytes.len(), "{} of {} bytes are padding", padding.len(), bytes.len());
}

#[test]
fn writing_a_unit_again_gives_the_same_bytes_and_touches_no_other() {
    let memory = Memory::new(some_bytes(2 * form().unit_bytes() as usize, 3));
    write_plot(&memory, form(), &GROUP, 1).unwrap();
    assert_eq!(memory.bytes(), PLOT.bytes());
    let noise = some_bytes(2 * form().unit_bytes() as usize, 3);
    assert_eq!(memory.bytes()[..unit(1).offset as usize], noise[..unit(1).offset as usize]);
}

#[test]
fn a_damaged_unit_another_plot_and_noise_are_refused_in_words() {
    let refusal = |memory: &Memory, group: &Digest, index: u64| {
        prove_plot(memory, form(), group, unit(index), &challenges(4), 1).err().unwrap().to_string()
    };
    assert_eq!(refusal(&PLOT, &GROUP, 0), "the unit at 0 is damaged: it has another digest than it names");
    assert_eq!(
        refusal(&PLOT, &Digest([1; 32]), 1),
        format!(
            "the unit at {} holds no such plot: another header than the plot of this identity and unit",
            unit(1).offset
        )
    );
    for at in [0, 40, 1000, unit(1).len as usize - 41, unit(1).len as usize - 40, unit(1).len as usize - 1] {
        let mut bytes = PLOT.bytes();
        bytes[unit(1).offset as usize + at] ^= 4;
        assert!(refusal(&Memory::new(bytes), &GROUP, 1).contains("is damaged"), "byte {at}");
    }
    let outside = prove_plot(&PLOT, form(), &GROUP, unit(2), &challenges(1), 1);
    assert!(outside.err().unwrap().to_string().contains("outside of a region"));
    assert_eq!(PLOT.size_bytes(), 2 * unit(0).len);
}

/// `PLOT`'s unit after `change` to its file, with a right digest again.
fn forged(change: impl FnOnce(&mut [u8], usize)) -> Memory {
    let mut bytes = PLOT.bytes();
    let unit = &mut bytes[unit(1).offset as usize..];
    let body = unit.len() - 40;
    let file_bytes = u64::from_le_bytes(unit[body..body + 8].try_into().unwrap()) as usize;
    change(unit, file_bytes);
    let digest = digest_of(HashKind::Blake3, &unit[..body + 8]);
    unit[body + 8..].copy_from_slice(&digest.0);
    Memory::new(bytes)
}

#[test]
fn a_forged_plot_file_never_reaches_the_library_with_more_than_a_plot_has() {
    let refusal = |change: fn(&mut [u8], usize)| {
        let memory = forged(change);
        prove_plot(&memory, form(), &GROUP, unit(1), &challenges(2), 1).err().unwrap().to_string()
    };
    let index_at = |unit: &[u8]| u64::from_le_bytes(unit[42..50].try_into().unwrap()) as usize;
    assert!(index_at(&PLOT.bytes()[unit(1).offset as usize..]) > 500_000);
    // The number of plots in the group.
    assert!(refusal(|unit, _| unit[39] = 2).contains("another header"));
    // The place of the index.
    assert!(refusal(|unit, _| unit[42..50].fill(0xff)).contains("is outside of its"));
    assert!(refusal(|unit, _| unit[42..50].fill(0)).contains("its chunk index at 0 is outside of its"));
    // The sizes of chunks: enormous, none, and others than the chunks have.
    let ones = refusal(|unit, len| {
        let at = u64::from_le_bytes(unit[42..50].try_into().unwrap()) as usize;
        unit[at..len].fill(0b0010_0000);
    });
    assert!(ones.contains("its chunk"), "{ones}");
    let endless = refusal(|unit, len| {
        let at = u64::from_le_bytes(unit[42..50].try_into().unwrap()) as usize;
        unit[at..len].fill(0xff);
    });
    assert!(endless.contains("its index ends before chunk 0"), "{endless}");
}

#[test]
fn forms_that_no_plot_has_are_refused_in_words() {
    let refusal = |k, strength| PlotForm::new(k, strength).unwrap_err().to_string();
    assert_eq!(refusal(16, 2), "plots of k = 16, expected an even k from 18 to 28");
    assert_eq!(refusal(19, 2), "plots of k = 19, expected an even k from 18 to 28");
    assert_eq!(refusal(30, 2), "plots of k = 30, expected an even k from 18 to 28");
    assert_eq!(refusal(18, 1), "plots of strength 1, expected 2 to 15 for k = 18");
    assert_eq!(refusal(18, 16), "plots of strength 16, expected 2 to 15 for k = 18");
    assert_eq!(refusal(28, 18), "plots of strength 18, expected 2 to 17 for k = 28");
    let memory = Memory::new(vec![0; 10]);
    let outside = write_plot(&memory, form(), &GROUP, 0).unwrap_err().to_string();
    assert!(outside.contains("are outside of a region of 10 bytes"), "{outside}");
}
