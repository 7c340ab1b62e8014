//! The `plimsoll` command: the only crate that prints, reads the environment and the home folder, and knows
//! about exit codes.

mod cancel;
mod chain;
mod cli;
mod config;
mod draft;
mod exit;
mod failures;
mod flags;
mod global;
mod logs;
mod plugins;
mod screen;
mod verb;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    cli::Cli::main(std::env::args_os()).await
}
