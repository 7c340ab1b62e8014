//! How many requests a second a miner's server answers: the whole path, on real sockets.
//!
//! Parse, verify the signature, note the nonce (in files, as a miner does), wait for a turn, prove, sign, send. The
//! load comes from a *child process*, so that the memory and the descriptors that are reported are the server's
//! alone; both share the machine's cores. The child signs its requests before the timed part: a validator's signatures
//! are made on a validator's machine. Of the answers one in [`SAMPLE_EVERY`] is kept and its signature verified after the
//! timed part; of all others status and length are checked.
//!
//! At a given pace latencies count from when a request was *due*, not from when it was sent: a server that
//! falls behind cannot hide it.

mod figures;
mod load;
mod opening;
mod plan;
mod talk;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use plimsoll_core::{Hotkey, Keypair};
use serde::{Deserialize, Serialize};
use tokio::net::TcpSocket;

use crate::btauth::MissingLog;
use crate::error::WireError;
use crate::limits::WireLimits;
use crate::messages::AuditRequest;
use crate::server::{MinerSide, ReplayKeeping, ServerOptions, miner_router_with, serve};
use figures::Watch;
pub use load::load;
pub use opening::FileOpenings;

/// One answer in so many is kept and verified.
pub const SAMPLE_EVERY: usize = 64;
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4096;

/// How the load comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// So many requests a second in all, evenly.
    PerSecond(u32),
    /// Every connection asks again as soon as it is answered; at most so many requests in all.
    Unbounded(u32),
    /// Every connection is offered at once, asks as soon as it is in, and again every second.
    Flood,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchOptions {
    /// Connections that are offered.
    pub connections: usize,
    /// Connections that the server takes.
    pub connections_most: usize,
    /// How the load comes.
    pub pace: Pace,
    /// How long; at most 8 s, for requests are signed beforehand.
    pub duration: Duration,
    /// The server's threads.
    pub threads: usize,
    /// Where the log of taken requests is written; a folder that can be thrown away.
    pub folder: PathBuf,
}

impl BenchOptions {
    /// 5,000 requests a second on 500 connections for five seconds.
    #[must_use]
    pub fn paced(folder: PathBuf) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let pace = Pace::PerSecond(5000);
        let duration = Duration::from_secs(5);
        Self { connections: 500, connections_most: 1000, pace, duration, threads, folder }
    }
}

/// Who is asked what. The callers' keys are made for the measurement: they are told to the child.
pub struct BenchSubject {
    /// Answers.
    pub side: Arc<dyn MinerSide>,
    /// The miner's key.
    pub key: Keypair,
    /// Ask in turns.
    pub callers: Vec<BenchCaller>,
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct BenchCaller {
    /// Of a key that is good for nothing else.
    pub seed: [u8; 32],
    /// What it asks, over and over.
    pub audits: Vec<AuditRequest>,
}

/// What came out. The first five fields are the report that tables are made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchReport {
    /// Answered with a proof.
    pub requests_per_second: f64,
    /// Until an answer's last byte, median.
    pub p50_ms: f64,
    /// The same, 99 of 100.
    pub p99_ms: f64,
    /// Connections on which something was answered.
    pub connections: usize,
    /// The server's, highest.
    pub peak_rss_bytes: u64,
    /// The server's, highest.
    #[serde(rename = "descriptors")]
    pub peak_descriptors: usize,
    /// CPU time of the server's process for one answer, in microseconds.
    pub server_cpu_us: f64,
    /// CPU time of the child for one answer, in microseconds.
    pub load_cpu_us: f64,
    /// Answered with a proof.
    pub answered: u64,
    /// Answered with anything else.
    pub refused: u64,
    /// Not answered on a connection that was in.
    pub failed: u64,
    /// Connections that were offered.
    pub connections_offered: usize,
    /// Connections that were told that there is no room, or closed unheard.
    pub connections_refused: usize,
    /// Answers whose signature was verified; a wrong one is an error.
    pub signatures_verified: u64,
    /// Slowest answer.
    pub most_ms: f64,
    /// Of the timed part.
    pub seconds: f64,
    /// Requests were signed before the timed part.
    pub signed_beforehand: bool,
}

/// What can go wrong with a measurement.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The server's.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The system's.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The child's.
    #[error("the process that makes the load: {0}")]
    Load(String),
}

fn io_error(doing: &'static str) -> impl FnOnce(io::Error) -> BenchError {
    move |source| BenchError::Io { doing, source }
}

