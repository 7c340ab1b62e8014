//! What is served, and to whom.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::archive::ArchiveError;

/// What is served.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The data folder that holds the archive.
    pub data_dir: PathBuf,
    /// How many rows two datasets may share before the groups' page takes one for a copy, where its visitor says
    /// nothing else. It is the competition's to say, and has changed before.
    pub duplicate_limit: u32,
    /// How many of a dataset's first rows count when datasets are compared; all where there is none.
    pub rows_used: Option<usize>,
}

impl ServeOptions {
    /// The archive of a data folder, with the limit that the upstream competition has now.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), duplicate_limit: 33, rows_used: None }
    }
}

/// Who may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visitors {
    /// Only this machine.
    ThisMachine,
    /// Whoever reaches the address.
    Anybody,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// An address that others can reach, without a word that they may.
    #[error(
        "{address} can be reached by others, and the pages show strangers' texts and personal data: listen on \
         127.0.0.1, or say that anybody may look"
    )]
    NotLoopback {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The address cannot be had.
    #[error("cannot listen on {address}: {source}; choose another port, or 0 for any that is free")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The server ended.
    #[error("the server on {address} ended: {source}")]
    Ended {
        /// Where it listened.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}
