//! What can go wrong in the archive, by whose fault it is.

use std::path::{Path, PathBuf};

use plimsoll_core::Digest;

/// Why a block of pieces cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockFault {
    /// The pack ends before the block does, or is not there.
    #[error("pack {pack} ends before byte {end}")]
    Short {
        /// The pack's number.
        pack: u32,
        /// Where the block should end.
        end: u64,
    },
    /// The bytes are not the ones that were written.
    #[error("pack {pack}: the block at byte {offset} does not have its digest")]
    Digest {
        /// The pack's number.
        pack: u32,
        /// Where the block begins.
        offset: u32,
    },
    /// The digest holds, but this is no block that this program knows.
    #[error("pack {pack}: no block that this program knows at byte {offset}: {why}")]
    Form {
        /// The pack's number.
        pack: u32,
        /// Where the block begins.
        offset: u32,
        /// What is wrong.
        why: &'static str,
    },
}

/// Why the archive did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The disk's fault.
    #[error("{path}: cannot {doing}: {source}")]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process writes.
    #[error("the archive {path} is in use by {holder}: wait until it has ended, or name another data folder")]
    InUse {
        /// The archive's folder.
        path: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// Nothing was ever collected here.
    #[error("{path} is no archive: collect first, or name the data folder that holds one")]
    Missing {
        /// The archive's folder.
        path: PathBuf,
    },
    /// Packs without an index.
    #[error(
        "{path} has packs but no index: rebuild the index from them with `datasets fsck --rebuild-index`; nothing was changed"
    )]
    NoIndex {
        /// The archive's folder.
        path: PathBuf,
    },
    /// Made by a later program.
    #[error(
        "the archive {path} has version {found}, this program knows version {known}: use a newer program"
    )]
    Newer {
        /// The archive's folder.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// The index is damaged or something else.
    #[error(
        "the index {path} cannot be used: {why}; it can be rebuilt from the packs with `datasets fsck --rebuild-index`"
    )]
    Index {
        /// The index.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A block is damaged: fsck tells which datasets that concerns.
    #[error("the archive is damaged: {0}; run fsck, then collect what it names again")]
    Block(#[from] BlockFault),
    /// The index names what is not there.
    #[error("the archive is damaged: {what}; run fsck, then collect what it names again")]
    Broken {
        /// What is missing or contradicts itself.
        what: String,
    },
    /// What was to be recorded cannot be.
    #[error("{field}: {why}")]
    Facts {
        /// The field.
        field: &'static str,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// Another chain's snapshots are kept here.
    #[error(
        "this archive keeps snapshots of the chain with genesis {kept}, not {asked}: name another data folder"
    )]
    OtherChain {
        /// The chain whose snapshots are kept.
        kept: Digest,
        /// The chain of the new one.
        asked: Digest,
    },
    /// There is another manifest of this subnet and block already.
    #[error(
        "netuid {netuid} at block {block} is kept already, with the manifest {kept}: ask for it to be replaced"
    )]
    SnapshotKept {
        /// The subnet.
        netuid: u16,
        /// The block.
        block: u64,
        /// The manifest that is kept.
        kept: Digest,
    },
    /// No such snapshot.
    #[error("no snapshot of netuid {netuid} at block {block} is kept")]
    NoSnapshot {
        /// The subnet.
        netuid: u16,
        /// The block.
        block: u64,
    },
    /// The snapshot has no dataset of this miner.
    #[error("no dataset of uid {uid} is kept in the snapshot of netuid {netuid} at block {block}: {why}")]
    NoDataset {
        /// The subnet.
        netuid: u16,
        /// The block.
        block: u64,
        /// The miner.
        uid: u16,
        /// What the snapshot says instead.
        why: String,
    },
    /// No such object.
    #[error("object {object} is not kept")]
    NoObject {
        /// The object.
        object: Digest,
    },
    /// Taken down, and not taken in again.
    #[error("object {object} was taken down: {reason}")]
    TakenDown {
        /// The object.
        object: Digest,
        /// Why, in the operator's words.
        reason: String,
    },
    /// A place to write to that is not what it should be.
    #[error("{path}: {why}")]
    Place {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// Opened for reading only.
    #[error("the archive {path} was opened for reading only")]
    ReadOnly {
        /// The archive's folder.
        path: PathBuf,
    },
}

impl ArchiveError {
    pub(super) fn disk(path: &Path, doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Disk { path, doing, source }
    }

    pub(super) fn broken(what: impl Into<String>) -> Self {
        Self::Broken { what: what.into() }
    }

    /// Whether room on the disk, or the allowed size of a file, is what was missing.
    #[must_use]
    pub fn is_full_disk(&self) -> bool {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        matches!(self, Self::Disk { source, .. }
            if matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge))
    }

    /// Whether kept bytes are damaged, so that fetching them again helps.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::Block(_) | Self::Broken { .. })
    }
}
