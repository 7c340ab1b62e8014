//! A validator that goes on: a round whenever it is due, weights until they are on chain.

use std::time::Duration;

use plimsoll_chain::{ChainError, Delivered, Fault, Refusal, Snapshot, Tended};
use plimsoll_core::{BlockNumber, Uid};

use super::pause::{Pause, Trouble};
use super::recall::LastRound;
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
    const fn waits_for(&self, refusal: &Refusal) -> bool {
        refusal.may_pass_later() && (self.rounds.is_none() || !matches!(refusal, Refusal::NoPermit { .. }))
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self { period_blocks: None, poll: Duration::from_secs(1), rounds: None }
    }
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
    fn failed(&self, _error: &NodeError) {}
}

/// What became of the weights of the last closed round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// There was no round yet, or nobody in it.
    Nothing,
    /// They were on chain already, shown or hidden.
    AlreadySet,
    /// A transaction that nobody answered for may still bring them.
    Unsure {
        /// The last block that can take it.
        until: BlockNumber,
    },
    /// They are on chain now.
    Set,
    /// The chain has them, and shows them after so many epochs.
    Hidden {
        /// How many.
        epochs: u64,
    },
}

impl Validator {
    /// Sets the weights of the last closed round, unless they were set since: a write of which nobody knows
    /// whether it happened is looked for before it is tried again.
    ///
    /// # Errors
    /// What the chain says; the weights are in the evidence all the same, and can be delivered later.
    pub async fn deliver(&self) -> Result<Delivery, NodeError> {
        let netuid = self.options.netuid;
        let Some(last) = self.last.as_ref().filter(|last| !last.weights.is_empty()) else {
            return Ok(Delivery::Nothing);
        };
        let snapshot = self.chain.snapshot(netuid).await?;
        let due = due_now(last, &snapshot);
        match self.chain.delivered(&self.options.key.hotkey(), netuid, last.block, &due).await? {
            Delivered::Set | Delivered::Hidden => return Ok(Delivery::AlreadySet),
            Delivered::Unsure { until } => return Ok(Delivery::Unsure { until }),
            _ => {}
        }
        self.chain.set_weights(&self.options.key, netuid, &due).await?;
        Ok(snapshot
            .commit_reveal
            .map_or(Delivery::Set, |hides| Delivery::Hidden { epochs: hides.period_epochs }))
    }

