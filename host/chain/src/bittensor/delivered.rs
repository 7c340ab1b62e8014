//! Whether weights got there: from what the chain shows, from what it hides, and from what this client has noted.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

use plimsoll_core::{BlockNumber, Hotkey, NetUid, Uid};

use super::Bittensor;
use super::client::Trouble;
use super::commits::Sealed;
use super::rpc;
use super::runtime::{Runtime, number};
use super::scale::weights_row;
use super::view::SubnetView;
use super::weights_way::WeightsWay;
use crate::delivered::{Delivered, weigh_the_same};
use crate::reveal::{COMMIT_LIFETIME_BLOCKS, Stage};
use crate::{ChainError, NeuronRecord};

/// Until which block weights may still come of which nobody knows, by who sent them.
pub(super) type Unsure = HashMap<(Hotkey, NetUid), BlockNumber>;

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
        let hidden = match WeightsWay::of(&view, &runtime) {
            WeightsWay::Plain => Delivered::Not,
            WeightsWay::HashCommit => self.hides_hash(me, since, &view, &runtime).await?,
            WeightsWay::Timelocked => self.hides_sealed(me, since, &view, &runtime).await?,
        };
        let until = self.unsure().get(&(*hotkey, netuid)).copied();
        Ok(match (hidden, until) {
            (Delivered::Not, Some(until)) if view.block <= until => Delivered::Unsure { until },
            _ => hidden,
        })
    }

    /// Whether the row of a neuron has these weights.
    async fn shows(
        &self,
        me: &NeuronRecord,
        view: &SubnetView,
        runtime: &Runtime,
        weights: &[(Uid, u16)],
    ) -> Result<bool, ChainError> {
        let read = async {
            let key =
                runtime.key("SubtensorModule", "Weights", vec![number(view.netuid.0), number(me.uid.0)])?;
            let values = rpc::storage(self.line(), std::slice::from_ref(&key), &view.hash).await?;
            let row = values.get(&key).map(|value| weights_row(value)).transpose()?;
            Ok::<_, Trouble>(row.unwrap_or_default())
        };
        let row = read.await.map_err(|trouble| self.troubled(trouble))?;
        Ok(!row.is_empty() && weigh_the_same(&row, weights))
    }

    /// Of a commit to a hash, the chain must have the hash, its epoch must not have passed, and what opens it must be
    /// noted here.
    async fn hides_hash(
        &self,
        me: &NeuronRecord,
        since: BlockNumber,
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
        let mine = |hash| pending.iter().any(|pending| pending.hash == hash);
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

    /// Of a sealed commit, the chain must have one that was made since. Nobody can look into it before its time: that
    /// it is of these weights follows from nobody else having the key.
    async fn hides_sealed(
        &self,
        me: &NeuronRecord,
        since: BlockNumber,
        view: &SubnetView,
        runtime: &Runtime,
    ) -> Result<Delivered, ChainError> {
        let epochs = self.epochs(view.netuid, &view.hash, runtime).await?;
        let newest = self.newest_sealed(&me.hotkey, &epochs, view.netuid, &view.hash, runtime).await;
        let is_there = match newest.map_err(|trouble| self.troubled(trouble))? {
            Sealed::Since(block) => block >= since,
            Sealed::None => false,
            // All that is known then: commits move this block.
            Sealed::Unknown => me.last_update >= since,
        };
        Ok(if is_there { Delivered::Hidden } else { Delivered::Not })
    }
}
