//! Collecting, with a real hub and a real ledger in this process.

#![expect(clippy::unwrap_used, reason = "tests")]

mod stage;

mod defects;
mod faults;
mod secrets;
mod whole;
