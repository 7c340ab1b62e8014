//! The hub's client: one request for each pinned file, checked to the last byte, continued where it was cut.
//!
//! Read [`Settings`] (token and endpoint out of an environment), [`Wanted`] (what), [`Fetch`] (the client),
//! [`Outcome`] (what came of it), [`Budget`] (how many requests the hub grants).
//!
//! The hub is not believed: every byte is checked against the digest that the first answer names, every length against
//! a cap, every redirect by hand. A token goes to the configured endpoint alone. What goes wrong for one miner is a
//! [`Refusal`] with a reason of its own and never ends a run; only the own disk does, as [`crate::Error`].
//!
//! Deliberately absent: the xet protocol (the hub serves whole files without it), proxies, decompression. A host *name*
//! that resolves to a private address is not seen through; an address is.

mod caps;
mod names;
mod refusal;

mod endpoint;
mod settings;
mod token;

mod budget;
mod pace;
mod rate_limit;

mod hops;
mod network;
mod redirect;
mod witness;

mod digests;
mod journal;
mod part;
mod place;

mod again;
mod attempt;
mod bare;
mod client;
mod forget;
mod listing;
mod many;
mod presence;
mod unpinned;

pub use budget::{Bucket, Budget, Quota};
pub use caps::Caps;
pub use client::{Fetch, FetchOptions, Fetched, Outcome, Wanted};
pub use endpoint::Endpoint;
pub use forget::forget;
pub use listing::Entry;
pub use names::{Commit, NameFault, Namespace, Revision, check_path};
pub use pace::Pace;
pub use refusal::{Kind, Refusal};
pub use settings::{Settings, SettingsError, TokenPlace};
pub use token::Token;
