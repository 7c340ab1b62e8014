//! Provers without data: those that only know the statement, and those that kept digests.

use std::sync::Arc;

use plimsoll_core::RegionSpace;

use super::region::Disk;
use super::report::{Finding, Point, Property};
use super::subject::{Answered, Judged, Subject};
use crate::LabError;
use crate::numbers::Numbers;
use crate::stats::Rate;

/// `empty`: answers from the statement and the challenge alone.
///
/// Structured guesses of the right length, and the scheme's own prover run over made-up regions: it puts together
/// proofs that are consistent in themselves, and wrong in all that the verifier knows better.
pub(super) fn empty(subject: &mut Subject) -> Result<Finding, LabError> {
    const AGAINST: [Property; 1] = [Property::Soundness];
    let mut numbers = subject.numbers("empty");
    let size = subject.plot.bytes.len();
    let made_up: [(&'static str, Arc<Vec<u8>>); 2] = [
        ("its own prover over a region of zeros", Arc::new(vec![0; size])),
        ("its own prover over a region of noise", Arc::new(numbers.bytes(size))),
    ];
    let (statement, samples) = (subject.statement, subject.options.samples);
    let trials = subject.trials();
    let mut tallies: Vec<(&'static str, u64, u64)> = Vec::new();
    for _ in 0..trials.min(40) {
        let challenge = subject.draw(&statement, numbers.digest(), samples, None)?;
        let mut answers = guesses(subject, &challenge, &mut numbers);
        for (name, bytes) in &made_up {
            // Without a tree, so that paths fit the made-up bytes.
            let disk: Arc<dyn RegionSpace> = Disk::new(Arc::clone(bytes), None);
            if let Answered::Proof(proof) = subject.prove(disk, &statement, &challenge) {
                answers.push((name, proof));
            }
        }
        for (name, proof) in answers {
            let valid = subject.verify(&statement, &challenge, &proof) == Judged::Valid;
            match tallies.iter_mut().find(|(known, _, _)| *known == name) {
                Some((_, passed, tried)) => (*passed, *tried) = (*passed + u64::from(valid), *tried + 1),
                None => tallies.push((name, u64::from(valid), 1)),
            }
        }
    }
    let best = tallies.iter().filter(|(_, passed, _)| *passed > 0).max_by_key(|(_, passed, _)| *passed);
    let text = match best {
        Some((name, passed, tried)) => {
            format!(
                "{name} passes {passed} of {tried} audits with no byte of the plot: values come from the prover"
            )
        }
        None => format!("{} ways to answer from the statement alone, none passes", tallies.len()),
    };
    let succeeded = best.is_some();
    let point = |(name, passed, tried): &(&'static str, u64, u64)| {
        Point::new(*name, Rate::of(*passed, *tried), Some(0.0), "0")
    };
    let points = tallies.iter().map(point).collect();
    Ok(subject.finding("empty", &AGAINST, succeeded, text).points(points))
}

/// Answers of the right length that need no data.
fn guesses(subject: &Subject, challenge: &[u8], numbers: &mut Numbers) -> Vec<(&'static str, Vec<u8>)> {
    let len = subject.honest.proof_bytes;
    let repeated = |of: &[u8]| -> Vec<u8> { of.iter().copied().cycle().take(len).collect() };
    let digest = blake3::hash(challenge);
    let mut all = vec![
        ("no byte at all", Vec::new()),
        ("zeros", vec![0; len]),
        ("ones", vec![0xff; len]),
        ("noise", numbers.bytes(len)),
        ("the digest of the challenge, repeated", repeated(digest.as_bytes())),
    ];
    if !challenge.is_empty() {
        all.push(("the challenge, repeated", repeated(challenge)));
        let nonce = &challenge[..challenge.len().min(32)];
        all.push(("the nonce, repeated", repeated(nonce)));
        all.push(("the digest of the nonce, repeated", repeated(blake3::hash(nonce).as_bytes())));
    }
    if let Some(commitment) = subject.statement.commitment {
        all.push(("the commitment, repeated", repeated(commitment.as_bytes())));
        all.push(("the commitment alone", commitment.0.to_vec()));
    }
    all
}

/// `digests-only`: keeps the integrity tree and whatever the scheme keeps behind its units, but no unit.
pub(super) fn digests_only(subject: &mut Subject) -> Result<Finding, LabError> {
    const AGAINST: [Property; 3] = [Property::Space, Property::Retrievability, Property::Soundness];
    let (plot, region_bytes) = (&subject.plot, subject.plot.layout.region_bytes.max(1));
    let end = plot.units_bytes();
    let kept = (region_bytes - end as u64) + plot.tree.bytes();
    let share = kept as f64 / region_bytes as f64;
    if share > 0.5 {
        let why = format!("what lies behind the units is {:.0} % of the plot: no digest", 100.0 * share);
        return Ok(Finding::not_tried("digests-only", &AGAINST, why));
    }
    let disk: Arc<dyn RegionSpace> = plot.changed(|bytes| bytes[..end].fill(0));
    let passed = subject.rate("digests-only", &disk)?;
    let text = match passed.hits {
        0 => format!("who keeps {:.2} % of the plot as digests passes no audit", 100.0 * share),
        hits => format!(
            "who keeps {:.2} % of the plot as digests passes {hits} of {} audits: the data is not asked for",
            100.0 * share,
            passed.trials
        ),
    };
    let point = Point::new("keeps no unit, but all digests", passed, Some(0.0), "0");
    let succeeded = passed.low > 0.0;
    Ok(subject
        .finding("digests-only", &AGAINST, succeeded, text)
        .points(vec![point])
        .figure("kept_fraction", share))
}
