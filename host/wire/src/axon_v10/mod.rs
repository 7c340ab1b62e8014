//! The dendrite and axon form of Bittensor's version 10, for one message: `POST /Audit`.
//!
//! For validators that still speak it; [btauth](crate::btauth) is the better choice, and this route is there only
//! where [`ServerOptions::axon_v10`](crate::server::ServerOptions) says so. The synapse is this, and its class must
//! name **all six** fields for the hash:
//!
//! ```text
//! class Audit(bt.Synapse):
//!     netuid: int
//!     epoch: int
//!     block: int
//!     registration: str                  # 64 lower-case hex digits
//!     challenge: str                     # lower-case hex
//!     deadline_ms: int
//!     proof: Optional[str] = None        # the answer: lower-case hex, or None
//!     eligible: Optional[bool] = None    # the answer: False where the challenge asks for nothing that is held
//!     required_hash_fields: ClassVar[tuple[str, ...]] = (
//!         "netuid", "epoch", "block", "registration", "challenge", "deadline_ms")
//! ```
//!
//! Signed is `{nonce}.{dendrite hotkey}.{axon hotkey}.{uuid}.{body hash}`; the body hash is the hex SHA3-256 of
//! the hex SHA3-256 of Python's `str` of each field, one behind the other.
//!
//! What is weak in that form, and what is done about it here:
//!
//! | weakness | here |
//! |---|---|
//! | `required_hash_fields` is empty by default: the body is anybody's | all six fields, or 400 |
//! | method, path and class are not signed | one route, one class, fields that no other class has |
//! | a nonce an hour ahead is taken | 10 s back, 2 s ahead, as with btauth |
//! | a new uuid begins the replay check anew, and its memory grows for ever | (hotkey, nonce), once, whatever the uuid; the store of btauth |
//! | answers are not signed | they are: the same `X-Plimsoll-` headers, over SHA-256 of the signed string |
//! | what the body says of dendrite and axon is not signed | it is not read |
//! | the signature is checked behind the body | before it |

mod body_hash;
mod head;
mod synapse;

pub use body_hash::body_hash;
pub use head::V10Head;
pub use synapse::{AuditFields, Synapse, Terminal};

/// Where a dendrite of version 10 asks for an audit.
pub const AUDIT_V10_PATH: &str = "/Audit";
/// The synapse's class.
pub const AUDIT_V10_NAME: &str = "Audit";
