//! What a run will do, before it does it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_chain::Chain;
use plimsoll_core::{BlockNumber, DatasetPlace, Hotkey};
use serde::Serialize;

use super::judge::{Judge, newest_entries};
use super::kinds::{TAKEN_DOWN, UNDECIDED, UNRECORDABLE, of_not_mine};
use super::options::Chosen;
use super::outcome::{Kept, MinerOutcome};
use super::run::blocking;
use super::subnet::{self, Read, SubnetAt};
use super::wanted::{File, Files, State};
use super::{CollectError, CollectOptions};
use crate::archive::{self, Archive, ArchiveError, CommitmentNote, Entry, RawNote};
use crate::fetch::{Commit, Namespace};
use crate::source::{Committed, Found, Outcome, Source};

/// What a dataset weighs where none has been seen.
const USUAL_BYTES: u64 = 181_530;

/// What is known before the hub is asked for anything.
pub struct Plan {
    /// The subnet at the block that was read.
    pub subnet: SubnetAt,
    /// Commitments of hotkeys that have left the subnet.
    pub left_behind: usize,
    pub(super) miners: Vec<Planned>,
    pub(super) files: Vec<File>,
    pub(super) judge: Judge,
    held_bytes: (u64, u64),
}

/// One miner.
pub(super) struct Planned {
    pub(super) found: Found,
    /// In the clear.
    pub(super) note: Option<CommitmentNote>,
    /// Whether the snapshot before tells its names in the clear, because the hub had shown that they are names.
    pub(super) was_told: bool,
    pub(super) fate: Fate,
}

/// What decides a miner's outcome.
pub(super) enum Fate {
    /// It is known.
    Ended(MinerOutcome),
    /// That of this file.
    File(usize),
}

/// What a plan costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Files that are held already.
    pub held: usize,
    /// Requests for files, one each where nothing goes wrong.
    pub resolver_requests: usize,
    /// Requests of the API: one for each branch or tag.
    pub api_requests: usize,
    /// Bytes over the network, by what datasets weigh that are held.
    pub fetched_bytes: u64,
    /// Bytes on the disk at most: while they wait, and kept, if no row is known yet.
    pub disk_bytes: u64,
}

/// Reads the subnet at one block, lets the plugin read its commitments, and looks up what the archive has. The hub is
/// not asked.
///
/// # Errors
/// The chain's, the archive's, and for a selection of nobody.
pub async fn plan(
    options: &CollectOptions,
    chain: &dyn Chain,
    archive: &Arc<Mutex<Archive>>,
    source: &Source,
) -> Result<Plan, CollectError> {
    let read = subnet::read(chain, options.netuid).await?;
    let (options, archive, source) = (options.clone(), Arc::clone(archive), source.clone());
    blocking(move || laid_out(&options, read, Some(&locked(&archive)), &source)).await
}

