//! The subnet at one block.

use plimsoll_chain::{Chain, NeuronRecord};
use plimsoll_core::{BlockNumber, Digest, NetUid};
use serde::Serialize;

use super::CollectError;
use crate::source::Committed;

/// Which subnet, of which chain, at which block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubnetAt {
    /// Its number.
    pub netuid: NetUid,
    /// What it is called, by whoever owns it.
    pub name: String,
    /// The block that all was read at.
    pub block: BlockNumber,
    /// Its hash.
    pub block_hash: Digest,
    /// The chain's first block, by which it is known.
    pub genesis: Digest,
    /// Milliseconds from block to block; 0 where blocks have no pace.
    pub block_ms: u64,
}

pub(super) struct Read {
    pub(super) at: SubnetAt,
    pub(super) neurons: Vec<NeuronRecord>,
    pub(super) committed: Vec<Committed>,
}

/// Reads it, the commitments in all their forms: those that are kept, and those that were sealed and are open now.
pub(super) async fn read(chain: &dyn Chain, netuid: NetUid) -> Result<Read, CollectError> {
    let genesis = chain.block_hash(BlockNumber(0)).await?;
    let genesis = genesis.ok_or_else(|| CollectError::NoGenesis { endpoint: chain.endpoint() })?;
    let (snapshot, stored) = chain.snapshot_with_stored(netuid).await?;
    let revealed = chain.revealed(&snapshot).await?;
    let stored = stored.iter().map(|(hotkey, stored)| Committed::stored(*hotkey, stored));
    let committed = stored.chain(revealed.iter().map(Committed::revealed)).collect();
    let at = SubnetAt {
        netuid,
        name: snapshot.name,
        block: snapshot.block,
        block_hash: snapshot.beacon,
        genesis,
        block_ms: snapshot.block_ms,
    };
    Ok(Read { at, neurons: snapshot.neurons, committed })
}
