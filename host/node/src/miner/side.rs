//! The miner behind the server: looks up the caller's plot, proves on a blocking thread, checks its own
//! proof before it leaves.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use plimsoll_core::{Answer, Digest, Hotkey, NetUid, Verdict};
use plimsoll_plugin::{PluginError, Scheme};
use plimsoll_wire::{AuditReply, AuditRequest, MinerSide, Refusal, RefusalCode, RegistrationSet};

use super::provers::{Provers, Undone};
use super::{Habit, Health, HeldPlot, Plots};
use crate::InstancePool;

/// Answers for all plots of one miner. One plot's fault is that plot's alone.
pub struct PlotSide {
    netuid: NetUid,
    plots: Plots,
    pool: InstancePool,
    provers: Provers,
    /// Who may ask, and what each has at stake in rao.
    permitted: RwLock<HashMap<Hotkey, u64>>,
    self_check: bool,
    habit: Arc<dyn Habit>,
    health: Health,
}

/// What is configured of it.
#[derive(Debug, Clone, Copy)]
pub struct SideOptions {
    /// Whether a proof is verified before it leaves, so that damage becomes a refusal and never a wrong proof.
    pub self_check: bool,
    /// Proofs made at the same time.
    pub threads: usize,
}

impl Default for SideOptions {
    fn default() -> Self {
        Self { self_check: true, threads: std::thread::available_parallelism().map_or(1, usize::from) }
    }
}

impl PlotSide {
    /// A miner on `netuid` with `plots` that `scheme` filled.
    #[must_use]
    pub fn new(
        netuid: NetUid,
        plots: Plots,
        scheme: Scheme,
        options: SideOptions,
        habit: Arc<dyn Habit>,
    ) -> Self {
        let health = Health::of(&plots);
        Self {
            netuid,
            plots,
            pool: InstancePool::new(scheme),
            provers: Provers::new(options.threads),
            permitted: RwLock::default(),
            self_check: options.self_check,
            habit,
            health,
        }
    }

    /// Its plots.
    #[must_use]
    pub const fn plots(&self) -> &Plots {
        &self.plots
    }

    /// How they are.
    #[must_use]
    pub const fn health(&self) -> &Health {
        &self.health
    }

    /// Takes over who may ask: the validators with a permit and their stakes in rao, as the chain has them.
    pub fn permit_only(&self, validators: impl IntoIterator<Item = (Hotkey, u64)>) {
        let validators = validators.into_iter().collect();
        *self.permitted.write().unwrap_or_else(PoisonError::into_inner) = validators;
    }

    /// Draws a challenge of one unit for every plot, proves and verifies it, and notes how it went: a real read of
    /// every disk. Where damage is known, the challenge that met it is tried again first. Two plots at a time,
    /// so that one slow disk does not hold up all others, and the audits of validators come first.
    pub async fn audit_self(&self) {
        self.health.pass_begins();
        let lane = async |first: usize| {
            for plot in self.plots.iter().skip(first).step_by(2) {
                self.audit_plot(plot).await;
            }
        };
        tokio::join!(lane(0), lane(1));
        self.health.pass_ends();
    }

    async fn audit_plot(&self, plot: &HeldPlot) {
        let validator = plot.registration.identity.validator;
        for challenge in self.health.damaged(&validator) {
            let (held, pool, again) = (plot.clone(), self.pool.clone(), challenge.clone());
            if self.blocking(None, move || prove(&pool, &held, &again, true)).await.is_ok() {
                self.health.healed(&validator, &challenge);
            }
        }
        let mut randomness = Digest::default();
        if let Err(error) = getrandom::fill(&mut randomness.0) {
            tracing::warn!(%error, "the system gave no randomness for a self-audit");
            return;
        }
        let (held, pool) = (plot.clone(), self.pool.clone());
        match self.blocking(None, move || self_audit(&pool, &held, &randomness)).await {
            Ok(()) => self.health.passed(&validator),
            Err(trouble) => {
                let why = &trouble.refusal;
                tracing::error!(%validator, path = %plot.path.display(), %why, "self-audit failed");
                self.health.failed(&validator, &why.why, trouble.damaged.as_deref());
            }
        }
    }

    /// Runs `work` on a thread for provers. What has not had its turn within `patience` is not begun any more.
    async fn blocking<T: Send + 'static>(
        &self,
        patience: Option<Duration>,
        work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Trouble> {
        let done = self.provers.have_done(patience, work).await;
        done.unwrap_or_else(|undone| {
            let (code, why) = match undone {
                Undone::NoTurn => {
                    (RefusalCode::Busy, "no prover was free before the deadline of the request")
                }
                Undone::BrokeDown => (RefusalCode::Fault, "the prover broke down"),
            };
            Err(Refusal::new(code, why).into())
        })
    }
}

