//! What the value of a key may be.

use std::net::SocketAddr;
use std::path::Path;

use plimsoll_chain::Endpoint;
use plimsoll_chain::wallet::Wallet;
use plimsoll_core::{ByteSize, Digest, Hotkey};
use serde_json::{Number, Value};

use super::problem::Code;
use super::slot::{Slot, plugin_key};

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The name of a wallet.
    WalletName,
    /// The name of a hotkey's file.
    HotkeyName,
    /// A file or folder; `~` is the home folder.
    Path,
    /// `builtin:NAME` or a `.wasm` file.
    Plugin(Slot),
    /// A BLAKE3 digest.
    Pin,
    /// A plugin's own table.
    Params,
    /// Bytes.
    Size {
        /// The least.
        least: u64,
    },
    /// A number above 0 and at most 1.
    Share,
    /// A whole number.
    Count {
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
    /// Where a chain is.
    Endpoint,
    /// IP address and port.
    Address,
    /// Addresses of keys.
    Hotkeys,
    /// On or off.
    Switch,
    /// One of a few words.
    Choice(&'static [&'static str]),
}

/// What is wrong with a value. The key and what was expected stand around it in the message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// Which error.
    pub(crate) code: Code,
    /// What was found.
    pub(crate) found: String,
    /// What to do.
    pub(crate) help: Option<String>,
}

impl Kind {
    /// What a value must be, as half a sentence.
    pub(crate) fn expected(self) -> String {
        match self {
            Self::WalletName => "the name of a wallet".into(),
            Self::HotkeyName => "the name of a hotkey's file".into(),
            Self::Path => "the path of a file or folder".into(),
            Self::Plugin(slot) => format!("builtin:{}-NAME or the path of a .wasm file", slot.word()),
            Self::Pin => "a BLAKE3 digest of 64 hex digits".into(),
            Self::Params => "a table (a JSON object outside of TOML)".into(),
            Self::Size { .. } => "a size such as 64MiB, 500GB or 2TiB".into(),
            Self::Share => "a number above 0 and at most 1".into(),
            Self::Count { least, most } => format!("a whole number from {least} to {most}"),
            Self::Endpoint => {
                "the address of a chain, such as local://127.0.0.1:9933 or wss://HOST:PORT".into()
            }
            Self::Address => "an IP address and a port, such as 0.0.0.0:8091".into(),
            Self::Hotkeys => "an array of hotkeys' addresses".into(),
            Self::Switch => "true or false".into(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
        }
    }

    /// The text of an environment variable or flag as the value that TOML would have given.
    pub(crate) fn value_of(self, text: &str) -> Value {
        if self == Self::Params
            && let Ok(table) = serde_json::from_str(text)
        {
            return table;
        }
        if self == Self::Hotkeys {
            let listed = || text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
            return serde_json::from_str(text).unwrap_or_else(|_| listed());
        }
        if let (Self::Switch, Ok(on)) = (self, text.parse()) {
            return Value::Bool(on);
        }
        let whole = || text.replace('_', "").parse::<i64>().ok().map(Number::from);
        let number = match self {
            Self::Count { .. } => whole(),
            Self::Share => whole().or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64)),
            _ => None,
        };
        number.map_or_else(|| Value::String(text.into()), Value::Number)
    }

    /// The value in its one form (sizes as bytes), or what is wrong with it.
    pub(crate) fn check(self, value: &Value) -> Result<Value, Complaint> {
        match self {
            Self::Size { least } => size(value, least),
            Self::Share => share(value),
            Self::Count { least, most } => count(value, least, most),
            Self::Params if value.is_object() => Ok(value.clone()),
            Self::Params => Err(wrong_type(value)),
            Self::Hotkeys => hotkeys(value),
            Self::Switch if value.is_boolean() => Ok(value.clone()),
            Self::Switch => Err(wrong_type(value)),
            _ => {
                let text = value.as_str().ok_or_else(|| wrong_type(value))?;
                self.check_text(text).map(|()| value.clone())
            }
        }
    }

    fn check_text(self, text: &str) -> Result<(), Complaint> {
        let bad = |help: Option<String>| Err(bad_value(text, help));
        if text.is_empty() {
            return bad(None);
        }
        match self {
            Self::WalletName | Self::HotkeyName if text.parse::<Hotkey>().is_ok() => {
                bad(Some("this is an address; write the name of the key's file".into()))
            }
            Self::WalletName => said(Wallet::at(Path::new(""), text, "default").map(drop), text),
            Self::HotkeyName => said(Wallet::at(Path::new(""), "default", text).map(drop), text),
            Self::Path if text.contains('\0') => bad(None),
            Self::Plugin(slot) => plugin(text, slot),
            Self::Pin => said(text.parse::<Digest>().map(drop), text),
            Self::Endpoint => said(text.parse::<Endpoint>().map(drop), text),
            Self::Address => match text.parse::<SocketAddr>() {
                Ok(address) if address.port() == 0 => bad(Some("port 0 cannot be announced".into())),
                Ok(_) => Ok(()),
                Err(_) if text.parse::<std::net::IpAddr>().is_ok() => bad(Some(format!("write {text}:8091"))),
                Err(_) => bad(None),
            },
            Self::Choice(words) if !words.contains(&text) => {
                bad(super::suggest::nearest(text, words.iter().copied())
                    .map(|w| format!("did you mean `{w}`?")))
            }
            _ => Ok(()),
        }
    }
}

