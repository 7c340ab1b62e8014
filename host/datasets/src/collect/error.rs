//! Why a run ends before its end.

use plimsoll_chain::ChainError;
use plimsoll_core::{Digest, Hotkey, NetUid, Uid};
use plimsoll_plugin::PluginError;

use crate::archive::ArchiveError;

/// Why a run could not be planned, or not be carried on. No miner is ever the reason.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// The chain's.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The plugin cannot even start.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The archive's, such as a full disk. What was committed before stays.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The folder of downloads.
    #[error("{path}: cannot {doing}: {source}")]
    Disk {
        /// The file or folder.
        path: std::path::PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The archive is another chain's.
    #[error(
        "the archive holds datasets of the chain with genesis {kept}, this one's is {found}: name another data folder"
    )]
    OtherChain {
        /// The archive's.
        kept: Digest,
        /// The chain's.
        found: Digest,
    },
    /// The chain does not tell its first block.
    #[error("{endpoint} does not tell the hash of block 0, by which a chain is known")]
    NoGenesis {
        /// The chain.
        endpoint: String,
    },
    /// Nobody has the uid that was asked for.
    #[error("subnet {netuid} has no uid {uid} at block {block}")]
    NoSuchUid {
        /// The subnet.
        netuid: NetUid,
        /// The uid.
        uid: Uid,
        /// The block that was read.
        block: u64,
    },
    /// The hotkey that was asked for is nobody's.
    #[error("hotkey {hotkey} is not on subnet {netuid} at block {block}")]
    NoSuchHotkey {
        /// The subnet.
        netuid: NetUid,
        /// The hotkey.
        hotkey: Hotkey,
        /// The block that was read.
        block: u64,
    },
    /// A date means no block where blocks have no pace.
    #[error("this chain makes blocks only when it is asked to, so a date names none: give a block instead")]
    NoPace,
}

impl CollectError {
    pub(super) fn disk(path: &std::path::Path, doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Disk { path, doing, source }
    }

    /// Whether room on the disk is what was missing.
    #[must_use]
    pub fn is_full_disk(&self) -> bool {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match self {
            Self::Archive(error) => error.is_full_disk(),
            Self::Disk { source, .. } => {
                matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge)
            }
            _ => false,
        }
    }
}

impl From<crate::Error> for CollectError {
    /// What the hub's client ends with is always the own disk's.
    fn from(error: crate::Error) -> Self {
        match error {
            crate::Error::Disk { path, what, source } => Self::Disk { path, doing: what, source },
            crate::Error::Archive(error) => Self::Archive(error),
            crate::Error::Plugin(error) => Self::Plugin(error),
            other => Self::Disk {
                path: "(the folder of downloads)".into(),
                doing: "write",
                source: std::io::Error::other(other),
            },
        }
    }
}
