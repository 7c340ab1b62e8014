//! Collecting, with a real hub and a real ledger in this process.

#![expect(clippy::unwrap_used, reason = "tests")]

mod stage;

mod again;
mod defects;
mod faults;
mod secrets;
mod whole;
