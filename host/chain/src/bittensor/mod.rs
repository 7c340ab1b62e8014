//! Bittensor, over the JSON-RPC of its nodes. In reading order:
//!
//! - `places`, `options`: which nodes, and how they are treated;
//! - `line`: requests, paced, bounded, counted, and moved to another node when one falls silent; `rpc`: those that
//!   this program makes;
//! - `scale`: bytes to values; `runtime`: where things are, how calls are written and signed, by the runtime's own
//!   metadata; `calls`: those that this program makes;
//! - `view`, `stored`: a subnet at one block, from one call or from single values;
//! - `client`: what comes of it; `newest`, `heads`, `follow`: finalized blocks, asked for or listened to; `chain`: the
//!   client as a [`Chain`](crate::Chain);
//! - `submit`: transactions from signing to their outcome; `verdict`, `refused`: why one was turned down;
//!   `weights_way`: in what form a subnet takes weights; `epochs`, `commits`, `hidden`, `reveals`: weights that are
//!   sealed, or committed as a hash and revealed later; `delivered`: whether they got there; `advice`: what the
//!   operator can do;
//! - `subnets`: all subnets, commitments that were revealed.
//!
//! The client library is subxt. Its types for metadata, storage keys, calls and transactions are used; its backends
//! are not, for their retries have no bound. No static types: runtimes are upgraded every few weeks.

mod advice;
mod calls;
mod chain;
mod client;
mod commits;
mod delivered;
mod epochs;
mod follow;
mod heads;
mod hidden;
mod line;
mod newest;
mod options;
mod places;
mod refused;
mod reveals;
mod rpc;
mod runtime;
mod scale;
mod stored;
mod submit;
mod subnets;
mod verdict;
mod view;
mod weights_way;

#[cfg(test)]
mod tests;

pub use client::Bittensor;
pub use options::BittensorOptions;
pub use places::{Network, Places};
pub use scale::{CommitmentField, StoredCommitment};
pub use subnets::{RevealedCommitment, SubnetSummary};
