//! What is left to do once every revision is a commit: each file of each commit once.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::Digest;

use super::incoming::Incoming;
use super::keeping::Again;
use super::plan::Plan;
use super::wanted::{Judged, State};
use crate::fetch::{Commit, Namespace, Revision, Wanted};
use crate::source::Outcome;

/// A file to fetch.
pub(super) struct ToFetch {
    /// Places in the plan's list of files.
    pub(super) files: Vec<usize>,
    pub(super) commit: Commit,
    pub(super) wanted: Wanted,
    pub(super) competitions: BTreeSet<String>,
}

#[derive(Default)]
pub(super) struct Work {
    /// Held, and known.
    pub(super) known: Vec<(Vec<usize>, Judged)>,
    /// Held, but the plugin is to be asked.
    pub(super) again: Vec<Again>,
    /// Not held.
    pub(super) fetches: Vec<ToFetch>,
    /// What may wait in the folder of downloads.
    pub(super) names: BTreeSet<String>,
}

impl Work {
    pub(super) fn of(plan: &Plan, incoming: &Incoming) -> Self {
        // A branch and a commit may mean the same file.
        let mut groups: BTreeMap<(&Namespace, &Commit, &str), Vec<usize>> = BTreeMap::new();
        for (at, file) in plan.files.iter().enumerate() {
            if let Some(commit) = file.state.commit() {
                groups.entry((&file.namespace, commit, &file.path)).or_default().push(at);
            }
        }
        let mut work = Self::default();
        for ((namespace, commit, path), files) in groups {
            let competitions = competitions(plan, &files);
            let name = Incoming::name(namespace, commit, path);
            // It stays where it waits, also if the archive's copy turns out to be damaged.
            work.names.insert(name.clone());
            let object = files.iter().find_map(|at| match plan.files[*at].state {
                State::Held { object, .. } => Some(object),
                _ => None,
            });
            let wanted = Wanted {
                repository: namespace.clone(),
                revision: Revision::Pinned(commit.clone()),
                path: path.to_owned(),
                folder: incoming.folder.clone(),
                name,
            };
            let of = ToFetch { files, commit: commit.clone(), wanted, competitions };
            match object {
                Some(object) => work.held(plan, object, of),
                None => work.fetches.push(of),
            }
        }
        work
    }

    fn held(&mut self, plan: &Plan, object: Digest, of: ToFetch) {
        let asked = of.competitions.iter().map(String::as_str).collect();
        match plan.judge.known(object, &asked) {
            Some((bytes, counts)) => {
                let by_competition = counts.into_iter().collect();
                self.known.push((of.files, Judged { object, bytes, by_competition }));
            }
            None => self.again.push(Again { object, of }),
        }
    }
}

/// The competitions of all miners that named one of the files.
fn competitions(plan: &Plan, files: &[usize]) -> BTreeSet<String> {
    let miners = files.iter().flat_map(|at| &plan.files[*at].miners);
    let competition = |miner: &usize| match &plan.miners[*miner].found.outcome {
        Outcome::Dataset { place, .. } => Some(place.competition.clone()),
        _ => None,
    };
    miners.filter_map(competition).collect()
}
