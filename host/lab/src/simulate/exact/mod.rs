//! Exact runs: real units, real challenges, real proofs, in memory.
//!
//! Whatever a validator decides is decided by a validator's own [`plimsoll_node::validator::Judge`]: whether it admits
//! a registration, what it asks, what it makes of an answer. Whatever a miner does, the scheme's own component does
//! over the bytes that this miner really has: `fill`, `commit`, `prove`. Only time is virtual, as in a sampled run: it
//! comes from the scheme's figures and never from a clock, so that an exact run is the same on every machine too.
//!
//! Reading order: filled plots (`plots`), which units of one are kept (`lost`), a plot as a miner has it (`held`), how
//! it answers (`miner`), an audit and a registration (`prover`), and which scenarios fit (`size`).

mod held;
mod lost;
mod miner;
mod plots;
mod prover;
mod size;

pub(super) use prover::Exact;
pub(super) use size::{every_claim_fits, within_memory};
