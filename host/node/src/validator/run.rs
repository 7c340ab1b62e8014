//! A validator that goes on: a round whenever it is due, weights until they are on chain.

use std::time::Duration;

use plimsoll_chain::{Fault, Refusal, Tended};
use plimsoll_core::{BlockNumber, Uid};

use super::hidden::Watch;
use super::pause::{Pause, Trouble};
use super::{RoundReport, Validator};
use crate::NodeError;

/// When rounds are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Blocks from one round to the next; without it, the subnet's tempo.
    pub period_blocks: Option<u64>,
    /// How often the chain is looked at.
    pub poll: Duration,
    /// Stop after so many rounds.
    pub rounds: Option<u64>,
}

impl Schedule {
    /// Whether weights that are refused so are kept for later. For a permit nobody waits who has only so many
    /// rounds: it may never come.
    pub(super) const fn waits_for(&self, refusal: &Refusal) -> bool {
        refusal.may_pass_later() && (self.rounds.is_none() || !matches!(refusal, Refusal::NoPermit { .. }))
    }

    fn has_more_after(&self, done: u64) -> bool {
        self.rounds.is_none_or(|rounds| done < rounds)
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self { period_blocks: None, poll: Duration::from_secs(1), rounds: None }
    }
}

/// What a running validator was doing when something did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Asking the chain whether a round is due.
    Asking,
    /// A round.
    Round,
    /// Bringing the weights of the last round to the chain.
    Weights,
    /// Looking after weights that the chain hides.
    Hidden,
}

/// Hears what a running validator does.
pub trait RoundListener: Send + Sync {
    /// A round was closed.
    fn closed(&self, report: &RoundReport);
    /// Its weights are on chain.
    fn delivered(&self, _weights: &[(Uid, u16)]) {}
    /// The chain has its weights, and hides them for so many epochs.
    fn hidden(&self, _epochs: u64) {}
    /// What became of weights that were hidden.
    fn revealed(&self, _told: &str) {}
    /// Something did not work; the validator goes on.
    fn failed(&self, _doing: Doing, _error: &NodeError) {}
}

/// One run, and how far it has come.
pub(super) struct Running<'a> {
    pub(super) schedule: Schedule,
    pub(super) listener: &'a dyn RoundListener,
    /// The block of the last round that was begun.
    tried: Option<BlockNumber>,
    /// Rounds that were closed.
    done: u64,
    /// The newest block, as far as it was asked for in this turn.
    pub(super) head: Option<BlockNumber>,
    tempo: Option<Tempo>,
    /// The weights of the last round are not known to be on chain.
    pub(super) is_owed: bool,
    /// The last round is one of an earlier run.
    pub(super) is_inherited: bool,
    /// Its weights were sent, and nobody has told what became of them.
    pub(super) is_unsure: bool,
    /// Why its weights will not be on chain.
    pub(super) refused: Option<NodeError>,
    pub(super) hidden: Watch,
}

impl Validator {
    /// Rounds as they become due, until `shutdown`. A round that is under way then is void.
    ///
    /// # Errors
    /// The log's or the disk's: without evidence there is no round; a hotkey that has lost its place. Of a fixed
    /// number of rounds also [`NodeError::NoPermit`] and what is wrong with the settings, and at the end why the last
    /// round's weights are not set, such as [`NodeError::WeightsRefused`]; without such a number a validator that has
    /// no permit waits until an epoch gives it one again. What a chain, a miner or a plugin does wrong is told to
    /// `listener`, and the next round is tried when it is due.
    pub async fn run(
        &mut self,
        schedule: Schedule,
        listener: &dyn RoundListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), NodeError> {
        let mut shutdown = std::pin::pin!(shutdown);
        let mut pause = Pause::of(schedule.poll);
        let is_inherited = self.last.is_some();
        let mut run = Running {
            schedule,
            listener,
            tried: self.last.as_ref().map(|last| last.block),
            done: 0,
            head: None,
            tempo: None,
            is_owed: is_inherited,
            is_inherited,
            is_unsure: false,
            refused: None,
            hidden: Watch::default(),
        };
        loop {
            let turned = tokio::select! {
                turned = self.turn(&mut run) => turned?,
                () = &mut shutdown => return self.abandon("stopped on request"),
            };
            let Turned::GoesOn(trouble) = turned else { return run.refused.map_or(Ok(()), Err) };
            tokio::select! {
                () = tokio::time::sleep(pause.after(trouble)) => {}
                () = &mut shutdown => return Ok(()),
            }
        }
    }

    /// All there is to do now. Dropped in the midst of a round, it leaves that open.
    async fn turn(&mut self, run: &mut Running<'_>) -> Result<Turned, NodeError> {
        let mut trouble = self.round_if_due(run).await?;
        trouble = trouble.max(self.look_for_hidden(run).await?);
        trouble = trouble.max(self.pay(run).await?);
        let hidden = self.tend(run).await?;
        if !run.schedule.has_more_after(run.done) && !run.is_owed && hidden == Trouble::None {
            return Ok(Turned::Ends);
        }
        Ok(Turned::GoesOn(trouble.max(hidden)))
    }

