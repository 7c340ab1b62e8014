//! The hub's client against a hub that answers well, badly, and with malice.

#![expect(clippy::unwrap_used, reason = "what a test builds on must hold, or the test fails")]

mod answers;
mod attacks;
mod blows;
mod edges;
mod limits;
mod links;
mod listings;
mod raw;
mod secrets;
mod settings;
mod support;
mod table;
mod tls;
