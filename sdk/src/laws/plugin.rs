//! Laws of every kind: the parameters.

use super::{granted, law};
use crate::{Parameters, Plugin, PluginError, from_json};

/// The plugin under `config_json`, after its descriptor and its parameters were found lawful.
#[track_caller]
pub(super) fn configured<P: Plugin>(config_json: &str) -> P {
    let name_is_plain = !P::NAME.is_empty()
        && P::NAME.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    law::<P>("a name is lower-case letters, digits and dashes", name_is_plain, || format!("`{}`", P::NAME));
    let sentences = [P::SUMMARY, P::LIMITS];
    law::<P>("summary and limits are sentences", sentences.iter().all(|text| text.ends_with('.')), || {
        format!("{sentences:?}")
    });
    schema_is_closed::<P>();
    unknown_parameters_are_refused::<P>();
    granted::<P, _>("configure", &config_json, || from_json(config_json))
}

fn schema_is_closed<P: Plugin>() {
    let text = P::Config::schema();
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let closed = schema["type"] == "object" && schema["additionalProperties"] == false;
    law::<P>("the schema describes an object without further properties", closed, || text);
}

fn unknown_parameters_are_refused<P: Plugin>() {
    const UNKNOWN: &str = "no_such_parameter";
    let refusal = from_json::<P>(&format!("{{\"{UNKNOWN}\": 1}}")).err();
    let named = matches!(&refusal, Some(PluginError::BadConfig(message)) if message.contains(UNKNOWN));
    law::<P>("an unknown parameter is refused by name", named, || format!("{refusal:?}"));
}
