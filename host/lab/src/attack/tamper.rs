//! Forged bytes: flips, other lengths, other shapes. The verifier must say invalid, within its fuel.

use plimsoll_plugin::PROOF_BYTES;

use super::report::{Finding, Point, Property};
use super::subject::{Judged, Proven, Subject};
use crate::LabError;
use crate::numbers::Numbers;
use crate::stats::Rate;

const AGAINST: [Property; 1] = [Property::Soundness];
/// Units of the challenge whose proof is forged: enough to have an order and a count.
const FORGED_SAMPLES: u32 = 3;
/// Sizes of parts that proofs may consist of.
const PARTS: [usize; 4] = [8, 16, 32, 64];
const NEVER_ELIGIBLE: &str = "this plot was never asked for a proof to forge";

/// Counts what a verifier made of forgeries.
#[derive(Default)]
struct Tally {
    tried: u64,
    accepted: u64,
    first_accepted: Option<String>,
    broken: Option<String>,
    worst_fuel: u64,
}

impl Tally {
    fn judge(&mut self, subject: &mut Subject, of: &Proven, proof: &[u8], case: impl Fn() -> String) {
        if proof == of.proof || proof.len() > PROOF_BYTES {
            return;
        }
        let statement = subject.statement;
        self.tried += 1;
        match subject.verify(&statement, &of.challenge, proof) {
            Judged::Invalid(_) => {}
            Judged::Valid => {
                self.accepted += 1;
                self.first_accepted.get_or_insert_with(case);
            }
            Judged::Broken(why) => drop(self.broken.get_or_insert_with(|| format!("{}: {why}", case()))),
        }
        self.worst_fuel = self.worst_fuel.max(subject.verify_fuel());
    }

    fn finding(self, subject: &Subject, attack: &'static str, what: &str, wanted: usize) -> Finding {
        let Self { tried, accepted, first_accepted, broken, worst_fuel } = self;
        let text = match (&broken, &first_accepted) {
            (Some(why), _) => format!("no verdict: {why}"),
            (None, Some(first)) => format!("{accepted} of {tried} {what} pass, the first is {first}"),
            (None, None) => format!("{tried} {what} are invalid"),
        };
        let succeeded = accepted > 0 || broken.is_some();
        let point = Point::new(what, Rate::of(accepted, tried), Some(0.0), "0");
        subject
            .finding(attack, &AGAINST, succeeded, text)
            .points(vec![point])
            .figure("worst_verify_fuel", worst_fuel as f64)
            .figure("coverage_fraction", (tried as f64 / wanted.max(1) as f64).min(1.0))
    }
}

/// Every `stride`th of `all`, of each of which `ways` forgeries are made, so that what is affordable is spread over
/// all of it.
fn spread(subject: &Subject, all: usize, ways: usize) -> impl Iterator<Item = usize> + use<> {
    let affordable = subject.affordable(all.saturating_mul(ways)).div_ceil(ways).max(1);
    (0..all).step_by(all.div_ceil(affordable).max(1))
}

/// `bit-flips`: one flipped bit in every byte of a proof.
pub(super) fn bit_flips(subject: &mut Subject) -> Result<Finding, LabError> {
    let mut numbers = subject.numbers("bit-flips");
    let Some(of) = subject.proven(&mut numbers, FORGED_SAMPLES, None)? else {
        return Ok(Finding::not_tried("bit-flips", &AGAINST, NEVER_ELIGIBLE));
    };
    let mut tally = Tally::default();
    for at in spread(subject, of.proof.len(), 1) {
        let bit = numbers.below(8);
        let mut flipped = of.proof.clone();
        flipped[at] ^= 1 << bit;
        tally.judge(subject, &of, &flipped, || format!("bit {bit} of byte {at}"));
    }
    Ok(tally.finding(subject, "bit-flips", "flipped bits", of.proof.len()))
}