fn size(value: &Value, least: u64) -> Result<Value, Complaint> {
    let bytes = match value {
        Value::String(text) => text.parse::<ByteSize>().map_err(|e| bad_value(text, Some(e.to_string())))?.0,
        Value::Number(number) => number.as_u64().ok_or_else(|| bad_value(&number.to_string(), None))?,
        _ => return Err(wrong_type(value)),
    };
    if bytes < least {
        let help = Some(format!("the least is {least} bytes"));
        return Err(Complaint { code: Code::OutOfRange, found: bytes.to_string(), help });
    }
    Ok(bytes.into())
}

fn share(value: &Value) -> Result<Value, Complaint> {
    let number = value.as_f64().ok_or_else(|| wrong_type(value))?;
    if number > 0.0 && number <= 1.0 {
        return Ok(number.into());
    }
    let help = (1.0..=100.0).contains(&number).then(|| format!("for {number} % write {}", number / 100.0));
    Err(Complaint { code: Code::OutOfRange, found: value.to_string(), help })
}

fn count(value: &Value, least: u64, most: u64) -> Result<Value, Complaint> {
    match value.as_u64() {
        Some(number) if (least..=most).contains(&number) => Ok(number.into()),
        _ if value.is_i64() || value.is_u64() => {
            Err(Complaint { code: Code::OutOfRange, found: value.to_string(), help: None })
        }
        _ => Err(wrong_type(value)),
    }
}

fn hotkeys(value: &Value) -> Result<Value, Complaint> {
    for item in value.as_array().ok_or_else(|| wrong_type(value))? {
        let text = item.as_str().ok_or_else(|| wrong_type(item))?;
        said(text.parse::<Hotkey>().map(drop), text)?;
    }
    Ok(value.clone())
}

fn plugin(text: &str, slot: Slot) -> Result<(), Complaint> {
    let Some(name) = text.strip_prefix("builtin:") else {
        let is_file = Path::new(text).extension().is_some_and(|end| end == "wasm");
        let help = format!("for a shipped plugin write builtin:{text}");
        return if is_file { Ok(()) } else { Err(bad_value(text, Some(help))) };
    };
    let shipped = || plimsoll_bundle::builtins().iter().map(|builtin| builtin.name);
    if !shipped().any(|known| known == name) {
        let near = super::suggest::nearest(name, shipped());
        let help = near.map_or_else(
            || "`plimsoll plugin list` shows the shipped plugins".into(),
            |near| format!("did you mean `builtin:{near}`?"),
        );
        return Err(bad_value(text, Some(help)));
    }
    if name.starts_with(slot.word()) {
        return Ok(());
    }
    let mine = shipped().filter(|known| known.starts_with(slot.word()));
    let help = format!("shipped for {}: {}", plugin_key(slot), mine.collect::<Vec<_>>().join(", "));
    Err(bad_value(text, Some(help)))
}

/// What a library says of a value, as the help under ours.
fn said<E: std::fmt::Display>(checked: Result<(), E>, text: &str) -> Result<(), Complaint> {
    checked.map_err(|error| bad_value(text, Some(error.to_string())))
}

fn bad_value(found: &str, help: Option<String>) -> Complaint {
    Complaint { code: Code::BadValue, found: format!("{found:?}"), help }
}

fn wrong_type(value: &Value) -> Complaint {
    let found = match value {
        Value::Null => "nothing".into(),
        Value::Bool(_) => "a boolean".into(),
        Value::Number(number) if number.is_f64() => "a fraction".into(),
        Value::Number(_) => "a whole number".into(),
        Value::String(text) => format!("the text {text:?}"),
        Value::Array(_) => "an array".into(),
        Value::Object(_) => "a table".into(),
    };
    Complaint { code: Code::WrongType, found, help: None }
}
