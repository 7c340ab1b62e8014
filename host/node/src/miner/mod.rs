//! The miner: keeps plots, answers audits, never sends a proof that it knows to be wrong.

mod announce;
mod habit;
mod health;
mod partitions;
mod plots;
mod provers;
mod serve;
mod side;
mod status;

pub use habit::{Habit, Prompt};
pub use health::{Health, MinerStatus, PlotStatus, SELF_AUDIT_HOLDS};
pub use plots::{HeldPlot, PlotFault, Plots, registration_of};
pub use serve::{MinerOptions, RunningMiner, start_miner, start_with};
pub use side::{PlotSide, SideOptions};
pub use status::StatusServer;
