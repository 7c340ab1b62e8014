//! What would be filled, held against what is there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::{PlotSpace, RegionSpace, SpaceError, Span, Spans};

use crate::region::check_range;
use crate::scrub::{BadRun, Badness, bad_runs};
use crate::write::BufferPool;
use crate::{CancelFlag, PAGE_BYTES, Plot, StoreError};

/// A plot space that keeps nothing: what is put is compared with the bytes on the disk, and where they differ
/// is remembered in pages of 4 KiB. Reads give what is on the disk, or, where filling goes
/// [in order](Comparing::in_order), what was put.
pub struct Comparing {
    region: Arc<dyn RegionSpace>,
    plot: Plot,
    cancel: CancelFlag,
    pool: BufferPool,
    seen: Mutex<Seen>,
    keeps: bool,
}

/// Differing bytes that are kept, so that what follows from them can be made: 64 MiB.
const MOST_KEPT_BYTES: usize = 64 << 20;

#[derive(Default)]
struct Seen {
    compared: Spans,
    differing: Spans,
    unreadable: Spans,
    /// What was put where the disk holds something else, by its place.
    made: BTreeMap<u64, Vec<u8>>,
    made_bytes: usize,
}

impl std::fmt::Debug for Comparing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Comparing({})", self.plot.path().display())
    }
}

impl Comparing {
    /// Over a complete plot.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`] for a plot of several passes: its earlier passes left other bytes.
    pub fn new(plot: Plot, cancel: CancelFlag) -> Result<Self, StoreError> {
        let passes = plot.header().spec.layout.passes.len();
        if passes > 1 {
            let why = format!(
                "it was filled in {passes} passes, of which only the last one's bytes are there: fill a second plot and compare the roots"
            );
            return Err(StoreError::Unsupported { path: plot.path().to_owned(), why });
        }
        let pool = BufferPool::new(2 * <dyn PlotSpace>::LARGEST_PUT_BYTES, 8);
        Ok(Self { region: plot.region(), plot, cancel, pool, seen: Mutex::default(), keeps: false })
    }

    /// The same for a plot that is filled unit after unit, each from those before it: a read gives what was put,
    /// and of what was not put yet nothing. So a disk that is wrong throughout cannot speak for itself.
    ///
    /// # Errors
    /// As [`Comparing::new`].
    pub fn in_order(plot: Plot, cancel: CancelFlag) -> Result<Self, StoreError> {
        Ok(Self { keeps: true, ..Self::new(plot, cancel)? })
    }

    /// Bytes that were put and compared so far; what was put twice counts once.
    #[must_use]
    pub fn compared_bytes(&self) -> u64 {
        self.seen().compared.units()
    }

    /// Whether all of these bytes of the region were put and compared.
    #[must_use]
    pub fn covers(&self, bytes: Span) -> bool {
        let run = self.seen().compared.run_of(bytes.first);
        bytes.count == 0 || run.is_some_and(|run| run.end() >= bytes.end())
    }

    /// Where the disk does not hold what was put, in ascending order.
    #[must_use]
    pub fn differing(&self) -> Vec<BadRun> {
        let layout = &self.plot.header().spec.layout;
        let seen = self.seen();
        let mut runs = bad_runs(&seen.differing, layout, Badness::Differs);
        runs.extend(bad_runs(&seen.unreadable, layout, Badness::Unreadable));
        runs.sort_by_key(|run| run.region.offset);
        runs
    }

