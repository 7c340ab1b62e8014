//! Provers that lost something: holes, and rot.

use std::sync::Arc;

use plimsoll_core::{RegionSpace, Span};

use super::plot::Plot;
use super::region::Disk;
use super::report::{Finding, Point, Property};
use super::subject::{Answered, Judged, Subject};
use crate::LabError;
use crate::numbers::Numbers;
use crate::stats::Rate;

/// What rots together: a sector of a disk.
const BLOCK_BYTES: usize = 4096;
/// What sampling theory says of a prover with holes.
pub(super) const SAMPLING: &str = "C(kept, q) / C(units, q), about f^q";

/// `hole`: keeps a share of the units and the integrity tree, and answers zeros for the rest.
pub(super) fn hole(subject: &mut Subject) -> Result<Finding, LabError> {
    const AGAINST: [Property; 2] = [Property::Space, Property::Retrievability];
    if subject.plot.layout.units < 2 {
        return Ok(Finding::not_tried("hole", &AGAINST, "a plot of one unit has no holes"));
    }
    let (mut points, mut succeeded) = (Vec::new(), false);
    let mut shares = vec![subject.options.keep, 0.9];
    shares.extend([one_run_lost(&subject.plot)]);
    shares.sort_by(f64::total_cmp);
    let numbers = subject.numbers("hole, which units");
    let mut cases: Vec<_> =
        shares.iter().map(|&share| (share, losing(&subject.plot, share, &mut numbers.clone()))).collect();
    // Of few runs, several shares are the same number.
    cases.dedup_by_key(|(_, lost)| lost.len());
    for (share, lost) in cases {
        let kept = subject.plot.layout.units - units(&lost);
        let disk: Arc<dyn RegionSpace> = without(&subject.plot, &lost);
        let passed = subject.rate(&format!("hole of {share}"), &disk)?;
        let bound = subject.bound(kept, 0);
        succeeded |= passed.exceeds(bound);
        points.push(point(subject, kept, passed, bound));
    }
    let text = match points.iter().find(|point| point.passed.exceeds(point.theory.unwrap_or(0.0))) {
        Some(worst) => {
            format!("{} passes {} of {} audits", worst.case, worst.passed.hits, worst.passed.trials)
        }
        None => "no prover with holes passes more often than sampling allows".to_owned(),
    };
    Ok(subject.finding("hole", &AGAINST, succeeded, text).points(points))
}

/// A point of a prover that keeps `kept` units.
pub(super) fn point(subject: &Subject, kept: u64, passed: Rate, bound: f64) -> Point {
    let units = subject.plot.layout.units;
    let case = format!("keeps {kept} of {units} units");
    let formula = if subject.is_lottery() { "at most the share kept" } else { SAMPLING };
    let mut point = Point::new(case, passed, Some(bound), formula);
    if subject.is_lottery() {
        // A bound, not a prediction.
        point.agrees = Some(!passed.exceeds(bound));
    }
    point
}

/// The share that is left when a single run of units is lost.
fn one_run_lost(plot: &Plot) -> f64 {
    let runs = plot.runs().len() as f64;
    (runs - 1.0) / runs
}

/// Runs of units to lose, so that about `share` of all is kept, and never all nor nothing.
pub(super) fn losing(plot: &Plot, share: f64, numbers: &mut Numbers) -> Vec<Span> {
    let mut runs = plot.runs();
    numbers.shuffle(&mut runs);
    // A share of a number of runs.
    let lost = ((1.0 - share.clamp(0.0, 1.0)) * runs.len() as f64).round() as usize;
    runs.truncate(lost.clamp(1, runs.len().saturating_sub(1).max(1)));
    runs
}

pub(super) fn units(runs: &[Span]) -> u64 {
    runs.iter().map(|run| run.count).sum()
}

/// The plot with zeros in place of `lost`.
pub(super) fn without(plot: &Plot, lost: &[Span]) -> Arc<Disk> {
    plot.changed(|bytes| lost.iter().for_each(|run| bytes[plot.range(*run)].fill(0)))
}

/// `corrupt`: some blocks of 4 KiB are noise, and the prover does not know.
pub(super) fn corrupt(subject: &mut Subject) -> Result<Finding, LabError> {
    const AGAINST: [Property; 1] = [Property::Retrievability];
    let mut numbers = subject.numbers("corrupt");
    let (samples, share, statement) = (subject.options.samples, subject.options.corrupt, subject.statement);
    let (trials, end) = (subject.trials(), subject.plot.units_bytes());
    let blocks = end.div_ceil(BLOCK_BYTES);
    let (mut passed, mut fooled, mut clean, mut not_eligible) = (0, 0, 0, 0);
    let (disk, rotten) = rot(&subject.plot, share, &mut numbers);
    for _ in 0..trials {
        let challenge = subject.draw(&statement, numbers.digest(), samples, None)?;
        let answered = subject.prove(Arc::clone(&disk) as _, &statement, &challenge);
        let touched = disk.take_trace().places;
        let hit = touched.iter().any(|span| {
            let first = span.first / BLOCK_BYTES as u64;
            let last = span.end().div_ceil(BLOCK_BYTES as u64).min(blocks as u64);
            (first..last).any(|block| rotten[block as usize])
        });
        if answered == Answered::NotEligible {
            not_eligible += 1;
            continue;
        }
        clean += u64::from(!hit);
        if let Answered::Proof(proof) = answered {
            let valid = subject.verify(&statement, &challenge, &proof) == Judged::Valid;
            passed += u64::from(valid);
            fooled += u64::from(valid && hit);
        }
    }
    // Where nothing was asked for, nothing was found.
    let asked = trials - not_eligible;
    let found = asked - passed;
    let (passed, expected) = (Rate::of(passed, asked), clean as f64 / asked.max(1) as f64);
    let rotten_blocks = rotten.iter().filter(|&&rotten| rotten).count();
    let case = format!("{rotten_blocks} of {blocks} blocks are noise");
    let point = Point::new(case, passed, Some(expected), "share of audits that read no rotten block");
    // All audits count until one finds it, also those that ask for nothing.
    let latency = (found > 0).then(|| trials as f64 / found as f64);
    let text = match (fooled, latency) {
        (0, Some(latency)) => {
            format!("every answer over a rotten block is invalid; found after {latency:.1} audits on average")
        }
        (0, None) => format!("none of {trials} audits read a rotten block"),
        _ => format!("{fooled} answers that read a rotten block are valid"),
    };
    let finding = subject
        .finding("corrupt", &AGAINST, fooled > 0, text)
        .points(vec![point])
        .figure("rotten_blocks", rotten_blocks as f64);
    Ok(latency.into_iter().fold(finding, |finding, latency| finding.figure("audits_until_found", latency)))
}

/// The plot with about `share` of its blocks made noise, at least one; and which.
fn rot(plot: &Plot, share: f64, numbers: &mut Numbers) -> (Arc<Disk>, Vec<bool>) {
    let end = plot.units_bytes();
    let mut rotten: Vec<bool> = (0..end.div_ceil(BLOCK_BYTES)).map(|_| numbers.chance(share)).collect();
    if let (false, false) = (rotten.contains(&true), rotten.is_empty()) {
        let at = numbers.place(rotten.len());
        rotten[at] = true;
    }
    let disk = plot.changed(|bytes| {
        for (block, _) in bytes[..end].chunks_mut(BLOCK_BYTES).zip(&rotten).filter(|(_, rotten)| **rotten) {
            numbers.fill(block);
        }
    });
    (disk, rotten)
}
