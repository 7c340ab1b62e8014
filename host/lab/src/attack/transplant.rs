//! Honest proofs in places where they do not belong.

use plimsoll_core::{Digest, Span, Statement};

use super::report::{Finding, Point, Property};
use super::subject::{Judged, Proven, Subject};
use crate::LabError;
use crate::numbers::Numbers;
use crate::stats::Rate;

const AGAINST: [Property; 1] = [Property::Soundness];
/// Pairs of challenges.
const PAIRS: usize = 40;

/// `replay`: keeps the answer to an old challenge about a unit, in place of the unit, and sends it again.
///
/// That pays where old answers are accepted and are smaller than what they replace: an answer that holds the
/// unit itself may well be the same each time.
pub(super) fn replay(subject: &mut Subject) -> Result<Finding, LabError> {
    let (mut numbers, statement) = (subject.numbers("replay"), subject.statement);
    let units = subject.plot.layout.units;
    let unit_bytes = f64::from(subject.plot.layout.unit_bytes);
    let (mut pays, mut broken, mut points) = (false, None, Vec::new());
    for (case, is_single) in
        [("an old answer about one unit", true), ("an old answer about all units", false)]
    {
        let (mut accepted, mut tried, mut bytes) = (0u64, 0u64, 0usize);
        for _ in 0..subject.affordable(PAIRS) / 2 {
            let focus = is_single.then(|| Span { first: numbers.below(units), count: 1 });
            let samples = if is_single { 1 } else { u32::try_from(units).unwrap_or(u32::MAX) };
            let Some(Proven { proof, .. }) = subject.proven(&mut numbers, samples, focus)? else {
                continue;
            };
            let fresh = subject.drawn_if(&statement, numbers.digest(), samples, focus)?;
            let Some(fresh) = fresh else { continue };
            bytes = bytes.max(proof.len());
            tried += 1;
            match subject.verify(&statement, &fresh, &proof) {
                Judged::Valid => accepted += 1,
                Judged::Invalid(_) => {}
                Judged::Broken(why) => drop(broken.get_or_insert(why)),
            }
        }
        let replaced = if is_single { unit_bytes } else { subject.drawn() as f64 * unit_bytes };
        let rate = Rate::of(accepted, tried);
        // One in 1 / rate challenges about the same unit is the same: so many answers are kept.
        pays |= accepted > 0 && bytes as f64 / rate.rate < replaced;
        points.push(Point::new(format!("{case}, {bytes} bytes"), rate, None, ""));
    }
    let text = match (&broken, pays) {
        (Some(why), _) => format!("an old answer is no verdict: {why}"),
        (None, true) => "old answers pass again and are smaller than the units that they replace".to_owned(),
        (None, false) => "keeping old answers is no way to keep less".to_owned(),
    };
    Ok(subject.finding("replay", &AGAINST, pays || broken.is_some(), text).points(points))
}

/// `other-challenge`: the answer to one challenge, sent for another, of which it knows the units in part.
pub(super) fn other_challenge(subject: &mut Subject) -> Result<Finding, LabError> {
    let mut numbers = subject.numbers("other-challenge");
    if subject.plot.layout.units <= 1 {
        return Ok(Finding::not_tried("other-challenge", &AGAINST, "one unit has few challenges"));
    }
    let (statement, samples) = (subject.statement, subject.options.samples);
    let mut forgeries = Vec::new();
    for _ in 0..subject.affordable(PAIRS) {
        let Some(Proven { proof, challenge }) = subject.proven(&mut numbers, samples, None)? else {
            continue;
        };
        let other = subject.draw(&statement, numbers.digest(), samples, None)?;
        if other != challenge {
            forgeries.push((statement, other, proof));
        }
    }
    judged(subject, "other-challenge", forgeries, "answers to other challenges")
}

