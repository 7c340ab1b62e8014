//! Parameters, their defaults, bounds, schema and refusals from one list, so that they cannot disagree.

use serde_json::{Map, Value, json};

use crate::{PluginError, Result};

/// Defines a plugin's parameters: `name: type = default, from least to most;`, numbers with bounds,
/// switches and texts without. Gives a struct with [`Default`], a `Deserialize` that refuses unknown names, and
/// [`crate::Parameters`]. A doc comment is one line: it becomes the description in the JSON schema.
///
/// ```
/// plimsoll_sdk::parameters! {
///     /// Parameters of my-rule.
///     pub struct Config {
///         /// Bytes of one unit.
///         unit_bytes: u32 = 65_536, from 1024 to 16_777_216;
///         /// Whether the owner takes part.
///         with_owner: bool = false;
///     }
/// }
/// # use plimsoll_sdk::Parameters;
/// assert!(Config { unit_bytes: 7, ..Config::default() }.check().is_err());
/// ```
#[macro_export]
macro_rules! parameters {
    (
        #[doc = $about:literal]
        $vis:vis struct $name:ident {
            $(#[doc = $doc:literal] $field:ident: $type:ty = $default:expr
                $(, from $least:literal to $most:literal)?;)*
        }
    ) => {
        #[doc = $about]
        #[derive(Debug, Clone, PartialEq, Eq, $crate::serde::Deserialize)]
        #[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields)]
        $vis struct $name {
            $(#[doc = $doc] $vis $field: $type,)*
        }

        impl ::std::default::Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $crate::Parameters for $name {
            fn schema() -> ::std::string::String {
                let defaults = Self::default();
                $crate::parameters::schema($about, &[$($crate::parameters::Parameter {
                    name: ::std::stringify!($field),
                    about: $doc,
                    default: $crate::serde_json::Value::from(defaults.$field),
                    bounds: &[$($least, $most)?],
                },)*])
            }

            fn check(&self) -> $crate::Result<()> {
                $($($crate::parameters::within(
                    ::std::stringify!($field), ::std::primitive::u64::from(self.$field), $least, $most)?;)?)*
                ::std::result::Result::Ok(())
            }
        }
    };
}

/// Whether the parameter `name` is a power of two.
///
/// # Errors
/// [`PluginError::BadConfig`] naming it.
pub fn power_of_two(name: &str, value: impl Into<u64>) -> Result<()> {
    let value = value.into();
    let wrong = || PluginError::BadConfig(format!("`{name}` must be a power of two, {value} is none"));
    value.is_power_of_two().then_some(()).ok_or_else(wrong)
}

/// One entry of the list, for [`schema`].
#[derive(Debug)]
pub struct Parameter {
    /// Its key in the table.
    pub name: &'static str,
    /// What it means, in one sentence.
    pub about: &'static str,
    /// What it is where nothing is said.
    pub default: Value,
    /// Least and most of a number; empty for a switch or a text.
    pub bounds: &'static [u64],
}

/// The JSON schema of an object with these parameters and no others.
#[must_use]
pub fn schema(about: &str, parameters: &[Parameter]) -> String {
    let mut properties = Map::new();
    for Parameter { name, about, default, bounds } in parameters {
        let mut entry = json!({ "description": about.trim(), "default": default });
        entry["type"] = match default {
            Value::Bool(_) => "boolean",
            Value::String(_) => "string",
            _ => "integer",
        }
        .into();
        if let [least, most] = bounds {
            entry["minimum"] = (*least).into();
            entry["maximum"] = (*most).into();
        }
        properties.insert((*name).to_owned(), entry);
    }
    json!({
        "type": "object",
        "description": about.trim(),
        "properties": properties,
        "additionalProperties": false,
    })
    .to_string()
}

/// Whether the parameter `name` is from `least` to `most`.
///
/// # Errors
/// [`PluginError::BadConfig`] naming it.
pub fn within(name: &str, value: u64, least: u64, most: u64) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(PluginError::BadConfig(format!("`{name}` must be from {least} to {most}, it is {value}")))
}
