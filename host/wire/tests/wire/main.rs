//! The wire from the outside: one binary, so that it links once.

#![expect(clippy::unwrap_used, reason = "what a test builds on must hold, or the test fails")]

mod loopback;
mod story;

mod axon_v10;
mod btauth_vectors;
mod messages;

mod client_outcomes;
mod miner_endures;
mod miner_orders;
mod miner_refuses;
mod miner_restarts;

mod cargo_streams;

mod evidence_chain;
mod evidence_crash;
mod evidence_truth;
