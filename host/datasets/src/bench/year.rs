//! Days of a subnet in the archive: what they take on the disk, and how fast a day comes back.

use std::path::Path;

use plimsoll_core::{BlockNumber, Uid};
use serde::Serialize;

use super::chance::Chance;
use super::clock::{greatest, median, timed};
use super::error::BenchError;
use super::practice::NETUID;
use super::rows::{Words, entry, facts};
use crate::RowId;
use crate::archive::{Archive, ArchiveError, Depth, Entry, NewFile, Place, Witness};

const ROWS: usize = 250;
const POOL: u64 = 5_301;
const BLOCKS_A_DAY: u64 = 7_200;
/// Files that are put together again, or as many as there are.
const RESTORES: u64 = 400;
const DIFFS: u64 = 20;

/// What changes from day to day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// A tenth of the miners publish new rows only.
    Miners,
    /// Every miner replaces a tenth of its rows by new ones.
    Rows,
    /// A tenth of the miners draw their rows anew from 5,301 that all share.
    Pool,
}

/// How many days of whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct YearRequest {
    /// Daily snapshots.
    pub days: u32,
    /// Miners, each with 250 rows of about 726 bytes.
    pub miners: u16,
    /// What changes.
    pub change: Change,
}

/// What they took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct YearFigures {
    /// Daily snapshots.
    pub days: u32,
    /// Miners of each.
    pub miners: u16,
    /// What changed from day to day.
    pub change: Change,
    /// Different rows that any of them held.
    pub distinct_rows: u64,
    /// Their bytes.
    pub distinct_row_bytes: u64,
    /// Bytes of the archive's files.
    pub disk_bytes: u64,
    /// Of them the index's.
    pub index_bytes: u64,
    /// Of them blocks of rows.
    pub lines_bytes: u64,
    /// Of them blocks of snapshots: who had which dataset.
    pub entries_bytes: u64,
    /// Of them blocks of recipes: which rows make which file, in which order.
    pub recipes_bytes: u64,
    /// Bytes on the disk for each byte of different rows.
    pub ratio: f64,
    /// The fewest bytes for each byte of different rows that it takes to tell which of the rows went where, the rows
    /// themselves and all else left out: the logarithm of the choices that were made.
    pub floor_ratio: f64,
    /// Seconds for a day's files and snapshot, rows made up included: the mean.
    pub day_seconds: f64,
    /// One miner's file of one day, from the opened archive: the median of 400 drawn at random.
    pub restore_ms: f64,
    /// The slowest of them.
    pub restore_most_ms: f64,
    /// What changed between two days: the median of 20 pairs.
    pub diff_days_ms: f64,
    /// The row ids of all miners of a day: the median of 20.
    pub rows_of_a_day_ms: f64,
    /// `fsck` of everything stored.
    pub fsck_seconds: f64,
    /// Stored bytes that it checks a second.
    pub fsck_bytes_per_second: f64,
}

struct Subnet {
    change: Change,
    chance: Chance,
    next_row: u64,
    /// How often each has published, and its rows.
    miners: Vec<(u64, Vec<u64>)>,
    /// Rows that some day held, a bit each.
    used: Vec<u64>,
    /// Bits of the choices that were made, but for which miners change.
    chosen_bits: f64,
}

impl Subnet {
    fn fresh(&mut self) -> u64 {
        if self.change == Change::Pool {
            self.chosen_bits += (POOL as f64).log2();
            return self.chance.below(POOL);
        }
        self.next_row += 1;
        self.next_row
    }

    fn day(&mut self, is_first: bool) {
        for at in 0..self.miners.len() {
            let changed = match self.change {
                _ if is_first => ROWS,
                Change::Rows => ROWS / 10,
                _ if self.chance.below(10) == 0 => ROWS,
                _ => 0,
            };
            for n in 0..changed {
                let place = if changed == ROWS { n } else { self.place() };
                let row = self.fresh();
                self.miners[at].1[place] = row;
            }
            self.miners[at].0 += u64::from(changed > 0);
        }
    }

    fn place(&mut self) -> usize {
        self.chosen_bits += (ROWS as f64).log2();
        self.chance.below(ROWS as u64) as usize
    }

    /// Whether a row is held for the first time.
    fn is_first_use(&mut self, row: u64) -> bool {
        let (word, bit) = ((row / 64) as usize, 1 << (row % 64));
        if self.used.len() <= word {
            self.used.resize(word + 1, 0);
        }
        let is_first = self.used[word] & bit == 0;
        self.used[word] |= bit;
        is_first
    }
}

fn place(day: u64) -> Place {
    Place { netuid: NETUID, block: BlockNumber(7_000_000 + day * BLOCKS_A_DAY) }
}

/// Keeps days of a subnet in a new archive under `data`, which stays there, and measures.
///
/// # Errors
/// The archive's.
pub fn measure_year(data: &Path, request: YearRequest) -> Result<YearFigures, BenchError> {
    let mut subnet = Subnet {
        change: request.change,
        chance: Chance::new(6),
        next_row: 0,
        miners: vec![(0, vec![0; ROWS]); request.miners.into()],
        used: Vec::new(),
        chosen_bits: 0.0,
    };
    let (words, mut last) = (Words::new(), vec![None; request.miners.into()]);
    let (mut distinct, mut took) = ((0, 0), Vec::new());
    for day in 0..u64::from(request.days) {
        subnet.day(day == 0);
        let (rows, seconds) = timed(|| keep_day(data, &words, &mut subnet, day, &mut last))?;
        distinct = (distinct.0 + rows.0, distinct.1 + rows.1);
        took.push(seconds);
        tracing::debug!(day, seconds, "kept");
    }
    let kept = Kept {
        distinct_rows: distinct.0,
        distinct_row_bytes: distinct.1,
        floor_bytes: subnet.chosen_bits / 8.0,
        day_seconds: took.iter().sum::<f64>() / took.len().max(1) as f64,
    };
    figures(data, request, &kept)
}

