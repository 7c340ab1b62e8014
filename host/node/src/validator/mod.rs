//! The validator: rounds of audits, what is remembered of them, and the weights that follow.
//!
//! Reading order: what one audit comes to ([`Outcome`]), what is remembered ([`Book`]), what a round draws
//! from ([`RoundSecret`]), every decision that must be reproducible ([`Judge`]), the log and back from it
//! ([`recall`]), the network around it all ([`Validator`]), and a rule that only weighs along ([`Shadow`]).

mod outcome;

mod book;

mod randomness;

mod judge;

mod log_note;
mod logbook;
mod recall;

mod asking;
mod round;

mod delivery;
mod hidden;
mod pause;
mod run;

mod shadow;

pub use asking::{AxonPolicy, LeftOut};
pub use book::{Book, Claim, Entrant, History, Member, Pinned, SUSPECT_ROUNDS};
pub use delivery::Delivery;
pub use judge::{Judge, PlannedAudit, Weighed, weigh};
pub use logbook::logs;
pub use outcome::{Outcome, Tally};
pub use randomness::RoundSecret;
pub use recall::{LastRound, LogSettings, Recalled, RecordedAudit, RecordedRound, Step, recall};
pub use round::{RoundReport, RoundRow, Validator, ValidatorOptions, judged_nothing};
pub use run::{Doing, RoundListener, Schedule};
pub use shadow::{Difference, Paid, Pair, RuleName, Shadow};

pub(crate) use logbook::same_plugin;
pub(crate) use recall::{Steps, pin};
