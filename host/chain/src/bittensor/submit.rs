//! A transaction, from its nonce to what became of it.

use std::time::Instant;

use plimsoll_core::{Digest, Keypair, NetUid};
use subxt::events::Phase;
use subxt_rpcs::client::RpcSubscription;

use super::Bittensor;
use super::line::LineFault;
use super::refused::{Attempt, Caller, refusal_of};
use super::rpc::{self, Status};
use super::runtime::{ChainCall, Runtime, Turn};
use super::scale::Cursor;
use super::verdict::{self, Queue, Verdict};
use crate::{ChainError, Refusal};

/// How often a transaction is signed anew because another of the same key was quicker, or the runtime changed.
const TRIES: usize = 8;

/// A transaction in a node's queue.
struct Queued {
    signed: Vec<u8>,
    runtime: std::sync::Arc<Runtime>,
    statuses: RpcSubscription<Status>,
}

/// Why a transaction came to nothing.
enum Stop {
    Error(ChainError),
    Verdict(Verdict),
}

impl Bittensor {
    /// Signs a call, hands it in, and waits until its block is finalized.
    ///
    /// What the chain says no to is a [`ChainError::Refused`] that names who and how much.
    pub(super) async fn transact(
        &self,
        key: &Keypair,
        netuid: NetUid,
        call: &ChainCall,
        attempt: Attempt<'_>,
    ) -> Result<(), ChainError> {
        self.transact_in(key, netuid, call, attempt).await.map(drop)
    }

    /// The same, telling the block that it is in.
    pub(super) async fn transact_in(
        &self,
        key: &Keypair,
        netuid: NetUid,
        call: &ChainCall,
        attempt: Attempt<'_>,
    ) -> Result<Digest, ChainError> {
        let asked = match attempt {
            Attempt::Axon(_) => "an axon",
            Attempt::Commitment => "a commitment",
            Attempt::Weights(_) => "weights",
        };
        let done = match self.queue(key, call, asked).await {
            Ok(queued) => self.outcome(queued, asked).await,
            Err(stop) => Err(stop),
        };
        match done {
            Ok(block) => Ok(block),
            Err(Stop::Error(error)) => Err(error),
            Err(Stop::Verdict(verdict)) => Err(self.explained(key, netuid, &verdict, attempt).await),
        }
    }

    /// One transaction of this client at a time is signed and handed in, so that no two have the same nonce.
    async fn queue(&self, key: &Keypair, call: &ChainCall, asked: &'static str) -> Result<Queued, Stop> {
        let _turn = self.inner.turns.lock().await;
        let mut tries = 0;
        loop {
            let head = self.newest().await.map_err(Stop::Error)?;
            let runtime = self.runtime_at(&head.hash, true).await.map_err(Stop::Error)?;
            let nonce = rpc::next_nonce(self.line(), &key.hotkey()).await;
            let nonce = nonce.map_err(|fault| Stop::Error(self.failed(fault)))?;
            let turn = Turn { nonce, block: head.block.0, hash: head.hash };
            let signed = runtime.signed(call, key, &turn);
            let signed = signed.map_err(|garbled| Stop::Error(self.nonsense(&garbled)))?;
            let fault = match rpc::submit(self.line(), &signed).await {
                Ok(statuses) => return Ok(Queued { signed, runtime, statuses }),
                Err(fault) => fault,
            };
            tries += 1;
            let LineFault::Refused { code, message, details } = &fault else {
                return Err(Stop::Error(self.unanswered(fault, asked)));
            };
            match verdict::of_queue(*code, message, details.as_deref()) {
                Queue::Outdated | Queue::BadSignature if tries < TRIES => {}
                Queue::Turned(verdict) => return Err(Stop::Verdict(verdict)),
                Queue::Outdated | Queue::BadSignature => {
                    let name = format!("{message} ({code})");
                    let meaning = details.clone().unwrap_or_default();
                    return Err(Stop::Verdict(Verdict { name, meaning }));
                }
                Queue::Known => return Err(Stop::Error(self.unanswered(fault, asked))),
            }
            tokio::time::sleep(self.inner.options.redial_every).await;
        }
    }

    /// A transaction that a node may have seen.
    fn unanswered(&self, fault: LineFault, asked: &'static str) -> ChainError {
        match fault {
            LineFault::Lost { why } => self.unknown(asked, why),
            LineFault::Refused { .. } => self.unknown(asked, fault.to_string()),
            other => self.failed(other),
        }
    }

    fn unknown(&self, asked: &'static str, why: String) -> ChainError {
        ChainError::NoAnswer { endpoint: self.endpoint_text(), asked, why }
    }

