//! A prover that keeps a part of every unit and makes the rest of what is asked for anew.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::{PlotSpace, RegionSpace, SpaceError, Span, Spans};
use plimsoll_plugin::{MemorySpace, SchemeInstance};

use super::plot::Plot;
use super::rebuild::{Effort, Kept, common, rebuild};
use super::regenerate::cpu_seconds;
use super::region::Trace;
use super::report::{Finding, Point, Property};
use super::subject::{Answered, Judged, Subject};
use crate::LabError;
use crate::stats::Rate;

/// Of every piece of this size the last sixteenth is kept: enough for chains that look back a little.
const STRETCH_BYTES: u64 = 4096;
/// Windows of which the head is kept.
const WINDOW_BYTES: u64 = 64 << 10;
/// Units that are timed before audits begin.
const TIMED: usize = 3;
/// Audits of one form, however long they take; beyond them they end when so much CPU time is over, so that it is no
/// matter how busy the machine is.
const FEWEST_AUDITS: u64 = 12;
const LONGEST_SECONDS: f64 = 1.5;
/// A job that was found to take so many times the time there is will not be in time now.
const HOPELESS: f64 = 4.0;
const FORMULA: &str = "f^q for the share f of every unit that is kept";

/// A way of keeping a part of every unit.
struct Form {
    name: &'static str,
    kept: Kept,
}

/// How what is missing comes back: how much is computed for it, and the seconds of one unit's part.
#[derive(Debug, Clone, Copy)]
struct Way {
    effort: Effort,
    seconds: f64,
}

/// Parts that are asked for and not kept: of which unit, and where in it.
type Jobs = BTreeMap<u64, Vec<Span>>;

/// `partial`: keeps a part of every unit, runs the scheme's own `fill` over it only where something is asked for
/// and only until it is there, and passes if that is done before the deadline. A unit that outlasts the deadline
/// says nothing where its parts do not. `fill` can be cut only between its writes: where it writes a unit at once, parts
/// take as long as the whole, here.
pub(super) fn partial(subject: &mut Subject) -> Result<Finding, LabError> {
    const AGAINST: [Property; 1] = [Property::Space];
    let mut instance = subject.scheme.instance()?;
    let forms = forms(subject, &mut instance);
    if forms.is_empty() {
        return Ok(Finding::not_tried("partial", &AGAINST, "units of a byte have no parts"));
    }
    let (mut points, mut best) = (Vec::<Point>::new(), None::<(f64, usize, Option<Way>)>);
    let unit_bytes = f64::from(subject.plot.layout.unit_bytes);
    let formula = if subject.is_lottery() { "at most the share kept" } else { FORMULA };
    for Form { name, kept } in &forms {
        let share = kept.bytes() as f64 / unit_bytes;
        let way = way(subject, &mut instance, kept)?;
        let passed = audits(subject, &mut instance, kept, way)?;
        let bound = subject.bound_of_parts(share, passed.trials);
        let case = format!("keeps {:.2} % of every unit: {name}", 100.0 * share);
        if passed.exceeds(bound) && best.is_none_or(|(least, _, _)| share < least) {
            best = Some((share, points.len(), way));
        }
        points.push(Point { agrees: None, ..Point::new(case, passed, Some(bound), formula) });
    }
    let text = match best {
        Some((_, at, Some(Way { seconds, .. }))) => format!(
            "who {} passes {} of {} audits: a unit's missing part is made anew in {:.3} ms",
            points[at].case,
            points[at].passed.hits,
            points[at].passed.trials,
            seconds * 1e3
        ),
        Some((_, at, None)) => format!("who {} is never asked for more", points[at].case),
        None => "no prover that keeps a part of every unit passes more often than sampling allows".to_owned(),
    };
    let mut finding = subject.finding("partial", &AGAINST, best.is_some(), text).points(points);
    if let Some((share, _, way)) = best {
        finding = finding.figure("kept_fraction", share);
        if let Some(Way { seconds, .. }) = way {
            finding = finding.figure("regenerate_part_ms", seconds * 1e3);
        }
    }
    Ok(finding)
}

