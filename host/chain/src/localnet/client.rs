//! The client of a served ledger.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use plimsoll_core::{BlockNumber, Digest, Hotkey, Keypair, NetUid, Uid};
use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;

use super::protocol::Problem;
use super::{Endpoint, MAX_ANSWER_BYTES};
use crate::ledger::{Desk, Turn, submit_signed};
use crate::subnet::EpochFigures;
use crate::{
    Call, Chain, ChainCommitment, ChainError, Extrinsic, Head, Receipt, Snapshot, SubnetSummary, WeightRow,
};

/// How long one call may take unless told otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// A read that finds the connection dropped is repeated this often in all.
const READ_TRIES: usize = 3;
const READ_PAUSE: Duration = Duration::from_millis(100);

/// A served ledger, seen from another process.
#[derive(Debug)]
pub struct LedgerClient {
    at: SocketAddr,
    http: reqwest::Client,
    timeout: Duration,
    /// The ledger first spoken to: nothing is ever signed for another that took its place.
    genesis: OnceLock<Digest>,
}

/// Whether a call that got no answer may have done something.
#[derive(Clone, Copy)]
enum Effect {
    None,
    Perhaps(&'static str),
}

impl LedgerClient {
    /// A client of the ledger served at `at`, with the [`DEFAULT_TIMEOUT`]. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ChainError::NotLoopback`]: what is spoken here is neither secret nor authentic on a network.
    pub fn new(at: SocketAddr) -> Result<Self, ChainError> {
        Self::with_timeout(at, DEFAULT_TIMEOUT)
    }

    /// The same, where every single call ends after `timeout`.
    ///
    /// # Errors
    /// As [`LedgerClient::new`].
    pub fn with_timeout(at: SocketAddr, timeout: Duration) -> Result<Self, ChainError> {
        if !at.ip().is_loopback() {
            return Err(ChainError::NotLoopback { at });
        }
        let http = reqwest::Client::builder()
            .no_proxy()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(timeout)
            .timeout(timeout)
            .build()
            .map_err(|error| ChainError::Unreachable {
                endpoint: Endpoint::Local(at).to_string(),
                why: innermost(&error),
            })?;
        Ok(Self { at, http, timeout, genesis: OnceLock::new() })
    }

    /// Hands in an extrinsic that is signed already.
    ///
    /// # Errors
    /// As every write of a [`Chain`].
    pub async fn submit(&self, extrinsic: &Extrinsic) -> Result<Receipt, ChainError> {
        let asked = match extrinsic.call {
            Call::Register { .. } => "a registration",
            Call::ServeAxon { .. } => "an axon",
            Call::Commit { .. } => "a commitment",
            Call::SetWeights { .. } => "weights",
            Call::SetStake { .. } => "a stake",
            Call::Advance { .. } => "an advance",
        };
        let body = serde_json::to_vec(extrinsic).map_err(|error| self.nonsense(&error.to_string()))?;
        let request = self.http.post(self.url("extrinsics"));
        let request = request.header("content-type", "application/json").body(body);
        self.ask(request, Effect::Perhaps(asked)).await
    }

    /// Reads `path`, again if the connection breaks, all within one timeout.
    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ChainError> {
        let read = tokio::time::timeout(self.timeout, self.get_persistently(path)).await;
        read.unwrap_or_else(|_| {
            let why = format!("no answer within {} ms", self.timeout.as_millis());
            Err(ChainError::Unreachable { endpoint: self.endpoint(), why })
        })
    }

