//! A prover that keeps little and makes the rest anew when it is asked.

use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::{PlotSpace, RegionSpace, SpaceError, Span, Spans};
use plimsoll_plugin::{MemorySpace, SchemeInstance};
use rustix::time::{ClockId, clock_gettime};

use super::hole::{losing, units};
use super::plot::{Plot, fill, room};
use super::report::{Finding, Point, Property};
use super::subject::{Answered, Judged, Subject};
use crate::LabError;
use crate::stats::{Rate, least_kept};

/// One random read of 4 KiB from the reference disk, for the ratio rho: 50 microseconds.
const READ_SECONDS: f64 = 50e-6;
/// Regenerations that are timed.
const REPEATS: usize = 5;

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

/// `regenerate`: keeps a share of the units and what lies behind them, makes missing ones with the scheme's own
/// `fill`, and passes if that is done before the deadline.
pub(super) fn regenerate(subject: &mut Subject) -> Result<Finding, LabError> {
    const AGAINST: [Property; 2] = [Property::Space, Property::Time];
    let remake = measure(subject)?;
    let (deadline, cores) = (subject.options.deadline.as_secs_f64(), subject.options.cores.max(1));
    let (forgiven, seconds, how) = match remake {
        Remake::Unit { seconds } => {
            // A cast saturates: many units in no time.
            let in_turn = (deadline / seconds.max(1e-12)).floor() as u64;
            (in_turn.saturating_mul(cores.into()), seconds, "a unit")
        }
        Remake::Whole { seconds } if seconds <= deadline => (u64::MAX, seconds, "the whole plot"),
        Remake::Whole { seconds } => (0, seconds, "the whole plot"),
        Remake::Impossible => {
            let text = "filling again does not give the same bytes, so nothing can be made anew";
            return Ok(subject.finding("regenerate", &AGAINST, false, text));
        }
    };
    let (mut points, mut succeeded) = (Vec::new(), false);
    for share in [0.0, subject.options.keep] {
        let mut numbers = subject.numbers("regenerate, which units");
        let lost = if share > 0.0 {
            losing(&subject.plot, share, &mut numbers)
        } else {
            vec![Span::between(0, subject.plot.layout.units)]
        };
        let kept = subject.plot.layout.units - units(&lost);
        let passed = audits(subject, &lost, forgiven)?;
        succeeded |= passed.exceeds(subject.bound(kept, 0));
        let case = format!("keeps {kept} of {} units", subject.plot.layout.units);
        let theory = (!subject.is_lottery()).then(|| subject.bound(kept, forgiven));
        points.push(Point::new(
            case,
            passed,
            theory,
            "sum of j <= M of C(lost, j) C(kept, q - j) / C(units, q)",
        ));
    }
    let q = subject.drawn();
    let f_min = match remake {
        Remake::Whole { seconds } => f64::from(u8::from(seconds > deadline)),
        _ => least_kept(q, seconds, deadline, cores),
    };
    let shown = seconds * 1e3;
    let text = format!(
        "{how} is made anew in {shown:.3} ms: within {:.0} ms on {cores} cores f_min = {f_min:.2} of the units must be kept",
        deadline * 1e3
    );
    Ok(subject
        .finding("regenerate", &AGAINST, succeeded, text)
        .points(points)
        .figure("regenerate_ms", shown)
        .figure("rho_against_50_us_read", seconds / READ_SECONDS)
        .figure("units_within_deadline", forgiven.min(subject.plot.layout.units) as f64)
        .figure("f_min", f_min))
}

/// Audits of a prover that has `lost`, but makes up to `forgiven` units of each audit in time.
///
/// What `fill` makes was found to be the same bytes, so they are taken from the honest plot, and the clock is
/// counted: a missing unit that is read costs one regeneration.
fn audits(subject: &mut Subject, lost: &[Span], forgiven: u64) -> Result<Rate, LabError> {
    let lost: Spans = lost.iter().copied().collect();
    let (mut numbers, samples, statement) =
        (subject.numbers("regenerate"), subject.options.samples, subject.statement);
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

/// Times a unit alone, and where that does not give its bytes, the whole plot.
fn measure(subject: &Subject) -> Result<Remake, LabError> {
    let mut instance = subject.scheme.instance()?;
    let mut numbers = subject.numbers("regenerate, timing");
    let mut times = Vec::new();
    for _ in 0..REPEATS {
        let index = numbers.below(subject.plot.layout.units);
        match one_unit(&mut instance, subject, index) {
            Some(seconds) => times.push(seconds),
            None => return whole(&mut instance, subject),
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(Remake::Unit { seconds: times[REPEATS / 2] })
}

/// Seconds that unit `index` alone takes, if it comes out right.
fn one_unit(instance: &mut SchemeInstance, subject: &Subject, index: u64) -> Option<f64> {
    let (plot, identity) = (&subject.plot, &subject.statement.identity);
    let one = Span { first: index, count: 1 };
    let scratch = Arc::new(Scratch::behind_units(plot));
    let begin = cpu_seconds();
    for (number, pass) in (0u32..).zip(&plot.layout.passes) {
        if index < pass.units {
            let plot: Arc<dyn PlotSpace> = Arc::clone(&scratch) as _;
            instance.fill(plot, identity, number, one).ok()?;
        }
    }
    let seconds = cpu_seconds() - begin;
    let range = plot.range(one);
    (scratch.bytes(range.clone()) == plot.bytes[range]).then_some(seconds)
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

fn cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// Room for one unit: what lies behind the units is there, units are not until they are written.
struct Scratch {
    space: MemorySpace,
    written: Mutex<Spans>,
    behind: u64,
}

impl Scratch {
    fn behind_units(plot: &Plot) -> Self {
        let mut bytes = (*plot.bytes).clone();
        bytes[..plot.units_bytes()].fill(0);
        let behind = plot.units_bytes() as u64;
        Self { space: MemorySpace::with(bytes), written: Mutex::default(), behind }
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
        let there = offset >= self.behind
            || shared(asked, &self.written.lock().unwrap_or_else(PoisonError::into_inner)) == asked.count;
        if there {
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
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(span);
        Ok(())
    }
}
