//! The miner behind the server: looks up the caller's plot, proves on a blocking thread, checks its own
//! proof before it leaves.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use plimsoll_core::{Answer, Digest, Hotkey, NetUid, Verdict};
use plimsoll_plugin::{PluginError, Scheme};
use plimsoll_wire::{AuditReply, AuditRequest, MinerSide, Refusal, RefusalCode, RegistrationSet};
use tokio::sync::Semaphore;

use super::{Habit, Health, HeldPlot, Plots};
use crate::InstancePool;

/// Answers for all plots of one miner. One plot's fault is that plot's alone.
pub struct PlotSide {
    netuid: NetUid,
    plots: Plots,
    pool: InstancePool,
    proving: Arc<Semaphore>,
    permitted: RwLock<HashSet<Hotkey>>,
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
            proving: Arc::new(Semaphore::new(options.threads.max(1))),
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

    /// Takes over who may ask: the validators with a permit, as the chain has them.
    pub fn permit_only(&self, validators: impl IntoIterator<Item = Hotkey>) {
        let validators = validators.into_iter().collect();
        *self.permitted.write().unwrap_or_else(PoisonError::into_inner) = validators;
    }

    /// Draws a challenge of one unit for every plot, proves and verifies it, one after another, and notes how
    /// it went: a real read of every disk.
    pub async fn audit_self(&self) {
        for plot in self.plots.iter() {
            let validator = plot.registration.identity.validator;
            let mut randomness = Digest::default();
            if let Err(error) = getrandom::fill(&mut randomness.0) {
                tracing::warn!(%error, "the system gave no randomness for a self-audit");
                return;
            }
            let (held, pool) = (plot.clone(), self.pool.clone());
            let outcome = self.blocking(move || self_audit(&pool, &held, &randomness)).await;
            match &outcome {
                Ok(()) => self.health.passed(&validator),
                Err(refusal) => {
                    tracing::error!(%validator, path = %plot.path.display(), why = %refusal, "self-audit failed");
                    self.health.failed(&validator, &refusal.why);
                }
            }
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let permit = Arc::clone(&self.proving).acquire_owned().await;
        let permit = permit.map_err(|_| Refusal::new(RefusalCode::Busy, "the miner is shutting down"))?;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        // A panic in a prover is the miner's fault and nobody else's: the task ends, the process does not.
        done.await.unwrap_or_else(|_| Err(Refusal::new(RefusalCode::Fault, "the prover broke down")))
    }
}

#[async_trait]
impl MinerSide for PlotSide {
    fn permits(&self, caller: &Hotkey) -> bool {
        self.permitted.read().unwrap_or_else(PoisonError::into_inner).contains(caller)
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
        let answer = self.blocking(move || prove(&pool, &plot, &challenge, self_check)).await;
        if let Err(refusal) = &answer
            && refusal.code == RefusalCode::Fault
        {
            self.health.failed(caller, &refusal.why);
        }
        self.habit.before_reply(caller, &request).await;
        answer.map(AuditReply::from)
    }
}

fn prove(
    pool: &InstancePool,
    plot: &HeldPlot,
    challenge: &[u8],
    self_check: bool,
) -> Result<Answer, Refusal> {
    let statement = plot.registration.statement();
    let region = Arc::clone(&plot.region);
    let proved = pool.lend(|instance| instance.prove(region, &statement, challenge));
    let answer = proved.map_err(|error| fault(plot, &error))?;
    if let (true, Answer::Proof(proof)) = (self_check, &answer) {
        match pool.lend(|instance| instance.verify(&statement, challenge, proof)) {
            Ok(Verdict::Valid) => {}
            Ok(Verdict::Invalid(reason)) => return Err(damaged(plot, &reason)),
            // Whether the proof holds cannot be told here, so it is sent for the validator to tell.
            Err(error) => tracing::warn!(%error, "a proof could not be checked before it was sent"),
        }
    }
    Ok(answer)
}

fn self_audit(pool: &InstancePool, plot: &HeldPlot, randomness: &Digest) -> Result<(), Refusal> {
    let statement = plot.registration.statement();
    let drawn = pool.lend(|instance| instance.draw(&statement, randomness, 1, None));
    let challenge = drawn.map_err(|error| fault(plot, &error))?;
    prove(pool, plot, &challenge, true).map(drop)
}

/// The log gets the whole story; the validator is told no path.
fn fault(plot: &HeldPlot, error: &PluginError) -> Refusal {
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
    Refusal::new(code, why)
}

fn damaged(plot: &HeldPlot, reason: &str) -> Refusal {
    tracing::error!(
        path = %plot.path.display(),
        reason,
        "the own proof does not hold, the plot is damaged: run `plimsoll verify`, then `plimsoll repair`"
    );
    Refusal::new(RefusalCode::Fault, "the plot is damaged where the challenge asks: its proof would not hold")
}

fn unknown(why: &str) -> Refusal {
    Refusal::new(RefusalCode::UnknownRegistration, why)
}
