//! Tests of the client inside the crate.
