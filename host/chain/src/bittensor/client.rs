//! The client: which block, which runtime, which subnet.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Instant;

use plimsoll_core::{Digest, NetUid};
use subxt::ext::codec::Encode as _;
use tokio::sync::Mutex;

use super::BittensorOptions;
use super::delivered::{Sealings, Unsure};
use super::heads::Heads;
use super::line::{Dial, Line, LineFault, WebSockets};
use super::newest::{Following, LAG_PAUSE, LAG_WAITS, MOST_LAG_BLOCKS};
use super::reveals::Journals;
use super::rpc;
use super::runtime::Runtime;
use super::scale::{ASKED, Cursor, Garbled, MetagraphAnswer};
use super::stored::StoredSubnet;
use super::view::{Source, SubnetView};
use crate::{ChainError, Head, Refusal};

/// A client of a Bittensor network. A clone is the same client.
///
/// Nothing is sent before the first call. Reads are repeated, over a fresh connection or at another node, where the
/// first try came to nothing; a transaction is sent once.
#[derive(Clone)]
pub struct Bittensor {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) line: Line,
    pub(super) options: BittensorOptions,
    runtime: Mutex<Option<Known>>,
    heads: StdMutex<Heads>,
    pub(super) follow: StdMutex<Following>,
    /// Held from asking for a nonce to handing its transaction in.
    pub(super) turns: Mutex<()>,
    /// Weights of which nobody knows whether they come.
    pub(super) unsure: StdMutex<Unsure>,
    /// What was sealed in commits of this client's.
    pub(super) sealings: StdMutex<Sealings>,
    /// Commits that wait for their reveal.
    pub(super) journals: Mutex<Journals>,
    /// The connection over which the last head was told.
    pub(super) told_by: AtomicU64,
}

pub(super) struct Known {
    pub(super) runtime: Arc<Runtime>,
    transaction_version: u32,
    pub(super) checked: Instant,
}

/// A finalized block to read at, and what its runtime looks like.
#[derive(Clone)]
pub(super) struct Pinned {
    pub(super) hash: Digest,
    /// The newest one that was known before this was asked for.
    pub(super) before: Option<Head>,
    /// The connection over which it was told.
    pub(super) told_by: u64,
    pub(super) runtime: Arc<Runtime>,
}

/// Why something could not be read.
#[derive(Debug)]
pub(super) enum Trouble {
    Line(LineFault),
    Garbled(Garbled),
    Refused(Refusal),
}

impl From<LineFault> for Trouble {
    fn from(fault: LineFault) -> Self {
        Self::Line(fault)
    }
}

impl From<Garbled> for Trouble {
    fn from(garbled: Garbled) -> Self {
        Self::Garbled(garbled)
    }
}

impl Bittensor {
    /// A client with these settings.
    #[must_use]
    pub fn new(options: BittensorOptions) -> Self {
        let dial =
            WebSockets { connect_timeout: options.call_timeout, call_timeout: options.call_timeout * 2 };
        Self::over(options, Box::new(dial))
    }

