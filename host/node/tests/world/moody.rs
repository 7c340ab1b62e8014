//! A ledger that sometimes takes no axon, and sometimes forgets a neuron.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use async_trait::async_trait;
use plimsoll_chain::{
    Chain, ChainCommitment, ChainError, Head, Ledger, Refusal, Snapshot, SubnetSummary, WeightRow,
};
use plimsoll_core::{BlockNumber, Digest, Hotkey, Keypair, NetUid, Uid};

pub(crate) struct Moody {
    pub(crate) ledger: Ledger,
    /// Whose place is forgotten while `forgets`.
    pub(crate) whom: Hotkey,
    pub(crate) forgets: AtomicBool,
    /// So many axons more are turned down.
    pub(crate) busy: AtomicU32,
}

#[async_trait]
impl Chain for Moody {
    fn endpoint(&self) -> String {
        self.ledger.endpoint()
    }

    async fn head(&self) -> Result<Head, ChainError> {
        self.ledger.head().await
    }

    async fn block_hash(&self, block: BlockNumber) -> Result<Option<Digest>, ChainError> {
        Chain::block_hash(&self.ledger, block).await
    }

    async fn subnets(&self) -> Result<Vec<SubnetSummary>, ChainError> {
        self.ledger.subnets().await
    }

    async fn snapshot(&self, netuid: NetUid) -> Result<Snapshot, ChainError> {
        let mut snapshot = self.ledger.snapshot(netuid).await?;
        if self.forgets.load(Ordering::Relaxed) {
            snapshot.neurons.retain(|neuron| neuron.hotkey != self.whom);
        }
        Ok(snapshot)
    }

    fn advice(&self, _: NetUid, refusal: &Refusal) -> Option<String> {
        matches!(refusal, Refusal::NotRegistered { .. }).then(|| "register it with `btcli`".into())
    }

    async fn serve_axon(&self, key: &Keypair, netuid: NetUid, at: SocketAddr) -> Result<(), ChainError> {
        let less = |left: u32| left.checked_sub(1);
        if self.busy.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
            return Err(ChainError::Refused(Refusal::AxonRateLimited { limit_blocks: 50 }));
        }
        self.ledger.serve_axon(key, netuid, at).await
    }

    async fn commit(&self, key: &Keypair, netuid: NetUid, bytes: &[u8]) -> Result<(), ChainError> {
        self.ledger.commit(key, netuid, bytes).await
    }

    async fn commitments(&self, netuid: NetUid) -> Result<Vec<ChainCommitment>, ChainError> {
        self.ledger.commitments(netuid).await
    }

    async fn set_weights(
        &self,
        key: &Keypair,
        netuid: NetUid,
        weights: &[(Uid, u16)],
    ) -> Result<(), ChainError> {
        self.ledger.set_weights(key, netuid, weights).await
    }

    async fn weights(&self, netuid: NetUid) -> Result<Vec<WeightRow>, ChainError> {
        self.ledger.weights(netuid).await
    }
}
