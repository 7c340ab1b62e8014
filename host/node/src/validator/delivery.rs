//! From the weights of the last closed round to weights on chain.

use plimsoll_chain::{ChainError, Delivered, Fault, Refusal, Snapshot};
use plimsoll_core::{BlockNumber, Uid};

use super::Validator;
use super::hidden::{Fate, HiddenWeights};
use super::pause::Trouble;
use super::recall::LastRound;
use super::run::{Doing, Running, is_fatal};
use crate::NodeError;

/// What became of the weights of the last closed round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// There was no round yet, or nobody in it who is still there.
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

/// What became of them, and what is to be kept in mind of it.
pub(super) struct Handed {
    delivery: Delivery,
    /// Where the chain hides them, and for how many epochs.
    hidden: Option<(HiddenWeights, u64)>,
}

impl From<Delivery> for Handed {
    fn from(delivery: Delivery) -> Self {
        Self { delivery, hidden: None }
    }
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

impl Validator {
    /// Sets the weights of the last closed round, unless they were set since: a write of which nobody knows
    /// whether it happened is looked for before it is tried again. Where the subnet wants weights for more neurons,
    /// others get a weight of nothing.
    ///
    /// # Errors
    /// What the chain says; the weights are in the evidence all the same, and can be delivered later.
    pub async fn deliver(&self) -> Result<Delivery, NodeError> {
        Ok(self.hand_in(None).await?.delivery)
    }

    /// The same; weights that are older than they may be are not sent.
    async fn hand_in(&self, most: Option<Age>) -> Result<Handed, NodeError> {
        let netuid = self.options.netuid;
        let Some(last) = self.last.as_ref().filter(|last| !last.weights.is_empty()) else {
            return Ok(Delivery::Nothing.into());
        };
        let snapshot = self.chain.snapshot(netuid).await?;
        let due = due_now(last, &snapshot);
        if due.is_empty() {
            return Ok(Delivery::Nothing.into());
        }
        let hidden = snapshot.commit_reveal.map(|hides| {
            (HiddenWeights::committed(last.block, due.clone(), &snapshot, hides), hides.period_epochs)
        });
        match self.chain.delivered(&self.options.key.hotkey(), netuid, last.block, &due).await? {
            Delivered::Set => return Ok(Delivery::AlreadySet.into()),
            Delivered::Hidden => return Ok(Handed { delivery: Delivery::AlreadySet, hidden }),
            Delivered::Unsure { until } => return Ok(Delivery::Unsure { until }.into()),
            _ => {}
        }
        most.map_or(Ok(()), |age| age.check(last.block, &snapshot))?;
        self.set_enough(&due, &snapshot).await?;
        let delivery = hidden.as_ref().map_or(Delivery::Set, |&(_, epochs)| Delivery::Hidden { epochs });
        Ok(Handed { delivery, hidden })
    }

    /// Sets weights, and once more with nothing for others where the subnet wants weights for more neurons.
    async fn set_enough(&self, due: &[(Uid, u16)], snapshot: &Snapshot) -> Result<(), ChainError> {
        let (key, netuid) = (&self.options.key, self.options.netuid);
        match self.chain.set_weights(key, netuid, due).await {
            Err(ChainError::Refused(Refusal::TooFewWeights { found, least })) => {
                tracing::info!(found, least, "others get a weight of nothing: the subnet wants more weights");
                self.chain.set_weights(key, netuid, &padded(due, snapshot, least)).await
            }
            done => done,
        }
    }

    /// Brings what is owed to the chain.
    pub(super) async fn pay(&self, run: &mut Running<'_>) -> Result<Trouble, NodeError> {
        if !run.is_owed {
            return Ok(Trouble::None);
        }
        let most = run.is_inherited.then_some(Age { period_blocks: run.schedule.period_blocks });
        let handed = self.hand_in(most).await;
        (run.is_owed, run.refused) = match self.told(handed, run)? {
            Owing::Nothing => (false, None),
            Owing::Never(error) => (false, Some(error)),
            Owing::Waits => return Ok(Trouble::Waiting),
            Owing::Still => return Ok(Trouble::Real),
        };
        run.is_unsure = false;
        Ok(Trouble::None)
    }

    /// What became of the weights, told, and what is owed of them.
    fn told(&self, handed: Result<Handed, NodeError>, run: &mut Running<'_>) -> Result<Owing, NodeError> {
        let error = match handed {
            Ok(handed) => return Ok(self.arrived(handed, run)),
            Err(NodeError::Chain(ChainError::Refused(refusal))) if run.schedule.waits_for(&refusal) => {
                tracing::info!(%refusal, "the weights wait");
                return Ok(Owing::Waits);
            }
            Err(NodeError::Chain(ChainError::Refused(refusal))) => NodeError::WeightsRefused { refusal },
            Err(error) => error,
        };
        if is_lasting(&error) {
            run.listener.failed(Doing::Weights, &error);
            return Ok(Owing::Never(error));
        }
        if is_fatal(&error, run.schedule) {
            return Err(error);
        }
        run.is_unsure |= matches!(error, NodeError::Chain(ChainError::NoAnswer { .. }));
        run.listener.failed(Doing::Weights, &error);
        Ok(Owing::Still)
    }

