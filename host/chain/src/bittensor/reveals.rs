//! Where commits are noted that wait for their reveal: one file a chain, subnet and hotkey.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use plimsoll_core::{BlockNumber, Digest, Hotkey, NetUid};

use super::Bittensor;
use crate::ChainError;
use crate::reveal::RevealJournal;

/// Journals that are open.
#[derive(Debug, Default)]
pub(super) struct Journals(HashMap<PathBuf, Kept>);

/// One of them.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) journal: RevealJournal,
    /// The block at which it was last looked through.
    pub(super) tended: Option<BlockNumber>,
    /// Commits of which a reveal was refused.
    pub(super) refused: HashSet<Digest>,
}

impl Journals {
    /// Whether there is a journal, here or on disk.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.0.contains_key(path) || path.exists()
    }

    /// The journal at `path`, opened the first time.
    pub(super) fn of(&mut self, path: &Path) -> Result<&mut Kept, ChainError> {
        match self.0.entry(path.to_owned()) {
            Entry::Occupied(open) => Ok(open.into_mut()),
            Entry::Vacant(place) => {
                if let Some(folder) = path.parent() {
                    let failed = |source| ChainError::Disk { path: folder.to_owned(), doing: "make", source };
                    std::fs::create_dir_all(folder).map_err(failed)?;
                }
                let journal = RevealJournal::open(path)?;
                Ok(place.insert(Kept { journal, tended: None, refused: HashSet::new() }))
            }
        }
    }
}

impl Bittensor {
    /// Where the commits of a hotkey on a subnet are noted.
    pub(super) async fn journal_path(&self, hotkey: &Hotkey, netuid: NetUid) -> Result<PathBuf, ChainError> {
        let Some(folder) = &self.inner.options.reveals else {
            let why = "this subnet takes a hash of weights first and the weights later, and no folder is given to note \
                       them in until then";
            return Err(ChainError::Reveal { why: why.into() });
        };
        let genesis = self.line().genesis().await.map_err(|fault| self.failed(fault))?;
        Ok(folder.join(format!("reveals-{}-{netuid}-{}.json", genesis.short(), hotkey.to_ss58())))
    }
}
