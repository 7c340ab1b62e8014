//! Why nothing was measured.

use plimsoll_chain::ChainError;

use crate::archive::ArchiveError;
use crate::collect::CollectError;
use crate::fetch::{Refusal, SettingsError};
use crate::overlap::OverlapError;

/// Why a bench ends before its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The hub's process.
    #[error("the hub's process: {doing}: {why}")]
    Hub {
        /// What was being done.
        doing: &'static str,
        /// What went wrong.
        why: String,
    },
    /// This process's own threads, or the folder that is written in.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// Figures of a run that did not get everything would be figures of less work.
    #[error("{kept} of {asked} datasets were kept, so the run is not measured: {why}")]
    Incomplete {
        /// Datasets that came.
        kept: usize,
        /// Datasets there are.
        asked: usize,
        /// What became of one that did not.
        why: String,
    },
    /// The archive was damaged at once.
    #[error("what was kept a moment ago is damaged: the disk is not to be trusted")]
    Unsound,
    /// A bare request failed.
    #[error("a request for the floor: {0}")]
    Floor(#[from] Refusal),
    /// A name that the hub would not have.
    #[error("a dataset of the bench's own has a name that the hub's client refuses: {0}")]
    Name(#[from] crate::fetch::NameFault),
    /// The ledger's.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Collecting.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// The archive's.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The hub's client.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// More datasets than can be compared.
    #[error(transparent)]
    Overlap(#[from] OverlapError),
}

impl BenchError {
    pub(super) fn io(doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }

    pub(super) fn hub<E: std::fmt::Display>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |why| Self::Hub { doing, why: why.to_string() }
    }
}
