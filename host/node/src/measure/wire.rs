//! `plimsoll bench wire`: a miner's whole path, from a signed request to a signed proof of one unit.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_core::{BlockNumber, Digest, Epoch, Identity, Keypair, NetUid};
use plimsoll_plugin::{PluginError, Scheme, SchemeInstance};
use plimsoll_store::{CancelFlag, plot_path};
use plimsoll_wire::AuditRequest;
use plimsoll_wire::bench::{BenchCaller, BenchOptions, BenchReport, BenchSubject, Pace, run};
use serde::Serialize;

use super::generate::scratch;
use super::meter::forget_peak_rss;
use crate::NodeError;
use crate::miner::{HeldPlot, PlotSide, Plots, Prompt, SideOptions};
use crate::space::{GenerateJob, GenerateOptions, Silent, generate};

const NETUID: NetUid = NetUid(1);
/// Validators that ask in turns: a miner remembers only some thousand requests of each.
const CALLERS: u8 = 32;
/// Of one validator's plot. All of them stay in the page cache: what a disk takes is not measured.
const PLOT_BYTES: u64 = 1 << 20;
/// Challenges of one validator.
const AUDITS: u8 = 32;

/// What is measured.
#[derive(Debug, Clone)]
pub struct WireRequest {
    /// Where the plots and the log of taken requests are written; removed afterwards.
    pub dir: PathBuf,
    /// Connections that are offered.
    pub connections: usize,
    /// Connections that are taken.
    pub connections_most: usize,
    /// How the load comes.
    pub pace: Pace,
    /// How long, at most 8 s.
    pub duration: Duration,
    /// Whether a proof is verified before it leaves.
    pub self_check: bool,
    /// Set to stop while the plots are filled; what was written is removed.
    pub cancel: CancelFlag,
}

/// What came out.
#[derive(Debug, Clone, Serialize)]
pub struct WireFigures {
    /// Rates, latencies, memory.
    #[serde(flatten)]
    pub report: BenchReport,
    /// The scheme that filled the plots and proved.
    pub scheme: String,
    /// Plots, one a validator.
    pub plots: u8,
    /// Bytes of each.
    pub plot_bytes: u64,
    /// Units of one audit.
    pub samples: u32,
    /// Whether every proof was verified before it left.
    pub self_check: bool,
}

/// Fills small plots, serves them as a miner does, and measures. `child` is a command that hands its standard input
/// to [`load`](plimsoll_wire::bench::load) and prints what that returns.
///
/// # Errors
/// What filling, serving or the load said.
pub fn measure_wire(
    scheme: &Scheme,
    request: &WireRequest,
    child: Command,
) -> Result<WireFigures, NodeError> {
    let folder = scratch(&request.dir)?;
    let subject = subject(scheme, request, folder.path())?;
    let options = BenchOptions {
        connections: request.connections,
        connections_most: request.connections_most,
        pace: request.pace,
        duration: request.duration,
        ..BenchOptions::paced(folder.path().join("replay"))
    };
    // What filling took is no part of it.
    forget_peak_rss();
    let report = run(&options, subject, child)?;
    Ok(WireFigures {
        report,
        scheme: scheme.descriptor().name.clone(),
        plots: CALLERS,
        plot_bytes: PLOT_BYTES,
        samples: 1,
        self_check: request.self_check,
    })
}

fn subject(scheme: &Scheme, request: &WireRequest, folder: &Path) -> Result<BenchSubject, NodeError> {
    let key = Keypair::from_seed(&[2; 32]);
    let seeds: Vec<[u8; 32]> = (0..CALLERS).map(|n| [0x40 + n; 32]).collect();
    let job = |seed: &[u8; 32]| {
        let validator = Keypair::from_seed(seed).hotkey();
        let identity = Identity { netuid: NETUID, owner: key.hotkey(), validator };
        GenerateJob { path: plot_path(folder, &validator), identity, capacity_bytes: PLOT_BYTES }
    };
    let jobs: Vec<GenerateJob> = seeds.iter().map(job).collect();
    let options = GenerateOptions { cancel: request.cancel.clone(), ..GenerateOptions::default() };
    generate(scheme, &jobs, &options, &Silent)?;
    let (mut plots, mut callers) = (Vec::new(), Vec::new());
    let mut instance = scheme.instance()?;
    for (job, seed) in jobs.iter().zip(seeds) {
        let plot = HeldPlot::open(&job.path, &job.identity, scheme)?;
        callers.push(BenchCaller { seed, audits: audits(&mut instance, &plot)? });
        plots.push(plot);
    }
    let side = SideOptions { self_check: request.self_check, ..SideOptions::default() };
    let side = PlotSide::new(NETUID, Plots::new(plots), scheme.clone(), side, Arc::new(Prompt));
    side.permit_only(jobs.iter().map(|job| (job.identity.validator, 1)));
    Ok(BenchSubject { side: Arc::new(side), key, callers })
}

/// One unit each, drawn as a validator draws it.
fn audits(instance: &mut SchemeInstance, plot: &HeldPlot) -> Result<Vec<AuditRequest>, PluginError> {
    let statement = plot.registration.statement();
    let audit = |n: u8| {
        let randomness = Digest::of(&[n]);
        Ok(AuditRequest {
            netuid: NETUID,
            epoch: Epoch(7),
            block: BlockNumber(700),
            registration: plot.digest,
            challenge: instance.draw(&statement, &randomness, 1, None)?,
            deadline_ms: 10_000,
        })
    };
    (0..AUDITS).map(audit).collect()
}
