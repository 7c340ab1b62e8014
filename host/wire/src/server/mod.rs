//! The miner's side: takes signed requests, asks the miner, signs what it answers.
//!
//! The way of a request, and what may stop it:
//!
//! 1. connection: caps on all and on one address 503, time for the head and for what lies between two of them
//!    ([`serve`]);
//! 2. head: encoding 415, shape 400, receiver 421, freshness 401, the operator's lists 403 (no body read, no
//!    signature checked);
//! 3. body: size 413, time 408;
//! 4. signature 401;
//! 5. permit 403 ([`MinerSide::permits`]): strangers with a valid key are remembered nowhere;
//! 6. replay 409, freshness again 401;
//! 7. rate 429;
//! 8. the miner: its turn, the bigger stake first, its answer, 503 if it takes too long.
//!
//! Large bodies ([`cargo`](crate::cargo)) take step 4 before step 3: their path says their hash.
//!
//! Refusals up to 4 and of 6 are not signed; those of 5, 7 and 8 are. A miner thus takes a request once and
//! signs at most one answer of 7 and 8 to it, whoever sends it again. Only a 403 it may sign beside: it says
//! that the caller had no permit at that time, and nothing of a plot. A stranger costs one signature check and
//! one signature.

mod options;
mod side;

mod connection;
mod listen;
mod paced;

mod audit_v10;
mod cargo;
mod door;
mod rate;
mod reply;
mod route;
mod turns;

pub use crate::cargo::CargoSide;
pub use listen::serve;
pub use options::{CallerLists, OptionsError, ReplayKeeping, ServerOptions};
pub use route::{miner_router, miner_router_with, miner_router_with_clock, miner_router_with_options};
pub use side::MinerSide;
