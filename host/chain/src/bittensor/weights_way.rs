//! In what form a subnet takes weights.

use plimsoll_core::{Hotkey, Keypair, NetUid, Uid};

use super::Bittensor;
use super::calls;
use super::refused::Attempt;
use super::rpc;
use super::runtime::{Runtime, SUBTENSOR};
use super::scale::Cursor;
use super::view::SubnetView;
use crate::timelock::COMMIT_REVEAL_VERSION;
use crate::{ChainError, Refusal};

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

impl WeightsWay {
    pub(crate) fn of(view: &SubnetView, runtime: &Runtime) -> Self {
        if !view.rules.commit_reveal {
            Self::Plain
        } else if runtime.has_call(SUBTENSOR, "commit_timelocked_weights") {
            Self::Timelocked
        } else {
            Self::HashCommit
        }
    }
}

impl Bittensor {
    /// Whether weights of `hotkey` can be set in the way in which the subnet takes them now.
    pub(super) async fn ready_on(&self, hotkey: &Hotkey, netuid: NetUid) -> Result<(), ChainError> {
        let (view, runtime) = self.view(netuid).await?;
        match WeightsWay::of(&view, &runtime) {
            WeightsWay::Plain => Ok(()),
            WeightsWay::HashCommit => {
                let path = self.journal_path(hotkey, netuid).await?;
                self.inner.journals.lock().await.of(&path).map(drop)
            }
            WeightsWay::Timelocked => self.opens_our_version(&view, &runtime).await,
        }
    }

    /// Sets weights as the subnet takes them. Where a setting of the subnet's changed on the way, it is read anew and
    /// the weights are sent once more.
    pub(super) async fn set_weights_on(
        &self,
        key: &Keypair,
        netuid: NetUid,
        weights: &[(Uid, u16)],
    ) -> Result<(), ChainError> {
        let mut done = self.set_weights_once(key, netuid, weights).await;
        if let Some(setting) = self.changed_setting(&done) {
            tracing::info!(%netuid, "the subnet has changed {setting}: the weights are sent once more");
            done = self.set_weights_once(key, netuid, weights).await;
        }
        match self.changed_setting(&done) {
            Some(setting) => Err(Refusal::SettingChanged { setting }.into()),
            None => done,
        }
    }

    /// The setting of the subnet's whose change led to a refusal. A version that the operator has set does not follow
    /// the subnet's.
    fn changed_setting(&self, done: &Result<(), ChainError>) -> Option<String> {
        match done.as_ref().err()?.refusal()? {
            Refusal::SettingChanged { setting } => Some(setting.clone()),
            Refusal::WeightsVersion { .. } if self.inner.options.weights_version_key.is_none() => {
                Some("the version of weights that it takes".into())
            }
            _ => None,
        }
    }

    async fn set_weights_once(
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
                self.opens_our_version(&view, &runtime).await?;
                self.commit_sealed(key, &view, &runtime, weights, version_key).await
            }
        }
    }

    async fn opens_our_version(&self, view: &SubnetView, runtime: &Runtime) -> Result<(), ChainError> {
        let version = self.commit_reveal_version(view, runtime).await?;
        if version == COMMIT_REVEAL_VERSION {
            return Ok(());
        }
        let why = format!(
            "the chain opens version {version} of commits, and this program seals version {COMMIT_REVEAL_VERSION}: \
             update it"
        );
        Err(ChainError::Timelock { why })
    }

    /// The version of commits that the chain opens; ours where it does not say.
    async fn commit_reveal_version(&self, view: &SubnetView, runtime: &Runtime) -> Result<u16, ChainError> {
        const ENTRY: &str = "CommitRevealWeightsVersion";
        if !runtime.has_storage(SUBTENSOR, ENTRY) {
            return Ok(COMMIT_REVEAL_VERSION);
        }
        let key = runtime.key(SUBTENSOR, ENTRY, vec![]).map_err(|garbled| self.nonsense(&garbled))?;
        let values = rpc::storage(self.line(), std::slice::from_ref(&key), &view.hash).await;
        let values = values.map_err(|fault| self.failed(fault))?;
        let value = values.get(&key).map(Vec::as_slice).or_else(|| runtime.default_of(SUBTENSOR, ENTRY));
        let version = value.map(|value| Cursor::new(value).u16()).transpose();
        version
            .map(|version| version.unwrap_or(COMMIT_REVEAL_VERSION))
            .map_err(|garbled| self.nonsense(&garbled))
    }
}
