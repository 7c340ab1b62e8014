//! What the verifier takes for granted: that challenges are fresh, commitments bind, and claims are small enough.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use plimsoll_core::{RegionSpace, Span};

use super::plot::Plot;
use super::region::Disk;
use super::report::{Finding, Point, Property};
use super::subject::{Answered, Judged, Subject, statement};
use crate::LabError;
use crate::stats::Rate;

/// Rounds whose challenges are compared.
const ROUNDS: u64 = 256;

/// `beacon`: whether challenges can be known before the beacon, or depend on it too little.
pub(super) fn beacon(subject: &mut Subject) -> Result<Finding, LabError> {
    const AGAINST: [Property; 1] = [Property::Soundness];
    let (mut numbers, ours) = (subject.numbers("beacon"), subject.statement);
    let samples = subject.options.samples;
    let mut distinct = |subject: &mut Subject, focus| -> Result<usize, LabError> {
        let mut seen = HashSet::new();
        for _ in 0..ROUNDS {
            match focus {
                None => drop(seen.insert(subject.draw(&ours, numbers.digest(), samples, None)?)),
                Some(_) => seen.extend(subject.drawn_if(&ours, numbers.digest(), samples, focus)?),
            }
        }
        Ok(seen.len())
    };
    let whole = distinct(subject, None)?;
    let focused = distinct(subject, Some(Span { first: 0, count: 1 }))?;
    let randomness = subject.numbers("beacon, twice").digest();
    let same =
        subject.draw(&ours, randomness, samples, None)? == subject.draw(&ours, randomness, samples, None)?;
    let begin = Instant::now();
    let mut other = ours;
    let mut steered = HashSet::new();
    for _ in 0..64 {
        other.commitment = ours.commitment.map(|_| numbers.digest());
        steered.extend(subject.drawn_if(&other, randomness, samples, None)?);
    }
    let tries = 64.0 / begin.elapsed().as_secs_f64().max(1e-9);
    let succeeded = whole < ROUNDS as usize || !same;
    let text = match (same, succeeded) {
        (false, _) => "the same randomness gives different challenges: nobody can check a verdict".to_owned(),
        (true, true) => {
            format!("{ROUNDS} beacons give only {whole} different challenges: they can be known before")
        }
        (true, false) => format!("{ROUNDS} beacons give {whole} different challenges"),
    };
    Ok(subject
        .finding("beacon", &AGAINST, succeeded, text)
        .figure("beacons", ROUNDS as f64)
        .figure("distinct_challenges", whole as f64)
        .figure("distinct_challenges_about_one_unit", focused as f64)
        .figure("distinct_challenges_of_64_commitments", steered.len() as f64)
        .figure("grinding_tries_per_second", tries))
}

/// `late-commitment`: makes a region and its commitment after it has seen the challenge. Under the commitment that
/// the verifier has, no such answer may pass.
pub(super) fn late_commitment(subject: &mut Subject) -> Result<Finding, LabError> {
    const AGAINST: [Property; 1] = [Property::Soundness];
    let Some(_) = subject.statement.commitment else {
        return Ok(Finding::not_tried("late-commitment", &AGAINST, "the scheme commits to nothing"));
    };
    let (mut numbers, ours) = (subject.numbers("late-commitment"), subject.statement);
    let (samples, all) = (subject.options.samples, subject.plot.layout.units);
    let (mut accepted, mut tried) = (0, 0);
    for round in 0..subject.trials().min(24) {
        let challenge = subject.draw(&ours, numbers.digest(), samples, None)?;
        let disk: Arc<dyn RegionSpace> = cheap(subject, round, all)?;
        let mut theirs = ours;
        let Ok(commitment) = subject.commit(Arc::clone(&disk), &ours.identity) else { continue };
        if commitment == ours.commitment {
            // It is over what lies behind the units, so there is no other to be made.
            continue;
        }
        theirs.commitment = commitment;
        for prover_says in [ours, theirs] {
            let answered = subject.prove(Arc::clone(&disk), &prover_says, &challenge);
            let Answered::Proof(proof) = answered else { continue };
            tried += 1;
            accepted += u64::from(subject.verify(&ours, &challenge, &proof) == Judged::Valid);
        }
    }
    if tried == 0 {
        let why = "no other commitment, or no answer, can be made from other units";
        return Ok(Finding::not_tried("late-commitment", &AGAINST, why));
    }
    let text = match accepted {
        0 => format!("{tried} answers over regions made after the challenge are invalid"),
        _ => format!(
            "commitment unbound: {accepted} of {tried} answers over regions made after the challenge pass"
        ),
    };
    let point = Point::new("a region made after the challenge", Rate::of(accepted, tried), Some(0.0), "0");
    Ok(subject.finding("late-commitment", &AGAINST, accepted > 0, text).points(vec![point]))
}