/// The same without a lock, and without making the archive where there is none: for telling what a run would do.
///
/// # Errors
/// As [`plan`].
pub async fn plan_only(
    options: &CollectOptions,
    chain: &dyn Chain,
    source: &Source,
) -> Result<Plan, CollectError> {
    let read = subnet::read(chain, options.netuid).await?;
    let (options, source) = (options.clone(), source.clone());
    blocking(move || {
        let archive = match Archive::open_to_read(&options.data_dir) {
            Ok(archive) => Some(archive),
            Err(ArchiveError::Missing { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        laid_out(&options, read, archive.as_ref(), &source)
    })
    .await
}

pub(super) fn locked(archive: &Mutex<Archive>) -> MutexGuard<'_, Archive> {
    // Whoever panicked under it had a batch open at most, which left the archive as it was.
    archive.lock().unwrap_or_else(PoisonError::into_inner)
}

fn laid_out(
    options: &CollectOptions,
    read: Read,
    archive: Option<&Archive>,
    source: &Source,
) -> Result<Plan, CollectError> {
    archive.map_or(Ok(()), |archive| check_chain(archive, &read.at))?;
    let survey = source.survey(&read.neurons, &read.committed)?;
    let chosen = options.selection.on(&read.at, &survey.found)?;
    let before = archive.map_or(Ok(Vec::new()), |archive| newest_entries(archive, options.netuid))?;
    let mut judge = Judge::new(source, &options.data_dir, options.netuid);
    judge.learn(&before);
    let mut table = Table {
        archive,
        chosen,
        notes: notes(&read.committed),
        before: by_source(&before),
        files: Files::default(),
    };
    let mut miners = Vec::with_capacity(survey.found.len());
    for (at, found) in survey.found.into_iter().enumerate() {
        miners.push(table.planned(at, found)?);
    }
    let files = table.files.all;
    let weights = before.iter().filter_map(|entry| match &entry.outcome {
        archive::Outcome::Kept { bytes, .. } => Some(*bytes),
        _ => None,
    });
    let held_bytes = weights.fold((0, 0), |(sum, n), bytes| (sum + bytes, n + 1));
    Ok(Plan { subnet: read.at, left_behind: survey.left_behind, miners, files, judge, held_bytes })
}

/// An archive is of one chain: a local ledger's datasets do not belong into the public network's history.
fn check_chain(archive: &Archive, at: &SubnetAt) -> Result<(), CollectError> {
    let Some(kept) = archive.chain()? else { return Ok(()) };
    if kept == at.genesis { Ok(()) } else { Err(CollectError::OtherChain { kept, found: at.genesis }) }
}

type Notes = HashMap<(Hotkey, BlockNumber), RawNote>;

fn notes(committed: &[Committed]) -> Notes {
    let note = |of: &Committed| ((of.hotkey, of.block), RawNote::of(of.form.bytes().unwrap_or_default()));
    committed.iter().map(note).collect()
}

fn key(source: &archive::Source) -> (String, String) {
    (source.namespace.clone(), source.revision.clone())
}

fn by_source(before: &[Entry]) -> BTreeMap<(String, String), &Entry> {
    let source = |entry: &Entry| Some(key(entry.commitment.as_ref()?.source.as_ref()?));
    before.iter().filter_map(|entry| Some((source(entry)?, entry))).collect()
}

/// What miners are looked up in.
struct Table<'t> {
    archive: Option<&'t Archive>,
    chosen: Chosen<'t>,
    notes: Notes,
    before: BTreeMap<(String, String), &'t Entry>,
    files: Files,
}

impl Table<'_> {
    fn planned(&mut self, at: usize, found: Found) -> Result<Planned, CollectError> {
        let note = |source| {
            let block = found.block?;
            let raw = self.notes.get(&(found.hotkey, block)).copied().unwrap_or_else(|| RawNote::of(&[]));
            Some(CommitmentNote { block, raw, source })
        };
        let mut was_told = false;
        let (note, fate) = match &found.outcome {
            Outcome::NotMine { why, .. } => {
                let ended = of_not_mine(why).map(|kind| MinerOutcome::not(kind, why.to_string()));
                (note(None), Fate::Ended(ended.unwrap_or(MinerOutcome::Nothing)))
            }
            Outcome::Undecided { why, .. } => {
                let outcome =
                    MinerOutcome::not(UNDECIDED, format!("the plugin broke down on the commitment: {why}"));
                (note(None), Fate::Ended(outcome))
            }
            Outcome::Dataset { place, .. } => match recordable(place) {
                Err(why) => (note(None), Fate::Ended(MinerOutcome::not(UNRECORDABLE, why))),
                Ok((source, namespace)) => {
                    let told = self.before.get(&key(&source)).copied();
                    was_told = told.is_some();
                    let before = told.or_else(|| self.before.get(&key(&source.untold())).copied());
                    let (note, place) = (note(Some(source)), place.clone());
                    let is_asked = self.chosen.takes(&found);
                    let fate = self.fate(at, &place, namespace, is_asked, before)?;
                    (note, fate)
                }
            },
        };
        Ok(Planned { found, note, was_told, fate })
    }

    /// What decides over a dataset.
    fn fate(
        &mut self,
        at: usize,
        place: &DatasetPlace,
        namespace: Namespace,
        is_asked: bool,
        before: Option<&Entry>,
    ) -> Result<Fate, CollectError> {
        if let Some(archive::Outcome::Failed { kind, text }) = before.map(|entry| &entry.outcome)
            && kind == TAKEN_DOWN
            // A branch may mean another file by now.
            && Commit::parse(&place.revision).is_ok()
        {
            return Ok(Fate::Ended(MinerOutcome::not(TAKEN_DOWN, text.clone())));
        }
        let state = match Commit::parse(&place.revision) {
            Ok(commit) => match self.archive {
                Some(archive) => held(archive, &namespace, commit, &place.path)?,
                None => State::Missing { commit },
            },
            Err(_) => State::Unresolved,
        };
        if is_asked || matches!(state, State::Held { .. }) {
            return Ok(Fate::File(self.files.enter(place, namespace, at, is_asked, || state)));
        }
        Ok(Fate::Ended(before.map_or_else(|| MinerOutcome::not_asked(None), carried)))
    }
}

