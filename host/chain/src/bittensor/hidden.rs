//! Weights that a subnet hides for a while: sealed until a drand round, which the chain opens by itself; or committed
//! as a hash, which this client reveals in its epoch.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use plimsoll_core::{BlockNumber, Digest, Keypair, NetUid, Uid};

use super::Bittensor;
use super::calls;
use super::epochs::Epochs;
use super::refused::Attempt;
use super::reveals::Kept;
use super::rpc;
use super::runtime::Runtime;
use super::view::SubnetView;
use crate::chain::Tended;
use crate::reveal::{Pending, RevealJournal, Stage, Step, WeightsPreimage};
use crate::timelock::{COMMIT_REVEAL_VERSION, TimelockedWeights};
use crate::{ChainError, Head, Refusal};

/// A commit gets into one of so many blocks after the newest, as a rule.
const INCLUSION_BLOCKS: u64 = 3;

impl Bittensor {
    /// Commits to weights that the chain opens when their time has come. That is counted from the clock of the newest
    /// block, not from ours.
    pub(super) async fn commit_sealed(
        &self,
        key: &Keypair,
        view: &SubnetView,
        runtime: &Runtime,
        weights: &[(Uid, u16)],
        version_key: u64,
    ) -> Result<(), ChainError> {
        let netuid = view.netuid;
        let Epochs { schedule, block, unix_ms, period } = self.settled_epochs(netuid, runtime).await?;
        let now = unix_ms.unwrap_or_else(unix_now_ms);
        let round = schedule.reveal_round(block, period, runtime.block_ms(), now)?;
        let plain = TimelockedWeights { hotkey: key.hotkey(), weights: weights.to_vec(), version_key };
        let sealed = plain.seal(round)?;
        tracing::info!(%round, bytes = sealed.len(), "weights are sealed until a drand round");
        self.note_sealing(key.hotkey(), netuid, &sealed, weights);
        let call = calls::commit_timelocked_weights(netuid, &sealed, round.0, COMMIT_REVEAL_VERSION);
        self.transact(key, netuid, &call, Attempt::Weights(weights)).await
    }

    /// The epochs as the newest block has them, once all blocks that a commit may get into are of one epoch: the round
    /// to seal to depends on the commit's. Waited for over a few blocks; a subnet of very short epochs is not.
    async fn settled_epochs(&self, netuid: NetUid, runtime: &Runtime) -> Result<Epochs, ChainError> {
        let pause = (self.inner.options.redial_every * 4).min(Duration::from_millis(runtime.block_ms()));
        let begun = Instant::now();
        let longest = Duration::from_millis(runtime.block_ms().saturating_mul(2 * INCLUSION_BLOCKS));
        loop {
            let best = rpc::best_head(self.line()).await.map_err(|fault| self.failed(fault))?;
            let epochs = self.epochs(netuid, &best, runtime).await?;
            let last = BlockNumber(epochs.block.0.saturating_add(INCLUSION_BLOCKS));
            if epochs.schedule.is_settled_until(epochs.block, last, epochs.period)?
                || begun.elapsed() >= longest
            {
                return Ok(epochs);
            }
            tracing::debug!(block = %epochs.block, "the epoch ends in a moment: sealing waits for the next one");
            tokio::time::sleep(pause).await;
        }
    }

    /// Commits to the hash of weights. What opens it is on disk before anything is sent.
    pub(super) async fn commit_hash(
        &self,
        key: &Keypair,
        view: &SubnetView,
        weights: &[(Uid, u16)],
        version_key: u64,
    ) -> Result<(), ChainError> {
        let netuid = view.netuid;
        let path = self.journal_path(&key.hotkey(), netuid).await?;
        let mut journals = self.inner.journals.lock().await;
        let kept = journals.of(&path)?;
        let preimage = WeightsPreimage::fresh(key.hotkey(), netuid.0, weights.to_vec(), version_key)?;
        let hash = kept.journal.note(preimage, view.block)?;
        let call = calls::commit_weights(netuid, &hash.0);
        let journal = &mut kept.journal;
        let attempt = Attempt::Weights(weights);
        let done =
            self.transact_in(key, netuid, &call, attempt, &mut |block| journal.signed(&hash, block)).await;
        let block = match done {
            Ok(block) => block,
            Err(undone) => {
                // Only what surely was not made is forgotten: without its salt a commit cannot be revealed.
                if undone.never_made {
                    kept.journal.forget(&hash)?;
                }
                return Err(undone.error);
            }
        };
        // Where the epoch cannot be read now, the commit is looked for later.
        match self.epoch_of(&hash, &key.hotkey(), netuid, &block).await {
            Ok(Some(epoch)) => kept.journal.committed(&hash, epoch),
            Ok(None) => Ok(()),
            Err(error) => {
                tracing::warn!(%error, "the epoch of a commit cannot be read yet");
                Ok(())
            }
        }
    }

    /// Reveals what is due, looks for what is unsure, and tells what is lost. Once a block at most, and without a
    /// request where nothing waits.
    pub(super) async fn tend_reveals(&self, key: &Keypair, netuid: NetUid) -> Result<Tended, ChainError> {
        if self.inner.options.reveals.is_none() {
            return Ok(Tended::default());
        }
        let path = self.journal_path(&key.hotkey(), netuid).await?;
        let mut journals = self.inner.journals.lock().await;
        if !journals.has(&path) {
            return Ok(Tended::default());
        }
        let kept = journals.of(&path)?;
        if kept.journal.pending().is_empty() {
            return Ok(Tended::default());
        }
        let head = self.newest().await?;
        let mut tended = Tended::default();
        if kept.tended != Some(head.block) {
            let epochs = self.epochs_in(netuid, &head.hash).await?;
            let found = self.find_sent(&mut kept.journal, netuid, &head, &mut tended).await?;
            let revealed = self.reveal_due(key, netuid, kept, &epochs, &mut tended).await?;
            if found && revealed {
                kept.tended = Some(head.block);
            }
        }
        tended.waiting = kept.journal.pending().len();
        Ok(tended)
    }

