//! Generate, verify, mine, validate: the epochs.
//!
//! What joins the crates below: plots from `store`, decisions from `plugin`, neurons and weights from `chain`,
//! requests and evidence from `wire`. It prints nothing and never exits.
//!
//! A side's truth is in one place: a miner's in `partition.json` and the headers of its plots, a validator's
//! in its evidence log, from which its book is rebuilt at every start.
//!
//! Reading order, from the bottom up:

mod error;
mod plugins;
mod pool;

pub mod space;

pub mod miner;

pub mod validator;

pub mod replay;

pub mod demo;

pub mod measure;

pub use error::NodeError;
pub use plugins::{Choices, PluginChoice, ValidatorPlugins};
pub use pool::InstancePool;
