//! The folder in which files wait until the archive has them.

use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
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
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(CollectError::disk(&folder, "create"))?;
        Ok(Self { folder })
    }

    /// A file's name there: it says nothing of where the file comes from, and the same file has the same one.
    pub(super) fn name(namespace: &Namespace, commit: &Commit, path: &str) -> String {
        let digest = blake3::hash(format!("{namespace}@{commit}/{path}").as_bytes());
        format!("{}{SUFFIX}", hex::encode(&digest.as_bytes()[..16]))
    }

    /// Removes files that the archive has now, and parts of them that the hub knew by another etag. One that stays is
    /// swept by a later run.
    pub(super) fn forget_all(&self, names: &[String]) {
        for name in names {
            if let Err(error) = forget(&self.folder, name) {
                tracing::debug!(%error, "a fetched file stays where it was");
            }
        }
        let Ok(left) = std::fs::read_dir(&self.folder) else { return };
        let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        for entry in left.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.ends_with(".part") && bare(&name).is_some_and(|of| names.contains(of)) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// Removes what no commitment of today names any more: parts and files of earlier runs.
    pub(super) fn sweep(&self, wanted: &BTreeSet<String>) -> Result<(), CollectError> {
        let failed = |doing| CollectError::disk(&self.folder, doing);
        for entry in std::fs::read_dir(&self.folder).map_err(failed("list"))? {
            let entry = entry.map_err(failed("list"))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if bare(&name).is_some_and(|of| !wanted.contains(of)) {
                let path = entry.path();
                if let Err(error) = std::fs::remove_file(&path) {
                    tracing::debug!(path = %path.display(), %error, "what is not needed stays");
                }
            }
        }
        Ok(())
    }
}

/// The file that a name in the folder belongs to: its own, its part's or its journal's.
fn bare(name: &str) -> Option<&str> {
    let bare = name.trim_start_matches('.');
    bare.find(SUFFIX).and_then(|at| bare.get(..at + SUFFIX.len()))
}
