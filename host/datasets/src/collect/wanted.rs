//! The files that a subnet's commitments name, each once.

use std::collections::BTreeMap;

use plimsoll_core::{DatasetPlace, Digest};

use super::judge::Counts;
use crate::fetch::{Commit, Namespace};

/// A file that one miner or more named.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) namespace: Namespace,
    /// As committed: a commit, branch or tag.
    pub(super) revision: String,
    pub(super) path: String,
    /// Places in the list of miners.
    pub(super) miners: Vec<usize>,
    /// Whether one of them is to be fetched.
    pub(super) is_asked: bool,
    pub(super) state: State,
}

impl File {
    /// Whether it is of a branch or tag of which the hub has told the commit.
    pub(super) fn is_resolved(&self) -> bool {
        self.state.commit().is_some_and(|commit| commit.as_str() != self.revision)
    }
}

/// How far a file has come.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// The archive has it.
    Held { object: Digest, commit: Commit },
    /// It is to be fetched.
    Missing { commit: Commit },
    /// Which commit a branch or tag means is to be asked.
    Unresolved,
}

/// What was found of a file's rows, by competition.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) object: Digest,
    pub(super) bytes: u64,
    pub(super) by_competition: BTreeMap<String, Counts>,
}

/// Files by repository, revision and path.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) all: Vec<File>,
    places: BTreeMap<(String, String, String), usize>,
}

impl Files {
    /// The place of the file that `of` names, `miner` being one more who does.
    pub(super) fn enter(
        &mut self,
        of: &DatasetPlace,
        namespace: Namespace,
        miner: usize,
        is_asked: bool,
        state: impl FnOnce() -> State,
    ) -> usize {
        let key = (of.namespace.clone(), of.revision.clone(), of.path.clone());
        let at = *self.places.entry(key).or_insert_with(|| {
            let (revision, path) = (of.revision.clone(), of.path.clone());
            self.all.push(File {
                namespace,
                revision,
                path,
                miners: Vec::new(),
                is_asked: false,
                state: state(),
            });
            self.all.len() - 1
        });
        if let Some(file) = self.all.get_mut(at) {
            file.miners.push(miner);
            file.is_asked |= is_asked;
        }
        at
    }
}

impl State {
    pub(super) const fn commit(&self) -> Option<&Commit> {
        match self {
            Self::Held { commit, .. } | Self::Missing { commit } => Some(commit),
            Self::Unresolved => None,
        }
    }
}
