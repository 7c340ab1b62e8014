//! The ledger as a chain, and what only a local chain can do.

use std::net::SocketAddr;

use async_trait::async_trait;
use plimsoll_core::{BlockNumber, Digest, Hotkey, Keypair, NetUid, StakeRao, Uid};

use super::{Call, Desk, Extrinsic, Ledger, Receipt, Turn, submit_signed};
use crate::subnet::EpochFigures;
use crate::{Chain, ChainCommitment, ChainError, Head, Snapshot, SubnetSummary, WeightRow};

/// What a local ledger offers beyond [`Chain`]: on Bittensor these take tokens, or do not exist.
#[async_trait]
pub trait LocalAdmin: Chain {
    /// Takes a place on the subnet for `key`, owned by `coldkey`, with no stake and no permit: the next free
    /// one, or on a full subnet that of whoever earns least. The coldkey pays what it costs.
    async fn register(&self, key: &Keypair, netuid: NetUid, coldkey: Hotkey) -> Result<Uid, ChainError>;

    /// The faucet: gives a registered neuron its stake, and its permit or none. The next epoch gives permits
    /// anew, to those with the most stake. For the ledger's sudo key.
    async fn set_stake(
        &self,
        sudo: &Keypair,
        netuid: NetUid,
        hotkey: Hotkey,
        stake_rao: StakeRao,
        validator_permit: bool,
    ) -> Result<(), ChainError>;

    /// Makes blocks, at most [`MAX_BLOCKS_AT_ONCE`](super::MAX_BLOCKS_AT_ONCE) with at most
    /// [`MAX_EPOCHS_AT_ONCE`](super::MAX_EPOCHS_AT_ONCE); answers the height reached. For the ledger's sudo key.
    async fn advance_by(&self, sudo: &Keypair, blocks: u32) -> Result<BlockNumber, ChainError>;

    /// What the last epoch of the subnet found, and what its neurons have earned.
    async fn subnet_figures(&self, netuid: NetUid) -> Result<EpochFigures, ChainError>;
}

#[async_trait]
impl Desk for Ledger {
    async fn turn(&self, of: &Hotkey) -> Result<Turn, ChainError> {
        Ok(Turn { genesis: self.genesis(), nonce: self.nonce(of) })
    }

    async fn hand_in(&self, extrinsic: Extrinsic) -> Result<Receipt, ChainError> {
        self.submit(&extrinsic)
    }

    async fn epoch_figures(&self, netuid: NetUid) -> Result<EpochFigures, ChainError> {
        self.figures(netuid)
    }
}

#[async_trait]
impl Chain for Ledger {
    fn endpoint(&self) -> String {
        "in process".into()
    }

    async fn head(&self) -> Result<Head, ChainError> {
        Ok(self.read(|state| state.head()))
    }

    async fn block_hash(&self, block: BlockNumber) -> Result<Option<Digest>, ChainError> {
        Ok(self.hash_of(block))
    }

    async fn subnets(&self) -> Result<Vec<SubnetSummary>, ChainError> {
        Ok(self.read(|state| state.summaries()))
    }

    async fn snapshot(&self, netuid: NetUid) -> Result<Snapshot, ChainError> {
        Ok(self.read(|state| state.snapshot(netuid))?)
    }

    async fn commitments(&self, netuid: NetUid) -> Result<Vec<ChainCommitment>, ChainError> {
        Ok(self.read(|state| state.commitments(netuid))?)
    }

    async fn weights(&self, netuid: NetUid) -> Result<Vec<WeightRow>, ChainError> {
        Ok(self.read(|state| state.weights(netuid))?)
    }

    async fn serve_axon(&self, key: &Keypair, netuid: NetUid, at: SocketAddr) -> Result<(), ChainError> {
        submit_signed(self, key, Call::ServeAxon { netuid, at }).await.map(drop)
    }

    async fn commit(&self, key: &Keypair, netuid: NetUid, bytes: &[u8]) -> Result<(), ChainError> {
        submit_signed(self, key, Call::Commit { netuid, bytes: bytes.to_vec() }).await.map(drop)
    }

    async fn set_weights(
        &self,
        key: &Keypair,
        netuid: NetUid,
        weights: &[(Uid, u16)],
    ) -> Result<(), ChainError> {
        submit_signed(self, key, Call::SetWeights { netuid, weights: weights.to_vec() }).await.map(drop)
    }
}

#[async_trait]
impl<L: Chain + Desk> LocalAdmin for L {
    async fn register(&self, key: &Keypair, netuid: NetUid, coldkey: Hotkey) -> Result<Uid, ChainError> {
        let receipt = submit_signed(self, key, Call::Register { netuid, coldkey }).await?;
        let why = || "a registration without a uid".into();
        receipt.uid.ok_or_else(|| ChainError::BadAnswer { endpoint: self.endpoint(), why: why() })
    }

    async fn set_stake(
        &self,
        sudo: &Keypair,
        netuid: NetUid,
        hotkey: Hotkey,
        stake_rao: StakeRao,
        validator_permit: bool,
    ) -> Result<(), ChainError> {
        let call = Call::SetStake { netuid, hotkey, stake_rao, validator_permit };
        submit_signed(self, sudo, call).await.map(drop)
    }

    async fn advance_by(&self, sudo: &Keypair, blocks: u32) -> Result<BlockNumber, ChainError> {
        Ok(submit_signed(self, sudo, Call::Advance { blocks }).await?.block)
    }

    async fn subnet_figures(&self, netuid: NetUid) -> Result<EpochFigures, ChainError> {
        self.epoch_figures(netuid).await
    }
}