/// Whether the archive has the file, or it is to be fetched.
pub(super) fn held(
    archive: &Archive,
    namespace: &Namespace,
    commit: Commit,
    path: &str,
) -> Result<State, CollectError> {
    Ok(match archive.find_file(namespace.as_str(), commit.as_str(), path)? {
        Some(object) => State::Held { object, commit },
        None => State::Missing { commit },
    })
}

/// What the snapshot before says of a dataset that is not asked about now.
fn carried(before: &Entry) -> MinerOutcome {
    match &before.outcome {
        archive::Outcome::Kept { object, bytes, rows, valid, commit } => {
            let (object, bytes, rows, valid) = (*object, *bytes, *rows, *valid);
            MinerOutcome::Kept(Kept {
                object,
                bytes,
                rows,
                valid,
                commit: hex::encode(commit),
                is_new: false,
            })
        }
        archive::Outcome::Failed { kind, text } => {
            MinerOutcome::not_asked(Some((kind.clone(), text.clone())))
        }
        archive::Outcome::Skipped => MinerOutcome::not_asked(None),
    }
}

/// The source as the archive records it. Names that it does not take are not shown: they may be a secret.
fn recordable(place: &DatasetPlace) -> Result<(archive::Source, Namespace), String> {
    let source = archive::Source {
        namespace: place.namespace.clone(),
        revision: place.revision.clone(),
        competition: place.competition.clone(),
    };
    source.check().map_err(|why| format!("its commitment cannot be recorded: {why}"))?;
    let namespace = Namespace::parse(&place.namespace).map_err(|why| format!("its namespace {why}"))?;
    Ok((source, namespace))
}

impl Plan {
    /// Whether something is carried over from the snapshot before that nobody judged now.
    pub(super) fn carries(&self) -> bool {
        self.miners.iter().any(|miner| matches!(miner.fate, Fate::Ended(MinerOutcome::Kept(_))))
    }

    /// Who is on the subnet.
    #[must_use]
    pub fn miners(&self) -> usize {
        self.miners.len()
    }

    /// Files that are to be asked for, at most.
    #[must_use]
    pub fn to_fetch(&self) -> usize {
        self.files.iter().filter(|file| !matches!(file.state, State::Held { .. })).count()
    }

    /// What carrying it out costs.
    #[must_use]
    pub fn cost(&self) -> Cost {
        let resolver_requests = self.to_fetch();
        let unresolved = |file: &&File| matches!(file.state, State::Unresolved);
        let (sum, n) = self.held_bytes;
        let each = sum.checked_div(n).unwrap_or(USUAL_BYTES);
        let fetched_bytes = each.saturating_mul(resolver_requests as u64);
        Cost {
            held: self.files.len() - resolver_requests,
            resolver_requests,
            api_requests: self.files.iter().filter(unresolved).count(),
            fetched_bytes,
            disk_bytes: fetched_bytes.saturating_mul(2),
        }
    }
}
