//! What validator and miner say to each other.
//!
//! | route | body | 200 | 204 |
//! |---|---|---|---|
//! | `POST /v1/registration` | [`RegistrationRequest`] | [`RegistrationSet`] | - |
//! | `POST /v1/audit` | [`AuditRequest`] | the proof, `application/octet-stream` | not eligible |
//! | `GET /livez` (unsigned) | - | empty | - |
//!
//! Every other status is a refusal: JSON `{"error": sentence, "code": ..}`, see [`RefusalCode`].
//! JSON bodies are *canonical*: the fields in the order of the structs, no blanks, so that whoever holds the
//! values can rebuild the signed bytes.

mod audit;
mod refusal;
mod registration;
mod set;
mod why;

pub use audit::{AuditReply, AuditRequest};
pub use refusal::{Refusal, RefusalCode};
pub use registration::{Registration, RegistrationRequest};
pub use set::{RegistrationSet, SetCommitment};
pub use why::MessageError;
pub(crate) use why::to_json;

/// Where a miner tells its registrations.
pub const REGISTRATION_PATH: &str = "/v1/registration";
/// Where a miner is audited.
pub const AUDIT_PATH: &str = "/v1/audit";
/// Where anyone sees that the miner's server runs, and nothing else.
pub const LIVEZ_PATH: &str = "/livez";
