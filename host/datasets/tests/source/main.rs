//! Commitments and rows through the real plugin in its sandbox, subnets on the real ledger.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod commitments;
#[expect(unreachable_pub, reason = "what tests share is public where they share it")]
mod real;
mod rows;
mod rulebook;
mod subnets;
