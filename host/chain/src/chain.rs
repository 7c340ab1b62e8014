//! What the rest of the program may ask of a chain.

use std::net::SocketAddr;

use async_trait::async_trait;
use plimsoll_core::{BlockNumber, Digest, Hotkey, Keypair, NetUid, StakeRao, Uid};
use serde::{Deserialize, Serialize};

use crate::delivered::weigh_the_same;
use crate::{
    ChainError, CommitmentField, Delivered, Refusal, RevealedCommitment, StoredCommitment, SubnetSummary,
};

/// The longest commitment, in bytes: one `Raw` field of Bittensor's commitments pallet.
pub const MAX_COMMITMENT_BYTES: usize = 128;

/// The newest finalized block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its height.
    pub block: BlockNumber,
    /// Its hash, which is the beacon of the block.
    pub hash: Digest,
}

/// One subnet as it stood at one finalized block. All of it is read at that block, never pieced together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The subnet.
    pub netuid: NetUid,
    /// The block it was read at.
    pub block: BlockNumber,
    /// That block's hash.
    pub beacon: Digest,
    /// Blocks between two epochs of the subnet.
    pub tempo_blocks: u64,
    /// Blocks that must lie between two `set_weights` of one neuron.
    pub weights_rate_limit_blocks: u64,
    /// Milliseconds from block to block; 0 where blocks only come when they are asked for.
    pub block_ms: u64,
    /// The neurons, by ascending uid.
    pub neurons: Vec<NeuronRecord>,
    /// What the subnet is called; empty where it has no name.
    #[serde(default)]
    pub name: String,
    /// Whether weights are hidden until some epochs later; none where they are set openly.
    #[serde(default)]
    pub commit_reveal: Option<CommitReveal>,
}

/// How a subnet hides weights for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitReveal {
    /// Epochs from committing to revealing.
    pub period_epochs: u64,
}

/// What became of weights that were accepted before, and are to be revealed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tended {
    /// How many still wait for their epoch.
    pub waiting: usize,
    /// What was done, or cannot be done any more: a sentence each.
    pub told: Vec<String>,
    /// Weights that were accepted will not be shown: [`Chain::delivered`] tells whether they are owed again.
    pub is_lost: bool,
}

/// One neuron of a subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeuronRecord {
    /// Its place in the subnet.
    pub uid: Uid,
    /// Its key.
    pub hotkey: Hotkey,
    /// The key that owns it.
    pub coldkey: Hotkey,
    /// What stands behind it.
    pub stake_rao: StakeRao,
    /// Whether it may set weights.
    pub validator_permit: bool,
    /// Where it serves, if it said so.
    pub axon: Option<SocketAddr>,
    /// When it last set weights; block 0 if never.
    pub last_update: BlockNumber,
    /// Its share among miners in the last epoch, out of 65535, where the chain told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incentive: Option<u16>,
}

/// What a hotkey last committed to on a subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainCommitment {
    /// Who.
    pub hotkey: Hotkey,
    /// When.
    pub block: BlockNumber,
    /// What; at most [`MAX_COMMITMENT_BYTES`].
    #[serde(with = "hex")]
    pub bytes: Vec<u8>,
}

/// The weights that one validator has set: whom, and how much with the largest at 65535.
pub type WeightRow = (Uid, Vec<(Uid, u16)>);

/// A chain that a miner or a validator can work with.
///
/// Every method answers within a bounded time. A read may be repeated freely. A write that ends in
/// [`ChainError::NoAnswer`] may have happened: look before repeating it. A write that the chain turned
/// down is [`ChainError::Refused`] with a typed reason, and has changed nothing but the signer's nonce.
#[async_trait]
pub trait Chain: Send + Sync {
    /// Where this chain is, for people: `local://127.0.0.1:9933`, or `in process`.
    fn endpoint(&self) -> String;

    /// The newest finalized block. Its hash is the beacon.
    async fn head(&self) -> Result<Head, ChainError>;

    /// The hash of a finalized block; `None` if the block is still to come or no longer remembered. Block 0,
    /// by which a chain is known, always is.
    async fn block_hash(&self, block: BlockNumber) -> Result<Option<Digest>, ChainError>;

    /// All subnets there are, by number.
    async fn subnets(&self) -> Result<Vec<SubnetSummary>, ChainError>;

    /// The subnet at the newest finalized block.
    async fn snapshot(&self, netuid: NetUid) -> Result<Snapshot, ChainError>;

    /// The subnet and what everyone on it is committed to, at one block where the chain can tell both at once.
    async fn snapshot_with_commitments(
        &self,
        netuid: NetUid,
    ) -> Result<(Snapshot, Vec<ChainCommitment>), ChainError> {
        Ok((self.snapshot(netuid).await?, self.commitments(netuid).await?))
    }

