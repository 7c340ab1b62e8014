//! Fetching again what a check found damaged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use plimsoll_core::{Digest, NetUid, Uid};
use serde::Serialize;

use super::CollectError;
use super::arriving::witness;
use super::incoming::Incoming;
use super::judge::check;
use super::plan::locked;
use super::run::blocking;
use crate::archive::{Archive, ArchiveError, Entry, NewFile, Outcome, Report, Retention};
use crate::fetch::{self, Commit, Fetch, Namespace, Revision, Wanted};
use crate::source::Source;

/// A damaged dataset, and what was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mended {
    /// The newest uid that has it, if a snapshot names it.
    pub uid: Option<Uid>,
    /// The object.
    pub object: Digest,
    /// `owner/name`.
    pub namespace: String,
    /// The commit that it was fetched at.
    pub commit: String,
    /// Lines that were written again, or why it is still damaged.
    pub outcome: Result<u32, String>,
}

/// Fetches every dataset that `report` found damaged, from the repositories and commits where it came from until one
/// gives it, and puts it in again: what is kept of it is compared byte for byte, and what is damaged is written anew. A
/// file that is not the one that was kept is not taken. `path` is where datasets are that no source is noted of.
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
    let damaged = damaged(report, path);
    let mut mended = Vec::with_capacity(damaged.len());
    for (object, of) in damaged {
        let incoming = Incoming::open(data_dir, of.netuid.unwrap_or_default())?;
        let mut last = None;
        for (namespace, commit, path) in &of.origins {
            let name = Incoming::name(namespace, commit, path);
            let wanted = Wanted {
                repository: namespace.clone(),
                revision: Revision::Pinned(commit.clone()),
                path: path.clone(),
                folder: incoming.folder.clone(),
                name: name.clone(),
            };
            let outcome = match fetch.file(&wanted).await? {
                fetch::Outcome::Refused(refusal) => Err(refusal.to_string()),
                fetch::Outcome::Fetched(fetched) => {
                    let (archive, source, of) = (Arc::clone(archive), source.clone(), of.clone());
                    let from = (namespace.to_string(), commit.to_string(), path.clone());
                    blocking(move || put(&archive, &source, object, &fetched, &from, &of)).await?
                }
            };
            incoming.forget_all(&[name]);
            let is_mended = outcome.is_ok();
            let (namespace, commit) = (namespace.to_string(), commit.to_string());
            last = Some(Mended { uid: of.uid, object, namespace, commit, outcome });
            if is_mended {
                break;
            }
        }
        mended.extend(last);
    }
    if mended.iter().any(|of| of.outcome.is_ok()) {
        let archive = Arc::clone(archive);
        blocking(move || let_go(&archive)).await?;
    }
    Ok(mended)
}

/// A damaged object, and where it can be had.
#[derive(Debug, Clone, Default)]
struct Damaged {
    uid: Option<Uid>,
    netuid: Option<NetUid>,
    competitions: BTreeSet<String>,
    origins: BTreeSet<(Namespace, Commit, String)>,
}

fn damaged(report: &Report, path: &str) -> BTreeMap<Digest, Damaged> {
    let mut damaged: BTreeMap<Digest, Damaged> = BTreeMap::new();
    for origin in &report.origins {
        let of = damaged.entry(origin.object).or_default();
        if let (Ok(namespace), Ok(commit)) =
            (Namespace::parse(&origin.namespace), Commit::parse(&origin.commit))
        {
            of.origins.insert((namespace, commit, origin.path.clone()));
        }
    }
    for affected in &report.affected {
        let (entry, netuid) = (&affected.entry, affected.place.netuid);
        let (Some(object), Some((namespace, commit, competition))) = (entry.object(), origin(entry)) else {
            continue;
        };
        let of = damaged.entry(object).or_default();
        (of.uid, of.netuid) = (of.uid.or(Some(entry.uid)), of.netuid.or(Some(netuid)));
        of.competitions.insert(competition);
        if !of.origins.iter().any(|(known, at, _)| *known == namespace && *at == commit) {
            of.origins.insert((namespace, commit, path.to_owned()));
        }
    }
    damaged
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
    (namespace, commit, path): &(String, String, String),
    of: &Damaged,
) -> Result<Result<u32, String>, CollectError> {
    let bytes = std::fs::read(&fetched.path).map_err(CollectError::disk(&fetched.path, "read"))?;
    if Digest::of(&bytes) != object {
        return Ok(Err("the hub serves other bytes at this commit than were kept".to_owned()));
    }
    let checked = check(source, &bytes, &of.competitions);
    let mut archive = locked(archive);
    let mut batch = archive.batch()?;
    let from = Some((namespace.as_str(), commit.as_str()));
    let file = NewFile { bytes: &bytes, rows: &checked.rows, witness: witness(fetched), from };
    let put = match of.netuid {
        Some(netuid) => batch.put_for(&file, path, netuid),
        None => batch.put_at(&file, path),
    };
    let put = match put {
        Err(down @ ArchiveError::TakenDown { .. }) => return Ok(Err(down.to_string())),
        put => put?,
    };
    batch.commit()?;
    Ok(Ok(put.healed))
}
