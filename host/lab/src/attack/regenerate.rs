//! A prover that keeps little and makes the rest anew when it is asked.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_core::{PlotSpace, RegionSpace, SpaceError, Span, Spans};
use plimsoll_plugin::{MemorySpace, SchemeInstance};
use rustix::time::{ClockId, clock_gettime};

use super::hole::{losing, units};
use super::plot::{Plot, fill, room};
use super::report::{Finding, Point, Property};
use super::subject::{Answered, Judged, Subject};
use crate::LabError;
use crate::stats::{Rate, Remaking, least_kept};

/// One random read of 4 KiB from the reference disk, for the ratio rho: 50 microseconds.
const READ_SECONDS: f64 = 50e-6;
/// Regenerations that are timed, unless they take too long together.
const REPEATS: usize = 5;
const MEASURING: Duration = Duration::from_secs(2);

/// What making units anew costs one core.
#[derive(Debug, Clone, Copy)]
enum Remake {
    /// Each alone.
    Unit { seconds: f64 },
    /// Only the whole plot at once.
    Whole { seconds: f64 },
    /// Not at all: filling again gives other bytes, or fails.
    Impossible,
}

impl Remake {
    fn seconds(self) -> Option<f64> {
        match self {
            Self::Unit { seconds } | Self::Whole { seconds } => Some(seconds),
            Self::Impossible => None,
        }
    }
}

/// A set of lost units, what making them anew costs, and how many are ready in time.
struct Case {
    name: String,
    lost: Vec<Span>,
    remake: Remake,
    in_time: u64,
    /// Whether units were dropped so that theory knows how many an audit misses.
    is_predicted: bool,
}

/// `regenerate`: keeps a share of the units and what lies behind them, makes missing ones with the scheme's own
/// `fill`, and passes if that is done before the deadline.
pub(super) fn regenerate(subject: &mut Subject) -> Result<Finding, LabError> {
    const AGAINST: [Property; 2] = [Property::Space, Property::Time];
    let cases = cases(subject)?;
    let q = subject.drawn();
    let (mut points, mut succeeded) = (Vec::new(), false);
    for case in &cases {
        if matches!(case.remake, Remake::Impossible) {
            continue;
        }
        let (kept, of) = (subject.plot.layout.units - units(&case.lost), subject.plot.layout.units);
        let passed = audits(subject, &case.lost, case.in_time)?;
        succeeded |= passed.exceeds(subject.bound(kept, 0));
        let is_predicted = case.is_predicted && !subject.is_lottery();
        let theory = is_predicted.then(|| subject.bound(kept, case.in_time));
        let name = format!("keeps {kept} of {of} units{}", case.name);
        points.push(Point::new(
            name,
            passed,
            theory,
            "sum of j <= M of C(lost, j) C(kept, q - j) / C(units, q)",
        ));
    }
    let Some(Best { case: best, seconds, f_min }) = best(&cases, q, subject.plot.layout.units) else {
        let text = "filling again does not give the same bytes, so nothing can be made anew";
        return Ok(subject.finding("regenerate", &AGAINST, false, text));
    };
    let how = if matches!(best.remake, Remake::Unit { .. }) { "a unit" } else { "the whole plot" };
    let (cores, shown) = (subject.options.cores.max(1), seconds * 1e3);
    let text = format!(
        "{how} is made anew in {shown:.3} ms: within {:.0} ms on {cores} core{} f_min = {f_min:.2} of the units must \
         be kept",
        subject.options.deadline.as_secs_f64() * 1e3,
        if cores == 1 { "" } else { "s" },
    );
    Ok(subject
        .finding("regenerate", &AGAINST, succeeded, text)
        .points(points)
        .figure("regenerate_ms", shown)
        .figure("rho_against_50_us_read", seconds / READ_SECONDS)
        .figure("units_within_deadline", best.in_time.min(subject.plot.layout.units) as f64)
        .figure("f_min", f_min))
}

