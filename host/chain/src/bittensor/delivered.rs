//! Whether weights got there: from what the chain shows, from what it hides, and from what this client has noted.

use std::collections::{HashMap, VecDeque};
use std::sync::{MutexGuard, PoisonError};

use plimsoll_core::{BlockNumber, Digest, Hotkey, NetUid, Uid};

use super::Bittensor;
use super::client::Trouble;
use super::commits::Sealed;
use super::rpc;
use super::runtime::{Runtime, SUBTENSOR, number};
use super::scale::weights_row;
use super::view::SubnetView;
use super::weights_way::WeightsWay;
use crate::delivered::{Delivered, weigh_the_same};
use crate::reveal::{COMMIT_LIFETIME_BLOCKS, MAX_PENDING, Pending, Stage};
use crate::{ChainError, NeuronRecord};

/// Until which block weights may still come of which nobody knows, by who sent them.
pub(super) type Unsure = HashMap<(Hotkey, NetUid), BlockNumber>;

/// Which weights were sealed, by the digest of the sealed bytes; the last of each sender's, oldest first. Sealing never
/// gives the same bytes twice.
pub(super) type Sealings = HashMap<(Hotkey, NetUid), VecDeque<(Digest, Vec<(Uid, u16)>)>>;

impl Bittensor {
    fn unsure(&self) -> MutexGuard<'_, Unsure> {
        self.inner.unsure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes until which block a transaction with weights may still come, or that the last one has its outcome.
    pub(super) fn note_unsure(&self, hotkey: Hotkey, netuid: NetUid, until: Option<BlockNumber>) {
        let mut unsure = self.unsure();
        match until {
            Some(until) => unsure.insert((hotkey, netuid), until),
            None => unsure.remove(&(hotkey, netuid)),
        };
    }

    /// Notes what is sealed in a commit that is about to be sent.
    pub(super) fn note_sealing(&self, hotkey: Hotkey, netuid: NetUid, sealed: &[u8], weights: &[(Uid, u16)]) {
        let mut sealings = self.inner.sealings.lock().unwrap_or_else(PoisonError::into_inner);
        let of_sender = sealings.entry((hotkey, netuid)).or_default();
        of_sender.push_back((Digest::of(sealed), weights.to_vec()));
        if of_sender.len() > MAX_PENDING {
            of_sender.pop_front();
        }
    }

