//! Lanes gather small and unaligned pieces that follow one another into large aligned writes.
//!
//! A lane holds a run of bytes that ends where its next piece is expected. It writes whole 64 KiB groups as
//! soon as it has a mebibyte of them, and everything when it is settled: before a checkpoint, before a read of
//! what it holds, and when another piece overlaps it.

use plimsoll_core::SpaceError;

use super::leaves::Leaves;
use super::{AlignedBuffer, PlotFile};
use crate::{GROUP_BYTES, PAGE_BYTES};

/// A lane is written when it holds this much.
const FULL_BYTES: usize = 1 << 20;
/// Larger pieces do not come here.
pub(super) const LARGEST_PIECE_BYTES: usize = 1 << 20;
/// What a lane may hold before a piece, the piece, and a page for filling up the region's end.
const ROOM_BYTES: usize = FULL_BYTES + LARGEST_PIECE_BYTES + GROUP_BYTES as usize + PAGE_BYTES as usize;
/// Lanes that are open at once; the one that waited longest is settled for another.
const MOST_LANES: usize = 16;

/// One run of bytes on its way to the file.
struct Lane {
    buffer: AlignedBuffer,
    /// The region's byte that `buffer[0]` stands for: the begin of a group.
    base: u64,
    /// `buffer[from..to]` is held.
    from: usize,
    to: usize,
    /// Held bytes before this one are on the file already.
    settled: usize,
    last_used: u64,
}

impl Lane {
    fn at(offset: u64) -> Self {
        let from = (offset % GROUP_BYTES) as usize;
        let base = offset - from as u64;
        Self { buffer: AlignedBuffer::new(ROOM_BYTES), base, from, to: from, settled: from, last_used: 0 }
    }

    const fn begin(&self) -> u64 {
        self.base + self.from as u64
    }

    const fn end(&self) -> u64 {
        self.base + self.to as u64
    }

    fn append(&mut self, piece: &[u8]) {
        self.buffer[self.to..self.to + piece.len()].copy_from_slice(piece);
        self.to += piece.len();
    }

    /// Writes everything that is held up to the begin of the last group, and keeps the rest; `all` writes the
    /// rest too but still keeps it, so that the group can be completed.
    fn write(&mut self, file: &PlotFile, leaves: Option<&Leaves>, all: bool) -> Result<(), SpaceError> {
        let is_end = self.end() == file.geometry().region_bytes;
        let group = GROUP_BYTES as usize;
        let keep_from = if is_end { self.to } else { (self.to / group * group).max(self.from) };
        let upto = if all { self.to } else { keep_from };
        if upto > self.settled {
            // What is settled of the last group is written again: patching half of a page costs more.
            file.write_region(self.base, &mut self.buffer, self.from, upto)?;
            if let Some(leaves) = leaves {
                let held = &self.buffer[self.from..upto];
                leaves.note(file, self.base + self.from as u64, held)?;
            }
            self.settled = upto;
        }
        let shift = keep_from / group * group;
        if shift > 0 {
            self.buffer.copy_within(keep_from..self.to, keep_from - shift);
            self.base += shift as u64;
            self.from = keep_from - shift;
            self.to -= shift;
            self.settled = self.settled.saturating_sub(shift).max(self.from);
        }
        Ok(())
    }
}

/// All lanes of one plot.
#[derive(Default)]
pub(super) struct Lanes {
    open: Vec<Lane>,
    clock: u64,
}

impl Lanes {
    /// Takes `piece` for `offset`.
    pub(super) fn put(
        &mut self,
        file: &PlotFile,
        leaves: Option<&Leaves>,
        offset: u64,
        piece: &[u8],
    ) -> Result<(), SpaceError> {
        let end = offset + piece.len() as u64;
        self.close_overlapping(file, leaves, offset, end)?;
        let index = match self.open.iter().position(|lane| lane.end() == offset) {
            Some(index) => index,
            None => {
                self.make_room(file, leaves)?;
                self.open.push(Lane::at(offset));
                self.open.len() - 1
            }
        };
        self.clock += 1;
        let lane = &mut self.open[index];
        lane.last_used = self.clock;
        if lane.to - lane.from >= FULL_BYTES {
            // A write failed earlier and the bytes are still here: no more are taken before it succeeds.
            lane.write(file, leaves, false)?;
        }
        lane.append(piece);
        if lane.to - lane.from >= FULL_BYTES || lane.end() == file.geometry().region_bytes {
            lane.write(file, leaves, false)?;
        }
        if lane.from == lane.to && lane.end() == file.geometry().region_bytes {
            self.open.swap_remove(index);
        }
        Ok(())
    }

    fn make_room(&mut self, file: &PlotFile, leaves: Option<&Leaves>) -> Result<(), SpaceError> {
        if self.open.len() < MOST_LANES {
            return Ok(());
        }
        let oldest = (0..self.open.len()).min_by_key(|&i| self.open[i].last_used).unwrap_or_default();
        self.open[oldest].write(file, leaves, true)?;
        self.open.swap_remove(oldest);
        Ok(())
    }

    /// Settles and closes every lane that holds one of these bytes: what comes now replaces them.
    pub(super) fn close_overlapping(
        &mut self,
        file: &PlotFile,
        leaves: Option<&Leaves>,
        begin: u64,
        end: u64,
    ) -> Result<(), SpaceError> {
        while let Some(index) = self.open.iter().position(|l| l.begin() < end && begin < l.end()) {
            self.open[index].write(file, leaves, true)?;
            self.open.swap_remove(index);
        }
        Ok(())
    }

    /// Writes what lanes hold of these bytes.
    pub(super) fn settle(
        &mut self,
        file: &PlotFile,
        leaves: Option<&Leaves>,
        begin: u64,
        end: u64,
    ) -> Result<(), SpaceError> {
        for lane in &mut self.open {
            if lane.begin() < end && begin < lane.end() {
                lane.write(file, leaves, true)?;
            }
        }
        Ok(())
    }
}
