//! Datasets compared with one another: overlap, likeness, differences, and what is written out of them.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

mod corpus;
mod python;

mod contest;
mod diff;
mod export;
mod near;
mod overlap;
mod overlap_python;
mod similar;
