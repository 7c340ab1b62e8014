//! The client against recorded bytes, and over subxt's mock of a connection.

mod garbage;
mod garbage_served;
mod mock;
mod vectors;

#[path = "../../../tests/node/mod.rs"]
mod node;
