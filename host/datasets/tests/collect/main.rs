//! Collecting, with a real hub and a real ledger in this process.

#![expect(clippy::unwrap_used, reason = "tests")]

mod stage;

mod again;
mod clocks;
mod defects;
mod evaluation;
mod faults;
mod full_disk;
mod revealed;
mod secrets;
mod whole;