/// The case that must keep least.
struct Best<'a> {
    case: &'a Case,
    seconds: f64,
    /// The share of `units` units that it must keep to pass audits of `drawn`.
    f_min: f64,
}

/// Who can choose loses what leaves least to keep, and of that what is made anew fastest. Where a unit is made alone
/// all may be lost; where only with others beside it, no more than was lost here.
fn best(cases: &[Case], drawn: u64, units_of_plot: u64) -> Option<Best<'_>> {
    let kept = |case: &Case| units_of_plot - units(&case.lost);
    let is_alone = cases.iter().any(|case| kept(case) == 0 && matches!(case.remake, Remake::Unit { .. }));
    let of = |case| {
        let floor = if is_alone { 0.0 } else { kept(case) as f64 / units_of_plot.max(1) as f64 };
        let f_min = least_kept(drawn, case.in_time).max(floor);
        Some(Best { case, seconds: case.remake.seconds()?, f_min })
    };
    cases.iter().filter_map(of).min_by(|one, other| {
        let in_time = || other.case.in_time.cmp(&one.case.in_time);
        one.f_min.total_cmp(&other.f_min).then_with(in_time).then(one.seconds.total_cmp(&other.seconds))
    })
}

/// Who keeps nothing; who keeps a share at random, in runs; and who drops every k-th unit, so that those beside it
/// can be read when it is made anew.
fn cases(subject: &Subject) -> Result<Vec<Case>, LabError> {
    let (all, keep) = (subject.plot.layout.units, subject.options.keep);
    let mut sets = vec![(String::new(), vec![Span::between(0, all)], true)];
    if keep > 0.0 && all > 1 {
        let mut numbers = subject.numbers("regenerate, which units");
        sets.push((String::new(), losing(&subject.plot, keep, &mut numbers), true));
        // At least the share is kept. A cast saturates.
        let step = (1.0 / (1.0 - keep).max(1e-9)).ceil().max(2.0) as u64;
        let every: Vec<Span> =
            (step - 1..all).step_by(usize::try_from(step).unwrap_or(usize::MAX)).map(one).collect();
        if !every.is_empty() {
            sets.push((format!(", one of each {step} gone"), every, false));
        }
    }
    let mut instance = subject.scheme.instance()?;
    let mut whole_plot = None;
    let (deadline, cores) = (subject.options.deadline.as_secs_f64(), subject.options.cores);
    let case = |(name, lost, is_predicted): (_, Vec<Span>, _)| {
        let remake = measure(subject, &mut instance, &lost, &mut whole_plot)?;
        let in_time = match remake {
            Remake::Unit { seconds } => subject.remaking().in_time(seconds, deadline, cores),
            Remake::Whole { seconds } => Remaking::Together.in_time(seconds, deadline, cores),
            Remake::Impossible => 0,
        };
        Ok(Case { name, lost, remake, in_time, is_predicted })
    };
    sets.into_iter().map(case).collect()
}

/// Audits of a prover that has `lost`, but makes up to `forgiven` units of each audit in time.
///
/// What `fill` makes was found to be the same bytes, so they are taken from the honest plot, and the clock is
/// counted: a missing unit that is read costs one regeneration.
fn audits(subject: &mut Subject, lost: &[Span], forgiven: u64) -> Result<Rate, LabError> {
    let lost: Spans = lost.iter().copied().collect();
    let (mut numbers, samples, statement) =
        (subject.trial_numbers("regenerate"), subject.options.samples, subject.statement);
    let (mut passed, trials) = (0, subject.trials());
    for _ in 0..trials {
        let challenge = subject.draw(&statement, numbers.digest(), samples, None)?;
        let disk = subject.plot.disk();
        let answered = subject.prove(Arc::clone(&disk) as _, &statement, &challenge);
        let touched = subject.plot.units_of(&disk.take_trace());
        let misses: u64 = touched.iter().map(|span| shared(span, &lost)).sum();
        let Answered::Proof(proof) = answered else { continue };
        if misses <= forgiven {
            passed += u64::from(subject.verify(&statement, &challenge, &proof) == Judged::Valid);
        }
    }
    Ok(Rate::of(passed, trials))
}

