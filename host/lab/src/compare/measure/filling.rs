//! Filling, and committing to what was filled.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Instant;

use plimsoll_core::RegionSpace;
use plimsoll_node::measure::meter::{device_bytes, forget_peak_rss, peak_rss_bytes, timed, timed_here};

use plimsoll_node::space::Generated;

use super::bench::{Bench, Sealed, disk};
use crate::LabError;
use crate::compare::figure::Figure;
use crate::compare::row::Filled;
use crate::compare::spaces::Bare;

const MIB: f64 = (1u64 << 20) as f64;
/// What the host may take for each worker: buffers of a put and of small pieces, and the plugin's instance.
const HOST_BYTES_A_WORKER: u64 = 16 << 20;
/// What it may take beside: leaves of the integrity tree, the journal, the system's own.
const HOST_BYTES: u64 = 32 << 20;

/// Fills `capacity_bytes` as often as asked, or as the time allows but at least once; the last plot stays.
/// `resident_before` is what was resident before anything of the scheme was filled.
pub(in crate::compare) fn fill(
    bench: &Bench<'_>,
    capacity_bytes: u64,
    resident_before: Option<u64>,
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
        forget_peak_rss();
        let device = device_bytes();
        let (generated, took) = timed(|| bench.generate(&format!("fill-{turn}.plot"), capacity_bytes))?;
        filled.peak_rss_bytes = filled.peak_rss_bytes.max(peak_rss_bytes());
        let growth = peak_rss_bytes().zip(resident_before).map(|(peak, before)| peak.saturating_sub(before));
        filled.rss_growth_bytes = filled.rss_growth_bytes.max(growth);
        filled.memory_allowed_bytes = allowed_bytes(&generated);
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
    filled.mib_per_cpu_s = Figure::of(&by_cpu);
    filled.mib_per_wall_s = Figure::of(&by_wall);
    filled.write_amplification = Figure::of(&amplified);
    let sealed = last.ok_or_else(|| LabError::Setup {
        scheme: bench.scheme.descriptor().name.clone(),
        why: "it was never filled: ask for one repeat or more".into(),
    })?;
    Ok((filled, sealed))
}

/// What the plan and the host's buffers allow such a run, or as much as a number holds.
fn allowed_bytes(generated: &Generated) -> u64 {
    let cores = available_parallelism().map_or(1, usize::from) as u64;
    // As many workers as `generate` takes.
    let workers = if generated.io_method.starts_with("direct") { 2 * cores } else { cores };
    let each = generated.layout.memory_bytes.saturating_add(HOST_BYTES_A_WORKER);
    workers.saturating_mul(each).saturating_add(HOST_BYTES)
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