    async fn round_if_due(&mut self, run: &mut Running<'_>) -> Result<Trouble, NodeError> {
        let (doing, error) = match self.due(run).await {
            Ok(None) => return Ok(Trouble::None),
            Ok(Some(block)) => {
                let before = self.book().next_epoch();
                let ended = self.round().await;
                // One that never began is tried again before the next is due.
                if self.book().next_epoch() != before {
                    run.tried = Some(block);
                }
                match ended {
                    Ok(report) => {
                        run.closed(&report);
                        return Ok(Trouble::None);
                    }
                    Err(error) => (Doing::Round, error),
                }
            }
            Err(error) => (Doing::Asking, error),
        };
        if is_fatal(&error, run.schedule) {
            return Err(error);
        }
        run.listener.failed(doing, &error);
        Ok(Trouble::Real)
    }

    /// The block at which a round is due now.
    async fn due(&self, run: &mut Running<'_>) -> Result<Option<BlockNumber>, NodeError> {
        let more = run.schedule.has_more_after(run.done);
        run.head = None;
        if !more && run.hidden.is_empty() {
            return Ok(None);
        }
        let head = self.chain.head().await?.block;
        run.head = Some(head);
        if !more {
            return Ok(None);
        }
        let Some(tried) = run.tried else { return Ok(Some(head)) };
        let period = match (run.schedule.period_blocks, run.tempo) {
            (Some(blocks), _) => blocks,
            (None, Some(known)) if known.at == head => known.blocks,
            (None, _) => {
                let blocks = self.chain.snapshot(self.options.netuid).await?.tempo_blocks;
                run.tempo = Some(Tempo { at: head, blocks });
                blocks
            }
        };
        Ok((head.0 >= tried.0.saturating_add(period.max(1))).then_some(head))
    }

    /// Lets the chain's client reveal what is due of hidden weights, and tells whether some still wait. What the chain
    /// will not show is asked for again, and set again while it is of the last round.
    async fn tend(&self, run: &mut Running<'_>) -> Result<Trouble, NodeError> {
        match self.chain.tend(&self.options.key, self.options.netuid).await.map_err(NodeError::from) {
            Ok(Tended { waiting, told, is_lost }) => {
                told.iter().for_each(|told| run.listener.revealed(told));
                run.is_owed |= is_lost && self.last.is_some();
                Ok(if waiting > 0 { Trouble::Waiting } else { Trouble::None })
            }
            Err(error) if is_fatal(&error, run.schedule) => Err(error),
            Err(error) => {
                run.listener.failed(Doing::Hidden, &error);
                Ok(Trouble::Real)
            }
        }
    }
}

impl Running<'_> {
    fn closed(&mut self, report: &RoundReport) {
        self.listener.closed(report);
        self.done += 1;
        (self.is_owed, self.is_inherited, self.is_unsure) = (true, false, false);
    }
}

/// How a turn ended.
enum Turned {
    GoesOn(Trouble),
    Ends,
}

/// A subnet's tempo, as it was read at a block: between two blocks there is nothing to ask.
#[derive(Debug, Clone, Copy)]
struct Tempo {
    at: BlockNumber,
    blocks: u64,
}

/// Whether a validator ends with this. One whose rounds are counted waits for nothing that only its operator or the
/// subnet's owner can change.
pub(super) fn is_fatal(error: &NodeError, schedule: Schedule) -> bool {
    let counted = schedule.rounds.is_some();
    match error {
        NodeError::Evidence(_) | NodeError::Disk { .. } | NodeError::NotRegistered { .. } => true,
        NodeError::NoPermit { .. } => counted,
        NodeError::Chain(error) => match error.fault() {
            Fault::Disk => true,
            Fault::Caller | Fault::Wallet => counted,
            _ => counted && error.refusal().is_some_and(|refusal| !refusal.may_pass_later()),
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_chain::ChainError;
    use plimsoll_core::NetUid;

    use super::*;

    #[test]
    fn whose_rounds_are_counted_ends_with_what_waiting_does_not_change() {
        let fatal =
            |error: ChainError, rounds| is_fatal(&error.into(), Schedule { rounds, ..Schedule::default() });
        let damaged = || ChainError::RevealJournal { path: "x".into(), why: String::new() };
        assert!(fatal(damaged(), None) && fatal(damaged(), Some(1)));
        let lasting = [
            || ChainError::Timelock { why: String::new() },
            || ChainError::Refused(Refusal::NoSubnet { netuid: NetUid(1) }),
        ];
        for error in lasting {
            assert!(fatal(error(), Some(1)) && !fatal(error(), None), "{}", error());
        }
        let passing = [
            || ChainError::Refused(Refusal::RateLimited { wait_blocks: 1 }),
            || ChainError::NoAnswer { endpoint: String::new(), asked: "x", why: String::new() },
        ];
        assert!(passing.iter().all(|error| !fatal(error(), Some(1)) && !fatal(error(), None)));
    }
}