    async fn outcome(&self, mut queued: Queued, asked: &'static str) -> Result<Digest, Stop> {
        let hash = self.finalized_in(&mut queued.statuses, asked).await.map_err(Stop::Error)?;
        let unread = |why: String| {
            let why = format!(
                "it is in block {}…, but what became of it there cannot be read: {why}",
                hash.short()
            );
            Stop::Error(self.unknown(asked, why))
        };
        // The block may be the first of a newer runtime than the transaction was signed for.
        let runtime = self.runtime_at(&hash, false).await.unwrap_or(queued.runtime);
        let all = rpc::transactions(self.line(), &hash).await.map_err(|fault| unread(fault.to_string()))?;
        let place = all.iter().position(|transaction| *transaction == queued.signed);
        let place = place.ok_or_else(|| unread("the block does not contain it".into()))?;
        let key = runtime.key("System", "Events", vec![]).map_err(|error| unread(error.to_string()))?;
        let values = rpc::storage(self.line(), std::slice::from_ref(&key), &hash).await;
        let mut values = values.map_err(|fault| unread(fault.to_string()))?;
        let events = runtime.events(values.remove(&key).unwrap_or_default());
        let mine = |phase: Phase| matches!(phase, Phase::ApplyExtrinsic(index) if usize::try_from(index) == Ok(place));
        for event in events.iter() {
            let event = event.map_err(|error| unread(error.to_string()))?;
            match (event.pallet_name(), event.event_name()) {
                _ if !mine(event.phase()) => {}
                ("System", "ExtrinsicSuccess") => return Ok(hash),
                ("System", "ExtrinsicFailed") => {
                    let verdict = verdict::of_dispatch(event.field_bytes(), runtime.metadata());
                    return Err(Stop::Verdict(verdict.map_err(|error| unread(error.to_string()))?));
                }
                _ => {}
            }
        }
        Err(unread("there is no event of it".into()))
    }

    /// The finalized block that a transaction got into.
    async fn finalized_in(
        &self,
        statuses: &mut RpcSubscription<Status>,
        asked: &'static str,
    ) -> Result<Digest, ChainError> {
        let limit = self.inner.options.finality_timeout;
        let (begun, mut stage) = (Instant::now(), "is in a node's queue");
        loop {
            let left = limit.saturating_sub(begun.elapsed());
            let status = match tokio::time::timeout(left, statuses.next()).await {
                Ok(Some(Ok(status))) => status,
                Ok(Some(Err(error))) => return Err(self.unknown(asked, LineFault::of(error).to_string())),
                Ok(None) => {
                    let why = format!("the connection ended while it {stage}");
                    return Err(self.unknown(asked, why));
                }
                Err(_) => {
                    let why = format!("after {} s it {stage} and not in a finalized block", limit.as_secs());
                    return Err(self.unknown(asked, why));
                }
            };
            let gone = match status {
                Status::Finalized(hash) => return Ok(hash),
                Status::InBlock(_) => {
                    stage = "is in a block that is not final";
                    continue;
                }
                Status::Retracted(_) => {
                    stage = "is in a node's queue";
                    continue;
                }
                Status::Future | Status::Ready | Status::Broadcast(_) => continue,
                Status::FinalityTimeout(_) => "its block was not finalized in time",
                Status::Usurped(_) => "another transaction of the same key took its place",
                Status::Dropped => "the node dropped it from its queue",
                Status::Invalid => "the node found it invalid while it waited in the queue",
            };
            return Err(self.unknown(asked, gone.to_owned()));
        }
    }

    /// The chain's reason with the figures that it does not give, read from the subnet. Where that cannot be read the
    /// reason stands as the chain said it.
    async fn explained(
        &self,
        key: &Keypair,
        netuid: NetUid,
        verdict: &Verdict,
        attempt: Attempt<'_>,
    ) -> ChainError {
        let hotkey = key.hotkey();
        let view = match self.view(netuid).await {
            Ok((view, runtime)) => Some((view, runtime)),
            Err(ChainError::Refused(Refusal::NoSubnet { .. })) => None,
            Err(error) => {
                tracing::debug!(%error, "the reason of a refusal cannot be looked into");
                let (error, meaning) = (verdict.name.clone(), verdict.meaning.clone());
                return Refusal::Unknown { error, meaning }.into();
            }
        };
        let least_stake_rao = match &view {
            Some((view, runtime)) if verdict.name.contains("Stake") => {
                self.least_stake(&view.hash, runtime).await
            }
            _ => 0,
        };
        let view = view.as_ref().map(|(view, _)| view);
        refusal_of(verdict, attempt, &Caller { netuid, hotkey, view, least_stake_rao }).into()
    }

    /// The stake that setting weights takes; 0 where it cannot be read.
    async fn least_stake(&self, hash: &Digest, runtime: &Runtime) -> u64 {
        let Ok(key) = runtime.key("SubtensorModule", "StakeThreshold", vec![]) else { return 0 };
        let values = rpc::storage(self.line(), std::slice::from_ref(&key), hash).await.unwrap_or_default();
        let value = values.get(&key).map(Vec::as_slice);
        let value = value.or_else(|| runtime.default_of("SubtensorModule", "StakeThreshold"));
        value.and_then(|value| Cursor::new(value).u64().ok()).unwrap_or(0)
    }
}