/// Why a challenge could not be proven.
struct Trouble {
    /// What the caller is told.
    refusal: Refusal,
    /// The challenge, where it met damage of the plot: that stays until it passes again.
    damaged: Option<Vec<u8>>,
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, damaged: None }
    }
}

#[async_trait]
impl MinerSide for PlotSide {
    fn permits(&self, caller: &Hotkey) -> bool {
        self.permitted.read().unwrap_or_else(PoisonError::into_inner).contains_key(caller)
    }

    fn stake(&self, caller: &Hotkey) -> u64 {
        self.permitted.read().unwrap_or_else(PoisonError::into_inner).get(caller).copied().unwrap_or(0)
    }

    async fn registrations(&self, caller: &Hotkey, netuid: NetUid) -> Result<RegistrationSet, Refusal> {
        let set = (netuid == self.netuid).then(|| self.plots.set_for(caller)).flatten();
        let set = set.ok_or_else(|| unknown("no plot is kept for you on this subnet"))?;
        self.habit.registrations_told(caller).await;
        Ok(set)
    }

    async fn audit(&self, caller: &Hotkey, request: AuditRequest) -> Result<AuditReply, Refusal> {
        let plot = self
            .plots
            .of(caller)
            .filter(|plot| request.netuid == self.netuid && request.registration == plot.digest);
        let plot = plot.ok_or_else(|| unknown("no plot with this registration is kept for you"))?.clone();
        let (pool, self_check) = (self.pool.clone(), self.self_check);
        let challenge = request.challenge.clone();
        let patience = Some(Duration::from_millis(request.deadline_ms.into()));
        let answer = self.blocking(patience, move || prove(&pool, &plot, &challenge, self_check)).await;
        if let Err(Trouble { refusal, damaged }) = &answer
            && refusal.code == RefusalCode::Fault
        {
            self.health.failed(caller, &refusal.why, damaged.as_deref());
        }
        self.habit.before_reply(caller, &request).await;
        answer.map(AuditReply::from).map_err(|trouble| trouble.refusal)
    }
}

fn prove(
    pool: &InstancePool,
    plot: &HeldPlot,
    challenge: &[u8],
    self_check: bool,
) -> Result<Answer, Trouble> {
    let statement = plot.registration.statement();
    let region = Arc::clone(&plot.region);
    let proved = pool.lend(|instance| instance.prove(region, &statement, challenge));
    let answer = proved.map_err(|error| fault(plot, challenge, &error))?;
    if let (true, Answer::Proof(proof)) = (self_check, &answer) {
        match pool.lend(|instance| instance.verify(&statement, challenge, proof)) {
            Ok(Verdict::Valid) => {}
            Ok(Verdict::Invalid(reason)) => return Err(damaged(plot, challenge, &reason)),
            // Whether the proof holds cannot be told here, so it is sent for the validator to tell.
            Err(error) => tracing::warn!(%error, "a proof could not be checked before it was sent"),
        }
    }
    Ok(answer)
}

fn self_audit(pool: &InstancePool, plot: &HeldPlot, randomness: &Digest) -> Result<(), Trouble> {
    let statement = plot.registration.statement();
    let drawn = pool.lend(|instance| instance.draw(&statement, randomness, 1, None));
    let challenge = drawn.map_err(|error| fault(plot, &[], &error))?;
    prove(pool, plot, &challenge, true).map(drop)
}

/// The log gets the whole story; the validator is told no path.
fn fault(plot: &HeldPlot, challenge: &[u8], error: &PluginError) -> Trouble {
    tracing::error!(path = %plot.path.display(), %error, "a plot could not be proven");
    let (code, why) = match error {
        PluginError::Space(_) => {
            (RefusalCode::Fault, "the plot cannot be read where the challenge asks: a storage fault")
        }
        // The challenge is the caller's: what it asks for says nothing about the plot.
        PluginError::Refused { .. } => {
            (RefusalCode::BadRequest, "the proof scheme cannot answer such a challenge")
        }
        _ => (RefusalCode::Fault, "the proof scheme broke down"),
    };
    let is_disk = matches!(error, PluginError::Space(_));
    Trouble { refusal: Refusal::new(code, why), damaged: is_disk.then(|| challenge.to_vec()) }
}

fn damaged(plot: &HeldPlot, challenge: &[u8], reason: &str) -> Trouble {
    tracing::error!(
        path = %plot.path.display(),
        reason,
        "the own proof does not hold, the plot is damaged: run `plimsoll verify`, then `plimsoll repair`"
    );
    let why = "the plot is damaged where the challenge asks: its proof would not hold";
    Trouble { refusal: Refusal::new(RefusalCode::Fault, why), damaged: Some(challenge.to_vec()) }
}

fn unknown(why: &str) -> Refusal {
    Refusal::new(RefusalCode::UnknownRegistration, why)
}
