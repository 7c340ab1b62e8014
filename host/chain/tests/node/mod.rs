//! A node for tests: the JSON-RPC of a Bittensor node, with the real metadata of runtime 365, around a real ledger.
//!
//! Keys, values, calls, events and signatures are written and read here by their layout, without the client's code.
//! What a real node does and this one does not: consensus, fees, and the pallets' own rules; the rules are the ledger's.

#![allow(dead_code, unused_imports, reason = "each test binary uses another part of it")]
#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

mod answers;
mod encode;
mod faults;
mod hidden;
mod metadata;
mod serve;
mod storage;
mod transactions;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plimsoll_chain::{Ledger, Refusal};
use plimsoll_core::{Digest, Keypair, NetUid};
use tokio::sync::watch;

pub(crate) use encode::{axon_value, commitment_value, compact};
pub(crate) use faults::Act;
pub(crate) use metadata::{
    counting_epochs, finney, older, with_commitments_at, without_apis, without_timelock,
};
pub(crate) use serve::{Served, statuses};
pub(crate) use storage::{blake2_key, prefix, twox_key};

/// The runtime that a node says it has.
#[derive(Clone)]
pub(crate) struct Version {
    pub(crate) spec: u32,
    pub(crate) metadata: Arc<Vec<u8>>,
    /// The index of the pallet for commitments, which moves between versions.
    pub(crate) commitments_index: u8,
    /// Whether runtime calls beyond metadata are there.
    pub(crate) has_apis: bool,
    /// Whether it cannot even be asked which metadata it has.
    pub(crate) is_old: bool,
    /// Whether epochs are counted, and commits are kept with their epoch.
    pub(crate) counts_epochs: bool,
}

/// How transactions are turned down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnDown {
    /// In their block, by a pallet's error.
    InBlock,
    /// Before they are queued, by a number.
    InQueue,
}

/// A node. A clone is the same node.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) ledger: Ledger,
    inner: Arc<Mutex<Inner>>,
    /// Who listens is told that there is something new.
    news: watch::Sender<u64>,
}

pub(crate) struct Inner {
    pub(crate) version: Version,
    pub(crate) keys: Vec<Keypair>,
    pub(crate) netuids: Vec<NetUid>,
    pub(crate) turn_down: TurnDown,
    /// Values that stand in place of the ledger's.
    pub(crate) overlay: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Answers that stand in place of computed ones, by method of `state_call`.
    pub(crate) canned: HashMap<String, Vec<u8>>,
    pub(crate) commit_reveal: bool,
    pub(crate) names: BTreeMap<NetUid, String>,
    /// Another genesis than the ledger's.
    pub(crate) genesis: Option<Digest>,
    /// Another newest finalized block than the ledger's: its height and hash.
    pub(crate) head: Option<(u64, Digest)>,
    heights: HashMap<Digest, u64>,
    blocks: HashMap<Digest, Block>,
    pub(crate) faults: faults::Plan,
    /// Methods asked for, in order.
    pub(crate) asked: Vec<String>,
    /// Whether blocks and versions are told to who subscribes.
    pub(crate) tells: bool,
    /// Why the next transaction is not queued.
    pub(crate) queue_says: Option<&'static str>,
    /// Why the next transaction fails in its block.
    pub(crate) fails_next: Option<Refusal>,
    /// What the node says last of a transaction, in place of its block.
    pub(crate) loses_sight: Option<&'static str>,
    /// Why no transaction is queued.
    pub(crate) always_says: Option<&'static str>,
    /// How long it takes from one status of a transaction to the next; other requests over its connection wait.
    pub(crate) status_pause: Option<Duration>,
    /// Whether statuses stop before the end.
    pub(crate) never_final: bool,
    /// How long every answer takes on its way.
    pub(crate) latency: Option<Duration>,
    /// Weights that are hidden for a while.
    pub(crate) hidden: hidden::Hidden,
}

/// What is in a block.
#[derive(Clone, Default)]
pub(crate) struct Block {
    pub(crate) transactions: Vec<Vec<u8>>,
    pub(crate) events: Vec<Vec<u8>>,
}

/// What a node answers in place of a result.
#[derive(Debug, Clone)]
pub(crate) struct RpcError {
    pub(crate) code: i32,
    pub(crate) message: String,
    pub(crate) data: Option<String>,
}

impl RpcError {
    pub(crate) fn new(code: i32, message: &str, data: Option<&str>) -> Self {
        Self { code, message: message.to_owned(), data: data.map(str::to_owned) }
    }
}

impl Node {
    /// A node around `ledger`, which knows the keys of all who may sign.
    pub(crate) fn around(ledger: Ledger, netuids: Vec<NetUid>, keys: Vec<Keypair>) -> Self {
        let metadata = Arc::new(finney());
        let inner = Inner {
            version: Version {
                spec: 365,
                metadata,
                commitments_index: 18,
                has_apis: true,
                is_old: false,
                counts_epochs: false,
            },
            keys,
            netuids,
            turn_down: TurnDown::InBlock,
            overlay: BTreeMap::new(),
            canned: HashMap::new(),
            commit_reveal: false,
            names: BTreeMap::new(),
            genesis: None,
            head: None,
            heights: HashMap::new(),
            blocks: HashMap::new(),
            faults: faults::Plan::default(),
            asked: Vec::new(),
            tells: true,
            queue_says: None,
            always_says: None,
            fails_next: None,
            loses_sight: None,
            status_pause: None,
            never_final: false,
            latency: None,
            hidden: hidden::Hidden::default(),
        };
        Self { ledger, inner: Arc::new(Mutex::new(inner)), news: watch::Sender::new(0) }
    }

    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often a method was asked for since the last [`Node::forget`].
    pub(crate) fn times(&self, method: &str) -> usize {
        self.inner().asked.iter().filter(|asked| *asked == method).count()
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.inner().asked.clone()
    }

    pub(crate) fn forget(&self) {
        self.inner().asked.clear();
    }

    /// Sets the newest finalized block, with the hash that its header has, and tells who listens.
    pub(crate) fn finalize(&self, block: u64) -> Digest {
        let hash = answers::hash_of_header(block);
        self.inner().head = Some((block, hash));
        self.news.send_modify(|count| *count += 1);
        hash
    }

    /// Changes the runtime, and tells who listens.
    pub(crate) fn upgrade(&self, change: impl FnOnce(&mut Version)) {
        change(&mut self.inner().version);
        self.news.send_modify(|count| *count += 1);
    }

    /// Lets the next request of a method go wrong.
    pub(crate) fn on_next(&self, method: &str, act: Act) {
        self.inner().faults.add(method, act);
    }
}
