//! How it ended, file by file, and so miner by miner.

use std::collections::HashMap;

use super::listener::Listener;
use super::outcome::{Kept, MinerOutcome, Told};
use super::plan::{Fate, Plan, Planned};
use super::wanted::{File, Judged};
use crate::archive::{self, CommitmentNote, Entry, Place, SnapshotFacts, Standing};
use crate::source::{Found, Outcome};

/// The file's rows and whether it is new, or why it is not kept.
type End = Result<(Judged, bool), MinerOutcome>;

/// The ends that are known.
#[derive(Debug, Default)]
pub(super) struct Ends {
    of_files: HashMap<usize, End>,
    /// Valid rows that a dataset must have.
    least: u32,
}

impl Ends {
    /// None yet; datasets with fewer valid rows than `least` will be told of.
    pub(super) fn new(least: u32) -> Self {
        Self { of_files: HashMap::new(), least }
    }

    /// Notes the end of files and tells of it.
    pub(super) fn end(&mut self, plan: &Plan, listener: &dyn Listener, files: &[usize], end: &End) {
        for at in files {
            let Some(file) = plan.files.get(*at) else { continue };
            self.of_files.insert(*at, end.clone());
            let miners = || file.miners.iter().filter_map(|miner| plan.miners.get(*miner));
            let Some(first) = miners().next() else { continue };
            let Some(source) = self.note(plan, first).and_then(|note| note.source) else { continue };
            listener.told(&Told {
                uids: miners().map(|miner| miner.found.uid).collect(),
                namespace: source.namespace,
                revision: source.revision,
                outcome: self.of(plan, first),
            });
        }
    }

    /// What became of a miner's dataset.
    pub(super) fn of(&self, plan: &Plan, miner: &Planned) -> MinerOutcome {
        self.ended(plan, miner).with_at_least(self.least)
    }

    /// What a miner had committed, as it is recorded, printed and logged.
    pub(super) fn note(&self, plan: &Plan, miner: &Planned) -> Option<CommitmentNote> {
        let is_resolved = || match &miner.fate {
            Fate::Ended(_) => false,
            Fate::File(at) => plan.files.get(*at).is_some_and(File::is_resolved),
        };
        let is_there = miner.was_told || is_resolved() || self.ended(plan, miner).kept().is_some();
        miner.note.clone().map(|note| note.told(is_there))
    }

    fn ended(&self, plan: &Plan, miner: &Planned) -> MinerOutcome {
        let at = match &miner.fate {
            Fate::Ended(outcome) => return outcome.clone(),
            Fate::File(at) => at,
        };
        match (self.of_files.get(at), plan.files.get(*at)) {
            (Some(Ok((judged, is_new))), Some(file)) => kept(judged, *is_new, file, miner),
            (Some(Err(outcome)), _) => outcome.clone(),
            // A branch that this run does not ask about, and that no snapshot knows.
            _ => MinerOutcome::not_asked(None),
        }
    }

    /// All of it, for the archive.
    pub(super) fn facts(&self, plan: &Plan) -> SnapshotFacts {
        let entry = |miner: &Planned| {
            let found = &miner.found;
            Entry {
                uid: found.uid,
                hotkey: found.hotkey,
                coldkey: Some(found.coldkey),
                commitment: self.note(plan, miner),
                outcome: recorded(&self.of(plan, miner)),
            }
        };
        let place = Place { netuid: plan.subnet.netuid, block: plan.subnet.block };
        SnapshotFacts {
            chain: plan.subnet.genesis,
            place,
            block_hash: plan.subnet.block_hash,
            entries: plan.miners.iter().map(entry).collect(),
            standings: plan.miners.iter().map(|miner| (miner.found.uid, standing(&miner.found))).collect(),
        }
    }
}

fn standing(found: &Found) -> Standing {
    Standing { incentive: found.incentive, stake_rao: Some(found.stake_rao.0) }
}

fn kept(judged: &Judged, is_new: bool, file: &File, miner: &Planned) -> MinerOutcome {
    let counts = match &miner.found.outcome {
        Outcome::Dataset { place, .. } => judged.by_competition.get(&place.competition).copied(),
        _ => None,
    };
    let counts = counts.unwrap_or_default();
    let commit = file.state.commit().map_or_else(String::new, ToString::to_string);
    let Judged { object, bytes, .. } = *judged;
    MinerOutcome::Kept(Kept { object, bytes, rows: counts.rows, valid: counts.valid, commit, is_new })
}

fn recorded(outcome: &MinerOutcome) -> archive::Outcome {
    match outcome {
        MinerOutcome::Nothing => archive::Outcome::Skipped,
        MinerOutcome::Not { recorded: (kind, text), .. } => {
            archive::Outcome::Failed { kind: kind.clone(), text: text.clone() }
        }
        // How many rows are enough is for whoever looks to say.
        MinerOutcome::Kept(kept) | MinerOutcome::TooFew { kept, .. } => {
            let Kept { object, bytes, rows, valid, commit, .. } = kept;
            let commit = hex::decode(commit).ok().and_then(|bytes| bytes.try_into().ok());
            archive::Outcome::Kept {
                object: *object,
                bytes: *bytes,
                rows: *rows,
                valid: *valid,
                commit: commit.unwrap_or_default(),
            }
        }
    }
}