/// What the child is told.
#[derive(Debug, Serialize, Deserialize)]
struct LoadSpec {
    at: SocketAddr,
    miner: Hotkey,
    /// Seed in hex, and the bodies in the order in which they are sent.
    callers: Vec<(String, Vec<String>)>,
    connections: usize,
    pace: Pace,
    duration_ms: u64,
}

/// What the child says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct LoadReport {
    answered: u64,
    refused: u64,
    failed: u64,
    served: usize,
    turned_away: usize,
    verified: u64,
    p50_us: u64,
    p99_us: u64,
    most_us: u64,
    seconds: f64,
    cpu_us: u64,
}

/// Serves `subject` and measures. `child` is a command that hands its standard input to [`load`] and prints
/// what that returns.
///
/// # Errors
/// [`BenchError`].
pub fn run(
    options: &BenchOptions,
    subject: BenchSubject,
    mut child: Command,
) -> Result<BenchReport, BenchError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.threads.max(1))
        .enable_all()
        .build()
        .map_err(io_error("start the server's threads"))?;
    let BenchSubject { side, key, callers } = subject;
    let miner = key.hotkey();
    let router = miner_router_with(side, key, server_options(options))?;
    let limits = server_options(options).limits;
    let listener = runtime.block_on(async { listen() }).map_err(io_error("listen on the loopback"))?;
    let at = listener.local_addr().map_err(io_error("listen on the loopback"))?;
    let spec = LoadSpec {
        at,
        miner,
        callers: callers.iter().map(told).collect(),
        connections: options.connections,
        pace: options.pace,
        duration_ms: u64::try_from(options.duration.as_millis()).unwrap_or(u64::MAX),
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = runtime.spawn(serve(listener, router, limits, async {
        let _ = stopped.await;
    }));
    let watch = Watch::begin();
    let load = told_to_load(&mut child, &spec);
    let seen = watch.end();
    let _ = stop.send(());
    let _ = runtime.block_on(server);
    load.map(|load| report(options, &load, &seen))
}

fn server_options(options: &BenchOptions) -> ServerOptions {
    // Everything comes from one address and a few keys here, and what is measured is the path, not its brakes.
    let limits = WireLimits {
        answers_at_once_per_caller: WireLimits::default().answers_at_once,
        connections: options.connections_most,
        connections_per_address: options.connections_most,
        connections_kept_percent: 0,
        stranger_within: WireLimits::default().connection_within,
        burst: 1_000_000,
        refill: Duration::ZERO,
        drain_within: Duration::from_secs(1),
        ..WireLimits::default()
    };
    let replay = ReplayKeeping::Folder { path: options.folder.clone(), missing: MissingLog::NeverServed };
    ServerOptions { replay, ..ServerOptions::with_limits(limits) }
}

fn listen() -> io::Result<tokio::net::TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    socket.listen(BACKLOG)
}

fn told(caller: &BenchCaller) -> (String, Vec<String>) {
    let bodies = caller.audits.iter().map(|audit| String::from_utf8_lossy(&audit.to_bytes()).into_owned());
    (hex::encode(caller.seed), bodies.collect())
}

fn told_to_load(child: &mut Command, spec: &LoadSpec) -> Result<LoadReport, BenchError> {
    let json = serde_json::to_vec(spec).map_err(|e| BenchError::Load(e.to_string()))?;
    let child = child.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = child.spawn().map_err(io_error("start the process that makes the load"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&json).map_err(io_error("tell the load what to do"))?;
    }
    let said = child.wait_with_output().map_err(io_error("hear what the load has to say"))?;
    if !said.status.success() {
        return Err(BenchError::Load(format!("ended with {}", said.status)));
    }
    serde_json::from_slice(&said.stdout).map_err(|e| BenchError::Load(e.to_string()))
}

fn report(options: &BenchOptions, load: &LoadReport, seen: &figures::Seen) -> BenchReport {
    let each = |us: u64| us as f64 / load.answered.max(1) as f64;
    let ms = |us: u64| us as f64 / 1000.0;
    BenchReport {
        requests_per_second: load.answered as f64 / load.seconds.max(0.001),
        p50_ms: ms(load.p50_us),
        p99_ms: ms(load.p99_us),
        connections: load.served,
        peak_rss_bytes: seen.peak_rss_bytes,
        peak_descriptors: seen.peak_descriptors,
        server_cpu_us: each(seen.cpu_us),
        load_cpu_us: each(load.cpu_us),
        answered: load.answered,
        refused: load.refused,
        failed: load.failed,
        connections_offered: options.connections,
        connections_refused: load.turned_away,
        signatures_verified: load.verified,
        most_ms: ms(load.most_us),
        seconds: load.seconds,
        signed_beforehand: true,
    }
}
