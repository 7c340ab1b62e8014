//! In what form a subnet takes weights, and the transactions of each form.
//!
//! How weights are hashed or sealed, and how a hash is opened when its time has come, is not known here: this side
//! takes bytes.

use plimsoll_core::{BlockNumber, Keypair, NetUid, Uid};

use super::Bittensor;
use super::calls;
use super::refused::Attempt;
use super::rpc;
use super::runtime::Runtime;
use super::scale::Cursor;
use super::view::SubnetView;
use crate::ChainError;

/// The form in which a subnet takes weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WeightsWay {
    /// As they are.
    Plain,
    /// A hash first, the weights some epochs later: for runtimes that cannot open sealed ones themselves.
    HashCommit,
    /// Sealed until a drand round, opened by the chain.
    Timelocked,
}

/// What hiding weights takes to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WeightsTerms {
    pub(crate) way: WeightsWay,
    /// The block at which this holds.
    pub(crate) block: BlockNumber,
    pub(crate) block_ms: u64,
    pub(crate) tempo_blocks: u64,
    /// Epochs from committing to revealing.
    pub(crate) reveal_period_epochs: u64,
    /// Blocks since the subnet's last epoch, where the runtime tells it.
    pub(crate) blocks_since_epoch: Option<u64>,
    /// The version of sealing that the chain opens.
    pub(crate) commit_reveal_version: u16,
    /// The version that the weights are set with.
    pub(crate) version_key: u64,
}

/// What sealed commits are versioned with where the runtime does not say.
const COMMIT_REVEAL_VERSION: u16 = 4;

const MODULE: &str = "SubtensorModule";

impl WeightsWay {
    pub(crate) fn of(view: &SubnetView, runtime: &Runtime) -> Self {
        if !view.rules.commit_reveal {
            Self::Plain
        } else if runtime.has_call(MODULE, "commit_timelocked_weights") {
            Self::Timelocked
        } else {
            Self::HashCommit
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "they are",
            Self::HashCommit => "a hash that is opened later",
            Self::Timelocked => "a commitment sealed until a drand round",
        }
    }
}

impl Bittensor {
    /// How `view` takes weights, with what sealing them takes to know.
    pub(super) async fn weights_terms(
        &self,
        view: &SubnetView,
        runtime: &Runtime,
    ) -> Result<WeightsTerms, ChainError> {
        let way = WeightsWay::of(view, runtime);
        let commit_reveal_version = match way {
            WeightsWay::Timelocked => self.commit_reveal_version(view, runtime).await?,
            _ => COMMIT_REVEAL_VERSION,
        };
        let version_key = self.inner.options.weights_version_key.unwrap_or(view.rules.weights_version);
        Ok(WeightsTerms {
            way,
            block: view.block,
            block_ms: runtime.block_ms(),
            tempo_blocks: view.rules.tempo_blocks,
            reveal_period_epochs: view.rules.reveal_period_epochs,
            blocks_since_epoch: view.rules.blocks_since_epoch,
            commit_reveal_version,
            version_key,
        })
    }

    async fn commit_reveal_version(&self, view: &SubnetView, runtime: &Runtime) -> Result<u16, ChainError> {
        const ENTRY: &str = "CommitRevealWeightsVersion";
        if !runtime.has_storage(MODULE, ENTRY) {
            return Ok(COMMIT_REVEAL_VERSION);
        }
        let key = runtime.key(MODULE, ENTRY, vec![]).map_err(|garbled| self.nonsense(&garbled))?;
        let values = rpc::storage(self.line(), std::slice::from_ref(&key), &view.hash).await;
        let values = values.map_err(|fault| self.failed(fault))?;
        let value = values.get(&key).map(Vec::as_slice).or_else(|| runtime.default_of(MODULE, ENTRY));
        let version = value.map(|value| Cursor::new(value).u16()).transpose();
        version
            .map(|version| version.unwrap_or(COMMIT_REVEAL_VERSION))
            .map_err(|garbled| self.nonsense(&garbled))
    }

    /// Sets weights as the subnet takes them.
    pub(super) async fn set_weights_on(
        &self,
        key: &Keypair,
        netuid: NetUid,
        weights: &[(Uid, u16)],
    ) -> Result<(), ChainError> {
        let (view, runtime) = self.view(netuid).await?;
        super::refused::foreseen(&view, &key.hotkey(), weights)?;
        let terms = self.weights_terms(&view, &runtime).await?;
        match terms.way {
            WeightsWay::Plain => {
                let call = calls::set_weights(netuid, weights, terms.version_key);
                self.transact(key, netuid, &call, Attempt::Weights(weights)).await
            }
            way @ (WeightsWay::HashCommit | WeightsWay::Timelocked) => {
                Err(ChainError::SealedWeights { netuid, way: way.name() })
            }
        }
    }

    /// Commits to the hash of weights, to be revealed when their time has come.
    #[expect(dead_code, reason = "called where weights are hashed")]
    pub(crate) async fn commit_weights(
        &self,
        key: &Keypair,
        netuid: NetUid,
        hash: &[u8; 32],
    ) -> Result<(), ChainError> {
        let call = calls::commit_weights(netuid, hash);
        self.transact(key, netuid, &call, Attempt::Weights(&[])).await
    }

    /// Opens the hash that [`Bittensor::commit_weights`] committed to.
    #[expect(dead_code, reason = "called where weights are hashed")]
    pub(crate) async fn reveal_weights(
        &self,
        key: &Keypair,
        netuid: NetUid,
        weights: &[(Uid, u16)],
        salt: &[u16],
        version_key: u64,
    ) -> Result<(), ChainError> {
        let call = calls::reveal_weights(netuid, weights, salt, version_key);
        self.transact(key, netuid, &call, Attempt::Weights(weights)).await
    }

    /// Commits to weights that are sealed until `reveal_round`, at most 5000 bytes.
    #[expect(dead_code, reason = "called where weights are sealed")]
    pub(crate) async fn commit_timelocked_weights(
        &self,
        key: &Keypair,
        netuid: NetUid,
        sealed: &[u8],
        reveal_round: u64,
        commit_reveal_version: u16,
    ) -> Result<(), ChainError> {
        let call = calls::commit_timelocked_weights(netuid, sealed, reveal_round, commit_reveal_version);
        self.transact(key, netuid, &call, Attempt::Weights(&[])).await
    }
}
