//! A running miner: its commitments and its axon on chain, its server, its self-audits.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_chain::{Chain, Snapshot};
use plimsoll_core::{Hotkey, Keypair, NetUid};
use plimsoll_plugin::Scheme;
use plimsoll_wire::limits::MAX_AHEAD_NS;
use plimsoll_wire::{CallerLists, MissingLog, ReplayKeeping, ServerOptions, WireLimits, miner_router_with};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::announce::{Announcement, may_pass_later};
use super::{Habit, MinerStatus, PlotSide, Plots, Prompt, SideOptions};
use crate::NodeError;

/// How a miner is run.
#[derive(Clone)]
pub struct MinerOptions {
    /// Whose space it is; signs answers and chain calls.
    pub key: Keypair,
    /// The subnet.
    pub netuid: NetUid,
    /// The folder with `partition.json`.
    pub folder: PathBuf,
    /// Where to listen; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// What to say on chain; without it, where it listens.
    pub announce: Option<SocketAddr>,
    /// Caps of the server.
    pub limits: WireLimits,
    /// Who is served, beside the permit on the metagraph.
    pub callers: CallerLists,
    /// Where it is kept which requests were answered. Without a log everybody is refused for two seconds, for it
    /// may have been lost; a miner whose log is new says on chain where it is only after them.
    pub replay: ReplayKeeping,
    /// Whether `POST /Audit` of Bittensor's version 10 is answered too.
    pub axon_v10: bool,
    /// How it proves.
    pub side: SideOptions,
    /// How often every plot is read and proven to itself; `None` for never.
    pub self_audit_every: Option<Duration>,
    /// How often the metagraph is read again.
    pub refresh_every: Duration,
}

impl MinerOptions {
    /// With all defaults: self-checks on, a self-audit every 20 s, the metagraph every 30 s, the log of answered
    /// requests in `replay` beside the plots.
    #[must_use]
    pub fn new(key: Keypair, netuid: NetUid, folder: PathBuf, listen: SocketAddr) -> Self {
        let replay = ReplayKeeping::Folder { path: folder.join("replay"), missing: MissingLog::Lost };
        Self {
            key,
            netuid,
            folder,
            listen,
            announce: None,
            limits: WireLimits::default(),
            callers: CallerLists::default(),
            replay,
            axon_v10: false,
            side: SideOptions::default(),
            self_audit_every: Some(Duration::from_secs(20)),
            refresh_every: Duration::from_secs(30),
        }
    }
}

impl MinerOptions {
    fn server(&self) -> ServerOptions {
        let (callers, replay) = (self.callers.clone(), self.replay.clone());
        ServerOptions {
            callers,
            replay,
            axon_v10: self.axon_v10,
            ..ServerOptions::with_limits(self.limits.clone())
        }
    }
}

/// At most 2^4 looks at the chain pass without another try to announce.
const LONGEST_REST_LOG2: u32 = 4;

/// How long a miner refuses everybody for want of a log, where it does. Whoever finds it on chain is answered.
fn settling(replay: &ReplayKeeping) -> Option<Duration> {
    let ReplayKeeping::Folder { path, missing: MissingLog::Lost } = replay else { return None };
    let is_new = std::fs::read_dir(path).map_or(true, |mut files| files.next().is_none());
    is_new.then_some(Duration::from_nanos(MAX_AHEAD_NS))
}

/// A miner that serves until it is stopped.
pub struct RunningMiner {
    address: SocketAddr,
    side: Arc<PlotSide>,
    stop: watch::Sender<bool>,
    server: JoinHandle<std::io::Result<()>>,
    upkeep: JoinHandle<()>,
}

/// Loads the folder's plots and serves them.
///
/// # Errors
/// No plot that can be served, a hotkey that is not registered, an address that cannot be listened on, or
/// what the chain says.
pub async fn start_miner(
    chain: Arc<dyn Chain>,
    scheme: Scheme,
    options: MinerOptions,
) -> Result<RunningMiner, NodeError> {
    let (folder, netuid, owner) = (options.folder.clone(), options.netuid, options.key.hotkey());
    let loading = scheme.clone();
    let plots = tokio::task::spawn_blocking(move || Plots::load(&folder, netuid, owner, &loading)).await;
    let plots = plots.map_err(|e| NodeError::System { doing: "load the plots", reason: e.to_string() })??;
    start_with(chain, scheme, options, plots, Arc::new(Prompt)).await
}

