//! From a call to a receipt, the same way for the ledger in process and for its client.

use async_trait::async_trait;
use plimsoll_core::{Digest, Hotkey, Keypair, NetUid};
use serde::{Deserialize, Serialize};

use super::{Call, Extrinsic, Receipt};
use crate::subnet::EpochFigures;
use crate::{ChainError, Refusal};

/// How often a nonce that someone else took meanwhile is fetched anew.
const TRIES: usize = 16;

/// What signing a call takes to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Turn {
    /// The hash of block 0.
    pub(crate) genesis: Digest,
    /// The signer's next nonce.
    pub(crate) nonce: u64,
}

/// Where extrinsics are handed in.
#[async_trait]
pub(crate) trait Desk: Send + Sync {
    /// Whose turn it is.
    async fn turn(&self, of: &Hotkey) -> Result<Turn, ChainError>;
    /// Hands one in.
    async fn hand_in(&self, extrinsic: Extrinsic) -> Result<Receipt, ChainError>;
    /// What the last epoch found.
    async fn epoch_figures(&self, netuid: NetUid) -> Result<EpochFigures, ChainError>;
}

/// Signs `call` and hands it in. Where another call of the same key was quicker, this one did not happen, so
/// it is signed again with the next nonce.
pub(crate) async fn submit_signed(desk: &dyn Desk, key: &Keypair, call: Call) -> Result<Receipt, ChainError> {
    let mut tries = 0;
    loop {
        let Turn { genesis, nonce } = desk.turn(&key.hotkey()).await?;
        tries += 1;
        match desk.hand_in(Extrinsic::sign(key, nonce, genesis, call.clone())).await {
            Err(ChainError::Refused(Refusal::StaleNonce { .. })) if tries < TRIES => {}
            done => return done,
        }
    }
}
