//! The plugin host from outside, against plugins that misbehave in every way we could think of.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

#[expect(unreachable_pub, reason = "what a new plugin makes public is private here")]
mod as_written;
mod cache;
mod compat;
mod crates;
mod datasets;
mod economy;
mod faults;
mod graphs;
mod guests;
mod handles;
mod labels;
mod laws;
mod loading;
mod promises;
mod python;
mod said;
mod samples;
mod shipped;
mod templates;