    /// Whether the commit with these sealed bytes is of `weights`; none where this client did not seal it.
    fn seals(&self, hotkey: Hotkey, netuid: NetUid, sealed: &Digest, weights: &[(Uid, u16)]) -> Option<bool> {
        let sealings = self.inner.sealings.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, noted) = sealings.get(&(hotkey, netuid))?.iter().find(|(bytes, _)| bytes == sealed)?;
        Some(weigh_the_same(noted, weights))
    }

    pub(super) async fn delivered_on(
        &self,
        hotkey: &Hotkey,
        netuid: NetUid,
        since: BlockNumber,
        weights: &[(Uid, u16)],
    ) -> Result<Delivered, ChainError> {
        let (view, runtime) = self.view(netuid).await?;
        let Some(me) = view.neuron(hotkey) else { return Ok(Delivered::Not) };
        if me.last_update >= since && self.shows(me, &view, &runtime, weights).await? {
            return Ok(Delivered::Set);
        }
        let until = self.unsure().get(&(*hotkey, netuid)).copied().filter(|&until| view.block <= until);
        let unsure = until.map_or(Delivered::Not, |until| Delivered::Unsure { until });
        let hidden = match WeightsWay::of(&view, &runtime) {
            WeightsWay::Plain => Delivered::Not,
            WeightsWay::HashCommit => self.hides_hash(me, since, weights, &view, &runtime).await?,
            WeightsWay::Timelocked => match self.hides_sealed(me, since, weights, &view, &runtime).await? {
                IsSealed::Yes => Delivered::Hidden,
                // It may be the one that nobody answered for, of whichever weights that was.
                IsSealed::Maybe if until.is_none() => Delivered::Hidden,
                IsSealed::Maybe | IsSealed::No => Delivered::Not,
            },
        };
        Ok(if hidden == Delivered::Not { unsure } else { hidden })
    }

    /// Whether the row of a neuron has these weights.
    pub(super) async fn shows(
        &self,
        me: &NeuronRecord,
        view: &SubnetView,
        runtime: &Runtime,
        weights: &[(Uid, u16)],
    ) -> Result<bool, ChainError> {
        let read = async {
            let key = runtime.key(SUBTENSOR, "Weights", vec![number(view.netuid.0), number(me.uid.0)])?;
            let values = rpc::storage(self.line(), std::slice::from_ref(&key), &view.hash).await?;
            let row = values.get(&key).map(|value| weights_row(value)).transpose()?;
            Ok::<_, Trouble>(row.unwrap_or_default())
        };
        let row = read.await.map_err(|trouble| self.troubled(trouble))?;
        Ok(!row.is_empty() && weigh_the_same(&row, weights))
    }

    /// Of a commit to a hash, the chain must have the hash, its epoch must not have passed, and what opens it must be
    /// noted here, with these weights: a late one may be of an earlier round.
    async fn hides_hash(
        &self,
        me: &NeuronRecord,
        since: BlockNumber,
        weights: &[(Uid, u16)],
        view: &SubnetView,
        runtime: &Runtime,
    ) -> Result<Delivered, ChainError> {
        if self.inner.options.reveals.is_none() {
            return Ok(Delivered::Not);
        }
        let path = self.journal_path(&me.hotkey, view.netuid).await?;
        let mut journals = self.inner.journals.lock().await;
        if !journals.has(&path) {
            return Ok(Delivered::Not);
        }
        let pending = journals.of(&path)?.journal.pending().to_vec();
        drop(journals);
        if pending.is_empty() {
            return Ok(Delivered::Not);
        }
        let all = self.hash_commits(&me.hotkey, view.netuid, &view.hash, runtime).await;
        let all = all.map_err(|trouble| self.troubled(trouble))?;
        let opens = |pending: &Pending| weigh_the_same(&pending.preimage.weights, weights);
        let mine = |hash| pending.iter().any(|pending| pending.hash == hash && opens(pending));
        let of_round: Vec<_> =
            all.iter().filter(|commit| commit.block >= since && mine(commit.hash)).collect();
        if !of_round.is_empty() {
            let epochs = self.epochs(view.netuid, &view.hash, runtime).await?;
            let may_come = |epoch: u64| epochs.epoch() <= epoch.saturating_add(epochs.period);
            if of_round.iter().any(|commit| may_come(commit.epoch(&epochs))) {
                return Ok(Delivered::Hidden);
            }
        }
        let until = pending.iter().filter_map(|pending| match pending.stage {
            Stage::Sent { head } if head >= since => Some(head.0.saturating_add(COMMIT_LIFETIME_BLOCKS)),
            _ => None,
        });
        let until = until.max().filter(|&until| view.block.0 <= until).map(BlockNumber);
        Ok(until.map_or(Delivered::Not, |until| Delivered::Unsure { until }))
    }

    /// Of sealed commits, the newest one must have been made since, for it is opened last. Nobody can look into it
    /// before its time: that it is of these weights is known where this client has sealed it, and else follows from
    /// nobody else having the key.
    async fn hides_sealed(
        &self,
        me: &NeuronRecord,
        since: BlockNumber,
        weights: &[(Uid, u16)],
        view: &SubnetView,
        runtime: &Runtime,
    ) -> Result<IsSealed, ChainError> {
        let epochs = self.epochs(view.netuid, &view.hash, runtime).await?;
        let newest = self.newest_sealed(&me.hotkey, &epochs, view.netuid, &view.hash, runtime).await;
        Ok(match newest.map_err(|trouble| self.troubled(trouble))? {
            Sealed::Newest { block, bytes } if block >= since => {
                match self.seals(me.hotkey, view.netuid, &bytes, weights) {
                    Some(true) => IsSealed::Yes,
                    Some(false) => IsSealed::No,
                    None => IsSealed::Maybe,
                }
            }
            // All that is known then: commits move this block.
            Sealed::Unknown if me.last_update >= since => IsSealed::Maybe,
            _ => IsSealed::No,
        })
    }
}

/// Whether the chain has weights that were sealed.
enum IsSealed {
    Yes,
    /// It has a commit of which this client does not know the weights.
    Maybe,
    No,
}
