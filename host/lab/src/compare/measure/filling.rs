//! Filling, and committing to what was filled.

use std::sync::Arc;
use std::time::Instant;

use plimsoll_core::RegionSpace;
use plimsoll_node::measure::meter::{device_bytes, timed_here};

use super::bench::{Bench, Sealed, disk};
use super::memory::FillMemory;
use crate::LabError;
use crate::compare::figure::Figure;
use crate::compare::row::Filled;
use crate::compare::spaces::Bare;

const MIB: f64 = (1u64 << 20) as f64;

/// Fills `capacity_bytes` as often as asked, or as the time allows but at least once; the last plot stays.
/// `memory` is that of the fills before.
pub(in crate::compare) fn fill(
    bench: &Bench<'_>,
    capacity_bytes: u64,
    mut memory: FillMemory,
    seconds: f64,
) -> Result<(Filled, Sealed), LabError> {
    let (mut by_cpu, mut by_wall, mut amplified) = (Vec::new(), Vec::new(), Vec::new());
    let mut filled = Filled::default();
    let began = Instant::now();
    let mut last = None;
    for turn in 0..bench.request.repeats.max(1) {
        if turn > 0 && began.elapsed().as_secs_f64() * f64::from(turn + 1) / f64::from(turn) > seconds {
            break;
        }
        let device = device_bytes();
        let (generated, took, taken) = bench.watched(&format!("fill-{turn}.plot"), capacity_bytes)?;
        memory = memory.or(taken);
        let bytes = generated.bytes as f64;
        by_cpu.push(bytes / MIB / took.cpu_seconds);
        by_wall.push(bytes / MIB / took.seconds);
        // A file system in memory sends nothing to a device: then there is no amplification to speak of.
        let sent = device_bytes().zip(device).map(|(after, before)| after.written - before.written);
        amplified.extend(sent.filter(|sent| *sent > 0).map(|sent| sent as f64 / bytes));
        if let Some(sealed) = last.replace(Sealed::open(&generated)?) {
            sealed.remove()?;
        }
    }
    filled.peak_rss_bytes = memory.peak_bytes;
    filled.rss_growth_bytes = memory.growth_bytes;
    filled.memory_allowed_bytes = memory.allowed_bytes;
    filled.mib_per_cpu_s = Figure::of(&by_cpu);
    filled.mib_per_wall_s = Figure::of(&by_wall);
    filled.write_amplification = Figure::of(&amplified);
    let sealed = last.ok_or_else(|| LabError::Setup {
        scheme: bench.scheme.descriptor().name.clone(),
        why: "it was never filled: ask for one repeat or more".into(),
    })?;
    Ok((filled, sealed))
}

/// Makes the commitment of a sealed plot again, from its bytes in the page cache, ms. It must come out the same.
pub(in crate::compare) fn commit_ms(bench: &Bench<'_>, plot: &Sealed) -> Result<Option<Figure>, LabError> {
    let mut instance = bench.scheme.instance()?;
    let mut runs = Vec::new();
    let identity = Bench::identity();
    // With the tree that the store keeps, most schemes would commit by reading a few nodes.
    let bare: Arc<dyn RegionSpace> = Arc::new(Bare(Arc::clone(&plot.region)));
    let mut commit = || timed_here(|| instance.commit(Arc::clone(&bare), &identity, &plot.layout));
    // The first run brings the plot into the page cache.
    commit()?;
    for _ in 0..bench.request.repeats.max(1) {
        bench.expect_going()?;
        let (commitment, took) = commit()?;
        if commitment != plot.statement.commitment {
            let why = "the same plot was committed to in two ways".to_owned();
            return Err(LabError::Setup { scheme: bench.scheme.descriptor().name.clone(), why });
        }
        runs.push(took.seconds * 1e3);
    }
    Ok(Figure::of(&runs))
}

impl Sealed {
    /// Removes the file.
    pub(super) fn remove(self) -> Result<(), LabError> {
        let path = self.path().to_owned();
        drop(self);
        std::fs::remove_file(&path).map_err(disk("remove", &path))
    }
}
