//! The thread that puts into the archive: files in batches, at the end the snapshot.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use plimsoll_core::{Digest, Keypair, NetUid};
use plimsoll_json::RowId;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::UnboundedSender;

use super::incoming::Incoming;
use super::judge::{Checked, check};
use super::kinds::TAKEN_DOWN;
use super::listener::Listener;
use super::outcome::MinerOutcome;
use super::wanted::Judged;
use super::work::ToFetch;
use crate::archive::{
    Archive, ArchiveError, Batch, Entry, Manifest, NewFile, Outcome, SnapshotFacts, Witness,
};
use crate::source::Source;

/// A batch is committed when it is as old or as large as this: what a kill costs is put in again, not fetched again.
const BATCH_TIME: Duration = Duration::from_secs(2);
const BATCH_BYTES: usize = 64 << 20;

/// What the thread is sent.
pub(super) enum ToKeep {
    File(Box<Arrived>),
    Snapshot(Box<ToSeal>),
}

/// A file that has arrived and was looked at.
pub(super) struct Arrived {
    pub(super) files: Vec<usize>,
    pub(super) bytes: Vec<u8>,
    pub(super) checked: Checked,
    pub(super) witness: Witness,
    pub(super) namespace: String,
    pub(super) commit: String,
    pub(super) path: String,
    /// Its share of the memory, given back once it is put in.
    pub(super) share: Option<OwnedSemaphorePermit>,
    /// Its name in the folder where it waits.
    pub(super) waits: Option<String>,
}

pub(super) struct ToSeal {
    pub(super) facts: SnapshotFacts,
    pub(super) wallet: Option<Keypair>,
    pub(super) at_ms: u64,
}

/// A file that is held, of which nobody knows what the plugin says.
pub(super) struct Again {
    pub(super) object: Digest,
    pub(super) of: ToFetch,
}

/// What the thread says of a file.
pub(super) enum Said {
    Ended(Answer),
    /// What is held of it is damaged.
    Damaged(ToFetch),
}

pub(super) struct Answer {
    pub(super) files: Vec<usize>,
    pub(super) put: Result<Judged, MinerOutcome>,
    /// Whether it was fetched, not held.
    pub(super) is_new: bool,
}

pub(super) struct Keeper {
    pub(super) netuid: NetUid,
    pub(super) incoming: Incoming,
    pub(super) source: Source,
    pub(super) answers: UnboundedSender<Said>,
    pub(super) listener: Arc<dyn Listener>,
}

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) manifest: Option<Digest>,
    /// Bytes of lines that were not kept before.
    pub(super) new_bytes: u64,
    pub(super) new_objects: u64,
    /// How far the clock is behind the snapshot before, where it is.
    pub(super) behind_ms: Option<u64>,
    /// Whether the snapshot keeps what an earlier one of its block had and this run did not get.
    pub(super) carries: bool,
}

impl Keeper {
    /// Keeps what comes until nothing can come any more. Files that came before an error of the disk are either kept or
    /// still where they waited.
    pub(super) fn run(
        &self,
        archive: &mut Archive,
        again: Vec<Again>,
        from: &Receiver<ToKeep>,
    ) -> Result<Done, ArchiveError> {
        let mut done = Done::default();
        for held in again {
            self.look_again(archive, held, &mut done)?;
        }
        while let Ok(first) = from.recv() {
            self.batch(archive, first, from, &mut done)?;
        }
        Ok(done)
    }

    fn batch(
        &self,
        archive: &mut Archive,
        first: ToKeep,
        from: &Receiver<ToKeep>,
        done: &mut Done,
    ) -> Result<(), ArchiveError> {
        let (began, mut bytes, mut waited) = (Instant::now(), 0, Vec::new());
        let newest = made_at(archive, self.netuid)?;
        let mut batch = archive.batch()?;
        let mut next = Some(first);
        while let Some(work) = next {
            match work {
                ToKeep::File(arrived) => {
                    bytes += arrived.bytes.len();
                    waited.extend(arrived.waits.clone());
                    self.put(&mut batch, *arrived, done)?;
                }
                ToKeep::Snapshot(seal) => {
                    let ToSeal { mut facts, wallet, at_ms } = *seal;
                    // A later look at the same block may have got less than the one before.
                    if let Some(before) = batch.kept_at(facts.place)? {
                        done.carries |= carry_over(&mut facts, &before);
                    }
                    done.behind_ms = behind(newest, at_ms);
                    done.manifest = Some(batch.snapshot(facts, wallet.as_ref(), at_ms, true)?);
                    break;
                }
            }
            let left = BATCH_TIME.saturating_sub(began.elapsed());
            next = if bytes < BATCH_BYTES { from.recv_timeout(left).ok() } else { None };
        }
        batch.commit()?;
        self.listener.kept(waited.len());
        self.incoming.forget_all(&waited);
        Ok(())
    }

