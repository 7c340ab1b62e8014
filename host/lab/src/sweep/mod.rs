//! Sweeps over scenarios: which combinations there are, where they are lived through, what they say together.
//!
//! Reading order: [`Axes`], what is varied; [`Cell`], one combination; [`CellQueue`], where runs are lived through, and
//! [`Pool`], the one there is; [`Keep`], the file of finished runs and of their states; [`sweep`], which drives all of it; [`CellSummary`],
//! what came of it, and its forms. `SIMULATE.md` beside this crate's manifest explains every key and every figure.

mod setting;
mod words;

mod axes;
mod cell;

mod outcome;

mod keep;
mod kept_states;
mod queue;

mod drive;
mod summary;

mod measure;

mod columns;
mod forms;
mod page;
mod parquet;

#[cfg(test)]
mod samples;

pub use axes::Axes;
pub use cell::{Cell, ENGINE};
pub use drive::{Step, Swept, Watcher, sweep};
pub use keep::Keep;
pub use kept_states::KeptState;
pub use measure::{SimulateFigures, SimulateRequest, measure_simulate};
pub use outcome::{GroupOutcome, SeedOutcome, ValidatorOutcome, Window, digest, honest_gini};
pub use queue::{CellQueue, Job, Listener, Pool, Report};
pub use setting::{Setting, keys};
pub use summary::{AgentSummary, CellSummary, EarningsWindow, RunName, ValidatorSummary, summary};
pub use words::Named;