/// `other-unit`: the answer about one unit, sent for a challenge about another.
pub(super) fn other_unit(subject: &mut Subject) -> Result<Finding, LabError> {
    let mut numbers = subject.numbers("other-unit");
    let units = subject.plot.layout.units;
    if units <= 1 {
        return Ok(Finding::not_tried("other-unit", &AGAINST, "there is only one unit"));
    }
    let (statement, mut forgeries) = (subject.statement, Vec::new());
    for _ in 0..subject.affordable(PAIRS) {
        let (first, step) = (numbers.below(units), 1 + numbers.below(units - 1));
        let (one, other) = (Span { first, count: 1 }, Span { first: (first + step) % units, count: 1 });
        // The same randomness, so that the nonce may be the same.
        let randomness = numbers.digest();
        let challenge = subject.drawn_if(&statement, randomness, 1, Some(one))?;
        let fresh = subject.drawn_if(&statement, randomness, 1, Some(other))?;
        let (Some(challenge), Some(fresh)) = (challenge, fresh) else { continue };
        if let (true, Some(proof)) = (challenge != fresh, subject.honest_proof(&challenge)) {
            forgeries.push((statement, fresh, proof));
        }
    }
    judged(subject, "other-unit", forgeries, "answers about other units")
}

/// `other-statement`: an honest proof, sent for another owner, validator, subnet or commitment: both for the same
/// challenge and for the one that the other statement draws from the same randomness.
pub(super) fn other_statement(subject: &mut Subject) -> Result<Finding, LabError> {
    let mut numbers = subject.numbers("other-statement");
    let (samples, mut forgeries) = (subject.options.samples, Vec::new());
    for _ in 0..subject.affordable(PAIRS).div_ceil(8) {
        let randomness = numbers.digest();
        let challenge = subject.draw(&subject.statement.clone(), randomness, samples, None)?;
        let Some(proof) = subject.honest_proof(&challenge) else { continue };
        for other in others(subject, &mut numbers) {
            forgeries.push((other, challenge.clone(), proof.clone()));
            if let Some(theirs) = subject.drawn_if(&other, randomness, samples, None)? {
                forgeries.push((other, theirs, proof.clone()));
            }
        }
    }
    judged(subject, "other-statement", forgeries, "answers under other statements")
}

/// Statements that differ from ours in one part.
fn others(subject: &Subject, numbers: &mut Numbers) -> Vec<Statement> {
    let ours = subject.statement;
    let change = |change: &mut dyn FnMut(&mut Statement)| {
        let mut other = ours;
        change(&mut other);
        other
    };
    let theirs = numbers.identity();
    let mut all = vec![
        change(&mut |other| other.identity.owner = theirs.owner),
        change(&mut |other| other.identity.validator = theirs.validator),
        change(&mut |other| other.identity.netuid.0 = other.identity.netuid.0.wrapping_add(1)),
    ];
    if let Some(Digest(mut commitment)) = ours.commitment {
        all.push(change(&mut |other| other.commitment = Some(numbers.digest())));
        commitment[numbers.place(32)] ^= 1;
        all.push(change(&mut |other| other.commitment = Some(Digest(commitment))));
    }
    all
}

/// Nothing of `forgeries` may be valid, and each must have a verdict.
fn judged(
    subject: &mut Subject,
    attack: &'static str,
    forgeries: Vec<(Statement, Vec<u8>, Vec<u8>)>,
    what: &str,
) -> Result<Finding, LabError> {
    if forgeries.is_empty() {
        return Ok(Finding::not_tried(attack, &AGAINST, "this plot was never asked for a proof to misuse"));
    }
    let (mut accepted, mut broken) = (0, None);
    let tried = forgeries.len() as u64;
    for (statement, challenge, proof) in forgeries {
        match subject.verify(&statement, &challenge, &proof) {
            Judged::Valid => accepted += 1,
            Judged::Invalid(_) => {}
            Judged::Broken(why) => drop(broken.get_or_insert(why)),
        }
    }
    let text = match (&broken, accepted) {
        (Some(why), _) => format!("no verdict on {what}: {why}"),
        (None, 0) => format!("{tried} {what} are invalid"),
        (None, _) => format!("{accepted} of {tried} {what} pass"),
    };
    let point = Point::new(what, Rate::of(accepted, tried), Some(0.0), "0");
    Ok(subject.finding(attack, &AGAINST, accepted > 0 || broken.is_some(), text).points(vec![point]))
}
