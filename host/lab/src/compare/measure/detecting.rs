//! Audits of plots with missing units: drawn, answered and verified for real, and counted.

use std::sync::Arc;
use std::time::Instant;

use plimsoll_core::{Answer, RegionSpace, Verdict};
use plimsoll_plugin::{PluginError, SchemeInstance};

use super::bench::{Bench, Sealed};
use crate::LabError;
use crate::compare::formulas::wilson_interval;
use crate::compare::row::Point;
use crate::compare::spaces::Holes;
use crate::numbers::Numbers;
use crate::stats::pass_probability;

/// Fractions that are dropped, as near as whole blocks allow.
const MISSING: [f64; 7] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
/// Whole groups of the integrity tree are dropped: the paths of what is left can still be made.
const BLOCK_BYTES: u64 = 64 << 10;

/// One measured point for each fraction that this plot's blocks can show.
///
/// The cheater keeps the tree and all that lies behind the units, drops units at random, and answers with what it
/// has; nothing is made again. Distinct samples hit m missing of U units with 1 - C(U - m, q) / C(U, q), however
/// the missing ones are grouped.
pub(in crate::compare) fn detection(
    bench: &Bench<'_>,
    plot: &Sealed,
    samples: u32,
    seconds: f64,
) -> Result<Vec<Point>, LabError> {
    let units = plot.layout.units;
    let block_units = BLOCK_BYTES.div_ceil(u64::from(plot.layout.unit_bytes)).min(units);
    // The last block, where it is shorter, always stays: all dropped ones have the same number of units.
    let blocks = units / block_units;
    let mut counts: Vec<u64> = MISSING.map(|share| (share * blocks as f64).round() as u64).to_vec();
    counts.retain(|&count| count > 0 && count < blocks);
    counts.dedup();
    let each_seconds = seconds / counts.len().max(1) as f64;
    let mut instance = bench.scheme.instance()?;
    let mut dice = Numbers::new(bench.request.seed, "missing units");
    let mut points = Vec::new();
    for dropped in counts {
        let holes = Missing { dropped, blocks, block_units };
        points.extend(point(bench, plot, &mut instance, &mut dice, &holes, samples, each_seconds)?);
    }
    Ok(points)
}

struct Missing {
    dropped: u64,
    blocks: u64,
    block_units: u64,
}

fn point(
    bench: &Bench<'_>,
    plot: &Sealed,
    instance: &mut SchemeInstance,
    dice: &mut Numbers,
    missing: &Missing,
    samples: u32,
    seconds: f64,
) -> Result<Option<Point>, LabError> {
    let began = Instant::now();
    let (mut trials, mut caught) = (0, 0);
    for number in 0..bench.request.trials {
        if number > 0 && began.elapsed().as_secs_f64() > seconds {
            break;
        }
        bench.expect_going()?;
        let region = Arc::new(Holes {
            inner: Arc::clone(&plot.region),
            block_bytes: missing.block_units * u64::from(plot.layout.unit_bytes),
            dropped: dice.distinct(missing.dropped, missing.blocks),
        });
        let (_, challenge) =
            instance.draw_at_most(&plot.statement, &dice.digest(), bench.request.samples.max(1), None)?;
        let Some(passed) = answers(instance, plot, region, &challenge)? else { continue };
        trials += 1;
        caught += u64::from(!passed);
    }
    if trials == 0 {
        return Ok(None);
    }
    let (units, lost) = (plot.layout.units, missing.dropped * missing.block_units);
    let (low, high) = wilson_interval(caught, trials);
    Ok(Some(Point {
        missing_fraction: lost as f64 / units as f64,
        trials,
        caught,
        measured: caught as f64 / trials as f64,
        low,
        high,
        theory: 1.0 - pass_probability(units, units - lost, samples.into(), 0),
    }))
}

/// Whether a cheater with `region` passes; `None` where nothing was asked of it.
fn answers(
    instance: &mut SchemeInstance,
    plot: &Sealed,
    region: Arc<Holes>,
    challenge: &[u8],
) -> Result<Option<bool>, LabError> {
    let proof = match instance.prove(region as Arc<dyn RegionSpace>, &plot.statement, challenge) {
        Ok(Answer::Proof(proof)) => proof,
        Ok(Answer::NotEligible) => return Ok(None),
        // A prover that notices and gives up has no answer: that is being caught.
        Err(PluginError::Refused { .. }) => return Ok(Some(false)),
        Err(error) => return Err(error.into()),
    };
    Ok(Some(instance.verify(&plot.statement, challenge, &proof)? == Verdict::Valid))
}
