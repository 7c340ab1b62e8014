//! Making a part of a unit anew, with the scheme's own `fill` over a plot of which only parts are kept.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_core::{Identity, PlotSpace, RegionSpace, SpaceError, Span, Spans};
use plimsoll_plugin::SchemeInstance;

use super::plot::Plot;
use super::regenerate::cpu_seconds;

/// What is kept of each unit: places within it.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept(Spans);

impl Kept {
    /// These places of every unit.
    pub(super) fn of(places: impl IntoIterator<Item = Span>) -> Self {
        Self(places.into_iter().filter(|place| place.count > 0).collect())
    }

    /// Bytes of a unit.
    pub(super) fn bytes(&self) -> u64 {
        self.0.units()
    }

    /// The parts of `place` in a unit that are not kept.
    pub(super) fn missing(&self, place: Span) -> Vec<Span> {
        let gaps = self.0.missing(place.end());
        gaps.into_iter().filter_map(|gap| common(gap, place)).collect()
    }

    /// The parts of `place` that are.
    fn there(&self, place: Span) -> impl Iterator<Item = Span> + '_ {
        self.0.iter().filter_map(move |kept| common(kept, place))
    }
}

/// What both hold.
pub(super) fn common(one: Span, other: Span) -> Option<Span> {
    let (first, end) = (one.first.max(other.first), one.end().min(other.end()));
    (first < end).then(|| Span::between(first, end))
}

/// What of a unit is computed when a part of it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// Only what is written where something is wanted; all else is left out, and reads as zeros.
    Wanted,
    /// All that is not kept, until what is wanted is there.
    Beginning,
}

/// Seconds of CPU time that making `wanted`, places of unit `unit`, takes who has only what is `kept` of each unit;
/// `None` where other bytes come out.
pub(super) fn rebuild(
    instance: &mut SchemeInstance,
    (plot, identity): (&Plot, &Identity),
    (kept, effort): (&Kept, Effort),
    unit: u64,
    wanted: &[Span],
) -> Option<f64> {
    let range = plot.range(Span { first: unit, count: 1 });
    let passes: Vec<u32> =
        (0u32..).zip(&plot.layout.passes).filter(|(_, pass)| unit < pass.units).map(|(at, _)| at).collect();
    let last = *passes.last()?;
    let state = State { unit: vec![0; range.len()], owed: Vec::new(), is_done: false };
    let here = Parts {
        plot: plot.clone(),
        kept: kept.clone(),
        range: range.clone(),
        effort,
        wanted: wanted.to_vec(),
        state: Mutex::new(state),
    };
    let whole = Span { first: 0, count: range.len() as u64 };
    for place in kept.there(whole) {
        let at = place.first as usize..place.end() as usize;
        here.state().unit[at.clone()].copy_from_slice(&plot.bytes[range.clone()][at]);
    }
    let here = Arc::new(here);
    let begin = cpu_seconds();
    for pass in passes {
        if pass == last {
            here.state().owed = wanted.to_vec();
        }
        let space: Arc<dyn PlotSpace> = Arc::clone(&here) as _;
        let filled = instance.fill(space, identity, pass, Span { first: unit, count: 1 });
        if filled.is_err() && !here.state().is_done {
            return None;
        }
    }
    let seconds = cpu_seconds() - begin;
    let state = here.state();
    let is_right = wanted.iter().all(|place| {
        let at = place.first as usize..place.end() as usize;
        state.unit[at.clone()] == plot.bytes[range.clone()][at]
    });
    is_right.then_some(seconds)
}

/// A plot of which parts are kept, while one of its units is made anew in part.
struct Parts {
    plot: Plot,
    kept: Kept,
    /// Where the unit is.
    range: Range<usize>,
    effort: Effort,
    wanted: Vec<Span>,
    state: Mutex<State>,
}

