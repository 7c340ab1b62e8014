//! Every miner's dataset: found by its commitment, fetched from the hub, kept in an archive, compared row by row.

pub mod archive;
mod error;
pub mod fetch;

pub mod overlap;

pub mod similar;

pub mod diff;

pub mod export;

pub mod find;
pub mod source;

pub mod find;
pub mod source;

pub use error::Error;
pub use plimsoll_json::RowId;
