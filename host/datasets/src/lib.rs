//! Every miner's dataset: found by its commitment, fetched from the hub, kept in an archive, compared row by row.

mod clock;
mod error;

pub mod find;
pub mod source;

pub mod archive;
pub mod fetch;

pub mod collect;

pub mod diff;
pub mod export;
pub mod overlap;
pub mod similar;

pub mod contest;

pub mod bench;
pub mod serve;

pub use clock::Clock;
pub use error::Error;
pub use plimsoll_json::{Row, RowId, canonical, lines};
