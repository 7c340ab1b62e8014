//! In what form a subnet takes weights.

use plimsoll_core::{Keypair, NetUid, Uid};

use super::Bittensor;
use super::calls;
use super::refused::Attempt;
use super::rpc;
use super::runtime::Runtime;
use super::scale::Cursor;
use super::view::SubnetView;
use crate::ChainError;
use crate::timelock::COMMIT_REVEAL_VERSION;

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
}

impl Bittensor {
    /// Sets weights as the subnet takes them.
    pub(super) async fn set_weights_on(
        &self,
        key: &Keypair,
        netuid: NetUid,
        weights: &[(Uid, u16)],
    ) -> Result<(), ChainError> {
        let (view, runtime) = self.view(netuid).await?;
        super::refused::foreseen(&view, &key.hotkey(), weights)?;
        let version_key = self.inner.options.weights_version_key.unwrap_or(view.rules.weights_version);
        match WeightsWay::of(&view, &runtime) {
            WeightsWay::Plain => {
                let call = calls::set_weights(netuid, weights, version_key);
                self.transact(key, netuid, &call, Attempt::Weights(weights)).await
            }
            WeightsWay::HashCommit => self.commit_hash(key, &view, weights, version_key).await,
            WeightsWay::Timelocked => {
                let version = self.commit_reveal_version(&view, &runtime).await?;
                if version != COMMIT_REVEAL_VERSION {
                    let why = format!(
                        "the chain opens version {version} of commits, and this program seals version \
                         {COMMIT_REVEAL_VERSION}: update it"
                    );
                    return Err(ChainError::Timelock { why });
                }
                self.commit_sealed(key, &view, &runtime, weights, version_key).await
            }
        }
    }

    /// The version of commits that the chain opens; ours where it does not say.
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
}
