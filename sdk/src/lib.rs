//! What a Plimsoll plugin author uses: one trait a kind, one macro, native doubles, laws.
//!
//! A plugin *decides*; the host *does*. It names the bytes that a unit holds, the units that are asked, and
//! the weight that is earned, and calls native kernels through handles; the bytes stay on the host. It has no
//! clock, no randomness, no files and no network: the same input gives the same bytes on every machine.
//!
//! ```
//! use plimsoll_sdk::{IncentiveRule, NoParameters, Outcome, Plugin, Result, Round, Standing};
//!
//! /// Everyone who passed all audits earns the same.
//! struct Equal;
//!
//! impl Plugin for Equal {
//!     const NAME: &'static str = "incentive-equal";
//!     const SUMMARY: &'static str = "Pays every miner that passed all of its audits the same.";
//!     const LIMITS: &'static str = "Pays a small plot as much as a large one, so it invites splitting.";
//!     const WAIVERS: &'static [(&'static str, &'static str)] = &[
//!         ("splitting", "every hotkey without a fault earns the same"),
//!         ("splitting-coldkey", "every hotkey without a fault earns the same"),
//!     ];
//!     type Config = NoParameters;
//!
//!     fn new(_config: NoParameters) -> Result<Self> {
//!         Ok(Self)
//!     }
//! }
//!
//! impl IncentiveRule for Equal {
//!     fn weigh(&self, _round: &Round, standings: &[Standing], _memory: &[u8]) -> Result<Outcome> {
//!         let weights = standings
//!             .iter()
//!             .map(|miner| {
//!                 // So it is in this epoch, or was in the last in which anybody asked.
//!                 let all = miner.proven_bytes > 0 && miner.proven_bytes == miner.claimed_bytes;
//!                 miner.earns(u64::from(all), if all { "passed all audits" } else { "missed an audit" })
//!             })
//!             .collect();
//!         Ok(Outcome { weights, memory: Vec::new() })
//!     }
//! }
//!
//! plimsoll_sdk::export_plugin!(Equal as incentive_rule);
//!
//! plimsoll_sdk::laws::incentive_rule::<Equal>("{}");
//! ```
//!
//! A plugin gets its memory from an allocator of this crate, made for calls that are short: it cannot have a
//! `#[global_allocator]` of its own.

// So that a path means the same inside this crate, in its macros and in a plugin.
extern crate self as plimsoll_sdk;

mod words;

#[cfg(any(target_family = "wasm", test))]
mod nursery;

mod plugin;
mod ss58;

pub mod graphs;
pub mod labels;
pub mod log;
pub mod pure;
pub mod scan;

#[cfg(any(target_family = "wasm", feature = "curve"))]
pub mod curve;
pub mod erasure;
pub mod pospace;

#[cfg(all(not(target_family = "wasm"), feature = "curve"))]
mod curve_twin;
#[cfg(all(not(target_family = "wasm"), feature = "erasure"))]
mod erasure_twin;
#[cfg(all(not(target_family = "wasm"), feature = "pospace"))]
mod pospace_twin;

mod space;

mod allocation;
mod binding;
mod challenge;
mod dataset;
mod dataset_names;
mod incentive;
mod proof;

mod draw;
mod hex;
mod openings;
mod parts;
mod remembered;
mod rows;
mod span_challenge;

#[cfg(not(target_family = "wasm"))]
pub mod doubles;
#[cfg(not(target_family = "wasm"))]
mod graph_doubles;
#[cfg(not(target_family = "wasm"))]
pub mod graph_twins;
#[cfg(not(target_family = "wasm"))]
mod label_twins;
#[cfg(not(target_family = "wasm"))]
pub mod laws;
#[cfg(not(target_family = "wasm"))]
pub mod twins;

#[doc(hidden)]
pub mod bindings;
#[doc(hidden)]
pub mod export;
#[doc(hidden)]
pub mod parameters;

pub use allocation::{AllocationPolicy, Neuron, Share, Space, divide};
pub use binding::{bind, unbind};
pub use challenge::{Audit, Budget, Candidate, ChallengeStrategy, staggered};
pub use dataset::{
    CheckedRow, CompetitionLimits, DatasetSource, DayWindow, Decoded, Evaluation, Finding,
    LARGEST_LINE_BYTES, NotMine, RowId, Source,
};
pub use dataset_names::{
    is_commit, is_competition, is_file_path, is_repository, is_revision, looks_like_a_key,
};
pub use draw::{Challenge, Draws};
pub use hex::digest_parameter;
pub use incentive::{IncentiveRule, LARGEST_MEMORY_BYTES, Outcome, Standing, Weight};
pub use parts::Parts;
pub use plugin::{NoParameters, Parameters, Plugin, from_json};
pub use proof::{Answer, Claims, LARGEST_PROOF_BYTES, Layout, Order, Pass, ProofScheme, Statement, Verdict};
pub use remembered::Remembered;
pub use rows::Rows;
pub use space::{HashKind, Keystream, Plot, Region};
pub use span_challenge::SpanChallenge;
pub use words::{Digest, Extent, Hotkey, Identity, PluginError, Result, Round, Span};

#[doc(hidden)]
pub use {serde, serde_json, wit_bindgen};
