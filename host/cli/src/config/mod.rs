//! Configuration: `plimsoll.toml`, `subnet.toml`, the environment and flags; every value remembers where it
//! came from, and every error says where it stands.

mod keys;
mod kind;
mod slot;
mod suggest;

mod problem;
mod source;

mod alone;
mod layers;
mod read;
mod subnet;

mod params;
mod serving;
#[allow(dead_code, reason = "some fields are for the miner and the validator")]
mod settings;
mod template;

#[cfg(test)]
mod tests;

pub(crate) use alone::file_with_rule;
pub(crate) use keys::KEYS;
pub(crate) use layers::{Inputs, Layered, Override, read};
pub(crate) use params::check_params;
pub(crate) use problem::{Code, Problem};
pub(crate) use settings::{Config, PluginChoice, Plugins, Wallet};
pub(crate) use slot::Slot;
pub(crate) use source::{Origin, Place, Source};
pub(crate) use suggest::nearest;
pub(crate) use template::text as template;
