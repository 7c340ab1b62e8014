//! The archive on a real disk: what goes in comes out, whatever happens in between.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "how a child tells its parent")]

mod born;
mod support;

mod beside;
mod bridge;
mod crashes;
mod damage;
mod dropping;
mod full_disk;
mod golden;
mod history;
mod letting_go;
mod rebuilding;
mod round_trip;
mod two_processes;
mod written_out;