    async fn get_persistently<T: DeserializeOwned>(&self, path: &str) -> Result<T, ChainError> {
        let mut tries = 1;
        loop {
            match self.ask(self.http.get(self.url(path)), Effect::None).await {
                Err(ChainError::Unreachable { .. }) if tries < READ_TRIES => tries += 1,
                done => return done,
            }
            tokio::time::sleep(READ_PAUSE).await;
        }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        effect: Effect,
    ) -> Result<T, ChainError> {
        let response = request.send().await.map_err(|error| self.broken(&error, effect))?;
        let succeeded = response.status().is_success();
        let status = response.status().as_u16();
        let body = self.body_of(response, effect).await?;
        if succeeded {
            return serde_json::from_slice(&body).map_err(|error| self.nonsense(&error.to_string()));
        }
        match serde_json::from_slice(&body) {
            Ok(Problem { refusal: Some(refusal), .. }) => Err(refusal.into()),
            Ok(Problem { error, refusal: None }) => Err(self.nonsense(&format!("status {status}: {error}"))),
            Err(_) => Err(self.nonsense(&format!("status {status} without a reason"))),
        }
    }

    async fn body_of(&self, mut response: Response, effect: Effect) -> Result<Vec<u8>, ChainError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(&error, effect))? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(self.nonsense(&format!("it has more than {MAX_ANSWER_BYTES} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/v1/{path}", self.at)
    }

    fn broken(&self, error: &reqwest::Error, effect: Effect) -> ChainError {
        let endpoint = self.endpoint();
        let why = innermost(error);
        match effect {
            Effect::Perhaps(asked) if !error.is_connect() => ChainError::NoAnswer { endpoint, asked, why },
            _ => ChainError::Unreachable { endpoint, why },
        }
    }

    fn nonsense(&self, why: &str) -> ChainError {
        ChainError::BadAnswer { endpoint: self.endpoint(), why: why.chars().take(300).collect() }
    }
}

/// What the system said, without the layers around it.
fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

#[async_trait]
impl Desk for LedgerClient {
    async fn turn(&self, of: &Hotkey) -> Result<Turn, ChainError> {
        let turn: Turn = self.get(&format!("accounts/{of}")).await?;
        let genesis = *self.genesis.get_or_init(|| turn.genesis);
        Ok(Turn { genesis, ..turn })
    }

    async fn hand_in(&self, extrinsic: Extrinsic) -> Result<Receipt, ChainError> {
        self.submit(&extrinsic).await
    }

    async fn epoch_figures(&self, netuid: NetUid) -> Result<EpochFigures, ChainError> {
        let figures: EpochFigures = self.get(&format!("subnets/{netuid}/figures")).await?;
        if figures.netuid != netuid {
            return Err(self.nonsense(&format!("figures of subnet {} for subnet {netuid}", figures.netuid)));
        }
        Ok(figures)
    }
}

#[async_trait]
impl Chain for LedgerClient {
    fn endpoint(&self) -> String {
        Endpoint::Local(self.at).to_string()
    }

    async fn head(&self) -> Result<Head, ChainError> {
        self.get("head").await
    }

    async fn block_hash(&self, block: BlockNumber) -> Result<Option<Digest>, ChainError> {
        self.get(&format!("blocks/{block}")).await
    }

    async fn subnets(&self) -> Result<Vec<SubnetSummary>, ChainError> {
        self.get("subnets").await
    }

    async fn snapshot(&self, netuid: NetUid) -> Result<Snapshot, ChainError> {
        let snapshot: Snapshot = self.get(&format!("subnets/{netuid}")).await?;
        if snapshot.netuid != netuid {
            return Err(self.nonsense(&format!("subnet {} in place of subnet {netuid}", snapshot.netuid)));
        }
        if !snapshot.neurons.is_sorted_by(|a, b| a.uid < b.uid) {
            return Err(self.nonsense("neurons that are not in the order of their uids"));
        }
        Ok(snapshot)
    }

    async fn commitments(&self, netuid: NetUid) -> Result<Vec<ChainCommitment>, ChainError> {
        self.get(&format!("subnets/{netuid}/commitments")).await
    }

    async fn weights(&self, netuid: NetUid) -> Result<Vec<WeightRow>, ChainError> {
        self.get(&format!("subnets/{netuid}/weights")).await
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