struct State {
    /// The unit as far as it is there.
    unit: Vec<u8>,
    /// What is wanted and was not written yet, in the last pass.
    owed: Vec<Span>,
    /// Whether nothing is owed any more, so that the rest need not be made.
    is_done: bool,
}

impl Parts {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place of the region within the unit, if it is all there.
    fn within(&self, offset: u64, len: usize) -> Option<Span> {
        let unit = Span::between(self.range.start as u64, self.range.end as u64);
        let place = Span { first: offset, count: len as u64 };
        (common(unit, place) == Some(place)).then(|| Span { first: offset - unit.first, count: place.count })
    }

    fn is_needed(&self, place: Span) -> bool {
        match self.effort {
            Effort::Wanted => self.wanted.iter().any(|wanted| common(*wanted, place).is_some()),
            Effort::Beginning => !self.kept.missing(place).is_empty(),
        }
    }
}

impl RegionSpace for Parts {
    fn size_bytes(&self) -> u64 {
        self.plot.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        let asked = Span { first: offset, count: into.len() as u64 };
        let size = self.size_bytes();
        if asked.first.checked_add(asked.count).is_none_or(|end| end > size) {
            return Err(SpaceError::OutOfRange { offset, len: asked.count, size_bytes: size });
        }
        into.fill(0);
        let mut copy = |from: &[u8], at: u64, place: Span| {
            if let Some(both) = common(place, asked) {
                let to = (both.first - offset) as usize..(both.end() - offset) as usize;
                into[to].copy_from_slice(&from[(both.first - at) as usize..(both.end() - at) as usize]);
            }
        };
        let end = self.plot.units_bytes() as u64;
        copy(&self.plot.bytes, 0, Span::between(end, size));
        let unit_bytes = u64::from(self.plot.layout.unit_bytes);
        let touched = asked.first / unit_bytes..asked.end().min(end).div_ceil(unit_bytes);
        for index in touched {
            let place = self.plot.range(Span { first: index, count: 1 });
            let (start, len) = (place.start as u64, place.len() as u64);
            if place == self.range {
                copy(&self.state().unit, start, Span { first: start, count: len });
                continue;
            }
            for kept in self.kept.there(Span { first: 0, count: len }) {
                copy(&self.plot.bytes, 0, Span { first: start + kept.first, count: kept.count });
            }
        }
        Ok(())
    }
}

