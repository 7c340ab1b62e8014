//! The plugin host from outside, against plugins that misbehave in every way we could think of.

mod as_written;
mod cache;
mod faults;
mod guests;
mod laws;
mod loading;
mod promises;
mod samples;
mod shipped;
mod templates;
