//! What can go wrong in the laboratory.

use crate::simulate::FiguresError;
use plimsoll_core::SpaceError;
use plimsoll_kernels::KernelError;
use plimsoll_node::NodeError;
use plimsoll_plugin::PluginError;
use plimsoll_store::StoreError;

/// Why a scheme could not be examined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// The plugin's.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The storage's under the plugin.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// A kernel's, called without a plugin.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// An experiment that cannot be set up.
    #[error("`{scheme}` cannot be examined: {why}")]
    Setup {
        /// Which scheme.
        scheme: String,
        /// What is in the way, and what to do.
        why: String,
    },
    /// Filling a plot.
    #[error(transparent)]
    Node(#[from] Box<NodeError>),
    /// A plot on the disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of the laboratory's own.
    #[error("cannot {doing} {}: {reason}", path.display())]
    Disk {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: std::path::PathBuf,
        /// What the system said.
        reason: String,
    },
    /// An epoch that cannot be lived through again.
    #[error("epoch {epoch} cannot be replayed: {why}")]
    Replay {
        /// Which.
        epoch: u64,
        /// What is in the way.
        why: String,
    },
    /// A choice of what to simulate that cannot be.
    #[error("{0}")]
    Choice(String),
    /// A scheme without figures.
    #[error(transparent)]
    Figures(#[from] FiguresError),
    /// The file of finished runs.
    #[error("the finished runs kept in {} cannot be used: {why}; nothing in it was changed: move it away, or keep runs in another file", path.display())]
    Kept {
        /// Which file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file of finished runs, held by another process.
    #[error("the finished runs kept in {} are in use by another process: wait for it, or keep runs in another file", path.display())]
    KeptInUse {
        /// Which file.
        path: std::path::PathBuf,
    },
    /// A scheme that an honest miner and an honest validator cannot use.
    #[error("an honest proof is not accepted: {0}")]
    Rejected(String),
}
