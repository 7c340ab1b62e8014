//! What server and client agree on.

use serde::{Deserialize, Serialize};

use crate::Refusal;

/// The longest extrinsic that is read, in bytes of JSON. Weights for 4096 neurons take half of it.
pub const MAX_EXTRINSIC_BYTES: usize = 128 << 10;

/// The longest answer that is read, in bytes of JSON. A subnet of 256 neurons with all weights takes 1 MiB.
pub const MAX_ANSWER_BYTES: usize = 16 << 20;

/// The body of every answer that is not a success.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Problem {
    /// A sentence.
    pub(super) error: String,
    /// The ledger's own reason, if it was the ledger that said no.
    pub(super) refusal: Option<Refusal>,
}
