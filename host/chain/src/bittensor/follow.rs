//! Listening for blocks and upgrades, so that nobody needs to ask.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_core::{BlockNumber, Digest};
use subxt::config::Hasher as _;
use subxt::config::Header as _;
use subxt::config::substrate::{BlakeTwo256, SubstrateHeader};
use subxt::ext::codec::Encode as _;
use subxt::utils::H256;
use tokio::task::JoinHandle;

use super::line::{Line, LineFault, doubled, spread};
use super::rpc::{self, RuntimeVersion};
use crate::Head;

/// A head that is older than this is asked for anew: blocks come every twelve seconds.
const FRESH: Duration = Duration::from_secs(40);

/// When nothing is heard for this long, the subscription is made anew.
const SILENCE: Duration = Duration::from_secs(90);

/// When nobody asks for this long, nobody listens.
const UNASKED: Duration = Duration::from_secs(600);

/// The longest pause between two subscriptions that break.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// A newest finalized block, and over which connection it was told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub(crate) head: Head,
    pub(crate) generation: u64,
}

/// What was heard last.
#[derive(Debug, Default)]
struct Heard {
    head: Option<(Told, Instant)>,
    version: Option<u32>,
    /// When somebody last asked.
    asked: Option<Instant>,
    /// Nobody asked for long: the task has ended.
    is_idle: bool,
}

/// A task that listens, until this is dropped.
#[derive(Debug)]
pub(crate) struct Follower {
    heard: Arc<Mutex<Heard>>,
    task: JoinHandle<()>,
}

impl Follower {
    /// Begins to listen, and begins anew `pause` after each break.
    pub(crate) fn start(line: Line, pause: Duration) -> Self {
        let heard = Heard { asked: Some(Instant::now()), ..Heard::default() };
        let heard = Arc::new(Mutex::new(heard));
        let task = tokio::spawn(follow(line, Arc::clone(&heard), pause));
        Self { heard, task }
    }

    /// The newest finalized block, if it was heard of a short while ago.
    pub(crate) fn head(&self) -> Option<Told> {
        let mut heard = locked(&self.heard);
        heard.asked = Some(Instant::now());
        heard.head.filter(|(_, at)| at.elapsed() < FRESH).map(|(told, _)| told)
    }

    /// The spec version of the newest block, while that is listened for. A finalized block may still have the one
    /// before.
    pub(crate) fn spec_version(&self) -> Option<u32> {
        locked(&self.heard).version
    }

    /// Whether it no longer listens, for nobody asked.
    pub(crate) fn is_idle(&self) -> bool {
        locked(&self.heard).is_idle
    }

    /// Forgets what was told.
    pub(crate) fn forget(&self) {
        let mut heard = locked(&self.heard);
        (heard.head, heard.version) = (None, None);
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn locked(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn follow(line: Line, heard: Arc<Mutex<Heard>>, pause: Duration) {
    let mut breaks = 0;
    loop {
        let begun = Instant::now();
        let ended = listen(&line, &heard).await;
        {
            let mut heard = locked(&heard);
            (heard.head, heard.version) = (None, None);
            if heard.asked.is_none_or(|at| at.elapsed() >= UNASKED) {
                heard.is_idle = true;
                return;
            }
        }
        // One that held for long may break.
        breaks = if begun.elapsed() >= SILENCE { 0 } else { breaks + 1 };
        if let LineFault::Refused { .. } = ended {
            tracing::debug!(%ended, "this node tells no blocks by itself: they are asked for");
            return;
        }
        tracing::debug!(%ended, "listening for blocks anew");
        tokio::time::sleep(spread(doubled(pause, breaks, MAX_PAUSE))).await;
    }
}

async fn listen(line: &Line, heard: &Mutex<Heard>) -> LineFault {
    let subscribed = async {
        let heads = rpc::follow_heads(line).await?;
        Ok::<_, LineFault>((heads, rpc::follow_versions(line).await?))
    };
    let ((mut heads, generation), mut versions) = match subscribed.await {
        Ok(both) => both,
        Err(fault) => return fault,
    };
    let ended = |what: &str| LineFault::Lost { why: format!("the node stopped telling {what}") };
    loop {
        tokio::select! {
            head = heads.next() => match head {
                Some(Ok(header)) => match head_of(header) {
                    Ok(head) => {
                        let mut heard = locked(heard);
                        heard.head = Some((Told { head, generation }, Instant::now()));
                        if heard.asked.is_none_or(|at| at.elapsed() >= UNASKED) {
                            return ended("anything that somebody asks for");
                        }
                    }
                    Err(why) => return LineFault::Lost { why },
                },
                Some(Err(error)) => return LineFault::of(error),
                None => return ended("finalized blocks"),
            },
            version = versions.next() => match version {
                Some(Ok(RuntimeVersion { spec_version, .. })) => {
                    locked(heard).version = Some(spec_version);
                }
                Some(Err(error)) => return LineFault::of(error),
                None => return ended("runtime versions"),
            },
            () = tokio::time::sleep(SILENCE) => return ended("anything"),
        }
    }
}

/// A header's block: its hash is BLAKE2-256 over the header's own bytes.
fn head_of(header: serde_json::Value) -> Result<Head, String> {
    let header: SubstrateHeader<H256> =
        serde_json::from_value(header).map_err(|error| format!("a header that is none: {error}"))?;
    let hash = BlakeTwo256.hash(&header.encode());
    Ok(Head { block: BlockNumber(header.number()), hash: Digest(hash.0) })
}
