//! What can be wrong with the log of taken requests.

use std::io;
use std::path::{Path, PathBuf};

use plimsoll_core::Hotkey;

/// What can be wrong with the log of taken requests.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayLogError {
    /// The file system's.
    #[error("the log of taken requests {}: cannot {doing}: {source}", .path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// Another process has it.
    #[error(
        "the log of taken requests in {} is open in another process: stop that miner, or give this one another folder",
        .folder.display()
    )]
    Locked {
        /// Which.
        folder: PathBuf,
    },
    /// A file of something else.
    #[error("{} is no log of taken requests: move it away", .path.display())]
    NoLog {
        /// Which.
        path: PathBuf,
    },
    /// It was begun by another hotkey.
    #[error("{} was begun by {found}, this is {me}: give each hotkey a folder of its own", .path.display())]
    OtherHotkey {
        /// Which.
        path: PathBuf,
        /// Whose.
        found: Hotkey,
        /// Who is here.
        me: Hotkey,
    },
    /// More was taken in a few seconds than the log has room for.
    #[error("the log of taken requests {} has {most_bytes} bytes and nothing in it is stale yet", .path.display())]
    Full {
        /// Which file.
        path: PathBuf,
        /// The most it may have.
        most_bytes: u64,
    },
    /// A sync failed earlier.
    #[error("the log of taken requests in {} could not be synced: restart the miner once the disk is well", .folder.display())]
    Poisoned {
        /// Which.
        folder: PathBuf,
    },
}

impl ReplayLogError {
    pub(super) fn io(path: &Path, doing: &'static str, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), doing, source }
    }
}
