//! What is known of a file under way, beside its part: enough to go on in another process.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::place::disk;
use crate::Error;

const VERSION: u32 = 1;
const MAX_BYTES: u64 = 64 << 10;

/// One file's journal. One that cannot be read counts as none: then the file is fetched anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    version: u32,
    /// `owner/name`.
    pub(super) repository: String,
    pub(super) commit: String,
    pub(super) path: String,
    /// 64 or 40 hex digits.
    pub(super) etag: String,
    pub(super) size_bytes: u64,
    /// By which the sender of the bytes knows them, with its quotes.
    pub(super) validator: Option<String>,
    /// Of the whole file, once it was checked.
    pub(super) whole: Option<Whole>,
}

/// Digests of a whole file, in hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whole {
    pub(super) sha256: String,
    pub(super) blake3: String,
}

impl Journal {
    pub(super) fn new(repository: &str, commit: &str, path: &str, etag: &str, size_bytes: u64) -> Self {
        Self {
            version: VERSION,
            repository: repository.to_owned(),
            commit: commit.to_owned(),
            path: path.to_owned(),
            etag: etag.to_owned(),
            size_bytes,
            validator: None,
            whole: None,
        }
    }

    pub(super) fn is_of(&self, repository: &str, commit: &str, path: &str) -> bool {
        self.repository == repository && self.commit == commit && self.path == path
    }

    pub(super) fn read(path: &Path) -> Option<Self> {
        let found = std::fs::symlink_metadata(path).ok()?;
        if !found.is_file() || found.len() > MAX_BYTES {
            return None;
        }
        let read: Self = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        (read.version == VERSION).then_some(read)
    }

    /// Writes the journal under another name and renames it: it is there whole or not at all.
    pub(super) fn write(&self, path: &Path) -> Result<(), Error> {
        let fresh = path.with_extension("fresh");
        let text = serde_json::to_vec(self).map_err(|error| disk(path, "write")(error.into()))?;
        std::fs::write(&fresh, text).map_err(disk(&fresh, "write"))?;
        std::fs::rename(&fresh, path).map_err(disk(&fresh, "rename"))
    }
}
