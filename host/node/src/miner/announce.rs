//! What a miner says of itself on chain, said again whenever the chain has it otherwise.

use std::net::SocketAddr;

use plimsoll_chain::{Chain, ChainCommitment, ChainError, Fault, Snapshot};
use plimsoll_core::{Keypair, NetUid};
use plimsoll_wire::SetCommitment;

use super::Plots;
use crate::NodeError;

/// A miner's commitment and its axon.
pub(super) struct Announcement {
    key: Keypair,
    netuid: NetUid,
    commitment: String,
    at: SocketAddr,
}

impl Announcement {
    pub(super) fn of(plots: &Plots, key: Keypair, netuid: NetUid, at: SocketAddr) -> Self {
        Self { key, netuid, commitment: SetCommitment { root: plots.root() }.to_string(), at }
    }

    /// Says what the chain, as it was just read, does not have.
    ///
    /// # Errors
    /// [`NodeError::NotRegistered`], and what the chain says.
    pub(super) async fn make(
        &self,
        chain: &dyn Chain,
        snapshot: &Snapshot,
        known: &[ChainCommitment],
    ) -> Result<(), NodeError> {
        let (hotkey, netuid) = (self.key.hotkey(), self.netuid);
        let Some(me) = snapshot.neuron(&hotkey) else {
            return Err(NodeError::NotRegistered { hotkey, netuid });
        };
        let mine = known.iter().find(|known| known.hotkey == hotkey);
        if mine.is_none_or(|mine| mine.bytes != self.commitment.as_bytes()) {
            chain.commit(&self.key, netuid, self.commitment.as_bytes()).await?;
        }
        if me.axon != Some(self.at) {
            chain.serve_axon(&self.key, netuid, self.at).await?;
        }
        Ok(())
    }

    /// Why nothing is announced, and what the operator can do where something can be done.
    pub(super) fn trouble(&self, chain: &dyn Chain, error: &NodeError) -> String {
        let refusal = match error {
            NodeError::NotRegistered { hotkey, netuid } => {
                &plimsoll_chain::Refusal::NotRegistered { netuid: *netuid, hotkey: *hotkey }
            }
            NodeError::Chain(ChainError::Refused(refusal)) => refusal,
            _ => return error.to_string(),
        };
        match chain.advice(self.netuid, refusal) {
            Some(advice) => format!("{error}: {advice}"),
            None => error.to_string(),
        }
    }
}

/// Whether it is worth another try later.
pub(super) fn may_pass_later(error: &NodeError) -> bool {
    match error {
        NodeError::Chain(ChainError::Refused(refusal)) => refusal.may_pass_later(),
        NodeError::Chain(error) => error.fault() == Fault::Network,
        _ => false,
    }
}
