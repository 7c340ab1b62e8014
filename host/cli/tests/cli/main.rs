//! The command as its users and their scripts meet it: texts, JSON, exit codes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod attack;
mod bittensor_job;
mod check;
mod compare;
mod datasets;
mod datasets_contest;
mod datasets_every;
mod datasets_job;
mod datasets_killed;
mod datasets_mended;
mod datasets_secrets;
mod datasets_serve;
mod demo;
mod help;
mod home;
mod init;
mod main_job;
mod plots;
mod plugin;
mod server;
mod show;
mod simulate;
mod simulate_resumes;
mod usage;
mod wallet;
mod wire;

#[path = "../../../chain/tests/node/mod.rs"]
mod node;
