//! A transaction, from its nonce to what became of it.

use std::time::{Duration, Instant};

use plimsoll_core::{BlockNumber, Digest, Keypair, NetUid};
use subxt::events::Phase;

use super::Bittensor;
use super::line::{LineFault, Watch};
use super::refused::{Attempt, Caller, refusal_of};
use super::rpc::{self, Status};
use super::runtime::{ChainCall, ERA_BLOCKS, Runtime, SUBTENSOR, Turn};
use super::scale::Cursor;
use super::verdict::{self, Queue, Verdict};
use crate::{ChainError, Head, Refusal};

/// How often a transaction is signed anew because another of the same key was quicker, or the runtime changed.
const TRIES: u32 = 8;

/// Pauses of [`redial_every`](super::BittensorOptions::redial_every) between two looks for a transaction of which
/// nothing is told any more.
const LOOK_EVERY: u32 = 8;

/// A transaction that a node has, or may have.
struct Queued {
    signed: Vec<u8>,
    /// The finalized block from which on it is good.
    from: Head,
    runtime: std::sync::Arc<Runtime>,
    /// What the node tells of it; or why it tells nothing, so that its block has to be searched for.
    statuses: Result<Watch<Status>, String>,
}

/// Why a transaction came to nothing.
struct Stop {
    why: Why,
    /// Whether nothing can have come of it: it was surely not handed in, was turned down at the first try, or failed in
    /// its block.
    never_made: bool,
}

enum Why {
    Error(ChainError),
    Verdict(Verdict),
}

/// A transaction that came to nothing, as far as is known.
pub(super) struct Undone {
    pub(super) error: ChainError,
    /// Whether it surely has no effect.
    pub(super) never_made: bool,
}

impl Stop {
    const fn unsure(error: ChainError) -> Self {
        Self { why: Why::Error(error), never_made: false }
    }
}