/// Units of `span` that are in `set`.
fn shared(span: Span, set: &Spans) -> u64 {
    set.iter().map(|run| Span::between(run.first.max(span.first), run.end().min(span.end())).count).sum()
}

/// Times one of the `lost` units alone with all others readable, and where that does not give its bytes, the whole
/// plot.
fn measure(
    subject: &Subject,
    instance: &mut SchemeInstance,
    lost: &[Span],
    whole_plot: &mut Option<Remake>,
) -> Result<Remake, LabError> {
    let mut numbers = subject.numbers("regenerate, timing");
    let (begin, mut times) = (Instant::now(), Vec::new());
    while times.len() < REPEATS && (times.is_empty() || begin.elapsed() < MEASURING) {
        let run = lost[numbers.place(lost.len())];
        match one_unit(instance, subject, lost, run.first + numbers.below(run.count)) {
            Some(seconds) => times.push(seconds),
            None => {
                let remake = whole_plot.map_or_else(|| whole(instance, subject), Ok)?;
                *whole_plot = Some(remake);
                return Ok(remake);
            }
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(Remake::Unit { seconds: times[times.len() / 2] })
}

/// Seconds that unit `index` alone takes where all that is `lost` is gone, if it comes out right.
fn one_unit(instance: &mut SchemeInstance, subject: &Subject, lost: &[Span], index: u64) -> Option<f64> {
    let (plot, identity) = (&subject.plot, &subject.statement.identity);
    let scratch = Arc::new(Scratch::without(plot, lost));
    let begin = cpu_seconds();
    for (number, pass) in (0u32..).zip(&plot.layout.passes) {
        if index < pass.units {
            let plot: Arc<dyn PlotSpace> = Arc::clone(&scratch) as _;
            instance.fill(plot, identity, number, one(index)).ok()?;
        }
    }
    let seconds = cpu_seconds() - begin;
    let range = plot.range(one(index));
    (scratch.bytes(range.clone()) == plot.bytes[range]).then_some(seconds)
}

const fn one(first: u64) -> Span {
    Span { first, count: 1 }
}

fn whole(instance: &mut SchemeInstance, subject: &Subject) -> Result<Remake, LabError> {
    let plot = &subject.plot;
    let again = room(&plot.layout, instance.name())?;
    let begin = cpu_seconds();
    let filled = fill(instance, &again, &subject.statement.identity, &plot.layout, u64::MAX);
    let seconds = cpu_seconds() - begin;
    let same = filled.is_ok() && again.to_vec()[..plot.units_bytes()] == plot.bytes[..plot.units_bytes()];
    Ok(if same { Remake::Whole { seconds } } else { Remake::Impossible })
}

/// CPU time of the whole process: some kernels have threads of their own.
pub(super) fn cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// A plot with some units gone: those cannot be read until they are written.
struct Scratch {
    space: MemorySpace,
    /// Bytes that are kept, or were written.
    there: Mutex<Spans>,
}

impl Scratch {
    fn without(plot: &Plot, lost: &[Span]) -> Self {
        let mut bytes = (*plot.bytes).clone();
        let (mut there, mut at) = (Spans::new(), 0);
        let mut lost = lost.to_vec();
        lost.sort_by_key(|run| run.first);
        for range in lost.into_iter().map(|run| plot.range(run)) {
            bytes[range.clone()].fill(0);
            there.insert(Span::between(at, range.start as u64));
            at = range.end as u64;
        }
        there.insert(Span::between(at, bytes.len() as u64));
        Self { space: MemorySpace::with(bytes), there: Mutex::new(there) }
    }

    fn bytes(&self, range: std::ops::Range<usize>) -> Vec<u8> {
        self.space.to_vec()[range].to_vec()
    }
}

impl RegionSpace for Scratch {
    fn size_bytes(&self) -> u64 {
        self.space.size_bytes()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        let asked = Span { first: offset, count: into.len() as u64 };
        let there = self.there.lock().unwrap_or_else(PoisonError::into_inner);
        if shared(asked, &there) == asked.count {
            return self.space.read_at(offset, into);
        }
        let (path, reason) = ("(a cheater's scratch)".to_owned(), "not kept".to_owned());
        Err(SpaceError::Device { path, offset, len: asked.count, reason })
    }
}

impl PlotSpace for Scratch {
    fn put(&self, offset: u64, len: usize, write: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError> {
        self.space.put(offset, len, write)?;
        let span = Span { first: offset, count: len as u64 };
        self.there.lock().unwrap_or_else(PoisonError::into_inner).insert(span);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::{Layout, Order, Pass};

    #[test]
    fn where_neighbours_are_needed_they_count_as_kept() {
        let case = |lost: &[Span], remake, in_time| Case {
            name: String::new(),
            lost: lost.to_vec(),
            remake,
            in_time,
            is_predicted: true,
        };
        let f_min = |cases: &[Case]| best(cases, 20, 100).map(|best| (best.f_min, best.case.in_time));
        let (all, some) = ([Span::between(0, 100)], [one(3), Span::between(10, 40)]);
        let (unit, whole) = (Remake::Unit { seconds: 0.01 }, Remake::Whole { seconds: 9.0 });
        let late = || case(&all, whole, 0);
        // 31 of 100 are made with the others beside them, all of a sample in time: not one more.
        assert_eq!(f_min(&[late(), case(&some, unit, 20)]), Some((0.69, 20)));
        assert_eq!(
            f_min(&[late(), case(&some, unit, 2)]),
            Some((0.9, 2)),
            "few in time are the stronger bound"
        );
        assert_eq!(
            f_min(&[case(&all, unit, 15), case(&some, unit, 16)]),
            Some((0.2, 16)),
            "each is made alone"
        );
        assert_eq!(f_min(&[case(&all, whole, u64::MAX), case(&some, unit, 20)]), Some((0.0, u64::MAX)));
        assert_eq!(f_min(&[case(&all, Remake::Impossible, 0)]), None);
        assert_eq!(f_min(&[case(&all, Remake::Impossible, 0), case(&some, unit, 0)]), Some((1.0, 0)));
    }

    #[test]
    fn what_is_lost_cannot_be_read_until_it_is_written_and_its_neighbours_can() {
        let pass = Pass { name: "fill".into(), units: 5, order: Order::Independent };
        let layout =
            Layout { unit_bytes: 10, units: 5, region_bytes: 55, memory_bytes: 0, passes: vec![pass] };
        let plot = Plot::of(layout, (0..55).collect()).unwrap();
        let scratch = Scratch::without(&plot, &[one(3), one(1)]);
        let read = |offset, len| {
            let mut out = vec![0; len];
            scratch.read_at(offset, &mut out).map(|()| out)
        };
        assert_eq!((read(0, 10), read(20, 3)), (Ok((0..10).collect()), Ok(vec![20, 21, 22])));
        assert_eq!(read(40, 15), Ok((40..55).collect()));
        for (offset, len) in [(9, 2), (19, 2), (30, 1), (39, 2)] {
            assert!(matches!(read(offset, len), Err(SpaceError::Device { .. })), "{len} bytes at {offset}");
        }
        scratch.put(10, 10, &mut |into| into.fill(9)).unwrap();
        assert_eq!(read(9, 12), Ok([&[9][..], &[9; 10], &[20]].concat()));
        assert_eq!(scratch.bytes(10..20), [9; 10]);
    }
}
