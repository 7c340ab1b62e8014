//! The newest finalized block: asked for or listened to, and never behind what is known.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::Bittensor;
use super::client::{Known, Pinned};
use super::follow::{Follower, Told};
use super::line::LineFault;
use super::rpc;
use super::view::SubnetView;
use crate::{ChainError, Head};

/// A node is waited for that is behind by no more than this: its gateway may have others behind it.
pub(super) const MOST_LAG_BLOCKS: u64 = 2;
/// So often it is looked whether it has caught up,
pub(super) const LAG_WAITS: u32 = 8;
/// after so many pauses of [`redial_every`](super::BittensorOptions::redial_every) each: two blocks in all.
pub(super) const LAG_PAUSE: u32 = 6;

/// The first question for the head is answered by asking; whoever asks again will go on asking, so it is listened
/// from then on.
pub(super) enum Following {
    NotYet,
    Asked,
    Yes(Follower),
    Never,
}

/// A head that does not follow what was finalized before.
struct Contradiction {
    why: String,
    /// Blocks that it is behind the newest one known.
    lag_blocks: u64,
}

impl Bittensor {
    /// Goes over to another node, and forgets what the last one told by itself.
    pub(super) fn move_on(&self) {
        self.line().move_on();
        let follow = self.inner.follow.lock().unwrap_or_else(PoisonError::into_inner);
        if let Following::Yes(follower) = &*follow {
            follower.forget();
        }
    }

    /// The newest finalized block. A node that is a block or two behind is waited for; one that takes back what was
    /// finalized gets a second chance at another node.
    pub(super) async fn newest(&self) -> Result<Head, ChainError> {
        let mut waited = 0;
        let first = loop {
            match self.newest_once().await? {
                Err(Contradiction { lag_blocks: 1..=MOST_LAG_BLOCKS, .. }) if waited < LAG_WAITS => {
                    waited += 1;
                }
                done => break done,
            }
            tokio::time::sleep(self.inner.options.redial_every * LAG_PAUSE).await;
        };
        match first {
            Ok(head) => Ok(head),
            Err(Contradiction { why, .. }) => {
                tracing::warn!(contradiction = why, "the finalized chain went back");
                self.move_on();
                self.newest_once().await?.map_err(|found| self.taken_back(found.why))
            }
        }
    }

    async fn newest_once(&self) -> Result<Result<Head, Contradiction>, ChainError> {
        let before = self.heads().newest();
        let Told { head, generation } = match self.followed(before) {
            Some(told) => told,
            None => {
                let head = self.asked_head().await.map_err(|fault| self.failed(fault))?;
                Told { head, generation: self.line().generation() }
            }
        };
        let noted = self.heads().note(head, before);
        if noted.is_ok() {
            self.inner.told_by.store(generation, Ordering::Relaxed);
        }
        let lag_blocks = before.map_or(0, |before| before.block.0.saturating_sub(head.block.0));
        Ok(noted.map(|()| head).map_err(|why| Contradiction { why, lag_blocks }))
    }

    /// Whether the node that is connected now has told its newest finalized block.
    pub(super) fn has_told(&self) -> bool {
        self.inner.told_by.load(Ordering::Relaxed) == self.line().generation()
    }

    pub(super) async fn asked_head(&self) -> Result<Head, LineFault> {
        let hash = rpc::finalized_head(self.line()).await?;
        let known = self.heads().height_of(&hash);
        let block = match known {
            Some(block) => block,
            None => rpc::header(self.line(), &hash).await?.number(),
        };
        Ok(Head { block, hash })
    }

    /// The head as it was told, and over which connection, unless a newer one is known from asking.
    pub(super) fn followed(&self, known: Option<Head>) -> Option<Told> {
        let mut follow = self.inner.follow.lock().unwrap_or_else(PoisonError::into_inner);
        if let Following::Yes(follower) = &*follow
            && follower.is_idle()
        {
            *follow = Following::Asked;
        }
        match &*follow {
            Following::Never => None,
            Following::NotYet => {
                *follow = Following::Asked;
                None
            }
            Following::Asked => {
                let pause = self.inner.options.redial_every;
                *follow = Following::Yes(Follower::start(self.inner.line.clone(), pause));
                None
            }
            Following::Yes(follower) => {
                follower.head().filter(|told| known.is_none_or(|known| known.block <= told.head.block))
            }
        }
    }

    /// Whether the runtime is known to be the same as when it was last looked at.
    pub(super) fn is_current(&self, known: &Known) -> bool {
        let follow = self.inner.follow.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = match &*follow {
            Following::Yes(follower) => follower.spec_version(),
            _ => None,
        };
        match heard {
            Some(version) => version == known.runtime.spec_version,
            None => known.checked.elapsed() < self.inner.options.version_age,
        }
    }

    pub(super) fn noted(&self, view: &SubnetView, pinned: &Pinned) -> Result<(), String> {
        let head = Head { block: view.block, hash: view.hash };
        let noted = self.heads().note(head, pinned.before);
        if noted.is_ok() {
            self.inner.told_by.store(pinned.told_by, Ordering::Relaxed);
        }
        noted
    }
}