    /// Puts a file in. What the archive has against the file itself is the file's outcome.
    fn put(&self, batch: &mut Batch<'_>, arrived: Arrived, done: &mut Done) -> Result<(), ArchiveError> {
        let Arrived { files, bytes, checked, witness, namespace, commit, path, share, waits } = arrived;
        let from = Some((namespace.as_str(), commit.as_str()));
        let file = NewFile { bytes: &bytes, rows: &checked.rows, witness, from };
        let put = match batch.put_for(&file, &path, self.netuid) {
            Ok(put) => {
                done.new_bytes += put.new_bytes;
                done.new_objects += u64::from(put.is_new);
                let by_competition = checked.counts.into_iter().collect();
                Ok(Judged { object: put.object, bytes: bytes.len() as u64, by_competition })
            }
            Err(ArchiveError::TakenDown { reason, .. }) => {
                Err(MinerOutcome::not(TAKEN_DOWN, format!("the operator took it down: {reason}")))
            }
            Err(ArchiveError::Facts { field, why }) => {
                Err(MinerOutcome::not("unrecordable", format!("{field}: {why}")))
            }
            Err(error) => return Err(error),
        };
        drop((bytes, share));
        self.answer(files, put, waits.is_some());
        Ok(())
    }

    /// Asks the plugin about a file that is held, and puts it in again if its rows are others now.
    fn look_again(&self, archive: &mut Archive, held: Again, done: &mut Done) -> Result<(), ArchiveError> {
        let Again { object, of } = held;
        let bytes = match archive.object(&object) {
            Ok(bytes) => bytes,
            Err(ArchiveError::TakenDown { reason, .. }) => {
                let why = format!("the operator took it down: {reason}");
                self.answer(of.files, Err(MinerOutcome::not(TAKEN_DOWN, why)), false);
                return Ok(());
            }
            Err(error) if error.is_damage() => {
                tracing::warn!(%object, %error, "what is kept of a file is damaged; it is fetched again");
                let _ = self.answers.send(Said::Damaged(of));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let checked = check(&self.source, &bytes, &of.competitions);
        let ids: Vec<RowId> = checked.rows.iter().map(|(_, id)| *id).collect();
        if archive.rows_of(&object)? == ids {
            let by_competition = checked.counts.into_iter().collect();
            self.answer(of.files, Ok(Judged { object, bytes: bytes.len() as u64, by_competition }), false);
            return Ok(());
        }
        let witness = archive.witness(&object)?;
        let mut batch = archive.batch()?;
        let ToFetch { files, commit, wanted, .. } = of;
        let (namespace, commit, path) = (wanted.repository.to_string(), commit.to_string(), wanted.path);
        let (share, waits) = (None, None);
        let arrived = Arrived { files, bytes, checked, witness, namespace, commit, path, share, waits };
        self.put(&mut batch, arrived, done)?;
        batch.commit()
    }

    fn answer(&self, files: Vec<usize>, put: Result<Judged, MinerOutcome>, is_new: bool) {
        // Nobody listens where the run has failed already.
        let _ = self.answers.send(Said::Ended(Answer { files, put, is_new }));
    }
}

/// When the subnet's newest snapshot says that it was made.
fn made_at(archive: &Archive, netuid: NetUid) -> Result<Option<u64>, ArchiveError> {
    match archive.newest(netuid) {
        Ok(newest) => Ok(newest.map(|newest| newest.at_ms)),
        Err(error) if error.is_damage() => Ok(None),
        Err(error) => Err(error),
    }
}

/// How far a snapshot of now is behind one that was made before. It is kept as it is: snapshots go by their blocks.
fn behind(before_ms: Option<u64>, at_ms: u64) -> Option<u64> {
    let behind_ms = before_ms?.checked_sub(at_ms).filter(|behind| *behind > 0)?;
    tracing::warn!(behind_ms, "the clock is behind the snapshot before: one of the two times is wrong");
    Some(behind_ms)
}

/// Keeps what an earlier snapshot of the same block has of a miner whose commitment is the same, where this one has
/// nothing. Whether there was any.
fn carry_over(facts: &mut SnapshotFacts, before: &Manifest) -> bool {
    let mut carries = false;
    for entry in &mut facts.entries {
        let Outcome::Failed { kind, .. } = &entry.outcome else { continue };
        let is_same = |kept: &&Entry| is_same_commitment(kept, entry);
        let kept = before.entry(entry.uid).filter(is_same).filter(|kept| kept.object().is_some());
        if let Some(kept) = kept.filter(|_| kind != TAKEN_DOWN) {
            entry.outcome = kept.outcome.clone();
            entry.commitment.clone_from(&kept.commitment);
            carries = true;
        }
    }
    carries
}

/// Whether two records are of one commitment, whatever either tells of its names.
fn is_same_commitment(one: &Entry, other: &Entry) -> bool {
    let facts = |of: &Entry| of.commitment.as_ref().map(|note| (note.block, note.raw));
    let source = |of: &Entry| of.commitment.as_ref().and_then(|note| note.source.clone());
    let is_of = match (source(one), source(other)) {
        (Some(one), Some(other)) => one.is_of(&other) || other.is_of(&one),
        (one, other) => one == other,
    };
    one.hotkey == other.hotkey && facts(one) == facts(other) && is_of
}
