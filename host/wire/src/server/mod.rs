//! The miner's side: takes signed requests, asks the miner, signs what it answers.
//!
//! The way of a request, and what may stop it:
//!
//! 1. connection: caps on all, on strangers and on one address 503, time for the head, for what lies between two of
//!    them, and for getting a first request through 5 ([`serve`]);
//! 2. head: encoding 415, shape 400, receiver 421, freshness 401, the operator's lists and the permit 403
//!    ([`MinerSide::permits`]; no body read, no signature checked);
//! 3. body: size 413, time 408;
//! 4. signature 401;
//! 5. replay 409, freshness again 401;
//! 6. rate 429;
//! 7. the miner: its turn, the bigger stake first, its answer, 503 if it takes too long.
//!
//! Large bodies ([`cargo`](crate::cargo)) take step 4 before step 3: their path says their hash.
//!
//! Refusals up to 5 are not signed, those of 6 and 7 are: a miner takes a request once and signs at most one answer to
//! it, whoever sends it again. A stranger is remembered nowhere and costs a look at a table; one that claims to be a
//! validator costs one signature check.

mod options;
mod side;

mod connection;
mod crowd;
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
