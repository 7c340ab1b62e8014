//! The stages of measuring one scheme, in order.

mod bench;
mod detecting;
mod filling;
mod memory;
mod native;
mod proving;
mod regenerating;
mod scale;

pub(super) use bench::{Bench, Sealed};
pub(super) use detecting::detection;
pub(super) use filling::{commit_ms, fill};
pub(super) use proving::prove_and_verify;
pub(super) use regenerating::regenerate;
pub(super) use scale::affordable_bytes;
