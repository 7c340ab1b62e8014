//! Fetching again what a check found damaged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use plimsoll_core::{Digest, Uid};
use serde::Serialize;

use super::CollectError;
use super::arriving::witness;
use super::incoming::Incoming;
use super::judge::check;
use super::plan::locked;
use super::run::blocking;
use crate::archive::{Archive, Entry, NewFile, Outcome, Report, Retention};
use crate::fetch::{self, Commit, Fetch, Namespace, Revision, Wanted};
use crate::source::Source;

/// A damaged dataset, and what was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mended {
    /// The newest uid that has it.
    pub uid: Uid,
    /// The object.
    pub object: Digest,
    /// `owner/name`.
    pub namespace: String,
    /// The commit that it was fetched at.
    pub commit: String,
    /// Lines that were written again, or why it is still damaged.
    pub outcome: Result<u32, String>,
}

/// Fetches every dataset that `report` found damaged, from the repository and commit where it came from, and puts it in
/// again: what is kept of it is compared byte for byte, and what is damaged is written anew. A file that is not the one
/// that was kept is not taken.
///
/// # Errors
/// The archive's and the own disk's. What the hub does not have any more is told of the dataset.
pub async fn repair(
    report: &Report,
    data_dir: &std::path::Path,
    path: &str,
    fetch: &Arc<Fetch>,
    archive: &Arc<Mutex<Archive>>,
    source: &Source,
) -> Result<Vec<Mended>, CollectError> {
    let mut damaged: BTreeMap<Digest, (&Entry, plimsoll_core::NetUid)> = BTreeMap::new();
    for affected in &report.affected {
        if let Some(object) = affected.entry.object() {
            damaged.entry(object).or_insert((&affected.entry, affected.place.netuid));
        }
    }
    let mut mended = Vec::with_capacity(damaged.len());
    for (object, (entry, netuid)) in damaged {
        let Some((namespace, commit, competition)) = origin(entry) else { continue };
        let incoming = Incoming::open(data_dir, netuid)?;
        let name = Incoming::name(&namespace, &commit, path);
        let wanted = Wanted {
            repository: namespace.clone(),
            revision: Revision::Pinned(commit.clone()),
            path: path.to_owned(),
            folder: incoming.folder.clone(),
            name: name.clone(),
        };
        let outcome = match fetch.file(&wanted).await? {
            fetch::Outcome::Refused(refusal) => Err(refusal.to_string()),
            fetch::Outcome::Fetched(fetched) => {
                let (archive, source) = (Arc::clone(archive), source.clone());
                let from = (namespace.to_string(), commit.to_string());
                let put = blocking(move || put(&archive, &source, object, &fetched, &from, &competition));
                put.await?
            }
        };
        incoming.forget(&name);
        let (namespace, commit) = (namespace.to_string(), commit.to_string());
        mended.push(Mended { uid: entry.uid, object, namespace, commit, outcome });
    }
    if mended.iter().any(|of| of.outcome.is_ok()) {
        let archive = Arc::clone(archive);
        blocking(move || let_go(&archive)).await?;
    }
    Ok(mended)
}

/// Packs with blocks that are damaged, and that nothing needs now, are written anew without them.
fn let_go(archive: &Mutex<Archive>) -> Result<(), CollectError> {
    match locked(archive).gc(&Retention::default()) {
        // Something else is damaged: the next check tells of it.
        Err(error) if error.is_damage() => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

/// Where a kept dataset came from.
fn origin(entry: &Entry) -> Option<(Namespace, Commit, String)> {
    let Outcome::Kept { commit, .. } = &entry.outcome else { return None };
    let source = entry.commitment.as_ref()?.source.as_ref()?;
    let commit = Commit::parse(&hex::encode(commit)).ok()?;
    Some((Namespace::parse(&source.namespace).ok()?, commit, source.competition.clone()))
}

fn put(
    archive: &Mutex<Archive>,
    source: &Source,
    object: Digest,
    fetched: &fetch::Fetched,
    (namespace, commit): &(String, String),
    competition: &str,
) -> Result<Result<u32, String>, CollectError> {
    let bytes = std::fs::read(&fetched.path).map_err(CollectError::disk(&fetched.path, "read"))?;
    if Digest::of(&bytes) != object {
        return Ok(Err("the hub serves other bytes at this commit than were kept".to_owned()));
    }
    let checked = check(source, &bytes, &BTreeSet::from([competition.to_owned()]));
    let mut archive = locked(archive);
    let mut batch = archive.batch()?;
    let from = Some((namespace.as_str(), commit.as_str()));
    let put = batch.put(&NewFile { bytes: &bytes, rows: &checked.rows, witness: witness(fetched), from })?;
    batch.commit()?;
    Ok(Ok(put.healed))
}
