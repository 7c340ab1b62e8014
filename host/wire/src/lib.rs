//! Signed HTTP between validator and miner, and the evidence log.
//!
//! What holds here (each has a test):
//! - No request is acted on without a fresh, signed, addressed-to-me header ([`btauth`]); no answer is scored
//!   without the miner's signature ([`answer`]).
//! - Nothing is remembered of a caller whose signature has not passed; nothing read from a socket is buffered
//!   beyond a cap that was known before the first byte ([`limits`]).
//! - The validator's own clock decides what is late ([`client`]).
//! - What was taken once is taken never again, across restarts too where a folder is given for it.
//! - What was asked, answered and decided can be shown to anyone, and a changed byte is found ([`evidence`]).
//!
//! Deliberately absent: TLS (all is signed, nothing is secret), HTTP/2, proxies, redirects, compression,
//! retries (each needs a new nonce, so the caller decides), and any knowledge of plugins, plots or the chain.
//!
//! The words, from the bottom up:

pub mod clock;
pub mod limits;
mod texts;

pub mod answer;
pub mod btauth;
pub mod messages;

pub mod axon_v10;
pub mod cargo;

pub mod server;

pub mod client;

pub mod evidence;

pub mod bench;

mod error;

pub use answer::{AnswerError, SignedAnswer};
pub use btauth::{AuthError, MissingLog, Nonce, RequestSigner, RequestVerifier, SignedRequest};
pub use client::{ClientOptions, Exchange, MinerAddress, MinerClient, Outcome};
pub use clock::{Clock, ManualClock, SystemClock};
pub use error::WireError;
pub use evidence::{EvidenceError, EvidenceLog, EvidenceReader};
pub use limits::WireLimits;
pub use messages::{
    AuditReply, AuditRequest, MessageError, Refusal, RefusalCode, Registration, RegistrationRequest,
    RegistrationSet, SetCommitment,
};
pub use server::{
    CallerLists, MinerSide, ReplayKeeping, ServerOptions, miner_router, miner_router_with,
    miner_router_with_clock, miner_router_with_options, serve,
};
