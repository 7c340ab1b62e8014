//! Between the contract's shapes and the SDK's words. Lengths that the contract cannot express are checked.

use crate::bindings::imports::types as wire;
use crate::{Digest, Extent, Hotkey, Identity, PluginError, Round, Span};

/// Lifts 32 bytes.
pub(super) fn digest(bytes: &[u8]) -> Result<Digest, PluginError> {
    let wrong = || PluginError::BadInput(format!("{} bytes where a digest or key has 32", bytes.len()));
    bytes.try_into().map_err(|_| wrong())
}

/// Lifts a key.
pub(super) fn hotkey(bytes: &[u8]) -> Result<Hotkey, PluginError> {
    digest(bytes).map(Hotkey)
}

impl From<PluginError> for wire::PluginError {
    fn from(error: PluginError) -> Self {
        match error {
            PluginError::BadConfig(message) => Self::BadConfig(message),
            PluginError::BadInput(message) => Self::BadInput(message),
            PluginError::Unsupported(message) => Self::Unsupported(message),
            PluginError::Storage(message) => Self::Storage(message),
            PluginError::Internal(message) => Self::Internal(message),
        }
    }
}

impl From<wire::PluginError> for PluginError {
    fn from(error: wire::PluginError) -> Self {
        match error {
            wire::PluginError::BadConfig(message) => Self::BadConfig(message),
            wire::PluginError::BadInput(message) => Self::BadInput(message),
            wire::PluginError::Unsupported(message) => Self::Unsupported(message),
            wire::PluginError::Storage(message) => Self::Storage(message),
            wire::PluginError::Internal(message) => Self::Internal(message),
        }
    }
}

impl From<wire::Span> for Span {
    fn from(span: wire::Span) -> Self {
        Self { first: span.first, count: span.count }
    }
}

impl From<Span> for wire::Span {
    fn from(span: Span) -> Self {
        Self { first: span.first, count: span.count }
    }
}

impl From<Extent> for wire::Extent {
    fn from(at: Extent) -> Self {
        Self { offset: at.offset, len: at.len }
    }
}

impl TryFrom<wire::Identity> for Identity {
    type Error = PluginError;

    fn try_from(identity: wire::Identity) -> Result<Self, PluginError> {
        let wire::Identity { netuid, owner, validator } = identity;
        Ok(Self { netuid, owner: hotkey(&owner)?, validator: hotkey(&validator)? })
    }
}

impl TryFrom<wire::Round> for Round {
    type Error = PluginError;

    fn try_from(round: wire::Round) -> Result<Self, PluginError> {
        Ok(Self { epoch: round.epoch, block: round.block, beacon: digest(&round.beacon)? })
    }
}
