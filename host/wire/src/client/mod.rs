//! The validator's side: asks a miner, and says what became of it.
//!
//! Time is measured here, on a clock that never steps back, from just before the request is sent (connecting
//! included, each request has its own connection) to the last byte of the answer, in milliseconds rounded up:
//! an answer is in time if `elapsed_ms <= deadline_ms`.
//!
//! **Late is not absent.** After the deadline the client goes on listening for [`ClientOptions::grace`]. A
//! whole answer *signed by the miner* that comes in that time is [`Outcome::Late`]: the miner is there and
//! does the work, only not fast enough, and its signature proves it. Whoever cannot be reached, hangs up, or
//! has not delivered a whole answer when the grace is over is [`Outcome::Absent`]: nothing of it can be shown
//! to anyone. An answer without the miner's signature is [`Outcome::Garbage`] whenever it comes: it may be
//! anybody's, and is not scored as the miner's.
//!
//! What a miner can make a validator keep in memory is capped before the first byte: 64 KiB of proof, 4 KiB of
//! refusal; an endless answer is cut off there.

mod cargo;
mod exchange;
mod outcome;

pub use exchange::{ClientOptions, MinerAddress, MinerClient};
pub use outcome::{Exchange, Outcome};