/// What is done before a transaction is handed in, with the block from which on it is good.
pub(super) type Before<'a> = &'a mut (dyn FnMut(BlockNumber) -> Result<(), ChainError> + Send);

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
        let done = self.transact_in(key, netuid, call, attempt, &mut |_| Ok(())).await;
        done.map(drop).map_err(|undone| undone.error)
    }

    /// The same, telling the block that it is in. `before` is done each time it is signed, before it is handed in.
    pub(super) async fn transact_in(
        &self,
        key: &Keypair,
        netuid: NetUid,
        call: &ChainCall,
        attempt: Attempt<'_>,
        before: Before<'_>,
    ) -> Result<Digest, Undone> {
        let asked = match attempt {
            Attempt::Axon(_) => "an axon",
            Attempt::Commitment => "a commitment",
            Attempt::Weights(_) => "weights",
        };
        let mut signed_at = BlockNumber(0);
        let mut before = |block| {
            signed_at = block;
            before(block)
        };
        let done = match self.queue(key, call, asked, &mut before).await {
            Ok(queued) => self.outcome(queued, asked).await,
            Err(stop) => Err(stop),
        };
        let may_come = matches!(&done, Err(Stop { why: Why::Error(_), never_made: false }));
        if let Attempt::Weights(_) = attempt {
            let until = may_come.then(|| BlockNumber(signed_at.0.saturating_add(ERA_BLOCKS)));
            self.note_unsure(key.hotkey(), netuid, until);
        }
        let Stop { why, never_made } = match done {
            Ok(block) => return Ok(block),
            Err(stop) => stop,
        };
        let error = match why {
            Why::Error(error) => error,
            Why::Verdict(verdict) => self.explained(key, netuid, &verdict, attempt).await,
        };
        Err(Undone { error, never_made })
    }

    /// One transaction of this client at a time is signed and handed in, so that no two have the same nonce.
    async fn queue(
        &self,
        key: &Keypair,
        call: &ChainCall,
        asked: &'static str,
        before: Before<'_>,
    ) -> Result<Queued, Stop> {
        let _turn = self.inner.turns.lock().await;
        let mut tries = 0;
        loop {
            // What was turned down before may have been seen by more nodes than the one that said so.
            let first = tries == 0;
            let unsent = |error| Stop { why: Why::Error(error), never_made: first };
            let (signed, from, runtime) = self.sign(key, call).await.map_err(unsent)?;
            before(from.block).map_err(unsent)?;
            let fault = match rpc::submit(self.line(), &signed).await {
                Ok(statuses) => return Ok(Queued { signed, from, runtime, statuses: Ok(statuses) }),
                Err(fault) => fault,
            };
            let queue = match &fault {
                LineFault::Refused { code, message, details } if !fault.is_missing_method() => {
                    verdict::of_queue(*code, message, details.as_deref())
                }
                // Whatever came in place of an answer, the node may have the transaction.
                LineFault::Lost { .. } => Queue::Unknown,
                _ => return Err(unsent(self.failed(fault))),
            };
            match queue {
                Queue::Turned(verdict) => {
                    return Err(Stop { why: Why::Verdict(verdict), never_made: first });
                }
                Queue::Unknown => {
                    return Ok(Queued { signed, from, runtime, statuses: Err(fault.to_string()) });
                }
                Queue::Outdated | Queue::BadSignature | Queue::Later if tries + 1 < TRIES => {
                    tries += 1;
                }
                _ => return Err(Stop::unsure(self.unknown(asked, fault.to_string()))),
            }
            tokio::time::sleep(self.inner.options.redial_every * tries).await;
        }
    }

    /// A call, signed for the newest finalized block, and what that is.
    async fn sign(
        &self,
        key: &Keypair,
        call: &ChainCall,
    ) -> Result<(Vec<u8>, Head, std::sync::Arc<Runtime>), ChainError> {
        let head = self.newest().await?;
        let runtime = self.runtime_at(&head.hash, true).await?;
        let nonce = rpc::next_nonce(self.line(), &key.hotkey()).await;
        let nonce = nonce.map_err(|fault| self.failed(fault))?;
        let turn = Turn { nonce, block: head.block.0, hash: head.hash };
        let signed = runtime.signed(call, key, &turn).map_err(|garbled| self.nonsense(&garbled))?;
        Ok((signed, head, runtime))
    }

    fn unknown(&self, asked: &'static str, why: String) -> ChainError {
        ChainError::NoAnswer { endpoint: self.endpoint_text(), asked, why }
    }

    async fn outcome(&self, mut queued: Queued, asked: &'static str) -> Result<Digest, Stop> {
        let hash = self.finalized_in(&mut queued, asked).await.map_err(Stop::unsure)?;
        let unread = |why: String| {
            let why = format!(
                "it is in block {}…, but what became of it there cannot be read: {why}",
                hash.short()
            );
            Stop::unsure(self.unknown(asked, why))
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
                    let verdict = verdict.map_err(|error| unread(error.to_string()))?;
                    return Err(Stop { why: Why::Verdict(verdict), never_made: true });
                }
                _ => {}
            }
        }
        Err(unread("there is no event of it".into()))
    }

    /// The finalized block that a transaction got into.
    async fn finalized_in(&self, queued: &mut Queued, asked: &'static str) -> Result<Digest, ChainError> {
        let limit = self.inner.options.finality_timeout;
        let (signed, from) = (queued.signed.clone(), queued.from.block);
        let (begun, mut stage) = (Instant::now(), "is in a node's queue");
        let statuses = match &mut queued.statuses {
            Ok(statuses) => statuses,
            Err(why) => {
                let found = self.found_in(&signed, from, limit).await;
                return found.ok_or_else(|| self.unknown(asked, std::mem::take(why)));
            }
        };
        loop {
            let left = limit.saturating_sub(begun.elapsed());
            let status = match tokio::time::timeout(left, statuses.next()).await {
                Ok(Some(Ok(status))) => status,
                Ok(Some(Err(error))) => {
                    let why = LineFault::of(error).to_string();
                    return self.found_in(&signed, from, left).await.ok_or_else(|| self.unknown(asked, why));
                }
                Ok(None) => {
                    let why = format!("the connection ended while it {stage}");
                    return self.found_in(&signed, from, left).await.ok_or_else(|| self.unknown(asked, why));
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
            // The node that says so may not be the only one that has it.
            let left = limit.saturating_sub(begun.elapsed());
            let found = self.found_in(&signed, from, left).await;
            return found.ok_or_else(|| self.unknown(asked, gone.to_owned()));
        }
    }

    /// The finalized block that holds a transaction of which nothing is told any more: looked for in the blocks that
    /// may take it, as they come, for as long as is left. None where it is not found.
    async fn found_in(&self, signed: &[u8], from: BlockNumber, left: Duration) -> Option<Digest> {
        let last = from.0.saturating_add(ERA_BLOCKS);
        let mut next = from.0;
        let look = async {
            loop {
                // A node that does not answer now may answer in a moment.
                let head = self.newest().await.map_or(0, |head| head.block.0);
                while next <= head.min(last) {
                    match self.holds(BlockNumber(next), signed).await {
                        Ok(Some(hash)) => return Some(hash),
                        Ok(None) => next += 1,
                        Err(fault) => {
                            tracing::debug!(%fault, block = next, "a block cannot be searched");
                            break;
                        }
                    }
                }
                if next > last {
                    return None;
                }
                tokio::time::sleep(self.inner.options.redial_every * LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(left, look).await.ok().flatten()
    }

    /// The hash of a finalized block, if the transaction is in it.
    async fn holds(&self, block: BlockNumber, signed: &[u8]) -> Result<Option<Digest>, LineFault> {
        let missing = || LineFault::Lost { why: format!("the node does not know block {block} yet") };
        let hash = rpc::block_hash(self.line(), block).await?.ok_or_else(missing)?;
        let all = rpc::transactions(self.line(), &hash).await?;
        Ok(all.iter().any(|transaction| transaction == signed).then_some(hash))
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
        let Ok(key) = runtime.key(SUBTENSOR, "StakeThreshold", vec![]) else { return 0 };
        let values = rpc::storage(self.line(), std::slice::from_ref(&key), hash).await.unwrap_or_default();
        let value = values.get(&key).map(Vec::as_slice);
        let value = value.or_else(|| runtime.default_of(SUBTENSOR, "StakeThreshold"));
        value.and_then(|value| Cursor::new(value).u64().ok()).unwrap_or(0)
    }
}