    /// The same of weights of which the chain has told.
    fn arrived(&self, Handed { delivery, hidden }: Handed, run: &mut Running<'_>) -> Owing {
        let weights = self.last.as_ref().map_or(&[][..], |last| &last.weights);
        match (delivery, hidden) {
            (Delivery::Unsure { until }, _) => {
                tracing::info!(%until, "a transaction with the weights may still be taken");
                run.is_unsure = true;
                return Owing::Waits;
            }
            (Delivery::Nothing, _) => {}
            (Delivery::AlreadySet, None) if !run.is_unsure => {}
            (Delivery::AlreadySet, Some((hidden, epochs))) => {
                run.hidden.note_found(hidden);
                if run.is_unsure {
                    run.listener.hidden(epochs);
                }
            }
            (_, Some((hidden, epochs))) => {
                run.hidden.note(hidden);
                run.listener.hidden(epochs);
            }
            (_, None) => run.listener.delivered(weights),
        }
        Owing::Nothing
    }

    /// Asks what became of hidden weights whose time may have come. What is lost is told, and owed again while it is
    /// the last round's.
    pub(super) async fn look_for_hidden(&self, run: &mut Running<'_>) -> Result<Trouble, NodeError> {
        let Some(head) = run.head else { return Ok(Trouble::None) };
        let hotkey = self.options.key.hotkey();
        for hidden in run.hidden.due_at(head) {
            let round = hidden.round;
            let asked = self.chain.delivered(&hotkey, self.options.netuid, round, &hidden.weights).await;
            let delivered = match asked.map_err(NodeError::from) {
                Ok(delivered) => delivered,
                Err(error) if is_fatal(&error, run.schedule) => return Err(error),
                Err(error) => {
                    run.listener.failed(Doing::Hidden, &error);
                    run.hidden.ask_again();
                    return Ok(Trouble::Real);
                }
            };
            match hidden.fate(delivered, head) {
                Fate::Shown => {
                    tracing::info!(%round, "the chain shows the weights that it hid");
                    run.hidden.shown(round);
                    break;
                }
                Fate::Waits => {}
                Fate::Lost { why } => {
                    run.hidden.forget(round);
                    let is_last = self.last.as_ref().is_some_and(|last| last.block == round);
                    let is_owed = is_last && delivered == Delivered::Not;
                    run.is_owed |= is_owed;
                    let next = if is_owed { "they are tried again" } else { "the next round's follow" };
                    run.listener.revealed(&format!(
                        "{why}; {next}; if this happens every round, update this program: the chain may open another \
                         form of commits"
                    ));
                }
            }
        }
        Ok(Trouble::None)
    }
}

/// How old weights may be: who comes back after weeks does not set those of then.
struct Age {
    /// From one round to the next; without it, the subnet's tempo.
    period_blocks: Option<u64>,
}

impl Age {
    /// Refuses weights of a round that is longer ago than a period and a tempo, and what the rate limit makes it wait.
    fn check(&self, round: BlockNumber, snapshot: &Snapshot) -> Result<(), NodeError> {
        let Snapshot { tempo_blocks, weights_rate_limit_blocks, .. } = *snapshot;
        let period_blocks = self.period_blocks.unwrap_or(tempo_blocks);
        let most_blocks =
            period_blocks.saturating_add(tempo_blocks).saturating_add(weights_rate_limit_blocks);
        let age_blocks = snapshot.block.0.saturating_sub(round.0);
        if age_blocks <= most_blocks {
            return Ok(());
        }
        Err(NodeError::WeightsTooOld { round, age_blocks, most_blocks })
    }
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

/// The weights, and nothing for as many others, the lowest uids first, as make them `least`.
fn padded(due: &[(Uid, u16)], snapshot: &Snapshot, least: usize) -> Vec<(Uid, u16)> {
    let others = snapshot.neurons.iter().map(|neuron| neuron.uid);
    let others = others.filter(|uid| due.iter().all(|(named, _)| named != uid));
    let missing = others.take(least.saturating_sub(due.len())).map(|uid| (uid, 0));
    due.iter().copied().chain(missing).collect()
}

/// Whether the same weights fare no better the next time, and later rounds' may.
fn is_lasting(error: &NodeError) -> bool {
    match error {
        NodeError::WeightsRefused { .. } | NodeError::WeightsTooOld { .. } => true,
        NodeError::Chain(error) => matches!(error.fault(), Fault::Caller | Fault::Wallet),
        _ => false,
    }
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