    /// A client over other connections.
    pub(super) fn over(options: BittensorOptions, dial: Box<dyn Dial>) -> Self {
        let pace = options.request_every.map(|every| (every, options.burst));
        let nodes = options.places.nodes().to_vec();
        let line = Line::new(dial, nodes, options.genesis, options.limits(), pace);
        let follow = if options.follow { Following::NotYet } else { Following::Never };
        let inner = Inner {
            line,
            options,
            runtime: Mutex::new(None),
            heads: StdMutex::default(),
            follow: StdMutex::new(follow),
            turns: Mutex::new(()),
            unsure: StdMutex::default(),
            sealings: StdMutex::default(),
            journals: Mutex::default(),
            told_by: AtomicU64::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// How many requests were sent so far: each is one round trip.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.inner.line.requests()
    }

    /// The version of the chain's runtime at its newest finalized block.
    ///
    /// # Errors
    /// As every read of a [`Chain`](crate::Chain).
    pub async fn spec_version(&self) -> Result<u32, ChainError> {
        Ok(self.pinned().await?.runtime.spec_version)
    }

    pub(super) fn line(&self) -> &Line {
        &self.inner.line
    }

    pub(super) fn heads(&self) -> std::sync::MutexGuard<'_, Heads> {
        self.inner.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest finalized block to read at. Its height is not asked for: what is read tells it.
    pub(super) async fn pinned(&self) -> Result<Pinned, ChainError> {
        let before = self.heads().newest();
        let (hash, told_by) = match self.followed(before) {
            Some(told) => (told.head.hash, told.generation),
            None => {
                let hash = rpc::finalized_head(self.line()).await.map_err(|fault| self.failed(fault))?;
                (hash, self.line().generation())
            }
        };
        Ok(Pinned { hash, before, told_by, runtime: self.runtime_at(&hash, false).await? })
    }

    /// The runtime of a block. `now` asks the node for its version, however fresh the last answer is.
    pub(super) async fn runtime_at(&self, hash: &Digest, now: bool) -> Result<Arc<Runtime>, ChainError> {
        let mut known = self.inner.runtime.lock().await;
        if let Some(known) = &*known
            && !now
            && self.is_current(known)
        {
            return Ok(Arc::clone(&known.runtime));
        }
        let version = rpc::runtime_version(self.line(), hash).await.map_err(|fault| self.failed(fault))?;
        let (spec, transaction) = (version.spec_version, version.transaction_version);
        if let Some(known) = &mut *known
            && (known.runtime.spec_version, known.transaction_version) == (spec, transaction)
        {
            known.checked = Instant::now();
            return Ok(Arc::clone(&known.runtime));
        }
        let genesis = self.line().genesis().await.map_err(|fault| self.failed(fault))?;
        let metadata = self.metadata(hash).await.map_err(|trouble| self.troubled(trouble))?;
        let runtime = Runtime::new(spec, transaction, &genesis, &metadata);
        let runtime = Arc::new(runtime.map_err(|garbled| self.nonsense(&garbled))?);
        tracing::debug!(spec_version = spec, "the runtime's metadata is read");
        let checked = Instant::now();
        *known = Some(Known { runtime: Arc::clone(&runtime), transaction_version: transaction, checked });
        Ok(runtime)
    }

    /// The newest metadata that both sides know; version 14 where the runtime knows no other.
    async fn metadata(&self, hash: &Digest) -> Result<Vec<u8>, Trouble> {
        let versions = match self.call_if_there("Metadata_metadata_versions", &[], hash).await? {
            Some(answer) => whole(&answer, |cursor| cursor.list(4, Cursor::u32))?,
            None => vec![],
        };
        let newest = versions.into_iter().filter(|version| (15..=16).contains(version)).max();
        let Some(newest) = newest else {
            let answer = rpc::state_call(self.line(), "Metadata_metadata", &[], hash).await?;
            return Ok(whole(&answer, |cursor| Ok(cursor.blob()?.to_vec()))?);
        };
        let method = "Metadata_metadata_at_version";
        let answer = rpc::state_call(self.line(), method, &newest.to_le_bytes(), hash).await?;
        Ok(whole(&answer, |cursor| match cursor.u8()? {
            1 => Ok(cursor.blob()?.to_vec()),
            _ => Err(Garbled(format!("it has metadata {newest}, and will not give it"))),
        })?)
    }

    /// A subnet at the newest finalized block. What cannot be read may be of a newer runtime, so that is looked at
    /// once before it is given up.
    pub(super) async fn view(&self, netuid: NetUid) -> Result<(SubnetView, Arc<Runtime>), ChainError> {
        let mut pinned = self.pinned().await?;
        let (mut last, mut waited) = (false, 0);
        loop {
            let read = self.view_at(&pinned, netuid).await;
            let trouble = match read {
                Ok(view) => match self.noted(&view, &pinned) {
                    Ok(()) => {
                        if view.source == Source::Stored {
                            tracing::debug!(%netuid, "stakes are read without what counts of TAO");
                        }
                        return Ok((view, pinned.runtime));
                    }
                    Err(_) if waited < LAG_WAITS && lags(&view, &pinned) => {
                        waited += 1;
                        tokio::time::sleep(self.inner.options.redial_every * LAG_PAUSE).await;
                        pinned = self.pinned().await?;
                        continue;
                    }
                    Err(why) if last => return Err(self.taken_back(why)),
                    Err(contradiction) => {
                        tracing::warn!(%contradiction, "the finalized chain went back");
                        self.move_on();
                        last = true;
                        pinned = self.pinned().await?;
                        continue;
                    }
                },
                Err(trouble @ Trouble::Garbled(_)) if !last => trouble,
                Err(trouble) => return Err(self.troubled(trouble)),
            };
            last = true;
            let runtime = self.runtime_at(&pinned.hash, true).await?;
            if runtime.spec_version == pinned.runtime.spec_version {
                return Err(self.troubled(trouble));
            }
            pinned.runtime = runtime;
        }
    }

    async fn view_at(&self, pinned: &Pinned, netuid: NetUid) -> Result<SubnetView, Trouble> {
        let Pinned { hash, runtime, .. } = pinned;
        if let Some(output) = runtime.metagraph_type() {
            let arguments = (netuid.0, ASKED.to_vec()).encode();
            let method = "SubnetInfoRuntimeApi_get_selective_metagraph";
            if let Some(answer) = self.call_if_there(method, &arguments, hash).await? {
                let answer = MetagraphAnswer::read(&answer, output, runtime.metadata())?;
                let answer = answer.ok_or(Trouble::Refused(Refusal::NoSubnet { netuid }))?;
                return Ok(SubnetView::of_answer(netuid, *hash, answer)?);
            }
        }
        self.stored_view(pinned, netuid).await
    }

    /// The answer to a call into the runtime; none where the node says that the runtime has no such call. Any other
    /// refusal is the node's own trouble: another one is asked.
    pub(super) async fn call_if_there(
        &self,
        method: &str,
        arguments: &[u8],
        hash: &Digest,
    ) -> Result<Option<Vec<u8>>, LineFault> {
        let mut tries = 1;
        loop {
            match rpc::state_call(self.line(), method, arguments, hash).await {
                Ok(answer) => return Ok(Some(answer)),
                Err(fault) if fault.is_missing_method() => return Ok(None),
                Err(fault @ LineFault::Refused { .. }) if tries < self.inner.options.tries => {
                    tracing::debug!(method, %fault, "a node cannot do this call now");
                    self.move_on();
                    tries += 1;
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    async fn stored_view(&self, pinned: &Pinned, netuid: NetUid) -> Result<SubnetView, Trouble> {
        let Pinned { hash, runtime, .. } = pinned;
        let stored = StoredSubnet::new(runtime, netuid);
        let mut values = rpc::storage(self.line(), &stored.outline_keys()?, hash).await?;
        let outline = stored.outline(&values)?;
        let outline = outline.ok_or(Trouble::Refused(Refusal::NoSubnet { netuid }))?;
        let more = stored.more_hotkey_keys(outline.count)?;
        values.extend(rpc::storage(self.line(), &more, hash).await?);
        let hotkeys = stored.hotkeys(outline.count, &values)?;
        let keys = stored.neuron_keys(&hotkeys)?;
        let values = rpc::storage(self.line(), &keys, hash).await?;
        Ok(stored.view(*hash, &outline, &hotkeys, &keys, &values)?)
    }

    // What to call it when something went wrong.

    /// A fault on the way, as the rest of the program knows it.
    pub(super) fn failed(&self, fault: LineFault) -> ChainError {
        let endpoint = self.endpoint_text();
        match fault {
            LineFault::Unreachable { why } | LineFault::Lost { why } => ChainError::NoNode { endpoint, why },
            LineFault::Busy { why } | LineFault::TooBroad { why } => ChainError::Limited { endpoint, why },
            LineFault::OtherChain { place, expected, found } => {
                ChainError::OtherChain { endpoint: place, expected, found }
            }
            LineFault::Refused { .. } | LineFault::Nonsense { .. } => {
                ChainError::BadAnswer { endpoint, why: fault.to_string() }
            }
        }
    }

    pub(super) fn troubled(&self, trouble: Trouble) -> ChainError {
        match trouble {
            Trouble::Line(fault) => self.failed(fault),
            Trouble::Garbled(garbled) => self.nonsense(&garbled),
            Trouble::Refused(refusal) => refusal.into(),
        }
    }

    pub(super) fn nonsense(&self, garbled: &Garbled) -> ChainError {
        let why = garbled.to_string().chars().take(300).collect();
        ChainError::BadAnswer { endpoint: self.endpoint_text(), why }
    }

    pub(super) fn taken_back(&self, why: String) -> ChainError {
        ChainError::TakenBack { endpoint: self.endpoint_text(), why }
    }

    pub(super) fn endpoint_text(&self) -> String {
        self.inner.options.places.shown()
    }
}

/// Whether a subnet was read at a block that is a little behind one that is known: the node may catch up.
fn lags(view: &SubnetView, pinned: &Pinned) -> bool {
    let behind = pinned.before.map_or(0, |before| before.block.0.saturating_sub(view.block.0));
    (1..=MOST_LAG_BLOCKS).contains(&behind)
}

/// Reads an answer to its end.
fn whole<T>(answer: &[u8], read: impl FnOnce(&mut Cursor<'_>) -> Result<T, Garbled>) -> Result<T, Garbled> {
    let mut cursor = Cursor::new(answer);
    let value = read(&mut cursor)?;
    cursor.end()?;
    Ok(value)
}

impl std::fmt::Debug for Bittensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bittensor({})", self.inner.options.places.shown())
    }
}
