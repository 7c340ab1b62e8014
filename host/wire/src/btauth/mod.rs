//! btauth/1: every request is signed by its sender and addressed to its receiver.
//!
//! Five headers carry it: `X-Bittensor-Version: 1`, `-Hotkey` and `-Receiver` (SS58), `-Nonce` (decimal
//! nanoseconds since 1970) and `-Signature` (`0x` and 128 hex digits), over a payload of eight lines joined
//! by one line feed: `btauth/1`, the signature scheme, METHOD, path?query as sent, the lower-case hex SHA-256
//! of the body, the nonce, the sender, the receiver.
//!
//! A receiver checks in this order: shape of the headers, receiver, freshness (10 s back, 2 s ahead, both
//! inclusive), signature, replay. Nothing is remembered of a sender whose signature has not passed. What was taken
//! is remembered across restarts where the [`ReplayStore`] is given a folder.
//!
//! The reference is the HTTP authentication of the Bittensor SDK 11. This side is stricter where that one
//! guesses: it refuses a signature without `0x`, a nonce with blanks, sign or leading zeros, a header that
//! comes twice, and a request without a receiver; and it speaks sr25519 only. (Blanks *around* a header's
//! value are no part of it in HTTP and never arrive here from a socket.)

mod headers;
mod replay;
mod replay_log;
mod request;
mod verifier;
mod why;

pub use headers::AuthHeaders;
pub(crate) use headers::{malformed, nonce_of, optional, required, signature_of};
pub use replay::ReplayStore;
pub use replay_log::{MissingLog, ReplayLogError};
pub use request::{Nonce, RequestSigner, SignedRequest};
pub use verifier::RequestVerifier;
pub use why::AuthError;