    /// The same with the commitments in the forms in which the chain keeps them: sealed ones, digests and flags too.
    async fn snapshot_with_stored(
        &self,
        netuid: NetUid,
    ) -> Result<(Snapshot, Vec<(Hotkey, StoredCommitment)>), ChainError> {
        let (snapshot, plain) = self.snapshot_with_commitments(netuid).await?;
        let stored = |of: ChainCommitment| {
            let fields = vec![CommitmentField::Raw(of.bytes)];
            (of.hotkey, StoredCommitment { deposit_rao: 0, block: of.block, fields })
        };
        Ok((snapshot, plain.into_iter().map(stored).collect()))
    }

    /// What neurons of `at` had sealed and what had been revealed by its block, by uid, the oldest first. A chain on which
    /// nothing can be sealed has none.
    async fn revealed(&self, at: &Snapshot) -> Result<Vec<RevealedCommitment>, ChainError> {
        let _ = at;
        Ok(Vec::new())
    }

    /// What the operator can type to change what led to a refusal, where there is such a command.
    fn advice(&self, netuid: NetUid, refusal: &Refusal) -> Option<String> {
        let _ = (netuid, refusal);
        None
    }

    /// Whether this client can set weights of `hotkey` in the way in which the subnet takes them now: asked before any
    /// work is done that would be lost otherwise.
    async fn ready_for_weights(&self, hotkey: &Hotkey, netuid: NetUid) -> Result<(), ChainError> {
        let _ = (hotkey, netuid);
        Ok(())
    }

    /// Says where `key` serves, in place of what it said before.
    async fn serve_axon(&self, key: &Keypair, netuid: NetUid, at: SocketAddr) -> Result<(), ChainError>;

    /// Commits `key` to at most [`MAX_COMMITMENT_BYTES`] bytes, in place of what it committed to before.
    async fn commit(&self, key: &Keypair, netuid: NetUid, bytes: &[u8]) -> Result<(), ChainError>;

    /// What everyone on the subnet is committed to, in the order of their uids.
    async fn commitments(&self, netuid: NetUid) -> Result<Vec<ChainCommitment>, ChainError>;

    /// Sets the weights of `key`, in place of those before. A chain that hides weights for a while has accepted them
    /// when this returns, and [`Chain::weights`] shows them later: where they are to be revealed, by [`Chain::tend`].
    async fn set_weights(
        &self,
        key: &Keypair,
        netuid: NetUid,
        weights: &[(Uid, u16)],
    ) -> Result<(), ChainError>;

    /// Does what has become due of weights that were accepted before: those of which a hash was committed are revealed
    /// in their epoch. Whoever sets weights calls this every few blocks; it asks nothing where nothing waits.
    async fn tend(&self, key: &Keypair, netuid: NetUid) -> Result<Tended, ChainError> {
        let _ = (key, netuid);
        Ok(Tended::default())
    }

    /// What became of `weights`, which `hotkey` was to set at the block `since` or after it.
    ///
    /// They are [`Delivered::Set`] once the chain shows them, and were set or committed since then; the chain's scale
    /// makes no difference. Hidden ones are [`Delivered::Hidden`] while the chain has a commit of this hotkey's since
    /// then that can still be opened; where that is up to [`Chain::tend`], only if this client has noted what opens it.
    /// A hotkey that is no neuron has delivered nothing.
    async fn delivered(
        &self,
        hotkey: &Hotkey,
        netuid: NetUid,
        since: BlockNumber,
        weights: &[(Uid, u16)],
    ) -> Result<Delivered, ChainError> {
        let snapshot = self.snapshot(netuid).await?;
        let Some(me) = snapshot.neuron(hotkey).filter(|me| me.last_update >= since) else {
            return Ok(Delivered::Not);
        };
        let rows = self.weights(netuid).await?;
        let mine = rows.iter().find(|(uid, _)| *uid == me.uid);
        let shown = mine.is_some_and(|(_, row)| weigh_the_same(row, weights));
        Ok(if shown { Delivered::Set } else { Delivered::Not })
    }

    /// All weights that are set on the subnet, in the order of the validators' uids.
    async fn weights(&self, netuid: NetUid) -> Result<Vec<WeightRow>, ChainError>;
}

impl Snapshot {
    /// The neuron that `hotkey` is on this subnet.
    #[must_use]
    pub fn neuron(&self, hotkey: &Hotkey) -> Option<&NeuronRecord> {
        self.neurons.iter().find(|neuron| neuron.hotkey == *hotkey)
    }

    /// The neuron at place `uid`.
    #[must_use]
    pub fn at(&self, uid: Uid) -> Option<&NeuronRecord> {
        self.neurons.iter().find(|neuron| neuron.uid == uid)
    }
}