    /// Rounds as they become due, until `shutdown`. A round that is under way then is void.
    ///
    /// # Errors
    /// The log's or the disk's: without evidence there is no round; a hotkey that has lost its place. Of a fixed
    /// number of rounds also [`NodeError::NoPermit`], and [`NodeError::WeightsRefused`] at the end where the chain
    /// refuses the last one's weights; without such a number a validator that has no permit waits until an epoch
    /// gives it one again. What a chain, a miner or a plugin does wrong is told to `listener`, and the next round is
    /// tried when it is due.
    pub async fn run(
        &mut self,
        schedule: Schedule,
        listener: &dyn RoundListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), NodeError> {
        let mut shutdown = std::pin::pin!(shutdown);
        let mut tried: Option<BlockNumber> = self.last.as_ref().map(|last| last.block);
        let (mut owed, mut done) = (self.last.is_some(), 0);
        let (mut refused, mut pause, mut tempo) = (None, Pause::of(schedule.poll), None);
        loop {
            let more = schedule.rounds.is_none_or(|rounds| done < rounds);
            let mut trouble = Trouble::None;
            let due = tokio::select! {
                due = self.due_if(more, schedule, tried, &mut tempo) => due,
                () = &mut shutdown => return Ok(()),
            };
            match due {
                Ok(Some(block)) => {
                    let before = self.book().next_epoch();
                    let ended = tokio::select! {
                        ended = self.round() => ended,
                        () = &mut shutdown => return self.abandon("stopped on request"),
                    };
                    // One that never began is tried again before the next is due.
                    if self.book().next_epoch() != before {
                        tried = Some(block);
                    }
                    match ended {
                        Ok(report) => {
                            listener.closed(&report);
                            (owed, done) = (true, done + 1);
                        }
                        Err(error) if is_fatal(&error, schedule) => return Err(error),
                        Err(error) => {
                            listener.failed(&error);
                            trouble = Trouble::Real;
                        }
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    listener.failed(&error);
                    trouble = Trouble::Real;
                }
            }
            if owed {
                let delivered = tokio::select! {
                    delivered = self.deliver() => delivered,
                    () = &mut shutdown => return Ok(()),
                };
                match self.told(delivered, schedule, listener) {
                    Owing::Nothing => (owed, refused) = (false, None),
                    Owing::Waits => trouble = trouble.max(Trouble::Waiting),
                    Owing::Still => trouble = Trouble::Real,
                    Owing::Never(error) => (owed, refused) = (false, Some(error)),
                }
            }
            let hidden = tokio::select! {
                hidden = self.tend(listener) => hidden?,
                () = &mut shutdown => return Ok(()),
            };
            // What the chain will not show is asked for again, and set again while it is of the last round.
            owed |= hidden.is_lost && self.last.is_some();
            let hidden = hidden.trouble;
            trouble = trouble.max(hidden);
            if schedule.rounds.is_some_and(|rounds| done >= rounds) && !owed && hidden == Trouble::None {
                return refused.map_or(Ok(()), Err);
            }
            tokio::select! {
                () = tokio::time::sleep(pause.after(trouble)) => {}
                () = &mut shutdown => return Ok(()),
            }
        }
    }

    /// Lets the chain's client reveal what is due of hidden weights, and tells whether some still wait.
    async fn tend(&self, listener: &dyn RoundListener) -> Result<Hidden, NodeError> {
        match self.chain.tend(&self.options.key, self.options.netuid).await {
            Ok(Tended { waiting, told, is_lost }) => {
                told.iter().for_each(|told| listener.revealed(told));
                let trouble = if waiting > 0 { Trouble::Waiting } else { Trouble::None };
                Ok(Hidden { trouble, is_lost })
            }
            Err(error) if error.fault() == Fault::Disk => Err(error.into()),
            Err(error) => {
                listener.failed(&error.into());
                Ok(Hidden { trouble: Trouble::Real, is_lost: false })
            }
        }
    }

    async fn due_if(
        &self,
        more: bool,
        schedule: Schedule,
        tried: Option<BlockNumber>,
        tempo: &mut Option<Tempo>,
    ) -> Result<Option<BlockNumber>, NodeError> {
        if more { self.due(schedule, tried, tempo).await } else { Ok(None) }
    }

    /// The block at which a round is due now.
    async fn due(
        &self,
        schedule: Schedule,
        tried: Option<BlockNumber>,
        tempo: &mut Option<Tempo>,
    ) -> Result<Option<BlockNumber>, NodeError> {
        let head = self.chain.head().await?.block;
        let Some(tried) = tried else { return Ok(Some(head)) };
        let period = match (schedule.period_blocks, *tempo) {
            (Some(blocks), _) => blocks,
            (None, Some(known)) if known.at == head => known.blocks,
            (None, _) => {
                let blocks = self.chain.snapshot(self.options.netuid).await?.tempo_blocks;
                *tempo = Some(Tempo { at: head, blocks });
                blocks
            }
        };
        Ok((head.0 >= tried.0.saturating_add(period.max(1))).then_some(head))
    }

    /// What became of the weights, told, and what is owed of them.
    fn told(
        &self,
        delivered: Result<Delivery, NodeError>,
        schedule: Schedule,
        listener: &dyn RoundListener,
    ) -> Owing {
        match delivered {
            Ok(Delivery::Set) => {
                listener.delivered(self.last.as_ref().map_or(&[], |last| &last.weights));
                Owing::Nothing
            }
            Ok(Delivery::Hidden { epochs }) => {
                listener.hidden(epochs);
                Owing::Nothing
            }
            Ok(Delivery::AlreadySet | Delivery::Nothing) => Owing::Nothing,
            Ok(Delivery::Unsure { until }) => {
                tracing::info!(%until, "a transaction with the weights may still be taken");
                Owing::Waits
            }
            Err(NodeError::Chain(ChainError::Refused(refusal))) if schedule.waits_for(&refusal) => {
                tracing::info!(%refusal, "the weights wait");
                Owing::Waits
            }
            Err(NodeError::Chain(ChainError::Refused(refusal))) => {
                let error = NodeError::WeightsRefused { refusal };
                listener.failed(&error);
                Owing::Never(error)
            }
            Err(error) => {
                listener.failed(&error);
                Owing::Still
            }
        }
    }
}

/// A subnet's tempo, as it was read at a block: between two blocks there is nothing to ask.
#[derive(Debug, Clone, Copy)]
struct Tempo {
    at: BlockNumber,
    blocks: u64,
}

/// What a validator owes the chain.
enum Owing {
    /// Nothing.
    Nothing,
    /// Weights whose time has not come.
    Waits,
    /// Weights that did not get there.
    Still,
    /// Weights that the chain will not take; the next round's may be others.
    Never(NodeError),
}

/// How the weights fare that the chain hides.
struct Hidden {
    trouble: Trouble,
    /// Some will not be shown.
    is_lost: bool,
}

/// A round's weights as they can be set now: a uid that is gone is left out, one that another hotkey has taken
/// since gets nothing.
fn due_now(last: &LastRound, snapshot: &Snapshot) -> Vec<(Uid, u16)> {
    let LastRound { weights, hotkeys, .. } = last;
    let due = |&(uid, weight): &(Uid, u16)| {
        let now = snapshot.at(uid)?;
        Some((uid, if hotkeys.get(&uid) == Some(&now.hotkey) { weight } else { 0 }))
    };
    weights.iter().filter_map(due).collect()
}

const fn is_fatal(error: &NodeError, schedule: Schedule) -> bool {
    match error {
        NodeError::Evidence(_) | NodeError::Disk { .. } | NodeError::NotRegistered { .. } => true,
        NodeError::NoPermit { .. } => schedule.rounds.is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_chain::NeuronRecord;
    use plimsoll_core::{Digest, Hotkey, NetUid, StakeRao};

    use super::*;

    #[test]
    fn a_uid_that_another_hotkey_took_over_gets_nothing_and_one_that_is_gone_is_left_out() {
        let neuron = |uid: u16, key: u8| NeuronRecord {
            uid: Uid(uid),
            hotkey: Hotkey([key; 32]),
            coldkey: Hotkey([0; 32]),
            stake_rao: StakeRao(0),
            validator_permit: false,
            axon: None,
            last_update: BlockNumber(0),
        };
        let snapshot = Snapshot {
            netuid: NetUid(1),
            block: BlockNumber(9),
            beacon: Digest([0; 32]),
            tempo_blocks: 1,
            weights_rate_limit_blocks: 0,
            block_ms: 0,
            neurons: vec![neuron(1, 1), neuron(2, 22)],
            name: String::new(),
            commit_reveal: None,
        };
        let last = LastRound {
            block: BlockNumber(8),
            weights: vec![(Uid(1), 10), (Uid(2), 20), (Uid(3), 30)],
            hotkeys: (1..=3).map(|uid| (Uid(uid), Hotkey([uid as u8; 32]))).collect(),
        };
        assert_eq!(due_now(&last, &snapshot), [(Uid(1), 10), (Uid(2), 0)]);
    }
}