impl PlotSpace for Parts {
    fn put(&self, offset: u64, len: usize, write: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError> {
        let Some(place) = self.within(offset, len) else {
            // It is kept, or of another unit: nobody wants it, but it may be a step on the way.
            if self.effort == Effort::Beginning {
                write(&mut vec![0; len]);
            }
            return Ok(());
        };
        if !self.is_needed(place) {
            return Ok(());
        }
        let mut made = vec![0; len];
        write(&mut made);
        let mut state = self.state();
        for part in self.kept.missing(place) {
            let from = (part.first - place.first) as usize..(part.end() - place.first) as usize;
            state.unit[part.first as usize..part.end() as usize].copy_from_slice(&made[from]);
        }
        let had = !state.owed.is_empty();
        let owed = std::mem::take(&mut state.owed);
        state.owed = owed.into_iter().flat_map(|owed| without(owed, place)).collect();
        state.is_done = had && state.owed.is_empty();
        if state.is_done { Err(SpaceError::Cancelled) } else { Ok(()) }
    }
}

/// What is left of `span` without `taken`.
fn without(span: Span, taken: Span) -> Vec<Span> {
    let before = Span::between(span.first, taken.first.clamp(span.first, span.end()));
    let after = Span::between(taken.end().clamp(span.first, span.end()), span.end());
    [before, after].into_iter().filter(|part| part.count > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::{Layout, Order, Pass};

    fn parts(kept: &[Span], wanted: &[Span], effort: Effort) -> Parts {
        let pass = Pass { name: "fill".into(), units: 3, order: Order::Independent };
        let layout =
            Layout { unit_bytes: 10, units: 3, region_bytes: 35, memory_bytes: 0, passes: vec![pass] };
        let plot = Plot::of(layout, (1..36).collect()).unwrap();
        let state = State { unit: vec![0; 10], owed: wanted.to_vec(), is_done: false };
        let (kept, wanted) = (Kept::of(kept.iter().copied()), wanted.to_vec());
        Parts { plot, kept, range: 10..20, effort, wanted, state: Mutex::new(state) }
    }

    fn read(space: &Parts, offset: u64, len: usize) -> Vec<u8> {
        let mut out = vec![7; len];
        space.read_at(offset, &mut out).unwrap();
        out
    }

    #[test]
    fn only_what_is_kept_can_be_read() {
        let space = parts(&[Span::between(0, 2), Span::between(8, 9)], &[], Effort::Wanted);
        assert_eq!(read(&space, 0, 10), [1, 2, 0, 0, 0, 0, 0, 0, 9, 0]);
        assert_eq!(read(&space, 28, 7), [29, 0, 31, 32, 33, 34, 35], "and all behind the units");
        assert_eq!(read(&space, 10, 10), [0; 10], "this one is filled by who makes it");
        assert!(matches!(space.read_at(30, &mut [0; 6]), Err(SpaceError::OutOfRange { .. })));
        assert!(matches!(space.read_at(u64::MAX, &mut [0; 6]), Err(SpaceError::OutOfRange { .. })));
    }

    #[test]
    fn what_nobody_wants_is_not_computed_and_the_last_that_is_wanted_ends_it() {
        let space = parts(&[], &[Span::between(4, 6), Span::between(8, 9)], Effort::Wanted);
        let put = |offset, len, byte| {
            let mut asked = false;
            let put = space.put(offset, len, &mut |into: &mut [u8]| {
                asked = true;
                into.fill(byte);
            });
            (put, asked)
        };
        assert_eq!(put(10, 4, 1), (Ok(()), false));
        assert_eq!(put(0, 5, 1), (Ok(()), false), "another unit");
        assert_eq!(put(13, 4, 2), (Ok(()), true));
        assert_eq!(put(17, 3, 3), (Err(SpaceError::Cancelled), true));
        assert_eq!(read(&space, 10, 10), [0, 0, 0, 2, 2, 2, 2, 3, 3, 3]);
    }

    #[test]
    fn what_is_kept_is_neither_computed_nor_written_over() {
        let space = parts(&[Span::between(0, 4)], &[Span::between(6, 7)], Effort::Beginning);
        let mut calls = 0;
        let mut write = |into: &mut [u8]| {
            calls += 1;
            into.fill(9);
        };
        space.put(10, 4, &mut write).unwrap();
        space.put(12, 3, &mut write).unwrap();
        assert_eq!(space.put(15, 2, &mut write), Err(SpaceError::Cancelled));
        assert_eq!((calls, read(&space, 10, 10)), (2, vec![0, 0, 0, 0, 9, 9, 9, 0, 0, 0]));
    }

    #[test]
    fn what_is_missing_of_a_place_is_what_lies_between() {
        let kept = Kept::of([Span::between(2, 4), Span::between(6, 7), Span::between(9, 9)]);
        assert_eq!(kept.bytes(), 3);
        let missing = kept.missing(Span::between(3, 10));
        assert_eq!(missing, [Span::between(4, 6), Span::between(7, 10)]);
        assert_eq!(kept.missing(Span::between(2, 4)), []);
        let whole = Span::between(5, 9);
        assert_eq!(without(whole, Span::between(6, 7)), [Span::between(5, 6), Span::between(7, 9)]);
        assert_eq!(without(whole, Span::between(0, 20)), []);
        assert_eq!(without(whole, Span::between(9, 20)), [whole]);
        assert_eq!(without(whole, Span::between(0, 5)), [whole]);
    }
}
