//! The six miners, each with its role played on real files and over real HTTP.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use plimsoll_chain::Chain;
use plimsoll_core::{Hotkey, Identity};
use plimsoll_plugin::Scheme;
use plimsoll_store::Plot;
use plimsoll_wire::{AuditRequest, MissingLog, ReplayKeeping, WireLimits};
use tokio::sync::Notify;

use super::held::punch;
use super::regenerated::Regenerated;
use super::stage::{NETUID, Prepared};
use super::{Narrator, Role};
use crate::miner::{Habit, HeldPlot, MinerOptions, Plots, Prompt, RunningMiner, registration_of, start_with};
use crate::{InstancePool, NodeError};

/// How far behind a deadline the late one answers.
const LATENESS: Duration = Duration::from_millis(150);

/// Waits until the deadline has passed.
struct Tardy;

#[async_trait]
impl Habit for Tardy {
    async fn before_reply(&self, _caller: &Hotkey, request: &AuditRequest) {
        tokio::time::sleep(Duration::from_millis(request.deadline_ms.into()) + LATENESS).await;
    }
}

/// Says when its registrations were told.
struct Leaving(Arc<Notify>);

#[async_trait]
impl Habit for Leaving {
    async fn registrations_told(&self, _caller: &Hotkey) {
        self.0.notify_one();
    }
}

/// A miner on stage, or one that has left it.
pub(super) enum Player {
    On(RunningMiner),
    /// Goes away once it has registered.
    Leaves(tokio::task::JoinHandle<()>),
}

impl Player {
    pub(super) async fn stop(self) {
        match self {
            Self::On(miner) => miner.stop().await,
            Self::Leaves(task) => task.abort(),
        }
    }
}

/// Starts a miner in its role.
pub(super) async fn start(
    miner: &Prepared,
    validator: Hotkey,
    chain: Arc<dyn Chain>,
    scheme: &Scheme,
    narrator: &dyn Narrator,
) -> Result<Player, NodeError> {
    let identity = Identity { netuid: NETUID, owner: miner.key.hotkey(), validator };
    let honest = || HeldPlot::open(&miner.plot, &identity, scheme);
    let (plot, habit): (HeldPlot, Arc<dyn Habit>) = match miner.role {
        Role::Honest | Role::Larger => (honest()?, Arc::new(Prompt)),
        Role::Late => (honest()?, Arc::new(Tardy)),
        Role::Partial => {
            punch(&miner.plot, &miner.layout, missing_units(miner.layout.units))?;
            (honest()?, Arc::new(Prompt))
        }
        Role::Regenerator => (regenerator(miner, &identity, scheme)?, Arc::new(Prompt)),
        Role::Offline => {
            let told = Arc::new(Notify::new());
            let habit = Arc::new(Leaving(Arc::clone(&told)));
            let running = serve(miner, honest()?, chain, scheme, habit).await?;
            introduce(miner, &running, narrator);
            return Ok(Player::Leaves(tokio::spawn(async move {
                told.notified().await;
                running.stop().await;
            })));
        }
    };
    let running = serve(miner, plot, chain, scheme, habit).await?;
    introduce(miner, &running, narrator);
    Ok(Player::On(running))
}

fn introduce(miner: &Prepared, running: &RunningMiner, narrator: &dyn Narrator) {
    let (uid, role, at) = (miner.uid, miner.role, running.address());
    narrator.say(&format!("uid {uid}  {:<11}  {} ({at})", role.word(), role.deed()));
}

/// Three of every ten, spread over the plot.
fn missing_units(units: u64) -> impl Iterator<Item = u64> {
    (0..units).filter(|unit| unit % 10 < 3)
}

/// Keeps in memory what lies behind the units and the integrity tree, and deletes the file.
fn regenerator(miner: &Prepared, identity: &Identity, scheme: &Scheme) -> Result<HeldPlot, NodeError> {
    let plot = Plot::open(&miner.plot)?;
    let registration = registration_of(plot.header());
    let pool = InstancePool::new(scheme.clone());
    let layout = plot.header().spec.layout.clone();
    let region = Regenerated::remember(plot.region().as_ref(), pool, *identity, layout);
    let region = region.map_err(plimsoll_store::StoreError::from)?;
    tracing::info!(kept_bytes = region.kept_bytes(), "the regenerator keeps this much, in memory");
    drop(plot);
    let failed = |e: std::io::Error| NodeError::Disk { path: miner.plot.clone(), reason: e.to_string() };
    std::fs::remove_file(&miner.plot).map_err(failed)?;
    Ok(HeldPlot::serving(registration, Arc::new(region), &miner.plot))
}

async fn serve(
    miner: &Prepared,
    plot: HeldPlot,
    chain: Arc<dyn Chain>,
    scheme: &Scheme,
    habit: Arc<dyn Habit>,
) -> Result<RunningMiner, NodeError> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut options = MinerOptions::new(miner.key.clone(), NETUID, miner.folder.clone(), listen);
    // An honest miner refuses rather than send a proof that it knows to be wrong; a cheat hopes.
    options.side.self_check = !miner.role.holds_less();
    options.self_audit_every = None;
    let missing = MissingLog::NeverServed;
    options.replay = ReplayKeeping::Folder { path: miner.folder.join("replay"), missing };
    options.limits = WireLimits { drain_within: Duration::from_millis(200), ..WireLimits::default() };
    start_with(chain, scheme.clone(), options, Plots::new([plot]), habit).await
}