/// What keeping the days told.
struct Kept {
    distinct_rows: u64,
    distinct_row_bytes: u64,
    floor_bytes: f64,
    day_seconds: f64,
}

/// Gives the number and bytes of rows that were never there before.
fn keep_day(
    data: &Path,
    words: &Words,
    subnet: &mut Subnet,
    day: u64,
    last: &mut [Option<(u64, Entry)>],
) -> Result<(u64, u64), ArchiveError> {
    let mut archive = Archive::open(data)?;
    let mut batch = archive.batch()?;
    let (mut entries, mut distinct) = (Vec::new(), (0, 0));
    for (uid, last) in last.iter_mut().enumerate() {
        let version = subnet.miners[uid].0;
        if last.as_ref().is_none_or(|(known, _)| *known != version) {
            let (mut bytes, mut rows) = (Vec::new(), Vec::new());
            for at in 0..ROWS {
                let (begin, number) = (bytes.len(), subnet.miners[uid].1[at]);
                rows.push((begin, RowId::of(&number.to_le_bytes())));
                words.row(number, &mut bytes);
                if subnet.is_first_use(number) {
                    distinct = (distinct.0 + 1, distinct.1 + (bytes.len() - begin) as u64);
                }
            }
            let file = NewFile { bytes: &bytes, rows: &rows, witness: Witness::default(), from: None };
            let object = batch.put(&file)?.object;
            *last = Some((version, entry(uid as u16, version, object, bytes.len() as u64, ROWS as u32)));
        }
        entries.extend(last.iter().map(|(_, entry)| entry.clone()));
    }
    batch.snapshot(facts(place(day), entries), None, 0, false)?;
    batch.commit()?;
    Ok(distinct)
}

/// Runs `work` so many times, each with a number; in milliseconds.
fn times<T>(
    runs: u64,
    mut work: impl FnMut(u64) -> Result<T, ArchiveError>,
) -> Result<Vec<f64>, ArchiveError> {
    (0..runs).map(|run| timed(|| work(run)).map(|(_, seconds)| seconds * 1e3)).collect()
}

fn figures(data: &Path, request: YearRequest, kept: &Kept) -> Result<YearFigures, BenchError> {
    let YearRequest { days, miners, change } = request;
    let archive = Archive::open_to_read(data)?;
    let disk_bytes = archive.disk_bytes()?;
    let stored = archive.stored_bytes()?;
    let mut chance = Chance::new(7);
    let mut some = || place(chance.below(days.max(1).into()));
    let restores = times(RESTORES.min(u64::from(days) * u64::from(miners)), |run| {
        archive.restore(some(), Uid((run * 61 % u64::from(miners)) as u16))
    })?;
    let diffs = times(DIFFS, |_| archive.diff_days(some(), some()))?;
    let rows = times(DIFFS, |_| archive.rows(some()))?;
    let (report, fsck_seconds) = timed(|| archive.fsck(Depth::Stored))?;
    if !report.is_sound() {
        return Err(BenchError::Unsound);
    }
    Ok(YearFigures {
        days,
        miners,
        change,
        distinct_rows: kept.distinct_rows,
        distinct_row_bytes: kept.distinct_row_bytes,
        disk_bytes,
        index_bytes: stored.index,
        lines_bytes: stored.lines,
        entries_bytes: stored.entries,
        recipes_bytes: stored.recipes,
        ratio: disk_bytes as f64 / kept.distinct_row_bytes.max(1) as f64,
        floor_ratio: kept.floor_bytes / kept.distinct_row_bytes.max(1) as f64,
        day_seconds: kept.day_seconds,
        restore_most_ms: greatest(&restores),
        restore_ms: median(restores),
        diff_days_ms: median(diffs),
        rows_of_a_day_ms: median(rows),
        fsck_seconds,
        fsck_bytes_per_second: report.bytes as f64 / fsck_seconds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_days_is_kept_and_its_rows_are_counted_once() {
        for (change, rows) in
            [(Change::Miners, 1000..2001), (Change::Rows, 1040..1101), (Change::Pool, 500..1101)]
        {
            let folder = tempfile::tempdir().unwrap();
            let figures = measure_year(folder.path(), YearRequest { days: 2, miners: 4, change }).unwrap();
            assert!(rows.contains(&figures.distinct_rows), "{figures:?}");
            assert!(figures.distinct_row_bytes / figures.distinct_rows > 640, "{figures:?}");
            assert!(figures.restore_ms > 0.0 && figures.restore_ms <= figures.restore_most_ms);
            let blocks = figures.lines_bytes + figures.entries_bytes + figures.recipes_bytes;
            assert!(figures.disk_bytes >= figures.index_bytes + blocks && blocks > 0, "{figures:?}");
            assert_eq!(figures.floor_ratio > 0.0, change != Change::Miners, "{figures:?}");
            assert!(figures.floor_ratio < figures.ratio && figures.fsck_bytes_per_second > 0.0);
        }
    }
}
