//! The folder in which files wait until the archive has them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use plimsoll_core::NetUid;

use super::CollectError;
use crate::fetch::{Commit, Namespace, forget};

const SUFFIX: &str = ".jsonl";

/// `incoming/NETUID` of a data folder.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    pub(super) folder: PathBuf,
}

impl Incoming {
    pub(super) fn open(data_dir: &Path, netuid: NetUid) -> Result<Self, CollectError> {
        let folder = data_dir.join("incoming").join(netuid.to_string());
        std::fs::create_dir_all(&folder).map_err(CollectError::disk(&folder, "create"))?;
        Ok(Self { folder })
    }

    /// A file's name there: it says nothing of where the file comes from, and the same file has the same one.
    pub(super) fn name(namespace: &Namespace, commit: &Commit, path: &str) -> String {
        let digest = blake3::hash(format!("{namespace}@{commit}/{path}").as_bytes());
        format!("{}{SUFFIX}", hex::encode(&digest.as_bytes()[..16]))
    }

    /// Removes a file that the archive has now. One that stays is swept by a later run.
    pub(super) fn forget(&self, name: &str) {
        if let Err(error) = forget(&self.folder, name) {
            tracing::debug!(%error, "a fetched file stays where it was");
        }
    }

    /// Removes what no commitment of today names any more: parts and files of earlier runs.
    pub(super) fn sweep(&self, wanted: &BTreeSet<String>) -> Result<(), CollectError> {
        let failed = |doing| CollectError::disk(&self.folder, doing);
        for entry in std::fs::read_dir(&self.folder).map_err(failed("list"))? {
            let entry = entry.map_err(failed("list"))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let bare = name.trim_start_matches('.');
            let of = bare.find(SUFFIX).and_then(|at| bare.get(..at + SUFFIX.len()));
            if of.is_some_and(|of| !wanted.contains(of)) {
                let path = entry.path();
                if let Err(error) = std::fs::remove_file(&path) {
                    tracing::debug!(path = %path.display(), %error, "what is not needed stays");
                }
            }
        }
        Ok(())
    }
}
