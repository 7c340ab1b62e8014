//! The incentive laboratory, with the shipped plugins.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod engine;
mod faults;
mod figures;
mod lab;
mod laws;
mod life;
mod replay;
mod scenarios;
