//! One request, as often as it takes and no oftener.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use plimsoll_core::Digest;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use subxt_rpcs::client::{RpcParams, RpcSubscription};

use super::bucket::Bucket;
use super::nodes::{MAX_QUEUE, Nodes, Open};
use super::{Dial, Limits, LineFault};

/// The way to the nodes. A clone is the same line.
#[derive(Clone)]
pub(crate) struct Line(Arc<Inner>);

struct Inner {
    nodes: Nodes,
    limits: Limits,
}

/// A subscription that keeps its connection, also when the line goes over to another one.
pub(crate) struct Watch<T> {
    heard: RpcSubscription<T>,
    open: Open,
}

impl<T: DeserializeOwned> Watch<T> {
    /// What is told next; none once the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<Result<T, subxt_rpcs::Error>> {
        self.heard.next().await
    }

    /// Which connection it is, as [`Line::generation`] counts them.
    pub(crate) const fn generation(&self) -> u64 {
        self.open.generation
    }

    /// The subscription alone, which ends when the line leaves the connection.
    pub(crate) fn loose(self) -> RpcSubscription<T> {
        self.heard
    }
}

impl Line {
    /// Nothing is sent yet. `request_every` is the pace, with `burst` requests at once; none for no pace.
    pub(crate) fn new(
        dial: Box<dyn Dial>,
        places: Vec<String>,
        genesis: Option<Digest>,
        limits: Limits,
        pace: Option<(Duration, u32)>,
    ) -> Self {
        let bucket = pace.map(|(every, burst)| Bucket::new(every, burst));
        let nodes = Nodes::new(dial, places, genesis, bucket);
        Self(Arc::new(Inner { nodes, limits }))
    }

    /// How many requests were sent so far, handshakes included.
    pub(crate) fn requests(&self) -> u64 {
        self.0.nodes.requests.load(Ordering::Relaxed)
    }

    /// The hash of block 0; connects if need be.
    pub(crate) async fn genesis(&self) -> Result<Digest, LineFault> {
        self.open().await?;
        let why = || "no node told its genesis".into();
        self.0.nodes.genesis().ok_or_else(|| LineFault::Nonsense { why: why() })
    }

    /// Counts connections: another number is another connection, and maybe another node.
    pub(crate) fn generation(&self) -> u64 {
        self.0.nodes.generation()
    }

    /// Reads something, from another node or over a fresh connection where the first try came to nothing.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        params: RpcParams,
    ) -> Result<T, LineFault> {
        let limits = &self.0.limits;
        let each = limits.reach_timeout + limits.call_timeout + MAX_QUEUE;
        let longest = each.saturating_mul(limits.tries.max(1));
        let why = || format!("no answer to {method} within {} s", longest.as_secs());
        let asked = tokio::time::timeout(longest, self.ask_for(method, params)).await;
        asked.map_err(|_| LineFault::Lost { why: why() })?
    }

    async fn ask_for<T: DeserializeOwned>(&self, method: &str, params: RpcParams) -> Result<T, LineFault> {
        let mut tries = 0;
        loop {
            let open = self.open().await?;
            self.pace().await?;
            let answer = self.once(&open, method, params.clone()).await;
            tries += 1;
            match answer {
                Ok(raw) => return parsed(&raw, method),
                Err(fault) if !fault.is_worth_another_try() => return Err(fault),
                Err(fault) => {
                    tracing::debug!(place = self.0.nodes.place(open.place), method, %fault, "asked in vain");
                    self.leave(&open, &fault);
                    if tries >= self.tries_for(&fault) {
                        return Err(fault);
                    }
                }
            }
        }
    }

    /// Sends something that may have an effect, once, and hears what becomes of it. Only a request that surely
    /// was not sent is tried again.
    ///
    /// # Errors
    /// [`LineFault::Refused`] where the node answered with an error, [`LineFault::Lost`] for all else that went wrong
    /// once it was sent, and other faults only where it was not.
    pub(crate) async fn subscribe<T: DeserializeOwned>(
        &self,
        method: &str,
        params: RpcParams,
        end: &str,
    ) -> Result<Watch<T>, LineFault> {
        let open = self.open().await?;
        self.pace().await?;
        self.0.nodes.requests.fetch_add(1, Ordering::Relaxed);
        let asked = open.client.subscribe::<T>(method, params, end);
        let answer = match tokio::time::timeout(self.0.limits.call_timeout, asked).await {
            Ok(answer) => answer.map_err(LineFault::of),
            Err(_) => Err(self.silence()),
        };
        match answer {
            Ok(heard) => {
                self.0.nodes.well(&open);
                Ok(Watch { heard, open })
            }
            Err(fault @ LineFault::Refused { .. }) => Err(fault),
            Err(fault) => {
                if fault.is_worth_another_try() {
                    self.leave(&open, &fault);
                }
                Err(LineFault::Lost { why: fault.to_string() })
            }
        }
    }

    /// Gives the connection up, so that the next request goes to another node.
    pub(crate) fn move_on(&self) {
        self.0.nodes.leave_open();
    }

    async fn open(&self) -> Result<Open, LineFault> {
        self.0.nodes.open(&self.0.limits).await
    }

    async fn once(&self, open: &Open, method: &str, params: RpcParams) -> Result<Box<RawValue>, LineFault> {
        self.0.nodes.requests.fetch_add(1, Ordering::Relaxed);
        let asked = open.client.request::<Box<RawValue>>(method, params);
        let answer = tokio::time::timeout(self.0.limits.call_timeout, asked).await;
        let answer = answer.map_err(|_| self.silence())?.map_err(LineFault::of)?;
        self.0.nodes.well(open);
        Ok(answer)
    }

    /// A node that refuses requests for their breadth is not worse at others: it is left, but does not rest.
    fn leave(&self, open: &Open, fault: &LineFault) {
        match fault {
            LineFault::TooBroad { .. } => self.0.nodes.close(open),
            _ => self.0.nodes.fail(open, fault, &self.0.limits),
        }
    }

    /// Breadth is judged by each node once: the same one will not change its mind.
    fn tries_for(&self, fault: &LineFault) -> u32 {
        let nodes = u32::try_from(self.0.nodes.count()).unwrap_or(u32::MAX);
        match fault {
            LineFault::TooBroad { .. } => nodes.min(self.0.limits.tries),
            _ => self.0.limits.tries,
        }
    }

    async fn pace(&self) -> Result<(), LineFault> {
        self.0.nodes.pace().await
    }

    fn silence(&self) -> LineFault {
        LineFault::Lost { why: format!("no answer within {} ms", self.0.limits.call_timeout.as_millis()) }
    }
}

fn parsed<T: DeserializeOwned>(raw: &RawValue, method: &str) -> Result<T, LineFault> {
    serde_json::from_str(raw.get())
        .map_err(|error| LineFault::Nonsense { why: format!("the answer to {method}: {error}") })
}