    /// Looks for what may have been committed. False where something could not be read.
    async fn find_sent(
        &self,
        journal: &mut RevealJournal,
        netuid: NetUid,
        head: &Head,
        tended: &mut Tended,
    ) -> Result<bool, ChainError> {
        let sent = |pending: &&Pending| {
            pending.preimage.index == netuid.0 && matches!(pending.stage, Stage::Sent { .. })
        };
        let sent: Vec<Pending> = journal.pending().iter().filter(sent).cloned().collect();
        let mut all = true;
        for pending in sent {
            match self.epoch_of(&pending.hash, &pending.preimage.hotkey, netuid, &head.hash).await {
                Ok(Some(epoch)) => journal.committed(&pending.hash, epoch)?,
                Ok(None) => {
                    if let Some(why) = journal.absent(&pending.hash, head.block)? {
                        tended.lost(why);
                    }
                }
                Err(error) => {
                    let short = pending.hash.short();
                    tended.told.push(format!("the commit {short}… cannot be looked for now: {error}"));
                    all = false;
                }
            }
        }
        Ok(all)
    }

    /// Reveals what is due. One that cannot be now keeps none of the others; false if there is such a one. One that the
    /// chain refuses is tried again in every block of its epoch, and that is told once.
    async fn reveal_due(
        &self,
        key: &Keypair,
        netuid: NetUid,
        kept: &mut Kept,
        epochs: &Epochs,
        tended: &mut Tended,
    ) -> Result<bool, ChainError> {
        let mut all = true;
        for (pending, step) in kept.journal.steps(netuid.0, epochs.epoch(), epochs.period)? {
            let short = pending.hash.short();
            let revealed = match step {
                Step::Wait { .. } | Step::Find => continue,
                Step::Drop { why } => {
                    kept.refused.remove(&pending.hash);
                    tended.lost(why);
                    continue;
                }
                Step::Reveal if kept.refused.contains(&pending.hash) => {
                    self.reveal_again(key, netuid, &pending).await
                }
                Step::Reveal => self.reveal(key, netuid, &pending).await,
            };
            match revealed {
                Ok(Revealed::Later) => {}
                Ok(Revealed::Done) => {
                    kept.journal.forget(&pending.hash)?;
                    kept.refused.remove(&pending.hash);
                    tended.told.push(format!("the commit {short}… is revealed: its weights are set"));
                }
                Ok(Revealed::Refused(refusal)) => {
                    if kept.refused.insert(pending.hash) {
                        tended.told.push(format!(
                                "the chain does not take the reveal of the commit {short}…: {refusal}; it is tried \
                                 again as long as this epoch lasts"
                            ));
                    }
                }
                Err(error) => {
                    tended.told.push(format!("the commit {short}… is not revealed yet: {error}"));
                    all = false;
                }
            }
        }
        Ok(all)
    }

    /// Reveals a commit of which a reveal was refused. Where the chain has it no more an earlier try was taken, unheard,
    /// or nothing helps.
    async fn reveal_again(
        &self,
        key: &Keypair,
        netuid: NetUid,
        pending: &Pending,
    ) -> Result<Revealed, ChainError> {
        let (view, runtime) = self.view(netuid).await?;
        let hotkey = &pending.preimage.hotkey;
        let commits = self.hash_commits(hotkey, netuid, &view.hash, &runtime).await;
        let commits = commits.map_err(|trouble| self.troubled(trouble))?;
        if commits.iter().any(|commit| commit.hash == pending.hash) {
            return self.reveal(key, netuid, pending).await;
        }
        let Some(me) = view.neuron(hotkey) else { return Ok(Revealed::Later) };
        let is_set = self.shows(me, &view, &runtime, &pending.preimage.weights).await?;
        Ok(if is_set { Revealed::Done } else { Revealed::Later })
    }

    /// Reveals one commit.
    async fn reveal(&self, key: &Keypair, netuid: NetUid, pending: &Pending) -> Result<Revealed, ChainError> {
        let WeightsPreimage { weights, salt, version_key, .. } = &pending.preimage;
        let call = calls::reveal_weights(netuid, weights, salt, *version_key);
        match self.transact(key, netuid, &call, Attempt::Weights(weights)).await {
            Ok(()) => Ok(Revealed::Done),
            Err(ChainError::Refused(refusal)) if is_only_early(&refusal) => Ok(Revealed::Later),
            Err(ChainError::Refused(refusal)) => Ok(Revealed::Refused(refusal)),
            Err(error) => Err(error),
        }
    }

    /// The epochs of a subnet at a block, by that block's runtime.
    async fn epochs_in(&self, netuid: NetUid, hash: &Digest) -> Result<Epochs, ChainError> {
        let runtime = self.runtime_at(hash, false).await?;
        self.epochs(netuid, hash, &runtime).await
    }
}

/// What came of revealing a commit.
enum Revealed {
    Done,
    /// It is to be tried again.
    Later,
    /// The chain would not have it now. What it takes its reasons from may change with every block.
    Refused(Refusal),
}

impl Tended {
    fn lost(&mut self, why: String) {
        self.told.push(why);
        self.is_lost = true;
    }
}

/// Whether a refusal says no more than that blocks have to pass.
fn is_only_early(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::RateLimited { .. } => true,
        Refusal::Unknown { error, .. } => error == "RevealTooEarly",
        _ => false,
    }
}

fn unix_now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
