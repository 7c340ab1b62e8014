//! Making a unit again, against reading it from the device.

use std::sync::Arc;
use std::time::Instant;

use plimsoll_core::{PlotSpace, Span};
use plimsoll_node::measure::meter::{Took, device_bytes, timed, timed_here};
use plimsoll_plugin::{PluginError, SchemeInstance};

use super::bench::{Bench, Sealed};
use crate::LabError;
use crate::compare::figure::{Figure, quantile};
use crate::compare::row::Regenerated;
use crate::compare::spaces::Overlay;
use crate::numbers::Numbers;

/// Units of one repeat, of which the median is taken.
const UNITS_A_TURN: u64 = 16;

/// Forgets units one by one, fills each again with everything else in place, and compares. Where a unit comes out
/// with other bytes, nothing less than the whole plot brings it back, and `whole_fill_cpu_seconds` is its price.
pub(in crate::compare) fn regenerate(
    bench: &Bench<'_>,
    plot: &Sealed,
    whole_fill_cpu_seconds: Option<f64>,
    seconds: f64,
) -> Result<Regenerated, LabError> {
    let mut dice = Numbers::new(bench.request.seed, "units to make again");
    let mut instance = bench.scheme.instance()?;
    let (mut unit_us, mut cpu_us, mut read_us) = (Vec::new(), Vec::new(), Vec::new());
    let (mut alone, mut was_cold) = (true, true);
    plot.expect_random_reads()?;
    let began = Instant::now();
    for turn in 0..bench.request.repeats.max(1) {
        if turn > 0 && began.elapsed().as_secs_f64() > seconds {
            break;
        }
        bench.expect_going()?;
        let units = dice.distinct(UNITS_A_TURN, plot.layout.units);
        let (median, from_device) = read_turn(plot, &units.iter().copied().collect::<Vec<_>>())?;
        read_us.push(median);
        was_cold &= from_device;
        let (mut wall, mut cpu) = (Vec::new(), Vec::new());
        for unit in units {
            if !alone || (!wall.is_empty() && began.elapsed().as_secs_f64() > seconds) {
                break;
            }
            match again(&mut instance, plot, unit)? {
                Some(took) => {
                    // On one core: what several did at once counts as one after another.
                    wall.push(took.seconds.max(took.cpu_seconds) * 1e6);
                    cpu.push(took.cpu_seconds * 1e6);
                }
                None => alone = false,
            }
        }
        unit_us.push(median_of(wall));
        cpu_us.push(median_of(cpu));
    }
    if !alone {
        unit_us =
            whole_fill_cpu_seconds.map(|seconds| vec![seconds * 1e6; read_us.len()]).unwrap_or_default();
        cpu_us.clone_from(&unit_us);
    }
    let rho: Vec<f64> = unit_us.iter().zip(&read_us).map(|(made, read)| made / read).collect();
    let cold = |runs: &[f64]| if was_cold { Figure::of(runs) } else { None };
    Ok(Regenerated {
        alone,
        unit_us: Figure::of(&unit_us),
        unit_cpu_us: Figure::of(&cpu_us),
        read_us: cold(&read_us),
        rho: cold(&rho),
    })
}

fn median_of(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    quantile(&values, 0.5)
}

/// How long it takes to fill `unit` once more; `None` where that does not give its bytes.
fn again(instance: &mut SchemeInstance, plot: &Sealed, unit: u64) -> Result<Option<Took>, LabError> {
    let extent = plot.unit(unit);
    let mut original = vec![0; extent.len as usize];
    plot.region.read_at(extent.offset, &mut original)?;
    let overlay = Arc::new(Overlay::without(Arc::clone(&plot.region), extent));
    let passes = (0u32..).zip(&plot.layout.passes).filter(|(_, pass)| unit < pass.units);
    let work = || {
        passes.into_iter().try_for_each(|(number, _)| {
            let space = Arc::clone(&overlay) as Arc<dyn PlotSpace>;
            instance.fill(space, &Bench::identity(), number, Span { first: unit, count: 1 })
        })
    };
    // A kernel may start threads of its own.
    let took = match timed(work) {
        Ok(((), took)) => took,
        // A scheme may refuse to fill a unit out of order.
        Err(PluginError::Refused { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let made = Arc::into_inner(overlay).map(Overlay::into_unit);
    Ok((made.as_ref() == Some(&original)).then_some(took))
}

/// The median time of reading each of `units` from the device, us, and whether it came from there.
fn read_turn(plot: &Sealed, units: &[u64]) -> Result<(f64, bool), LabError> {
    let mut buffer = vec![0; plot.layout.unit_bytes as usize];
    plot.forget_cache()?;
    let before = device_bytes();
    let mut runs = Vec::new();
    for unit in units {
        runs.push(timed_here(|| plot.read_unit(*unit, &mut buffer))?.1.seconds * 1e6);
    }
    let from_device = device_bytes().zip(before).is_some_and(|(after, before)| after.read > before.read);
    Ok((median_of(runs), from_device))
}
