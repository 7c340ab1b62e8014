//! Every miner's dataset: found by its commitment, fetched from the hub, kept in an archive, compared row by row.

mod error;

pub mod find;
pub mod source;

pub use error::Error;
pub use plimsoll_json::RowId;
