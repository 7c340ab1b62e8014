//! What each field of `partition.json` must be, so that a wrong one is told by its name.

use plimsoll_core::{BlockNumber, Digest, Hotkey, NetUid, Uid};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::DiskMarker;

/// A number of bytes or things. The prototype's command line parses some of them as floating point and writes
/// `100000.0`.
pub(super) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Whole(u64),
        Float(f64),
    }
    match Form::deserialize(from)? {
        Form::Whole(number) => Ok(number),
        Form::Float(number) if number >= 0.0 && number.fract() == 0.0 && number < 2f64.powi(53) => {
            Ok(number as u64)
        }
        Form::Float(number) => Err(serde::de::Error::custom(format!("{number} is no {WHOLE}"))),
    }
}

struct Field {
    name: &'static str,
    expected: &'static str,
    probe: fn(&Value) -> Result<(), serde_json::Error>,
}

const fn field<T: DeserializeOwned>(name: &'static str, expected: &'static str) -> Field {
    Field { name, expected, probe: |value| T::deserialize(value).map(drop) }
}

const fn whole_field(name: &'static str, expected: &'static str) -> Field {
    Field { name, expected, probe: |value| whole(value).map(drop) }
}

const WHOLE: &str = "whole number of bytes or chunks";
const A_WHOLE: &str = "a whole number of bytes or chunks";
const KEY: &str = "a hotkey's SS58 address";
const HEX: &str = "64 hex digits";
const TEXT: &str = "a text";
const NUMBER: &str = "a number";

/// The prototype's.
const FIELDS: [Field; 22] = [
    field::<Uid>("i", "a whole number up to 65535"),
    field::<BlockNumber>("block", "the number of a block"),
    field::<String>("subtensor", TEXT),
    field::<String>("wallet_name", TEXT),
    field::<String>("wallet_hotkey", TEXT),
    field::<NetUid>("netuid", "a whole number up to 65535"),
    field::<String>("path", TEXT),
    field::<Hotkey>("owner", KEY),
    field::<Hotkey>("validator", KEY),
    whole_field("stake", "a whole number of TAO"),
    whole_field("size", A_WHOLE),
    field::<String>("h_size", TEXT),
    field::<f64>("threshold", NUMBER),
    whole_field("threshold_space", A_WHOLE),
    field::<String>("h_threshold_space", TEXT),
    field::<f64>("threshold_percent", NUMBER),
    whole_field("availble_space", A_WHOLE),
    field::<String>("h_available_space", TEXT),
    field::<f64>("available_percent", NUMBER),
    whole_field("n_chunks", A_WHOLE),
    whole_field("chunk_size", A_WHOLE),
    field::<String>("seed", TEXT),
];

/// Ours, inside of `plimsoll`.
const OURS: [Field; 7] = [
    field::<String>("file", "the name of a file"),
    field::<String>("scheme", TEXT),
    field::<Digest>("plugin", HEX),
    field::<Digest>("params", HEX),
    field::<u32>("unit_bytes", "a whole number of bytes below 4 GiB"),
    field::<u64>("units", "a whole number"),
    field::<u64>("region_bytes", "a whole number of bytes"),
];

/// What is wrong with entry `index` of the file: the field, what was expected, what was found.
pub(super) fn expect_fields(index: usize, entry: &Value) -> Result<(), String> {
    let at = |name: &str| format!("entry {index}: {name}");
    let fields = object(entry, &format!("entry {index}"))?;
    FIELDS.iter().try_for_each(|field| field.expect(fields, &at(field.name)))?;
    let Some(plot) = fields.get("plimsoll").filter(|value| !value.is_null()) else { return Ok(()) };
    let ours = object(plot, &at("plimsoll"))?;
    OURS.iter().try_for_each(|field| field.expect(ours, &at(&format!("plimsoll.{}", field.name))))?;
    let disk = field::<Option<DiskMarker>>("disk", "the marker of a disk");
    if ours.contains_key("disk") { disk.expect(ours, &at("plimsoll.disk")) } else { Ok(()) }
}

/// `value` as an object.
fn object<'a>(value: &'a Value, name: &str) -> Result<&'a Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("{name} is {}, expected an object", shown(value)))
}

impl Field {
    fn expect(&self, fields: &Map<String, Value>, name: &str) -> Result<(), String> {
        let expected = self.expected;
        let Some(value) = fields.get(self.name) else {
            return Err(format!("{name} is missing, expected {expected}"));
        };
        (self.probe)(value).map_err(|why| {
            // Of a text of the right kind, why it is none; else its kind says it all.
            let why = if value.is_string() && [KEY, HEX].contains(&expected) {
                format!(": {why}")
            } else {
                String::new()
            };
            format!("{name} is {}, expected {expected}{why}", shown(value))
        })
    }
}

/// The begin of a value, for a message.
fn shown(value: &Value) -> String {
    const MOST: usize = 80;
    let text = value.to_string();
    if text.chars().count() <= MOST { text } else { text.chars().take(MOST).chain("…".chars()).collect() }
}
