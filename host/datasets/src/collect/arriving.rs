//! One file: from the hub through the plugin to whoever keeps it.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use plimsoll_core::Digest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::CollectError;
use super::incoming::Incoming;
use super::judge::check;
use super::keeping::{Arrived, ToKeep};
use super::outcome::MinerOutcome;
use super::run::blocking;
use super::unpinned::outcome_of;
use super::work::ToFetch;
use crate::archive::Witness;
use crate::fetch::{Fetch, Fetched, Outcome};
use crate::source::Source;

/// Bytes of files that are in memory at a time, from their reading until the archive has them.
pub(super) const MEMORY_KIB: u32 = 96 << 10;

/// What every file passes through.
#[derive(Clone)]
pub(super) struct Hands {
    pub(super) fetch: Arc<Fetch>,
    pub(super) source: Source,
    /// As many files are read and checked at a time as there are cores.
    pub(super) checking: Arc<Semaphore>,
    /// Bytes of files in memory, in KiB.
    pub(super) memory: Arc<Semaphore>,
    pub(super) incoming: Incoming,
    pub(super) to_keep: SyncSender<ToKeep>,
}

/// How it went.
pub(super) enum Ended {
    /// Whoever keeps it has it.
    Handed,
    /// It could not be had.
    Refused(Vec<usize>, MinerOutcome),
}

pub(super) async fn one(hands: Hands, of: ToFetch) -> Result<Ended, CollectError> {
    let fetched = match hands.fetch.file(&of.wanted).await? {
        Outcome::Fetched(fetched) => fetched,
        Outcome::Refused(refusal) => return Ok(Ended::Refused(of.files, outcome_of(&refusal))),
    };
    // Nobody closes them.
    let share = Arc::clone(&hands.memory).acquire_many_owned(share_kib(fetched.bytes)).await.ok();
    let turn = Arc::clone(&hands.checking).acquire_owned().await.ok();
    blocking(move || {
        let handed = hand_over(&hands, of, &fetched, share);
        drop(turn);
        handed
    })
    .await
}

/// What a file takes of the memory: one that is larger than all of it has it alone.
fn share_kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).clamp(1, MEMORY_KIB)
}

fn hand_over(
    hands: &Hands,
    of: ToFetch,
    fetched: &Fetched,
    share: Option<OwnedSemaphorePermit>,
) -> Result<Ended, CollectError> {
    let ToFetch { files, wanted, competitions, .. } = of;
    let bytes = std::fs::read(&fetched.path).map_err(CollectError::disk(&fetched.path, "read"))?;
    if Digest::of(&bytes).to_string() != fetched.blake3 {
        hands.incoming.forget_all(&[wanted.name]);
        let why = "the file was changed while it waited for the archive; the next run fetches it again";
        return Ok(Ended::Refused(files, MinerOutcome::not("changed", why)));
    }
    let checked = check(&hands.source, &bytes, &competitions);
    let arrived = Arrived {
        files,
        bytes,
        checked,
        witness: witness(fetched),
        namespace: wanted.repository.to_string(),
        commit: fetched.commit.to_string(),
        path: wanted.path,
        share,
        waits: Some(wanted.name),
    };
    // Where nobody receives it, the archive has failed, and the run says so.
    let _ = hands.to_keep.send(ToKeep::File(Box::new(arrived)));
    Ok(Ended::Handed)
}

/// What the hub knows the file by.
pub(super) fn witness(fetched: &Fetched) -> Witness {
    let digits = |most| (fetched.etag.len() == most).then(|| hex::decode(&fetched.etag).ok()).flatten();
    Witness {
        sha256: digits(64).and_then(|bytes| bytes.try_into().ok()),
        git_sha1: digits(40).and_then(|bytes| bytes.try_into().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_share_of_the_memory_and_the_largest_all_of_it() {
        assert_eq!([0, 1, 1024, 1025].map(share_kib), [1, 1, 1, 2]);
        assert_eq!(share_kib(32 << 20) * 3, MEMORY_KIB, "three of the largest that are taken by default");
        assert_eq!([97 << 20, u64::MAX].map(share_kib), [MEMORY_KIB; 2]);
    }
}
