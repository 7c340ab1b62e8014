//! The client as a chain.

use std::net::SocketAddr;

use async_trait::async_trait;
use plimsoll_core::{BlockNumber, Digest, Hotkey, Keypair, NetUid, Uid};

use super::refused::Attempt;
use super::scale::axon_refusal;
use super::{Bittensor, calls, rpc};
use crate::{
    Chain, ChainCommitment, ChainError, Delivered, Head, MAX_COMMITMENT_BYTES, Refusal, RevealedCommitment,
    Snapshot, StoredCommitment, SubnetSummary, Tended, WeightRow,
};

#[async_trait]
impl Chain for Bittensor {
    fn endpoint(&self) -> String {
        self.endpoint_text()
    }

    async fn head(&self) -> Result<Head, ChainError> {
        self.newest().await
    }

    async fn block_hash(&self, block: BlockNumber) -> Result<Option<Digest>, ChainError> {
        if block == BlockNumber(0) {
            return self.line().genesis().await.map(Some).map_err(|fault| self.failed(fault));
        }
        let seen = self.heads().newest();
        // Another node's word for what is finalized is not this one's.
        let is_told = self.has_told() && seen.is_some_and(|seen| seen.block >= block);
        if !is_told && self.newest().await?.block < block {
            return Ok(None);
        }
        let hash = rpc::block_hash(self.line(), block).await.map_err(|fault| self.failed(fault))?;
        // What was told may have been another node's word, or another one may have answered meanwhile.
        if !self.has_told() && self.asked_head().await.map_err(|fault| self.failed(fault))?.block < block {
            return Ok(None);
        }
        if let Some(hash) = &hash {
            let contradiction = self.heads().check(block, hash);
            contradiction.map_err(|why| self.taken_back(why))?;
        }
        Ok(hash)
    }

    async fn subnets(&self) -> Result<Vec<SubnetSummary>, ChainError> {
        Self::subnets(self).await
    }

    async fn snapshot(&self, netuid: NetUid) -> Result<Snapshot, ChainError> {
        let (view, runtime) = self.view(netuid).await?;
        Ok(view.snapshot(runtime.block_ms()))
    }

    async fn commitments(&self, netuid: NetUid) -> Result<Vec<ChainCommitment>, ChainError> {
        Ok(self.view(netuid).await?.0.chain_commitments())
    }

    async fn snapshot_with_commitments(
        &self,
        netuid: NetUid,
    ) -> Result<(Snapshot, Vec<ChainCommitment>), ChainError> {
        let (view, runtime) = self.view(netuid).await?;
        Ok((view.snapshot(runtime.block_ms()), view.chain_commitments()))
    }

    async fn snapshot_with_stored(
        &self,
        netuid: NetUid,
    ) -> Result<(Snapshot, Vec<(Hotkey, StoredCommitment)>), ChainError> {
        let (view, runtime) = self.view(netuid).await?;
        Ok((view.snapshot(runtime.block_ms()), view.commitments))
    }

    async fn revealed(&self, at: &Snapshot) -> Result<Vec<RevealedCommitment>, ChainError> {
        let hotkeys: Vec<Hotkey> = at.neurons.iter().map(|neuron| neuron.hotkey).collect();
        let runtime = self.runtime_at(&at.beacon, false).await?;
        self.revealed_of(at.netuid, &hotkeys, &at.beacon, &runtime).await
    }

    fn advice(&self, netuid: NetUid, refusal: &Refusal) -> Option<String> {
        super::advice::advice(&self.inner.options.places, netuid, refusal)
    }

    async fn ready_for_weights(&self, hotkey: &Hotkey, netuid: NetUid) -> Result<(), ChainError> {
        self.ready_on(hotkey, netuid).await
    }

    async fn serve_axon(&self, key: &Keypair, netuid: NetUid, at: SocketAddr) -> Result<(), ChainError> {
        if let Some(refusal) = axon_refusal(at) {
            return Err(refusal.into());
        }
        self.transact(key, netuid, &calls::serve_axon(netuid, at), Attempt::Axon(at)).await
    }

    async fn commit(&self, key: &Keypair, netuid: NetUid, bytes: &[u8]) -> Result<(), ChainError> {
        if bytes.len() > MAX_COMMITMENT_BYTES {
            return Err(Refusal::CommitmentTooLong { found: bytes.len(), most: MAX_COMMITMENT_BYTES }.into());
        }
        self.transact(key, netuid, &calls::set_commitment(netuid, bytes), Attempt::Commitment).await
    }

    async fn set_weights(
        &self,
        key: &Keypair,
        netuid: NetUid,
        weights: &[(Uid, u16)],
    ) -> Result<(), ChainError> {
        self.set_weights_on(key, netuid, weights).await
    }

    async fn tend(&self, key: &Keypair, netuid: NetUid) -> Result<Tended, ChainError> {
        self.tend_reveals(key, netuid).await
    }

    async fn delivered(
        &self,
        hotkey: &Hotkey,
        netuid: NetUid,
        since: BlockNumber,
        weights: &[(Uid, u16)],
    ) -> Result<Delivered, ChainError> {
        self.delivered_on(hotkey, netuid, since, weights).await
    }

    async fn weights(&self, netuid: NetUid) -> Result<Vec<WeightRow>, ChainError> {
        self.rows_of(netuid).await
    }
}