/// `cheap-commitment`: registers the commitment of a region that costs less to keep than it claims, in time, and
/// answers honestly from it. A scheme that makes only some of the samples anew catches it by chance; nobody may pass
/// more often than the share of the space that is really held.
pub(super) fn cheap_commitment(subject: &mut Subject) -> Result<Finding, LabError> {
    const AGAINST: [Property; 2] = [Property::Space, Property::Replication];
    let (ours, all) = (subject.statement, subject.plot.layout.units);
    let (mut points, mut passes) = (Vec::new(), false);
    let cases = [(0, "a region of zeros", 0.0), (1, "copies of the first unit", 1.0 / all.max(1) as f64)];
    for (round, case, held_share) in cases {
        if held_share >= 1.0 {
            continue;
        }
        let disk: Arc<dyn RegionSpace> = cheap(subject, round, all)?;
        let Ok(commitment) = subject.commit(Arc::clone(&disk), &ours.identity) else { continue };
        let theirs = statement(ours.identity, &subject.plot, commitment);
        let passed = subject.rate_under(&format!("cheap-commitment, {case}"), &theirs, &disk)?;
        passes |= passed.low > held_share;
        points.push(Point::new(format!("registers {case}"), passed, Some(held_share), "the share held"));
    }
    let text = match passes {
        true => "a region that takes less space than it claims can be registered, and passes too often",
        false => "a region registered in time passes no more often than the share of it that takes space",
    };
    Ok(subject.finding("cheap-commitment", &AGAINST, passes, text).points(points))
}

/// A region of zeros, or of copies of its first unit, with the honest plot's own bytes behind the units, and the
/// tree of the whole.
fn cheap(subject: &Subject, round: u64, units: u64) -> Result<Arc<Disk>, LabError> {
    let plot = &subject.plot;
    let mut bytes = (*plot.bytes).clone();
    let (end, unit) = (plot.units_bytes(), plot.layout.unit_bytes as usize);
    if round.is_multiple_of(2) || units < 2 {
        bytes[..end].fill(0);
    } else {
        let first = bytes[..unit].to_vec();
        bytes[..end].chunks_mut(unit).for_each(|piece| piece.copy_from_slice(&first[..piece.len()]));
    }
    Ok(Plot::of(plot.layout.clone(), bytes)?.disk())
}

/// `huge-claim`: statements about up to an exbibyte. Drawing and verifying must not break down, and
/// should cost what they cost for a small plot.
pub(super) fn huge_claim(subject: &mut Subject) -> Result<Finding, LabError> {
    const AGAINST: [Property; 1] = [Property::Soundness];
    let mut numbers = subject.numbers("huge-claim");
    let (samples, length) = (subject.options.samples, subject.honest.proof_bytes);
    let (mut broken, mut accepted, mut worst_fuel, mut refused) = (None, 0u64, 0, 0u32);
    for claimed_bytes in [1u64 << 40, 1 << 50, 1 << 60] {
        let mut huge = subject.statement;
        huge.units = claimed_bytes / u64::from(huge.unit_bytes);
        let challenge = match subject.draw(&huge, numbers.digest(), samples, None) {
            Ok(challenge) => challenge,
            Err(LabError::Plugin(plimsoll_plugin::PluginError::Refused { .. })) => {
                refused += 1;
                continue;
            }
            Err(error) => {
                broken.get_or_insert(error.to_string());
                continue;
            }
        };
        for proof in [Vec::new(), vec![0; length], numbers.bytes(plimsoll_plugin::PROOF_BYTES)] {
            match subject.verify(&huge, &challenge, &proof) {
                Judged::Valid => accepted += 1,
                Judged::Invalid(_) => {}
                Judged::Broken(why) => drop(broken.get_or_insert(why)),
            }
            worst_fuel = worst_fuel.max(subject.verify_fuel());
        }
    }
    let text = match (&broken, accepted) {
        (Some(why), _) => format!("a claim of an exbibyte or less has no verdict: {why}"),
        (None, 0) => {
            "claims of up to an exbibyte are drawn and judged, or refused, within the fuel".to_owned()
        }
        (None, _) => format!("{accepted} made-up proofs of huge claims pass"),
    };
    Ok(subject
        .finding("huge-claim", &AGAINST, broken.is_some() || accepted > 0, text)
        .figure("worst_verify_fuel", worst_fuel as f64)
        .figure("refused_claims", f64::from(refused)))
}
