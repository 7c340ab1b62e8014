//! The ledger served to other processes of this machine, over HTTP on loopback.
//!
//! | request | answer |
//! |---|---|
//! | `GET /v1/head` | [`Head`](crate::Head) |
//! | `GET /v1/blocks/HEIGHT` | the block's hash or `null` |
//! | `GET /v1/subnets/NETUID` | [`Snapshot`](crate::Snapshot) |
//! | `GET /v1/subnets/NETUID/commitments` | list of [`ChainCommitment`](crate::ChainCommitment) |
//! | `GET /v1/subnets/NETUID/weights` | list of `[uid, [[uid, weight], …]]` |
//! | `GET /v1/subnets/NETUID/figures` | [`EpochFigures`](crate::subnet::EpochFigures) |
//! | `GET /v1/accounts/SS58` | `{"genesis": …, "nonce": …}` |
//! | `POST /v1/extrinsics` | an [`Extrinsic`](crate::Extrinsic) in, a [`Receipt`](crate::Receipt) out |
//!
//! All bodies are JSON. What is refused is `{"error": a sentence, "refusal": its typed reason or null}` and
//! a status of 400 and up. There is no TLS: nothing but loopback is served or spoken to, reads are public, and
//! every write is signed, counted and bound to this one ledger.

mod client;
mod endpoint;
mod protocol;
mod server;

pub use client::{DEFAULT_TIMEOUT, LedgerClient};
pub use endpoint::{DEFAULT_LOCAL_ENDPOINT, Endpoint, connect};
pub use protocol::{MAX_ANSWER_BYTES, MAX_EXTRINSIC_BYTES};
pub use server::LedgerServer;
