//! Requests to a set of nodes that are as good as each other: paced, bounded in time, counted, and moved to the
//! next node when one falls silent.
//!
//! subxt's own backends are not used for this: their retries have no bound, and what they send cannot be counted.

mod ask;
mod bucket;
mod dial;
mod fault;
mod nodes;
mod rest;

pub(crate) use ask::{Line, Watch};
pub(crate) use dial::{Dial, WebSockets};
pub(crate) use fault::LineFault;
pub(crate) use nodes::Limits;
pub(crate) use rest::{doubled, spread};
