//! Rows written out for other tools: the same rows and columns in three forms, always the same bytes. In reading
//! order:
//!
//! - [`Filter`]: which datasets, by what is known of them ([`Facts`]);
//! - [`ExportRow`], [`sorted`]: a row with where it comes from, and the order in which rows are written;
//! - [`write_jsonl`], [`write_csv`], [`write_parquet`]: all rows at once;
//! - [`Exporter`]: dataset by dataset.

mod csv;
mod error;
mod exporter;
mod filter;
mod jsonl;
mod parquet;
mod row;

pub use self::csv::{guarded, unguarded, write_csv};
pub use self::parquet::write_parquet;
pub use error::ExportError;
pub use exporter::{Exporter, Form};
pub use filter::{Facts, Filter, FilterError};
pub use jsonl::{write_jsonl, write_sourced_jsonl};
pub use row::{COLUMNS, ExportRow, sorted};
