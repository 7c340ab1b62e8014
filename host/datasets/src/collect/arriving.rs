//! One file: from the hub through the plugin to whoever keeps it.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use plimsoll_core::Digest;
use tokio::sync::Semaphore;

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

/// What every file passes through.
#[derive(Clone)]
pub(super) struct Hands {
    pub(super) fetch: Arc<Fetch>,
    pub(super) source: Source,
    /// As many files are read and checked at a time as there are cores.
    pub(super) checking: Arc<Semaphore>,
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
    // Nobody closes it.
    let turn = Arc::clone(&hands.checking).acquire_owned().await.ok();
    blocking(move || {
        let handed = hand_over(&hands, of, &fetched);
        drop(turn);
        handed
    })
    .await
}

fn hand_over(hands: &Hands, of: ToFetch, fetched: &Fetched) -> Result<Ended, CollectError> {
    let ToFetch { files, wanted, competitions } = of;
    let bytes = std::fs::read(&fetched.path).map_err(CollectError::disk(&fetched.path, "read"))?;
    if Digest::of(&bytes).to_string() != fetched.blake3 {
        hands.incoming.forget(&wanted.name);
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