/// `malformed`: proofs of every length up to 64 bytes beyond the honest one, and of the greatest: cut, drawn out
/// with zeros and with noise, and noise alone.
pub(super) fn malformed(subject: &mut Subject) -> Result<Finding, LabError> {
    let mut numbers = subject.numbers("malformed");
    let Some(of) = subject.proven(&mut numbers, FORGED_SAMPLES, None)? else {
        return Ok(Finding::not_tried("malformed", &AGAINST, NEVER_ELIGIBLE));
    };
    let most = (of.proof.len() + 64).min(PROOF_BYTES);
    let mut lengths: Vec<usize> = spread(subject, most + 1, 3).collect();
    let near = of.proof.len().saturating_sub(2)..=(of.proof.len() + 2);
    lengths.extend(near.chain([0, 1, 31, 32, 33, PROOF_BYTES - 1, PROOF_BYTES]));
    lengths.sort_unstable();
    lengths.dedup();
    let mut tally = Tally::default();
    for &len in &lengths {
        let kept = &of.proof[..len.min(of.proof.len())];
        let noise = numbers.bytes(len);
        let zeros = [kept, &vec![0; len - kept.len()]].concat();
        tally.judge(subject, &of, &zeros, || format!("the proof cut or filled with zeros to {len} bytes"));
        tally.judge(subject, &of, &noise, || format!("{len} bytes of noise"));
        if len > kept.len() {
            let drawn_out = [kept, &noise[kept.len()..]].concat();
            tally.judge(subject, &of, &drawn_out, || format!("the proof filled with noise to {len} bytes"));
        }
    }
    for times in [2, 3] {
        let again = of.proof.repeat(times);
        tally.judge(subject, &of, &again, || format!("the proof {times} times over"));
    }
    let wanted = usize::try_from(tally.tried).unwrap_or(usize::MAX) * (most + 1) / lengths.len().max(1);
    Ok(tally.finding(subject, "malformed", "proofs of other lengths", wanted))
}

/// `shape`: parts left out, doubled and exchanged; answers about fewer, more or the same unit several times.
pub(super) fn shape(subject: &mut Subject) -> Result<Finding, LabError> {
    let mut numbers = subject.numbers("shape");
    let Some(of) = subject.proven(&mut numbers, FORGED_SAMPLES, None)? else {
        return Ok(Finding::not_tried("shape", &AGAINST, NEVER_ELIGIBLE));
    };
    let mut tally = Tally::default();
    let mut wanted = 0;
    for part in PARTS {
        let parts = of.proof.len() / part;
        wanted += 4 * parts;
        for at in spread(subject, parts, 4 * PARTS.len()) {
            for (what, forged) in reshaped(&of.proof, part, at, &mut numbers) {
                tally.judge(subject, &of, &forged, || format!("{what}, part {at} of {part} bytes"));
            }
        }
    }
    for (what, forged) in other_counts(subject, &of, &mut numbers)? {
        wanted += 1;
        tally.judge(subject, &of, &forged, || what.to_owned());
    }
    Ok(tally.finding(subject, "shape", "proofs of other shapes", wanted))
}

/// `proof` without its part number `at`, with it doubled, exchanged with another, and made zero.
fn reshaped(proof: &[u8], part: usize, at: usize, numbers: &mut Numbers) -> Vec<(&'static str, Vec<u8>)> {
    let (from, to) = (at * part, (at + 1) * part);
    let other = numbers.place(proof.len() / part) * part;
    let mut exchanged = proof.to_vec();
    for i in 0..part {
        exchanged.swap(from + i, other + i);
    }
    let mut zeroed = proof.to_vec();
    zeroed[from..to].fill(0);
    vec![
        ("left out", [&proof[..from], &proof[to..]].concat()),
        ("doubled", [&proof[..to], &proof[from..]].concat()),
        ("exchanged", exchanged),
        ("made zero", zeroed),
    ]
}

/// Honest answers about other numbers of units.
fn other_counts(
    subject: &mut Subject,
    of: &Proven,
    numbers: &mut Numbers,
) -> Result<Vec<(&'static str, Vec<u8>)>, LabError> {
    let mut all = Vec::new();
    let one = subject.proven(numbers, 1, None)?;
    let more = subject.proven(numbers, 2 * FORGED_SAMPLES, None)?;
    if let Some(Proven { proof, .. }) = one {
        all.push((
            "the answer about one unit, as often as units were asked",
            proof.repeat(FORGED_SAMPLES as usize),
        ));
        all.push(("an answer about fewer units", proof));
    }
    if let Some(Proven { proof, .. }) = more {
        all.push(("the honest answer and more behind it", [&of.proof[..], &proof].concat()));
        all.push(("an answer about more units", proof));
    }
    Ok(all)
}