    /// The plot again.
    #[must_use]
    pub fn into_plot(self) -> Plot {
        self.plot
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn compare(&self, offset: u64, made: &[u8], disk: &mut [u8]) -> Result<(), SpaceError> {
        let len = made.len() as u64;
        let whole = self.region.read_at(offset, disk).is_ok();
        let (mut differing, mut unreadable) = (Vec::new(), Vec::new());
        let mut at = 0;
        while at < made.len() {
            // Up to the next page of the region.
            let step = (PAGE_BYTES - (offset + at as u64) % PAGE_BYTES) as usize;
            let end = (at + step).min(made.len());
            let span = Span { first: offset + at as u64, count: (end - at) as u64 };
            if !whole && self.region.read_at(span.first, &mut disk[at..end]).is_err() {
                unreadable.push(span);
            } else if made[at..end] != disk[at..end] {
                differing.push(span);
            }
            at = end;
        }
        let mut seen = self.seen();
        seen.compared.insert(Span { first: offset, count: len });
        if self.keeps {
            for span in differing.iter().chain(&unreadable) {
                let from = (span.first - offset) as usize;
                let bytes = made[from..from + span.count as usize].to_vec();
                seen.made_bytes += bytes.len();
                if let Some(old) = seen.made.insert(span.first, bytes) {
                    seen.made_bytes -= old.len();
                }
            }
            if seen.made_bytes > MOST_KEPT_BYTES {
                return Err(SpaceError::Refused(format!(
                    "more than {MOST_KEPT_BYTES} bytes differ, from the unit at byte {} on: fill the plot anew",
                    seen.made.keys().next().copied().unwrap_or_default()
                )));
            }
        }
        differing.into_iter().for_each(|span| seen.differing.insert(span));
        unreadable.into_iter().for_each(|span| seen.unreadable.insert(span));
        Ok(())
    }

    /// What was put at these bytes: the disk's where it holds the same, else what was kept.
    fn read_made(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        let wanted = Span { first: offset, count: into.len() as u64 };
        if !self.covers(wanted) {
            let why = format!("{} bytes at {offset} are read before they are filled", wanted.count);
            return Err(SpaceError::Refused(why));
        }
        let seen = self.seen();
        if self.region.read_at(offset, into).is_err() {
            self.read_pages(offset, into, &seen)?;
        }
        // A kept piece lies within one page.
        for (&first, bytes) in seen.made.range(offset.saturating_sub(PAGE_BYTES)..wanted.end()) {
            let end = first + bytes.len() as u64;
            let both = Span::between(first.max(offset), end.min(wanted.end()));
            if both.count > 0 {
                let (to, from) = ((both.first - offset) as usize, (both.first - first) as usize);
                let count = both.count as usize;
                into[to..to + count].copy_from_slice(&bytes[from..from + count]);
            }
        }
        Ok(())
    }

    /// Reads page by page; one that cannot be read must be one that was kept.
    fn read_pages(&self, offset: u64, into: &mut [u8], seen: &Seen) -> Result<(), SpaceError> {
        let mut at = 0;
        while at < into.len() {
            let here = offset + at as u64;
            let end = (at + (PAGE_BYTES - here % PAGE_BYTES) as usize).min(into.len());
            let kept = seen.unreadable.run_of(here).is_some_and(|run| run.end() >= offset + end as u64);
            match self.region.read_at(here, &mut into[at..end]) {
                Err(error) if !kept => return Err(error),
                _ => at = end,
            }
        }
        Ok(())
    }
}

impl RegionSpace for Comparing {
    fn size_bytes(&self) -> u64 {
        self.region.size_bytes()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        if self.keeps { self.read_made(offset, into) } else { self.region.read_at(offset, into) }
    }
}

impl PlotSpace for Comparing {
    fn put(&self, offset: u64, len: usize, write: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError> {
        const MOST: usize = <dyn PlotSpace>::LARGEST_PUT_BYTES;
        if self.cancel.is_cancelled() {
            return Err(SpaceError::Cancelled);
        }
        check_range(self.size_bytes(), offset, len)?;
        if len > MOST {
            return Err(SpaceError::Refused(format!("one put of {len} bytes: at most {MOST} are lent")));
        }
        let mut buffer = self.pool.lend();
        let (made, disk) = buffer.split_at_mut(MOST);
        write(&mut made[..len]);
        if len > 0 {
            self.compare(offset, &made[..len], &mut disk[..len])?;
        }
        Ok(())
    }
}
