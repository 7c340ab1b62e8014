//! Comparing all datasets of a snapshot, from the archive.

use std::collections::HashSet;
use std::path::Path;

use plimsoll_core::{BlockNumber, Digest, Uid};

use super::chance::Chance;
use super::clock::{median, timed};
use super::error::BenchError;
use super::practice::NETUID;
use super::rows::{entry, facts};
use crate::RowId;
use crate::archive::{Archive, NewFile, Place, RowsOfMiner, Witness};
use crate::overlap::{Overlaps, Rows};

/// Rows that two datasets may share.
const LIMIT: u32 = 100;
/// Rows of a dataset of the large comparison, and of the pool that all are drawn from for each of them: as many as on
/// the real subnet for 250.
const LARGE_ROWS: u64 = 1_000;
const LARGE_POOL: u64 = 8_500;
const UPDATES: usize = 25;

/// All pairs and groups.
pub(super) struct Comparing {
    pub(super) datasets: usize,
    pub(super) seconds: f64,
    pub(super) update_seconds: f64,
}

/// Compares the datasets of the miners that `counts` names: every time from an archive opened anew.
pub(super) fn comparing(
    data: &Path,
    place: Place,
    counts: &dyn Fn(Uid) -> bool,
    repeats: u32,
) -> Result<Comparing, BenchError> {
    let mut all = Vec::new();
    let mut datasets = 0;
    for _ in 0..repeats.max(1) {
        let (overlaps, seconds) = timed(|| compared(data, place, counts))?;
        datasets = overlaps.n_datasets();
        all.push(seconds);
    }
    Ok(Comparing { datasets, seconds: median(all), update_seconds: updating(data, place, counts)? })
}

fn rows(archive: &Archive, place: Place, counts: &dyn Fn(Uid) -> bool) -> Result<Vec<Rows>, BenchError> {
    let miners = archive.rows(place)?.into_iter().filter(|miner| counts(miner.uid));
    Ok(miners.map(|RowsOfMiner { committed, rows, .. }| Rows { block: committed.0, ids: rows }).collect())
}

fn compared(data: &Path, place: Place, counts: &dyn Fn(Uid) -> bool) -> Result<Overlaps, BenchError> {
    let archive = Archive::open_to_read(data)?;
    let overlaps = Overlaps::new(rows(&archive, place, counts)?)?;
    let order: Vec<usize> = (0..overlaps.n_datasets()).collect();
    let groups = (overlaps.greedy_groups(LIMIT, &order), overlaps.components(LIMIT));
    tracing::debug!(greedy = groups.0.len(), connected = groups.1.len(), "grouped");
    Ok(overlaps)
}

/// One miner's new dataset: its rows read from the archive and counted against all others.
fn updating(data: &Path, place: Place, counts: &dyn Fn(Uid) -> bool) -> Result<f64, BenchError> {
    let archive = Archive::open_to_read(data)?;
    let mut overlaps = Overlaps::new(rows(&archive, place, counts)?)?;
    let (manifest, _) = archive.manifest(place)?;
    let objects: Vec<Digest> =
        manifest.entries.iter().filter_map(crate::archive::Entry::object).take(UPDATES).collect();
    let mut all = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        // Another's rows in its place.
        let at = (at + 1) % overlaps.n_datasets().max(1);
        let update = || -> Result<(), BenchError> {
            let ids = archive.rows_of(object)?;
            Ok(overlaps.update(at, Rows { block: 1, ids })?)
        };
        all.push(timed(update)?.1);
    }
    Ok(median(all))
}

/// An archive of so many datasets of 1,000 rows. Only the ids of rows are compared, so the rows are short.
pub(super) fn large(data: &Path, datasets: u16) -> Result<Place, BenchError> {
    let place = Place { netuid: NETUID, block: BlockNumber(1) };
    let mut archive = Archive::open(data)?;
    let mut batch = archive.batch()?;
    let mut entries = Vec::new();
    let mut chance = Chance::new(6);
    for uid in 0..datasets {
        let (mut bytes, mut rows, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        while seen.len() as u64 != LARGE_ROWS {
            let number = chance.below(LARGE_POOL);
            if seen.insert(number) {
                rows.push((bytes.len(), RowId::of(&number.to_le_bytes())));
                bytes.extend_from_slice(format!("{{\"id\": {number}}}\n").as_bytes());
            }
        }
        let file = NewFile { bytes: &bytes, rows: &rows, witness: Witness::default(), from: None };
        let object = batch.put(&file)?.object;
        entries.push(entry(uid, 1, object, bytes.len() as u64, rows.len() as u32));
    }
    batch.snapshot(facts(place, entries), None, 0, false)?;
    batch.commit()?;
    Ok(place)
}
