//! Proof schemes side by side: measured in one run, on one machine, by one harness.
//!
//! Reading order: [`CompareRequest`], what is assumed; [`formulas`], what sampling proves; [`compare`], which
//! measures; [`Row`], what was found; [`COLUMNS`], how it is shown. `COLUMNS.md` beside this crate's manifest
//! explains every column and names its source.

mod request;

pub mod formulas;

mod figure;
mod machine;
mod row;
mod spaces;

mod examine;
mod measure;

mod columns;
mod table;

mod page;

pub use columns::{COLUMNS, Cell, Column, Group};
pub use examine::compare;
pub use figure::{Figure, quantile};
pub use machine::Machine;
pub use request::{CompareRequest, Subject};
pub use row::{Described, Filled, Plotted, Point, Proved, Regenerated, Row, Security, Verified};
pub use table::{Comparison, shown};
pub(crate) use table::{csv_cell, significant};
