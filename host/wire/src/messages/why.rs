//! What is wrong with a message.

use std::fmt::Display;

use serde::de::DeserializeOwned;

use crate::texts::legible;

/// What is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// Not the JSON that was expected.
    #[error("{what} is malformed: {why}")]
    Malformed {
        /// Which message.
        what: &'static str,
        /// Where and why.
        why: String,
    },
    /// The same values in other bytes.
    #[error("{0} is not in the canonical form: fields in order, no blanks")]
    NotCanonical(&'static str),
    /// A field has a value that cannot be.
    #[error("{field}: expected {expected}, found {found}")]
    Field {
        /// Which.
        field: &'static str,
        /// What can be.
        expected: String,
        /// What is.
        found: String,
    },
}

impl MessageError {
    pub(super) fn field(field: &'static str, expected: &dyn Display, found: &dyn Display) -> Self {
        Self::Field { field, expected: expected.to_string(), found: legible(&found.to_string(), 200) }
    }
}

/// `Ok` if `holds`, else what is wrong with `field`.
pub(super) fn expect(
    holds: bool,
    field: &'static str,
    expected: &dyn Display,
    found: &dyn Display,
) -> Result<(), MessageError> {
    if holds { Ok(()) } else { Err(MessageError::field(field, expected, found)) }
}

/// Reads JSON; the message of an error keeps the place but stays short.
pub(super) fn from_json<T: DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T, MessageError> {
    serde_json::from_slice(bytes)
        .map_err(|e| MessageError::Malformed { what, why: legible(&e.to_string(), 200) })
}

/// Writes JSON. The messages of this crate are structs of numbers and texts, which always can be written.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
