//! The laboratory: proof schemes side by side, and under attack, and incentive rules against cheaters.
//!
//! Schemes are driven as a miner and a validator drive them, through [`plimsoll_plugin::Scheme`] and nothing else:
//! what holds here holds for a stranger's plugin. It prints nothing and never exits.

mod asked;
mod error;
mod near;
mod numbers;

mod page;

pub mod stats;

pub mod attack;

pub mod compare;

pub mod kernel_rates;

pub mod simulate;

pub mod sweep;

pub use error::LabError;