/// The head and the tail of a unit, the heads of its windows, a small stretch at every step, and what the scheme's
/// own `fill` reads back while it goes on.
fn forms(subject: &Subject, instance: &mut SchemeInstance) -> Vec<Form> {
    let (unit, keep) = (u64::from(subject.plot.layout.unit_bytes), subject.options.keep);
    // A share of a number of bytes.
    let of = |bytes: u64| (keep * bytes as f64) as u64;
    let whole = Span::between(0, unit);
    let mut forms = vec![
        Form { name: "its head", kept: Kept::of([Span { first: 0, count: of(unit) }]) },
        Form { name: "its tail", kept: Kept::of([Span::between(unit - of(unit), unit)]) },
    ];
    if unit > WINDOW_BYTES {
        let heads = whole.pieces(WINDOW_BYTES).map(|piece| Span { count: of(piece.count), ..piece });
        forms.push(Form { name: "the head of every 64 KiB", kept: Kept::of(heads) });
    }
    let last = |piece: Span| Span::between(piece.end() - piece.count / 16, piece.end());
    let stretches = Kept::of(whole.pieces(STRETCH_BYTES).map(last));
    forms.push(Form { name: "the last sixteenth of every 4 KiB", kept: stretches });
    if let Some(kept) = read_back(subject, instance) {
        forms.push(Form { name: "what its filling reads back", kept });
    }
    forms.retain(|form| form.kept.bytes() > 0 && form.kept.bytes() < unit);
    forms
}

/// What filling a unit reads of that unit, if that is no more than may be kept.
fn read_back(subject: &Subject, instance: &mut SchemeInstance) -> Option<Kept> {
    let plot = &subject.plot;
    let one = Span { first: subject.numbers("partial, read back").below(plot.layout.units), count: 1 };
    let range = plot.range(one);
    let unit = Span::between(range.start as u64, range.end as u64);
    let space = MemorySpace::with((*plot.bytes).clone());
    let recorder = Arc::new(Recorder { space, unit, read: Mutex::default() });
    for (number, pass) in (0u32..).zip(&plot.layout.passes) {
        if one.first < pass.units {
            let plot: Arc<dyn PlotSpace> = Arc::clone(&recorder) as _;
            instance.fill(plot, &subject.statement.identity, number, one).ok()?;
        }
    }
    let kept = Kept::of(recorder.read.lock().unwrap_or_else(PoisonError::into_inner).iter());
    (kept.bytes() as f64 <= subject.options.keep * unit.count as f64).then_some(kept)
}

/// Computes what is missing of some units that honest audits ask for, one way and the other, and times the way that
/// gives their bytes.
fn way(subject: &mut Subject, instance: &mut SchemeInstance, kept: &Kept) -> Result<Option<Way>, LabError> {
    let mut numbers = subject.numbers("partial, timing");
    let mut jobs = Jobs::new();
    for _ in 0..TIMED {
        let (_, asked) = asked(subject, numbers.digest(), kept)?;
        jobs.extend(asked);
    }
    let jobs: Vec<_> = jobs.into_iter().collect();
    // From all over the plot.
    let some: Vec<_> = jobs.iter().step_by(jobs.len().div_ceil(TIMED).max(1)).collect();
    let mut ways = Vec::new();
    for effort in [Effort::Wanted, Effort::Beginning] {
        let (begin, mut times) = (cpu_seconds(), Vec::new());
        for (unit, wanted) in &some {
            if !times.is_empty() && cpu_seconds() - begin > LONGEST_SECONDS {
                break;
            }
            let of = (&subject.plot, &subject.statement.identity);
            times.push(rebuild(instance, of, (kept, effort), *unit, wanted));
        }
        let times: Option<Vec<f64>> = times.into_iter().collect();
        if let Some(mut times) = times.filter(|times| !times.is_empty()) {
            times.sort_by(f64::total_cmp);
            ways.push(Way { effort, seconds: times[times.len() / 2] });
        }
    }
    Ok(ways.into_iter().min_by(|a, b| a.seconds.total_cmp(&b.seconds)))
}

/// The challenge of one round, and what its honest proof reads that is not kept.
fn asked(
    subject: &mut Subject,
    randomness: plimsoll_core::Digest,
    kept: &Kept,
) -> Result<(Option<Asked>, Jobs), LabError> {
    let (statement, samples) = (subject.statement, subject.options.samples);
    let challenge = subject.draw(&statement, randomness, samples, None)?;
    let disk = subject.plot.disk();
    let answered = subject.prove(Arc::clone(&disk) as _, &statement, &challenge);
    let jobs = jobs(&subject.plot, &disk.take_trace(), kept);
    Ok(match answered {
        Answered::Proof(proof) => (Some(Asked { challenge, proof }), jobs),
        _ => (None, jobs),
    })
}

/// A challenge, and the answer of who has all of it.
struct Asked {
    challenge: Vec<u8>,
    proof: Vec<u8>,
}

