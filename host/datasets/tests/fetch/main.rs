//! The hub's client against a hub that answers well, badly, and with malice.

mod attacks;
mod blows;
mod limits;
mod listings;
mod raw;
mod secrets;
mod settings;
mod support;
mod table;
mod tls;
