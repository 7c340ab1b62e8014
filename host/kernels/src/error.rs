//! Why a kernel could not do what it was asked.

use plimsoll_core::SpaceError;

/// Why a kernel could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// The caller's fault: arguments that no kernel can serve.
    #[error("{0}")]
    BadInput(String),
    /// This machine lacks what the kernel needs.
    #[error("{0}")]
    Unsupported(String),
    /// What the storage said: out of range, a refusal, a device's fault or a request to stop.
    #[error(transparent)]
    Space(#[from] SpaceError),
}