/// Serves `plots`, behaving as `habit` says.
///
/// # Errors
/// As [`start_miner`], but for the plots.
pub async fn start_with(
    chain: Arc<dyn Chain>,
    scheme: Scheme,
    options: MinerOptions,
    plots: Plots,
    habit: Arc<dyn Habit>,
) -> Result<RunningMiner, NodeError> {
    let MinerOptions { key, netuid, listen, limits, .. } = options.clone();
    let (snapshot, commitments) = chain.snapshot_with_commitments(netuid).await?;
    if snapshot.neuron(&key.hotkey()).is_none() {
        return Err(NodeError::NotRegistered { hotkey: key.hotkey(), netuid });
    }
    let failed = |e: std::io::Error| NodeError::Listen { at: listen, reason: e.to_string() };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;

    let side = Arc::new(PlotSide::new(netuid, plots, scheme, options.side, habit));
    side.permit_only(permitted(&snapshot));
    // The server answers before the chain says where it is.
    let (stop, stopped) = watch::channel(false);
    let settling = settling(&options.replay);
    let (served, server) = (Arc::clone(&side), options.server());
    let opened = tokio::task::spawn_blocking(move || miner_router_with(served as _, key, server)).await;
    let router = opened.map_err(|e| NodeError::System {
        doing: "open the log of answered requests",
        reason: e.to_string(),
    })??;
    let server = tokio::spawn(plimsoll_wire::serve(listener, router, limits, until(stopped.clone())));
    let at = options.announce.unwrap_or(address);
    let announcement = Announcement::of(side.plots(), options.key.clone(), netuid, at);
    if let Some(settling) = settling {
        tracing::info!("there is no log of answered requests yet: serving begins in 2 s");
        tokio::time::sleep(settling).await;
    }
    let made = announcement.make(chain.as_ref(), &snapshot, &commitments).await;
    side.health().announced(made.as_ref().err().map(|error| announcement.trouble(chain.as_ref(), error)));
    if let Err(error) = made {
        if !may_pass_later(&error) {
            stop.send_replace(true);
            let _ = server.await;
            return Err(error);
        }
        tracing::warn!(%error, "nothing is announced yet; it is tried again");
    }
    let upkeep = tokio::spawn(upkeep(Arc::clone(&side), chain, options, announcement, stopped));
    Ok(RunningMiner { address, side, stop, server, upkeep })
}

impl RunningMiner {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How its plots are.
    #[must_use]
    pub fn status(&self) -> MinerStatus {
        self.side.health().status()
    }

    /// The miner behind the server.
    #[must_use]
    pub const fn side(&self) -> &Arc<PlotSide> {
        &self.side
    }

    /// Reads and proves every plot now.
    pub async fn audit_self(&self) {
        self.side.audit_self().await;
    }

    /// Takes no more requests, lets open ones end, and returns when all is done.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        match self.server.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the server ended with an error"),
            Err(error) => tracing::warn!(%error, "the server broke down"),
        }
        self.upkeep.abort();
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it whoever runs the miner.
    let _ = stopped.wait_for(|&stop| stop).await;
}

/// Self-audits and the metagraph, until stopped: neither waits for the other. A chain that does not answer leaves
/// things as they were.
async fn upkeep(
    side: Arc<PlotSide>,
    chain: Arc<dyn Chain>,
    options: MinerOptions,
    announcement: Announcement,
    stopped: watch::Receiver<bool>,
) {
    tokio::select! {
        () = until(stopped) => {}
        () = self_audits(&side, options.self_audit_every) => {}
        () = keep_up(&side, chain.as_ref(), &options, &announcement) => {}
    }
}

async fn self_audits(side: &PlotSide, every: Option<Duration>) {
    let Some(every) = every else { return std::future::pending().await };
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        side.audit_self().await;
    }
}

/// Who may ask, and whether the chain still says what this miner keeps and where: it drops both with the place of a
/// hotkey, and whoever has the key can overwrite them. A write that failed is tried again ever more rarely.
async fn keep_up(side: &PlotSide, chain: &dyn Chain, options: &MinerOptions, announcement: &Announcement) {
    let start = tokio::time::Instant::now() + options.refresh_every;
    let mut ticks = tokio::time::interval_at(start, options.refresh_every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut failures, mut rest) = (0, 0_u32);
    loop {
        ticks.tick().await;
        let (snapshot, known) = match chain.snapshot_with_commitments(options.netuid).await {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(%error, "the metagraph could not be read again");
                continue;
            }
        };
        side.permit_only(permitted(&snapshot));
        if rest > 0 {
            rest -= 1;
            continue;
        }
        let made = announcement.make(chain, &snapshot, &known).await;
        side.health().announced(made.as_ref().err().map(|error| announcement.trouble(chain, error)));
        match made {
            Ok(()) => failures = 0,
            // Seen in what was read anyway: it costs nothing to look again.
            Err(NodeError::NotRegistered { .. }) => {}
            Err(error) => {
                tracing::warn!(%error, "what this miner keeps, and where, could not be announced");
                rest = 1 << failures;
                failures = (failures + 1).min(LONGEST_REST_LOG2);
            }
        }
    }
}

fn permitted(snapshot: &Snapshot) -> impl Iterator<Item = (Hotkey, u64)> + '_ {
    let permitted = snapshot.neurons.iter().filter(|neuron| neuron.validator_permit);
    permitted.map(|neuron| (neuron.hotkey, neuron.stake_rao.0))
}
