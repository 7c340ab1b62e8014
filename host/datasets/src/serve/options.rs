//! What is served, and to whom.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::archive::ArchiveError;
use crate::source::Source;

/// What is served.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The data folder that holds the archive.
    pub data_dir: PathBuf,
    /// The plugin that knows what each competition uses and allows. Without it all rows count, and nobody is taken for a
    /// copy, unless a limit is given here or by the visitor.
    pub source: Option<Source>,
    /// How many rows two datasets may share, in place of what their competition says.
    pub limit: Option<u32>,
}

impl ServeOptions {
    /// The archive of a data folder, without any competition's rules.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), source: None, limit: None }
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
