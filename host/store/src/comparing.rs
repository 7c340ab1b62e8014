//! What would be filled, held against what is there.

use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::{PlotSpace, RegionSpace, SpaceError, Span, Spans};

use crate::region::check_range;
use crate::scrub::{BadRun, Badness, bad_runs};
use crate::write::BufferPool;
use crate::{CancelFlag, PAGE_BYTES, Plot, StoreError};

/// A plot space that keeps nothing: what is put is compared with the bytes on the disk, and where they differ
/// is remembered in pages of 4 KiB. Reads give what is on the disk.
pub struct Comparing {
    region: Arc<dyn RegionSpace>,
    plot: Plot,
    cancel: CancelFlag,
    pool: BufferPool,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    compared: Spans,
    differing: Spans,
    unreadable: Spans,
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
        Ok(Self { region: plot.region(), plot, cancel, pool, seen: Mutex::default() })
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

    fn compare(&self, offset: u64, made: &[u8], disk: &mut [u8]) {
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
        differing.into_iter().for_each(|span| seen.differing.insert(span));
        unreadable.into_iter().for_each(|span| seen.unreadable.insert(span));
    }
}

impl RegionSpace for Comparing {
    fn size_bytes(&self) -> u64 {
        self.region.size_bytes()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        self.region.read_at(offset, into)
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
            self.compare(offset, &made[..len], &mut disk[..len]);
        }
        Ok(())
    }
}
