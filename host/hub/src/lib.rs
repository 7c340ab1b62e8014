//! A dataset hub on loopback, for tests, measurements and a first look without a network: the Hugging Face Hub's
//! documented endpoints, answered well, or badly on request.
//!
//! - [`Repo`]: what the hub holds; [`shape`]: a whole subnet's datasets in the proportions of a real one.
//! - [`Hub`]: the server, in a thread of its own, on two addresses: the hub itself and another host for large files.
//! - [`Fault`]: what it does wrong, by repository or at a seeded rate.
//! - [`Log`]: what it was asked, so that a test can count requests and look for tokens where none belong.
//!
//! Deliberately absent: uploads, the xet protocol, TLS (a test puts that in front by itself).

mod fault;
mod log;
mod quota;
mod repo;

mod body;
mod path;
mod range;

mod api;
mod head;
mod resolve;

mod hub;
pub mod shape;

pub use fault::{Fault, Rates, Wait};
pub use hub::{Hub, HubError, HubOptions};
pub use log::{Asked, Bucket, Log, Side};
pub use quota::Quota;
pub use repo::{Access, Repo, Revision, StoredFile, Way};