/// The parts of units that were read and are not kept.
fn jobs(plot: &Plot, trace: &Trace, kept: &Kept) -> Jobs {
    let mut jobs = Jobs::new();
    for unit in plot.units_of(trace).iter().flat_map(|run| run.first..run.end()) {
        let range = plot.range(Span { first: unit, count: 1 });
        let (start, end) = (range.start as u64, range.end as u64);
        let within = trace.places.iter().filter_map(|place| common(place, Span::between(start, end)));
        let missing: Vec<Span> = within
            .flat_map(|place| kept.missing(Span { first: place.first - start, count: place.count }))
            .collect();
        if !missing.is_empty() {
            jobs.insert(unit, missing);
        }
    }
    jobs
}

/// Audits of a prover that keeps only what is `kept` of each unit. It computes what is missing, under the clock; what
/// comes out was found to be the honest plot's bytes, so the answer is the honest one.
fn audits(
    subject: &mut Subject,
    instance: &mut SchemeInstance,
    kept: &Kept,
    way: Option<Way>,
) -> Result<Rate, LabError> {
    let (mut numbers, statement) = (subject.trial_numbers("partial"), subject.statement);
    let (begin, mut passed, mut tried) = (cpu_seconds(), 0, 0);
    let is_short = |tried| tried < FEWEST_AUDITS || cpu_seconds() - begin < LONGEST_SECONDS;
    while tried < subject.trials() && is_short(tried) {
        tried += 1;
        let (asked, jobs) = asked(subject, numbers.digest(), kept)?;
        let Some(Asked { challenge, proof }) = asked else { continue };
        let is_there =
            jobs.is_empty() || way.is_some_and(|way| in_time(subject, instance, (kept, way), &jobs));
        if is_there {
            passed += u64::from(subject.verify(&statement, &challenge, &proof) == Judged::Valid);
        }
    }
    Ok(Rate::of(passed, tried))
}

/// Whether all `jobs` are done before the deadline, each by the core that is free first.
fn in_time(subject: &Subject, instance: &mut SchemeInstance, (kept, way): (&Kept, Way), jobs: &Jobs) -> bool {
    let deadline = subject.options.deadline.as_secs_f64();
    // No more cores than jobs are of use.
    let mut cores = vec![0.0; jobs.len().min(subject.options.cores.max(1) as usize)];
    let each = jobs.len().div_ceil(cores.len().max(1)) as f64;
    if each * way.seconds > HOPELESS * deadline {
        return false;
    }
    jobs.iter().all(|(unit, wanted)| {
        let of = (&subject.plot, &subject.statement.identity);
        let Some(seconds) = rebuild(instance, of, (kept, way.effort), *unit, wanted) else { return false };
        let Some(first) = cores.iter_mut().min_by(|a: &&mut f64, b| a.total_cmp(b)) else { return false };
        *first += seconds;
        *first <= deadline
    })
}

/// Notes what is read of one unit.
struct Recorder {
    space: MemorySpace,
    unit: Span,
    read: Mutex<Spans>,
}

impl RegionSpace for Recorder {
    fn size_bytes(&self) -> u64 {
        self.space.size_bytes()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        self.space.read_at(offset, into)?;
        if let Some(place) = common(self.unit, Span { first: offset, count: into.len() as u64 }) {
            let place = Span { first: place.first - self.unit.first, count: place.count };
            self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(place);
        }
        Ok(())
    }
}

impl PlotSpace for Recorder {
    fn put(&self, offset: u64, len: usize, write: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError> {
        self.space.put(offset, len, write)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::{Layout, Order, Pass};

    #[test]
    fn jobs_are_the_parts_that_were_read_and_are_not_kept() {
        let pass = Pass { name: "fill".into(), units: 3, order: Order::Independent };
        let layout =
            Layout { unit_bytes: 10, units: 3, region_bytes: 35, memory_bytes: 0, passes: vec![pass] };
        let plot = Plot::of(layout, vec![1; 35]).unwrap();
        let places: Spans =
            [Span::between(0, 3), Span::between(8, 15), Span::between(28, 34)].into_iter().collect();
        let trace = Trace { places, reads: 3, bytes: 16 };
        let found = jobs(&plot, &trace, &Kept::of([Span::between(0, 3), Span::between(9, 10)]));
        let known =
            [(0, vec![Span::between(8, 9)]), (1, vec![Span::between(3, 5)]), (2, vec![Span::between(8, 9)])];
        assert_eq!(found, Jobs::from(known));
        assert_eq!(jobs(&plot, &trace, &Kept::of([Span::between(0, 10)])), Jobs::new());
    }
}
