//! `subnet.toml`: what a subnet agreed on. It has a digest, so that two operators can compare one line.

use std::collections::BTreeMap;

use plimsoll_core::Digest;
use serde_json::Value;

use super::layers::canonical;
use super::problem::{Code, Problem};
use super::read::{Found, Layer};
use super::slot::{Slot, params_key, pin_key, plugin_key};

/// What is known of the agreement that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// The file.
    pub(crate) file: String,
    /// Its digest.
    pub(crate) digest: Digest,
}

/// What every digest of an agreement begins with.
const DOMAIN: &str = "plimsoll subnet agreement 1\n";

/// BLAKE3 over the domain line and the canonical JSON of what is set, key by key: neither comments, order,
/// spelling of numbers nor the file's place change it, every value does.
pub(crate) fn digest(agreed: &Layer) -> Digest {
    let values = agreed.iter().map(|(path, found)| ((*path).to_owned(), found.value.clone()));
    let all = Value::Object(values.collect());
    Digest::of(format!("{DOMAIN}{}", canonical(&all)).as_bytes())
}

/// Checks that a slot which is agreed on is agreed on as a whole, plugin and pin; parameters that are not
/// given are agreed to be the defaults.
pub(crate) fn complete(slot: Slot, agreed: &mut Layer) -> Option<Problem> {
    let section = slot.word();
    let mine: Vec<&'static str> =
        agreed.keys().copied().filter(|path| path.split('.').next() == Some(section)).collect();
    let first = agreed.get(*mine.first()?)?.clone();
    let (plugin, pin) = (plugin_key(slot), pin_key(slot));
    for (missing, help) in [
        (plugin, "name the plugin, such as builtin:NAME".to_owned()),
        (pin, format!("add `blake3 = \"...\"`; `plimsoll plugin pin FILE` prints it for {plugin}")),
    ] {
        if !agreed.contains_key(missing) {
            let place = agreed.get(plugin).unwrap_or(&first).place.clone()?;
            let message = format!("[{section}] of {} has no `{missing}`", place.source.name);
            return Some(Problem::new(Code::MissingPin, message).about(missing).help(help).at(&place));
        }
    }
    let none = Value::Object(serde_json::Map::new());
    agreed.entry(params_key(slot)).or_insert_with(|| Found {
        value: none.clone(),
        written: none,
        place: first.place,
        inside: BTreeMap::new(),
    });
    None
}
