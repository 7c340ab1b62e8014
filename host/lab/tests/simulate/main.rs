//! The incentive laboratory, with the shipped plugins.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agreement;
mod counterexamples;
mod engine;
mod exact;
mod faults;
mod figures;
mod lab;
mod laws;
mod life;
mod meanings;
mod random;
mod replay;
mod scenarios;
mod states;
