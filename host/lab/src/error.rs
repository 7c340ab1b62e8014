//! What can go wrong in the laboratory.

use plimsoll_core::SpaceError;
use plimsoll_kernels::KernelError;
use plimsoll_plugin::PluginError;

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
}
