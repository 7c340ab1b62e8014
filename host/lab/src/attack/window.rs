//! A prover that learns what is asked, and keeps only that.

use std::sync::Arc;

use plimsoll_core::{RegionSpace, Span};

use super::hole::{point, units, without};
use super::report::{Finding, Property};
use super::subject::Subject;
use crate::LabError;
use crate::stats::uniformity;

/// How sure one must be that uniform draws would have touched every run by now.
const MISS: f64 = 1e-9;
/// Buckets of the test of uniformity; odd, see [`uniformity`].
const BUCKETS: usize = 9;

/// `tail-window`: watches many rounds, drops what was never read (or, if all was, the half that was read least),
/// and then answers fresh rounds.
pub(super) fn tail_window(subject: &mut Subject) -> Result<Finding, LabError> {
    const AGAINST: [Property; 2] = [Property::Space, Property::Retrievability];
    let runs = subject.plot.runs();
    if runs.len() < 2 {
        return Ok(Finding::not_tried("tail-window", &AGAINST, "a plot of one run of units has no window"));
    }
    let rounds = rounds_to_touch_all(subject);
    let mut counts = vec![0u64; runs.len()];
    let mut numbers = subject.numbers("tail-window");
    let (statement, samples) = (subject.statement, subject.options.samples);
    for _ in 0..rounds {
        let challenge = subject.draw(&statement, numbers.digest(), samples, None)?;
        let disk = subject.plot.disk();
        let _ = subject.prove(Arc::clone(&disk) as _, &statement, &challenge);
        for touched in subject.plot.units_of(&disk.take_trace()).iter() {
            for (count, run) in counts.iter_mut().zip(&runs) {
                let shared = Span::between(touched.first.max(run.first), touched.end().min(run.end()));
                *count += shared.count;
            }
        }
    }
    let lost = least_read(&runs, &counts);
    let kept = subject.plot.layout.units - units(&lost);
    let never = counts.iter().filter(|&&count| count == 0).count();
    let disk: Arc<dyn RegionSpace> = without(&subject.plot, &lost);
    let passed = subject.rate("tail-window, fresh rounds", &disk)?;
    let bound = subject.bound(kept, 0);
    let succeeded = passed.exceeds(bound);
    let of = subject.plot.layout.units;
    let text = match succeeded {
        true => format!(
            "who keeps only the {kept} of {of} units that {rounds} rounds read most passes {} of {} fresh audits",
            passed.hits, passed.trials
        ),
        false if never > 0 => {
            format!(
                "{never} of {} runs were not read in {rounds} rounds, but fresh rounds read them",
                runs.len()
            )
        }
        false => format!("all {of} units are asked for; keeping what is read most does not help"),
    };
    let mut found = subject
        .finding("tail-window", &AGAINST, succeeded, text)
        .figure("rounds_watched", rounds as f64)
        .figure("runs_never_read", never as f64)
        .figure("kept_fraction", kept as f64 / of as f64);
    if let Some(p) = evenness(subject, &runs, &counts) {
        found = found.figure("uniformity_p", p);
    }
    let point = point(subject, kept, passed, bound);
    Ok(found.points(vec![point]))
}

/// So many rounds that a run of units that uniform draws leave out is rarer than [`MISS`], within the effort.
fn rounds_to_touch_all(subject: &Subject) -> u64 {
    let units = subject.plot.layout.units.max(1) as f64;
    let runs = subject.plot.runs();
    let run = runs.first().map_or(1, |run| run.count) as f64;
    // The chance of one run to be left out by all `drawn` draws of a round is below e^(-drawn run / units).
    let needed = (runs.len() as f64 / MISS).ln() * units / (subject.drawn() as f64 * run);
    (needed.ceil() as u64).clamp(8, 8 * subject.trials())
}

/// The runs to drop: those never read, or if there are none, the half that was read least.
fn least_read(runs: &[Span], counts: &[u64]) -> Vec<Span> {
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by_key(|&at| (counts[at], at));
    let never = counts.iter().filter(|&&count| count == 0).count();
    let drop = if never > 0 { never.min(runs.len() - 1) } else { runs.len() / 2 };
    order[..drop].iter().map(|&at| runs[at]).collect()
}

/// The probability that uniform draws read the units as unevenly as this.
fn evenness(subject: &Subject, runs: &[Span], counts: &[u64]) -> Option<f64> {
    let (mut sums, mut sizes) = ([0; BUCKETS], [0; BUCKETS]);
    for (at, (run, count)) in runs.iter().zip(counts).enumerate() {
        let bucket = at * BUCKETS / runs.len();
        sums[bucket] += count;
        sizes[bucket] += run.count;
    }
    uniformity(&sums, &sizes, subject.drawn())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_read_is_dropped_first() {
        let runs: Vec<Span> = Span::between(0, 40).pieces(10).collect();
        assert_eq!(least_read(&runs, &[0, 5, 0, 1]), [runs[0], runs[2]]);
        assert_eq!(least_read(&runs, &[9, 5, 7, 6]), [runs[1], runs[3]]);
        assert_eq!(least_read(&runs, &[0, 0, 0, 0]).len(), 3, "something is always kept");
    }
}
