//! The ledger behind a node, and the Bittensor client before it.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use plimsoll_chain::subnet::EpochFigures;
use plimsoll_chain::{
    Bittensor, BittensorOptions, Chain, ChainCommitment, ChainError, Delivered, Head, Ledger, LocalAdmin,
    Snapshot, SubnetSummary, WeightRow,
};
use plimsoll_core::{BlockNumber, Digest, Hotkey, Keypair, NetUid, StakeRao, Uid};

use crate::node::{Node, Served, TurnDown};
use crate::support::{NETUID, genesis, key};

/// The client is the chain; what only a local chain has is done to the ledger itself.
pub(crate) struct OverNode {
    pub(crate) client: Bittensor,
    ledger: Ledger,
    _server: Served,
}

/// Settings that do not wait.
pub(crate) fn quick(url: &str) -> BittensorOptions {
    BittensorOptions {
        redial_every: Duration::from_millis(10),
        rest: Duration::from_millis(20),
        follow: false,
        ..BittensorOptions::of(url.parse().unwrap())
    }
}

impl OverNode {
    pub(crate) async fn start(turn_down: TurnDown) -> Self {
        let ledger = Ledger::new(genesis()).unwrap();
        let node = Node::around(ledger.clone(), vec![NETUID], (0..=60).map(key).collect());
        node.inner().turn_down = turn_down;
        let server = Served::start(node).await;
        let client = Bittensor::new(quick(&server.url()));
        Self { client, ledger, _server: server }
    }
}

#[async_trait]
impl Chain for OverNode {
    fn endpoint(&self) -> String {
        self.client.endpoint()
    }

    async fn head(&self) -> Result<Head, ChainError> {
        self.client.head().await
    }

    async fn block_hash(&self, block: BlockNumber) -> Result<Option<Digest>, ChainError> {
        self.client.block_hash(block).await
    }

    async fn subnets(&self) -> Result<Vec<SubnetSummary>, ChainError> {
        Chain::subnets(&self.client).await
    }

    async fn snapshot(&self, netuid: NetUid) -> Result<Snapshot, ChainError> {
        self.client.snapshot(netuid).await
    }

    async fn commitments(&self, netuid: NetUid) -> Result<Vec<ChainCommitment>, ChainError> {
        self.client.commitments(netuid).await
    }

    async fn weights(&self, netuid: NetUid) -> Result<Vec<WeightRow>, ChainError> {
        self.client.weights(netuid).await
    }

    async fn delivered(
        &self,
        hotkey: &Hotkey,
        netuid: NetUid,
        since: BlockNumber,
        weights: &[(Uid, u16)],
    ) -> Result<Delivered, ChainError> {
        self.client.delivered(hotkey, netuid, since, weights).await
    }

    async fn serve_axon(&self, key: &Keypair, netuid: NetUid, at: SocketAddr) -> Result<(), ChainError> {
        self.client.serve_axon(key, netuid, at).await
    }

    async fn commit(&self, key: &Keypair, netuid: NetUid, bytes: &[u8]) -> Result<(), ChainError> {
        self.client.commit(key, netuid, bytes).await
    }

    async fn set_weights(
        &self,
        key: &Keypair,
        netuid: NetUid,
        weights: &[(Uid, u16)],
    ) -> Result<(), ChainError> {
        self.client.set_weights(key, netuid, weights).await
    }
}

#[async_trait]
impl LocalAdmin for OverNode {
    async fn register(&self, key: &Keypair, netuid: NetUid, coldkey: Hotkey) -> Result<Uid, ChainError> {
        self.ledger.register(key, netuid, coldkey).await
    }

    async fn set_stake(
        &self,
        sudo: &Keypair,
        netuid: NetUid,
        hotkey: Hotkey,
        stake_rao: StakeRao,
        validator_permit: bool,
    ) -> Result<(), ChainError> {
        self.ledger.set_stake(sudo, netuid, hotkey, stake_rao, validator_permit).await
    }

    async fn advance_by(&self, sudo: &Keypair, blocks: u32) -> Result<BlockNumber, ChainError> {
        self.ledger.advance_by(sudo, blocks).await
    }

    async fn subnet_figures(&self, netuid: NetUid) -> Result<EpochFigures, ChainError> {
        self.ledger.subnet_figures(netuid).await
    }
}
