//! One process, one temporary folder, a whole subnet: a validator and six miners with real plots, real HTTP
//! and real plugins, of whom two cheat, one is late and one is gone.
//!
//! Reading order: who plays ([`Role`]), what is there before it begins, how each role is played, the epochs
//! ([`demo`]), and what comes out ([`DemoReport`]).

mod role;

mod held;
mod regenerated;
mod stage;

mod cast;
mod narrator;
mod play;

mod findings;
mod report;

pub use narrator::{Narrator, Unheard};
pub use play::{DemoOptions, demo};
pub use report::{DemoReport, Finding, FindingKind, MinerRow, PluginNames, ReplayLine};
pub use role::Role;
